"""CEL's complaints in plain words."""

from __future__ import annotations

import re
from typing import Final

_TYPES: Final = {
    "bool": "true/false",
    "double": "a number",
    "string": "text",
    "list": "a list",
    "dyn": "anything",
}
_OVERLOAD: Final = re.compile(r"found no matching overload for '([^']*)' applied to '\((.*)\)'")


def plain(words: str, here: str) -> str:
    """One complaint; `here` is the rule's text from where it was found."""
    found = _OVERLOAD.search(words)
    if found:
        sign = found[1].replace("@", "").strip("_").replace("_", " ")
        # A part that is wrong itself has no type.
        types = [_type(one) for one in re.split(r", (?![^(]*\))", found[2])]
        return f"{sign} does not work on {' and '.join(types)}"
    if words.startswith("Syntax error"):
        missing = re.search(r"missing '([^']*)'", words)
        if missing:
            return f"{missing[1]} is missing here"
        piece = re.match(r"\s*([A-Za-z_][\w.]*|[0-9.]+|&&|\|\||[=!<>]=|\S)?", here)
        return f"{piece[1]!r} is not expected here" if piece and piece[1] else "the rule breaks off"
    if "recursion" in words:
        return "the rule is nested too deeply"
    if words.lower() in _TYPES or words.startswith("list"):
        return _type(words.lower())
    return words[:200]


def _type(name: str) -> str:
    return _TYPES.get(name.split("(")[0].strip().lower(), name)
