"""Every error a person or a program can meet, as one tree.

RecsvcError                    code "error", 500
├── BadInput                   code "bad_input", 400: what was sent, field by field
│   └── BadData                code "bad_data": a table or file that cannot be used
├── NotFound                   code "not_found", 404
│   ├── UnknownSurface         code "unknown_surface"
│   └── UnknownModel           code "unknown_model"
├── Conflict                   code "conflict", 409
├── TooLarge                   code "too_large", 413
├── Misconfigured              code "misconfigured": settings that cannot work; says what to change
└── Unavailable                code "unavailable", 503: try again later
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong with one field, in plain words."""

    field: str
    message: str


class RecsvcError(Exception):
    """The root: `code` is stable, `detail` is for people, `faults` name the fields."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"

    def __init__(self, detail: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = tuple(faults)


class BadInput(RecsvcError):
    """What was sent cannot be used; each fault names its field."""

    code = "bad_input"
    status = 400
    title = "The request cannot be used"


class BadData(BadInput):
    """A table or file that cannot be used; says which and what to do."""

    code = "bad_data"
    title = "The data cannot be used"


class NotFound(RecsvcError):
    """Nothing is there, or nothing that this caller may see."""

    code = "not_found"
    status = 404
    title = "Not found"


class UnknownSurface(NotFound):
    """No such surface; says which there are."""

    code = "unknown_surface"
    title = "Unknown surface"


class UnknownModel(NotFound):
    """No such model artifact; says how to get one."""

    code = "unknown_model"
    title = "Unknown model"


class Conflict(RecsvcError):
    """The request contradicts what is already there."""

    code = "conflict"
    status = 409
    title = "Conflict"


class TooLarge(RecsvcError):
    """More was sent than is read."""

    code = "too_large"
    status = 413
    title = "Too large"


class Misconfigured(RecsvcError):
    """Settings that cannot work; says which to change."""

    code = "misconfigured"
    title = "The settings cannot work"


class Unavailable(RecsvcError):
    """A part that is needed cannot be reached just now; try again later."""

    code = "unavailable"
    status = 503
    title = "Not available just now"
