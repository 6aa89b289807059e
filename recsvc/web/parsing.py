"""From the wire to types: every faulty field is named, none hides another."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

import msgspec
from flask import request

from recsvc.errors import BadInput, Fault, TooLarge

FAULTS_TOLD = 2000
"""More faults than any honest request can have; what lies beyond is not told."""

UNKNOWN_TOLD = 100
"""Unknown fields named in one object, or an answer is larger than what was sent."""

T = TypeVar("T", bound=msgspec.Struct)


def body() -> bytes:
    """The body of this request. Raises `TooLarge`, also where its length was not announced."""
    content = request.get_data()
    most = request.max_content_length
    if request.content_length is None and most is not None and len(content) >= most:
        raise TooLarge(
            f"The body is larger than the {most:,} bytes that are read.",
            [Fault("body", "is larger than this service reads")],
        )
    return content


def named(model: type[T], **values: str) -> T:
    """The names in a path, checked like any other field."""
    return read(model, values, strict=True)


def json_object(body: bytes) -> dict[str, Any]:
    """The body as a JSON object. Raises `BadInput` for anything else."""
    try:
        if not body.strip():
            raise BadInput(
                "The body is empty; send a JSON object.",
                [Fault("body", "must be a JSON object")],
            )
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"The body is not valid JSON: {error}.", [Fault("body", "must be a JSON object")]
        ) from None
    except RecursionError:
        raise BadInput(
            "The body is nested too deeply.",
            [Fault("body", "must be a JSON object, not nested so deeply")],
        ) from None
    if not isinstance(value, dict):
        raise BadInput("The body must be a JSON object.", [Fault("body", "must be a JSON object")])
    return value


def read(model: type[T], values: Mapping[str, Any], *, strict: bool) -> T:
    """A struct from a mapping; raises `BadInput` with a fault for each field that is wrong.

    `strict` false takes numbers and booleans from text, as query parameters bring them.
    """
    read_values, faults = sift(model, values, strict=strict)
    if faults:
        raise bad_fields(faults)
    return model(**read_values)


def sift(
    model: type[msgspec.Struct], values: Mapping[str, Any], *, strict: bool
) -> tuple[dict[str, Any], list[Fault]]:
    """The fields that can be used, and a fault for each one that cannot."""
    faults: list[Fault] = []
    usable: dict[str, Any] = {}
    fields = _fields(model)
    unknown = sorted(values.keys() - fields.keys())
    faults += [Fault(name[:100], "there is no such field here") for name in unknown[:UNKNOWN_TOLD]]
    for name, field in fields.items():
        if name not in values:
            if field.required:
                faults.append(Fault(name, "is required"))
            continue
        try:
            value = msgspec.convert(_whole(values[name]), field.type, strict=strict)
            if value is None and not strict:  # the word "null" in a query is no null
                msgspec.convert(values[name], field.type)
        except msgspec.ValidationError as error:
            faults.append(Fault(name, _words(error)))
            continue
        if isinstance(value, float) and not math.isfinite(value):
            faults.append(Fault(name, "must be a finite number"))
            continue
        usable[name] = value
    return usable, sorted(faults, key=lambda fault: fault.field)


def _whole(value: Any) -> Any:
    """2.0 is a whole number in JSON as 2 is; programs that know one kind of number write it so."""
    exact = isinstance(value, float) and value.is_integer() and abs(value) < 2**53
    return int(value) if exact else value


@cache
def _fields(model: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The fields by name; telling them takes msgspec a third of a millisecond."""
    return {field.name: field for field in msgspec.structs.fields(model)}


def bad_fields(faults: list[Fault]) -> BadInput:
    """One error that names all of them."""
    more = f"; and {len(faults) - 20} more" if len(faults) > 20 else ""
    listed = "; ".join(f"{fault.field}: {fault.message}" for fault in faults[:20])
    return BadInput(f"The request cannot be used. {listed}{more}.", faults[:FAULTS_TOLD])


_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


def _words(error: msgspec.ValidationError) -> str:
    """What msgspec found, in plain words: "must be a whole number, at most 100"."""
    text = str(error)
    if "matching regex" in text:
        return "must be text without control characters"
    found = re.match(r"Expected `([^`]+)`(?: of length)?(?: (>=|<=|>|<) ([-\d.e+]+))?", text)
    if found is None:
        return text[:1].lower() + text[1:].replace("`", "'")
    kinds = [kind for kind in found[1].split(" | ") if kind != "null"]
    words = "must be " + " or ".join(_KINDS.get(kind, kind) for kind in kinds)
    if found[2]:
        if "of length" in text and found[2] == ">=" and found[3] == "1":
            return "must not be empty"
        bound = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}[found[2]]
        unit = ""
        if "of length" in text:
            unit = " characters" if kinds == ["str"] else " entries"
        words += f", {bound} {found[3]}{unit}"
    inside = re.search(r" - at `(?:key in )?\$([^`]*)`", text)
    return f"{words} (at {inside[1]})" if inside and inside[1] else words
