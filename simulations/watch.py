"""Which events are judged, and against what: worked out once, for all policies alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from recsvc.preparation.eligibility import Gone
from simulations.log import Judged, Key, Log
from simulations.measures import gain
from simulations.scenario import Truth
from simulations.walks import Stop, Walk

T = TypeVar("T")


class Watch:
    """Enters into the log what can be judged after each look.

    `judge` is the audience whose view tells what could have been shown; `knows` tells by era
    whether an item could be suggested.
    """

    def __init__(
        self,
        log: Log,
        *,
        k: int,
        judge: int,
        knows: Sequence[Callable[[str], bool]],
        truth: Truth | None,
    ) -> None:
        self._log = log
        self._number = log.number
        self._k = k
        self._judge = judge
        self._known = [frozenset(filter(tells, log.number)) for tells in knows]
        self._truth = truth
        self._turned_to: dict[int, dict[str, int]] = {}

    def see(self, walk: Walk, stop: Stop, look: int, gone: Sequence[Gone]) -> None:
        """A look, numbered among all, and what of the visitor's may not be shown, by audience."""
        last = self._turned_to.get(walk.first)
        if last is None:
            moments = enumerate(walk.visit.moments)
            last = {str(m.item_id): n for n, m in moments if not m.look}
            self._turned_to[walk.first] = last
        if look + 1 == walk.first + len(walk.stops):
            del self._turned_to[walk.first]
        number, items = self._number, set(last)
        for audience, out in enumerate(gone):
            away = out.among(items)
            there = [number.setdefault(i, len(number)) for i in last if i not in away]
            self._log.sought[look, audience] = tuple(there)
        if not stop.events:
            return
        could = self._could_show(last, stop, gone[self._judge])
        judged = [(n, m) for n, m in stop.events if str(m.item_id) in could]
        if not judged:
            return
        key = self._key(walk, stop, gone[self._judge])
        mine = self._log.judged.setdefault(walk.first, [])
        for n, moment in judged:
            rest = tuple(number[item] for item, at in could.items() if at >= n)
            item = number[str(moment.item_id)]
            mine.append(Judged(look, n, moment.at, stop.known, item, rest, key))

    def _key(self, walk: Walk, stop: Stop, gone: Gone) -> Key | None:
        """The truth at one look, of what could be shown."""
        if self._truth is None:
            return None
        worth = self._could_show(self._truth.worth(walk.visit, stop.number), stop, gone)
        best = sorted(worth.values(), reverse=True)[: self._k]
        most = sum(gain(n) * chance for n, chance in enumerate(best))
        decided = self._could_show(self._truth.decided(walk.visit, stop.number), stop, gone)
        number = self._number
        return Key(
            {number[item]: chance for item, chance in worth.items()},
            most,
            {number[item]: chance for item, chance in decided.items()},
            sum(decided.values()),
        )

    def _could_show(self, of: Mapping[str, T], stop: Stop, gone: Gone) -> dict[str, T]:
        """What is said of items, of those that could have been on a slate."""
        there = self._known[stop.era].intersection(of)
        there = there.difference(gone.among(set(there)))
        return {item: said for item, said in of.items() if item in there}
