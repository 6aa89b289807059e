"""A further page of the ranking behind an epoch: reads, writes nothing, is no slate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from recsvc.errors import CursorGone
from recsvc.ports import Item
from recsvc.preparation.descriptions import describe
from recsvc.serving import pages
from recsvc.serving.behind import NOTHING
from recsvc.serving.session import slack
from recsvc.serving.slates import Slates


@dataclass(frozen=True)
class PageRequest:
    """The page that a cursor leads to; `k` is how many items at most."""

    surface: str
    session_id: str
    cursor: str
    user_id: str | None = None
    k: int | None = None
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Page:
    """Items in order, the first at `position`; `reason` is why they are suggested."""

    surface: str
    session_id: str
    slate_id: str
    epoch: int
    items: tuple[str, ...]
    position: int
    reason: str
    described: Mapping[str, Item]
    following: str | None


@dataclass(frozen=True)
class Pages:
    """Turns pages of the rankings behind slates."""

    slates: Slates

    def page(self, request: PageRequest) -> Page:
        """The page. Raises `BadInput`, `CursorGone`, `UnknownSurface`, `Conflict`, `Unavailable`.

        What may not be shown any more is skipped, and what the slate shows by now as well.
        """
        slates, now = self.slates, self.slates.clock()
        knobs = slates.surfaces[request.surface].knobs
        cursor = pages.read(request.session_id, request.surface, request.cursor)
        session = slates.memory.load(request.session_id, now).session.bound(request.user_id)
        over = now - session.seen > knobs.session_ttl_s + slack(knobs.session_ttl_s)
        tails = session.behind.get(cursor.slate_id, NOTHING).tails
        tail = next((one for one in tails if one.epoch == cursor.epoch), None)
        state = session.slates.get(cursor.slate_id)
        if tail is None or state is None or over:
            raise CursorGone("The ranking behind this cursor is not kept any more; ask anew.")
        known = slates.preparation.known(slates.visitor(session), now)
        away = {
            *request.exclude,
            *(seat.item_id for seat in state.seats),
            *session.dismissed_items(),
            *known.dismissed,
            *known.consumed(knobs.consumed_by),
            *known.withdrawn,
        }
        items, onwards = pages.following(tail, cursor, request.k or knobs.k, away)
        return Page(
            surface=request.surface,
            session_id=session.session_id,
            slate_id=cursor.slate_id,
            epoch=cursor.epoch,
            items=items,
            position=cursor.position + 1,
            reason=tail.reason,
            described=describe(items, slates.titles, slates.catalogue),
            following=onwards and pages.write(session.session_id, request.surface, onwards),
        )
