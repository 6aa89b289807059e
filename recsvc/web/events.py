"""`/v1/events`: what visitors do; good events of a batch are kept, bad ones listed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response

from recsvc.errors import Fault
from recsvc.ports import Event
from recsvc.serving.checking import EventCheck
from recsvc.serving.hearing import Heard, Hearing, Rejected
from recsvc.web import rendering
from recsvc.web.answers import Discarded, EventsHeard, RejectedEvent
from recsvc.web.asking import Owner, asking, tokens_sent
from recsvc.web.parsing import bad_fields, body, json_object, read, sift
from recsvc.web.requests import EventBatch, ReportedEvent


def events_door(hearing: Hearing, clock: Callable[[], float]) -> Blueprint:
    """The route of events; the body may be called `text/plain`, as sendBeacon does."""
    door = Blueprint("events", __name__)

    @door.post("/v1/events")
    def post_events() -> Response:
        batch = read(EventBatch, json_object(body()), strict=True)
        who = asking()
        tokens = tokens_sent(*batch.tokens.values())
        owned = who.owner_of_events(who.vouched(None, batch.user_token), tokens)
        good, bad = _sorted_out(batch.events, hearing.check, owned, clock())
        heard = hearing.hear(good, tokens)
        return _answer(heard, [*bad, *heard.rejected], len(batch.events))

    return door


def _sorted_out(
    reported: list[Any], check: EventCheck, owned: Owner, now: float
) -> tuple[list[tuple[int, Event]], list[Rejected]]:
    """Events in good form with their place in the batch, and the others with all their faults."""
    good: list[tuple[int, Event]] = []
    bad: list[Rejected] = []
    for number, one in enumerate(reported):
        if not isinstance(one, dict):
            bad.append(Rejected(number, "", (Fault("event", "must be a JSON object"),)))
            continue
        usable, faults = sift(ReportedEvent, one, strict=True)
        if faults:
            name = one.get("event_id")
            absent = {"item_id": None} if "item_id" not in one else {}
            faults = [*faults, *check.of_fields({**absent, **usable}, now)]
            bad.append(Rejected(number, name if isinstance(name, str) else "", tuple(faults)))
        else:
            if usable.get("timestamp") is None:
                usable["timestamp"] = now
            event = owned(Event(received=now, **usable))
            if isinstance(event, Event):
                good.append((number, event))
            else:
                bad.append(Rejected(number, usable["event_id"], tuple(event)))
    return good, bad


def _answer(heard: Heard, rejected: list[Rejected], sent: int) -> Response:
    if len(rejected) == sent:
        raise bad_fields(
            [
                Fault(f"events.{one.number}.{fault.field}", fault.message)
                for one in sorted(rejected, key=lambda r: r.number)
                for fault in one.faults
            ]
        )
    told = EventsHeard(
        accepted=heard.accepted,
        duplicate=heard.duplicate,
        discarded=[Discarded(event_id, "no_consent") for event_id in heard.discarded],
        rejected=[
            RejectedEvent(one.event_id[:128], one.number, rendering.faults(one.faults))
            for one in sorted(rejected, key=lambda r: r.number)
        ],
        tokens=dict(heard.tokens),
    )
    return rendering.json(told, 202)
