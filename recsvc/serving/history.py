"""What a slate was before: the changes of its last epochs, and what changed since one of them.

The changes that an epoch declares are the whole difference to the one before, so that a slate can
be followed back from what it shows now. Kept are bytes: only a request that asks reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from policies import Change, SlateState

EPOCHS_KEPT: Final = 8
"""Steps back that can be followed, the one that led to the epoch of now among them."""


class Link(NamedTuple):
    """The step from one epoch to the next one served."""

    origin: int
    epoch: int
    changes: tuple[Change, ...]


Links = tuple[bytes, ...]
"""The steps that led to the epoch before the one of now, oldest first, each as stored."""


def onward(links: Links, before: SlateState | None, after: SlateState) -> Links:
    """The links to keep beside `after`, which follows `before`; none leads behind a start."""
    if before is None:
        return ()
    if before.epoch == after.epoch:
        return links
    if before.changes_from is None:
        return ()
    link = Link(before.changes_from, before.epoch, before.changes)
    return (*links, _ENCODER.encode(link))[1 - EPOCHS_KEPT :]


def changes_since(epoch: int, links: Links, state: SlateState) -> tuple[Change, ...] | None:
    """The true difference between an epoch and the one of now; None where nothing leads there.

    What came and left in between is not listed. An item that came since tells why it came, one
    that moved or left the reason of its last change.
    """
    way = _way(epoch, links, state)
    if way is None:
        return None
    if len(way) == 1:
        return way[0].changes
    now = {seat.item_id: place for place, seat in enumerate(state.seats, 1)}
    then = _then(now, way)
    steps = [change for link in way for change in link.changes]
    gone = [item for item in then if item not in now]
    exits = [_told(item, then, now, steps) for item in sorted(gone, key=then.__getitem__)]
    stays = [_told(item, then, now, steps) for item in now if then.get(item) != now[item]]
    turned = _turned(then, now, steps)
    others = sorted([*stays, *turned], key=lambda change: change.after or 0)
    return (*exits, *others)


def _way(epoch: int, links: Links, state: SlateState) -> tuple[Link, ...] | None:
    """The steps from an epoch to the one of now, if each begins where the last one ended."""
    if epoch == state.epoch:
        return ()
    if state.changes_from is None:
        return None
    way = [Link(state.changes_from, state.epoch, state.changes)]
    for link in reversed(links):
        if way[0].origin == epoch:
            break
        before = _DECODER.decode(link)
        if before.epoch != way[0].origin:
            return None
        way.insert(0, before)
    return tuple(way) if way[0].origin == epoch else None


def _then(now: Mapping[str, int], way: Sequence[Link]) -> dict[str, int]:
    """Place by item before these steps."""
    places = dict(now)
    for link in reversed(way):
        for change in link.changes:
            if change.before is None:
                places.pop(change.item_id, None)
            else:
                places[change.item_id] = change.before
    return places


def _told(
    item: str, then: Mapping[str, int], now: Mapping[str, int], steps: Sequence[Change]
) -> Change:
    before, after = then.get(item), now.get(item)
    own = [step for step in steps if step.item_id == item and step.before != step.after]
    if before is None:
        own = [step for step in own if step.before is None]
    return Change(item, before, after, own[-1].reason)


def _turned(
    then: Mapping[str, int], now: Mapping[str, int], steps: Sequence[Change]
) -> list[Change]:
    """Pins set or taken back on items that stayed where they are all along."""
    found = []
    for item in {step.item_id for step in steps if step.before == step.after}:
        own = [step for step in steps if step.item_id == item]
        still = all(step.before == step.after for step in own)
        if still and len(own) % 2 == 1 and then.get(item) == now.get(item):
            found.append(own[-1]._replace(gap=None))
    return found


_DECODER: Final = msgspec.msgpack.Decoder(Link)
_ENCODER: Final = msgspec.msgpack.Encoder()
