"""Answers of a visit as the contract shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from policies import Decision

if TYPE_CHECKING:
    from visits import Tab

Record = dict[str, Any]


def rendered(tab: Tab, decision: Decision, token: str, *, store_lost: bool) -> Record:
    """The answer's body as the contract shows it, but for the session."""
    state = decision.state
    seats = enumerate(state.seats, 1)
    fields = ("item_id", "from", "to", "reason")
    why = "state store lost" if store_lost else "deadline"
    return {
        "slate_id": tab.slate_id,
        "surface": tab.surface,
        "subject": None,
        "epoch": state.epoch,
        "items": [{**seat._asdict(), "position": n} for n, seat in seats],
        "changes_from": state.changes_from,
        "changes": [dict(zip(fields, c, strict=False)) for c in state.changes],
        "consistency": {
            "allowed": state.allowed,
            "displaced": state.displaced,
            "refilled": state.refilled,
            "churn": state.churn,
            "budget_left": decision.budget_left,
            "trigger": decision.trigger,
            "cause": decision.cause,
            "rule": decision.rule,
        },
        "served_by": {
            "rung": decision.rung,
            "model": decision.model,
            "degraded": decision.degraded,
            "degraded_reason": why if decision.degraded else None,
        },
        "policy": {"version": state.policy_version, "arm": "control"},
        "token": token,
    }
