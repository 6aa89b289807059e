"""What can be wrong with an event: with its fields, and with what is on the screen."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from policies.slate import UNDO_DEPTH
from recsvc.config.surfaces import Surfaces
from recsvc.errors import Fault
from recsvc.ports import Event
from recsvc.serving.session import DISMISSED_AT_MOST, WAITING_AT_MOST, Session

CONTROL: Final = frozenset({"dismiss", "pin", "unpin", "undo", "refresh", "choose_alternative"})
NEEDS_NO_ITEM: Final = frozenset({"undo", "refresh", "choose_alternative"})
CLOCK_SKEW_S: Final = 300.0


@dataclass(frozen=True)
class EventCheck:
    """Checks fields: `observed` are the types of observations taken, `known` tells items."""

    surfaces: Surfaces
    observed: Mapping[str, float]
    known: Callable[[str], bool]

    def of_fields(
        self, fields: Mapping[str, Any], now: float, shown: Container[str] = ()
    ) -> list[Fault]:
        """Every fault of the fields that are there; absent ones are not complained about twice.

        Items that are `shown` to the visitor need not be known to any catalogue.
        """
        faults = []
        kind, item = fields.get("type"), fields.get("item_id")
        types = {*CONTROL, *self.observed}
        if kind is not None and kind not in types:
            faults.append(Fault("type", f"is not an event type; there are: {_list(types)}"))
        if "surface" in fields and fields["surface"] not in self.surfaces:
            faults.append(Fault("surface", f"is one of: {_list(self.surfaces.by_name)}"))
        at = fields.get("timestamp")
        if at is not None and at > now + CLOCK_SKEW_S:
            faults.append(Fault("timestamp", "lies in the future; seconds since 1970, UTC, count"))
        if at is not None and at < 0:
            faults.append(Fault("timestamp", "lies before 1970"))
        if item is not None and item not in shown and not self.known(item):
            faults.append(Fault("item_id", "is not an item of the catalogue"))
        if item is None and "item_id" in fields and kind in types - NEEDS_NO_ITEM:
            faults.append(Fault("item_id", "is required for this type"))
        return faults


def of_session(event: Event, session: Session, before: Sequence[Event]) -> list[Fault]:
    """Why an event does not fit its session; `before` are the earlier ones of the same batch."""
    if event.user_id is not None and session.user_id not in (None, event.user_id):
        return [Fault("user_id", "is not the user of this session")]
    repeated = event.event_id in [earlier.event_id for earlier in before]
    if event.type not in CONTROL or repeated or session.knows(event.event_id):
        return []
    return _of_screen(event, session, [e.type for e in before if e.type in CONTROL])


def _of_screen(event: Event, session: Session, acts: Sequence[str]) -> list[Fault]:
    """Why a control event cannot act on what is on the screen."""
    slate_id = slate_of(event, session)
    state = session.slates.get(slate_id or "")
    shown = {seat.item_id for seat in state.seats} if state else set()
    waiting = [ask.kind for ask in session.pending.get(slate_id or "", ())]
    if len(waiting) + len(acts) >= WAITING_AT_MOST:
        return [Fault("type", "too many acts wait to be shown; ask for the slate first")]
    if event.type == "dismiss":
        if len(session.dismissed) >= DISMISSED_AT_MOST:
            return [Fault("item_id", f"{DISMISSED_AT_MOST} dismissals are kept in a session")]
        return []
    if event.slate_id is not None and state is None:
        return [Fault("slate_id", "is not a slate of this session")]
    if event.type == "choose_alternative":
        return [Fault("alternative_id", "is not an alternative that was offered")]
    if event.type in ("pin", "unpin"):
        if event.item_id not in shown - session.dismissed_items():
            return [Fault("item_id", "is not on the slate, so it cannot be pinned or unpinned")]
        if "undo" in (*waiting, *acts):
            return [Fault("type", "an undo waits to be shown; ask for the slate first")]
    if event.type == "refresh" and state is None:
        return [Fault("surface", "no slate was served here yet; there is nothing to refresh")]
    if event.type == "undo":
        depth = len(state.past) if state else 0
        for kind in (*waiting, *acts):
            depth = max(0, depth - 1) if kind == "undo" else min(UNDO_DEPTH, depth + 1)
        if depth == 0:
            return [Fault("type", "there is nothing to undo on this slate")]
    return []


def slate_of(event: Event, session: Session) -> str | None:
    """The slate an act is about: the one it names, else the latest of its surface."""
    return event.slate_id or session.latest.get(event.surface)


def _list(names: Mapping[str, object] | set[str]) -> str:
    return ", ".join(sorted(names))
