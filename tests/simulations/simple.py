"""Turns as the decision gives them, made up from two slates of letters."""

from __future__ import annotations

from typing import Any

from policies import Change, Decision, Facts, SlateState
from policies.slate import Seat, Seen
from recsvc.preparation.turn import Turn


def state(items: str, **more: Any) -> SlateState:
    usual: dict[str, Any] = {
        "epoch": hash(items) % 1000,
        "k": len(items),
        "rung": "primary",
        "model": "m",
        "normal": "primary",
        "policy_version": 1,
        "seen": Seen(0, "m", 1, 0.0),
        "chosen_at": 0.0,
        "answered_at": 0.0,
    }
    seats = tuple(Seat(item, 0.0, "kept", "for_you") for item in items)
    return SlateState(seats=seats, **{**usual, **more})


def decision(before: str, after: str, *, gone: str = "") -> Turn:
    """The turn from one slate to another: what is in `gone` was forced, the rest chosen."""
    exits = [
        Change(item, n, None, "consumed" if item in gone else "displaced")
        for n, item in enumerate(before, 1)
        if item not in after
    ]
    chosen = sum(change.reason == "displaced" for change in exits)
    was = state(before, epoch=1) if before else None
    epoch = 1 if before == after else 2
    now = state(after, epoch=epoch, changes=tuple(exits), displaced=chosen)
    facts = Facts(0, "m", 1, gone=dict.fromkeys(gone, "consumed"))
    decided = Decision(now, "step", "event", None, None, 0.0, "primary", "m", False, True)
    return Turn(0.0, was, facts, None, decided)
