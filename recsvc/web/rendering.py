"""An answer as the JSON of the contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec
from flask import Response

from policies import Seat
from policies.explain import Explanation, explain_changes, explain_seats
from recsvc.access.names import told as told_name
from recsvc.errors import Fault
from recsvc.ports import Item
from recsvc.serving.answers import Answer
from recsvc.serving.pages import first
from recsvc.serving.paging import Page
from recsvc.web.answers import (
    Consistency,
    FieldFault,
    FurtherPage,
    PageItem,
    PageOfSlates,
    PolicyTold,
    ServedBy,
    ShownItem,
    Slate,
    ToldChange,
    Why,
)


def json(body: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(msgspec.json.encode(body), status, mimetype="application/json")


def faults(found: Iterable[Fault]) -> list[FieldFault]:
    """What is wrong, field by field."""
    return [FieldFault(fault.field, fault.message) for fault in found]


def slate(answer: Answer, took_ms: float) -> Response:
    """One slate."""
    return json(slate_body(answer, took_ms))


def several(found: Sequence[Answer], took_ms: float) -> Response:
    """The slates of a page; all took as long as the answer."""
    bodies = [slate_body(answer, took_ms) for answer in found]
    return json(PageOfSlates(bodies[0].session_id, bodies))


def slate_body(answer: Answer, took_ms: float) -> Slate:
    """The fields of one slate."""
    decision, state, told = answer.decision, answer.decision.state, answer.told
    described = answer.described
    items = [
        _item(seat, position, described[seat.item_id])
        for position, seat in enumerate(state.seats, 1)
    ]
    changes = [ToldChange(c.item_id, c.before, c.after, c.reason) for c in told.changes]
    if answer.request.explain:
        _explain(items, explain_seats(state, answer.title))
        _explain(changes, explain_changes(told, answer.title))
    return Slate(
        answer.slate_id,
        answer.request.surface,
        answer.request.subject,
        told_name(answer.session_id),
        state.epoch,
        items,
        told.changes_from,
        changes,
        Consistency(
            allowed=state.allowed,
            displaced=state.displaced,
            refilled=state.refilled,
            churn=round(state.churn, 6),
            budget_left=decision.budget_left,
            trigger=decision.trigger,
            cause=decision.cause,
            rule=decision.rule,
            hold_until=utc(decision.hold_until),
        ),
        ServedBy(
            rung=decision.rung,
            model=decision.model,
            degraded=decision.degraded,
            degraded_reason=answer.degraded_reason,
            took_ms=round(took_ms, 3),
        ),
        PolicyTold(state.policy_version, "control"),
        alternatives=[],
        next=next_of(answer),
        token=answer.token,
    )


def next_of(answer: Answer) -> str | None:
    """The cursor of the page that follows a slate."""
    epoch = answer.decision.state.epoch
    return first(answer.session_id, answer.request.surface, answer.slate_id, answer.tails, epoch)


def further(page: Page) -> Response:
    """A further page."""
    items = [
        PageItem(item.item_id, position, page.reason, item.title, item.url, item.image)
        for position, item in enumerate((page.described[one] for one in page.items), page.position)
    ]
    told = FurtherPage(
        page.slate_id, page.surface, told_name(page.session_id), page.epoch, items, page.following
    )
    return json(told)


def utc(seconds: float) -> str:
    """Epoch seconds as UTC ISO 8601."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _item(seat: Seat, position: int, described: Item) -> ShownItem:
    # By position, in the order of the type: a slate makes as many of these as it has seats.
    return ShownItem(
        seat.item_id,
        position,
        seat.standing,
        seat.score,
        seat.reason,
        seat.because,
        described.title,
        described.url,
        described.image,
        seat.pinned,
    )


def _explain(rows: Sequence[ShownItem | ToldChange], explained: Sequence[Explanation]) -> None:
    for row, why in zip(rows, explained, strict=True):
        row.explanation = Why(why.sentence, dict(why.facts))
