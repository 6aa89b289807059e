"""Pydantic's findings as the project's own faults: every field named, in plain words."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from pydantic import ValidationError

from recsvc.errors import Fault

_WORDS: Final = {
    "extra_forbidden": "there is no such name here",
    "missing": "is required",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "string_type": "must be text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
}


def faults_of(
    error: ValidationError, prefix: str = "", *, hidden: Collection[str] = ()
) -> tuple[Fault, ...]:
    """One fault for each finding, in the order of the fields; `prefix` leads the field's name.

    The values of `hidden` fields are not repeated.
    """
    return tuple(
        Fault(
            ".".join([*filter(None, [prefix]), *map(str, found["loc"])]),
            _sentence(dict(found), told=found["loc"][:1] not in [(name,) for name in hidden]),
        )
        for found in error.errors()
    )


def _sentence(found: dict[str, Any], *, told: bool) -> str:
    words = _WORDS.get(found["type"])
    if words is None:
        text = str(found["msg"])
        words = text[:1].lower() + text[1:].replace("Input should be", "must be")
        words = words.replace("input should be", "must be")
    if found["type"] == "missing" or not told:
        return words
    return f"{words} (got {_short(found.get('input'))})"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
