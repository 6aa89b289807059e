"""An answer as the JSON of the contract."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Response

from policies import Change, Seat
from policies.explain import Explanation, explain_changes, explain_seats
from recsvc.ports import Item
from recsvc.serving.slates import Answer


def json(body: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(body), status, mimetype="application/json")


def slate(answer: Answer, took_ms: float) -> Response:
    """One slate."""
    response = json(slate_body(answer, took_ms))
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Server-Timing"] = f"app;dur={took_ms:.2f}"
    return response


def slate_body(answer: Answer, took_ms: float) -> dict[str, Any]:
    """The fields of one slate."""
    decision, state = answer.decision, answer.decision.state
    items = [
        _item(seat, position, answer.described[seat.item_id])
        for position, seat in enumerate(state.seats, 1)
    ]
    changes = [_change(change) for change in state.changes]
    if answer.request.explain:
        _explain(items, explain_seats(state, answer.title))
        _explain(changes, explain_changes(state, answer.title))
    return {
        "slate_id": answer.slate_id,
        "surface": answer.request.surface,
        "subject": answer.request.subject,
        "session_id": answer.session_id,
        "epoch": state.epoch,
        "items": items,
        "changes_from": state.changes_from,
        "changes": changes,
        "consistency": {
            "allowed": state.allowed,
            "displaced": state.displaced,
            "refilled": state.refilled,
            "churn": round(state.churn, 6),
            "budget_left": decision.budget_left,
            "trigger": decision.trigger,
            "cause": decision.cause,
            "rule": decision.rule,
            "hold_until": utc(decision.hold_until),
        },
        "served_by": {
            "rung": decision.rung,
            "model": decision.model,
            "degraded": decision.degraded,
            "degraded_reason": answer.degraded_reason,
            "took_ms": round(took_ms, 3),
        },
        "policy": {"version": state.policy_version, "arm": "control"},
        "alternatives": [],
        "next": None,
        "token": None,
    }


def utc(seconds: float) -> str:
    """Epoch seconds as UTC ISO 8601."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _item(seat: Seat, position: int, described: Item) -> dict[str, Any]:
    return {
        "item_id": seat.item_id,
        "position": position,
        "standing": seat.standing,
        "score": seat.score,
        "reason": seat.reason,
        "because": seat.because,
        "title": described.title,
        "url": described.url,
        "image": described.image,
        "pinned": seat.pinned,
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "item_id": change.item_id,
        "from": change.before,
        "to": change.after,
        "reason": change.reason,
    }


def _explain(rows: Sequence[dict[str, Any]], explained: Sequence[Explanation]) -> None:
    for row, why in zip(rows, explained, strict=True):
        row["explanation"] = {"sentence": why.sentence, "facts": why.facts}
