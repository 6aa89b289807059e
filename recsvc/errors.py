"""Every error a person or a program can meet, as one tree.

RecsvcError                    code "error", 500
├── BadInput                   code "bad_input", 400: what was sent, field by field
│   └── BadData                code "bad_data": a table or file that cannot be used
├── Unauthorized               code "unauthorized", 401: no key, or none that opens
│   └── BadUserToken           code "bad_user_token": nobody is known to vouch for this user
├── Forbidden                  code "forbidden", 403: this key does not open this
│   └── WrongOrigin            code "wrong_origin": a page that may not use this key
├── NotFound                   code "not_found", 404
│   ├── UnknownSurface         code "unknown_surface"
│   └── UnknownModel           code "unknown_model"
├── Conflict                   code "conflict", 409
├── CursorGone                 code "cursor_gone", 410: a further page that nobody keeps any more
├── TooLarge                   code "too_large", 413
│   ├── TooLong                code "uri_too_long", 414: the address
│   └── HeadersTooLarge        code "headers_too_large", 431
├── TooMany                    code "too_many", 429: says when to come again
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


class Unauthorized(RecsvcError):
    """No key, or none that opens: what is unknown, revoked or no key at all is told alike."""

    code = "unauthorized"
    status = 401
    title = "Who asks?"


class BadUserToken(Unauthorized):
    """A user token that does not show who the user is."""

    code = "bad_user_token"
    title = "The user token does not count"


class Forbidden(RecsvcError):
    """The key is good, but does not open this; the same whether or not there is anything."""

    code = "forbidden"
    status = 403
    title = "This key does not open this"


class WrongOrigin(Forbidden):
    """A page of this origin may not use this key."""

    code = "wrong_origin"
    title = "This key is not for this page"


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


class CursorGone(RecsvcError):
    """What the cursor leads to is not kept any more; ask for the slate and its next page anew."""

    code = "cursor_gone"
    status = 410
    title = "The page is gone"


class TooLarge(RecsvcError):
    """More was sent than is read."""

    code = "too_large"
    status = 413
    title = "Too large"


class TooLong(TooLarge):
    """A longer address than is read."""

    code = "uri_too_long"
    status = 414


class HeadersTooLarge(TooLarge):
    """More headers than are read."""

    code = "headers_too_large"
    status = 431


class TooMany(RecsvcError):
    """More requests than the limit allows; says when the next one may come.

    `wait_s` are the seconds until then.
    """

    code = "too_many"
    status = 429
    title = "Too many requests"

    def __init__(self, detail: str, wait_s: float) -> None:
        super().__init__(detail)
        self.wait_s = wait_s


class Misconfigured(RecsvcError):
    """Settings that cannot work; says which to change."""

    code = "misconfigured"
    title = "The settings cannot work"


class Unavailable(RecsvcError):
    """A part that is needed cannot be reached just now; try again later."""

    code = "unavailable"
    status = 503
    title = "Not available just now"
