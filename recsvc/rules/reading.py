"""A rule as it is written for a knob: its text, or conditions; checked with all its faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recsvc.errors import Fault
from recsvc.rules.conditions import compile_conditions
from recsvc.rules.facts import BY_NAME
from recsvc.rules.rule import BadRule, compiled


def read_rule(written: Any, field: str, *, steady: bool = False) -> tuple[str | None, list[Fault]]:
    """The rule's text, None for no rule, and what is wrong with it, at `field`.

    `steady` takes only facts that do not move by time or reloading alone.
    """
    if written is None:
        return None, []
    text: str
    if isinstance(written, str):
        text = written
    elif isinstance(written, list | Mapping):
        text, faults = compile_conditions(written, field)
        if faults:
            return None, faults
    else:
        return None, [Fault(field, "must be text, or a list of conditions")]
    try:
        rule = compiled(text)
    except BadRule as error:
        return None, [Fault(field, words) for words in error.complaints]
    if steady:
        moving = sorted(name for name in rule.names if BY_NAME[name].moves)
        if moving:
            return None, [Fault(field, _moves(name)) for name in moving]
    return text, []


def _moves(name: str) -> str:
    return (
        f"{name} moves by itself, so that reloading alone would change the screen; "
        "hold_when may ask it, and refresh_every_s makes time a cause"
    )
