"""What candidates are worth: scores on a grid, so that ties are real, and the best newcomers.

Only incumbents and the first few newcomers matter to a decision, so the hundreds of others stay in
the array as they came:

1. a sample tells about which score the best lie above; those are taken out and sorted, by score;
2. only they are put on the grid. Rounding never turns an order around; where it makes equals of
   what lies on both sides of the cut, the cut is made again, further down;
3. incumbents are mostly among them; where one is not, it is looked up.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import filterfalse, islice
from math import isinf, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from policies.candidates import Candidates, Scores

GRID: Final = float(2**20)
SAMPLED: Final = 8
"""One in so many scores is looked at to find the cut."""
FEW: Final = 4
LEAST: Final = 1e-290
"""A spread below this is not divided by the grid as it is."""


class Worth:
    """Worth by candidate in whole steps of 2^-20 of the spread of those that may be shown."""

    def __init__(self, candidates: Candidates | None, gone: Mapping[str, str]) -> None:
        self._rank: dict[str, int] = {}
        self._items: list[str] = []
        self._worths: list[float] = []
        self._raws: list[float] = []
        self._deviation: float | None = None
        self._raw = candidates
        self._count = 0
        self._away: frozenset[str] = frozenset()
        if candidates is None:
            return
        scores, ids = candidates.scores, candidates.item_ids
        lowest, highest = candidates.extremes
        if gone and not candidates.names.isdisjoint(gone):
            self._away = candidates.names.intersection(gone)
            places = [n for n, item in enumerate(ids) if item not in self._away]
            if not places:
                return
            scores = scores[places]
            ids = tuple([ids[n] for n in places])
            lowest, highest = float(scores.min()), float(scores.max())
        scale, spread = 1.0, highest - lowest
        if isinf(spread) or 0.0 < spread < LEAST:
            # Of a quarter of every score the lowest can be taken; the least have too few digits.
            scale = 0.25 if spread > 1.0 else 2.0**300
            scores, lowest, highest = scores * scale, lowest * scale, highest * scale
        self._scores: Scores = scores
        self._ids = ids
        self._scale = scale
        self._lowest = lowest
        self._step = ((highest - lowest) or 1.0) / GRID
        self._count = len(ids)

    @property
    def known_events(self) -> int:
        """What the model knew of the visitor."""
        return 0 if self._raw is None else self._raw.known_events

    def deviation(self) -> float:
        """Population standard deviation over the eligible scored candidates, in steps."""
        if not self._count:
            return 0.0
        if self._deviation is None:
            self._deviation = _deviation(self._scores, self._lowest, self._step)
        return self._deviation

    def of_all(self, items: Iterable[str]) -> dict[str, float]:
        """The worth of each of these that has a score and may be shown."""
        rank, worths = self._rank, self._worths
        missing = [item for item in items if item not in rank]
        if missing:
            self._look_up(missing)
        return {item: worths[rank[item]] for item in items if item in rank}

    def of(self, item: str) -> float | None:
        """The worth of an item; None where it has no score or may not be shown."""
        return self.of_all((item,)).get(item)

    def score(self, item: str) -> float | None:
        """What the model said of an item; None where it has no score or may not be shown."""
        rank = self._rank.get(item)
        if rank is None:
            self._look_up((item,))
            rank = self._rank.get(item)
        return None if rank is None else self._raws[rank]

    def best(self, most: int, without: Container[str | None] = (), but: int = 0) -> list[str]:
        """The best items but for some, at most `most`, by falling worth, equal ones by id.

        So many as `but` may be left out.
        """
        if not self._count or most <= 0:
            return []
        self._cut(self._above(most + but))
        while True:
            found = list(islice(filterfalse(without.__contains__, self._items), most))
            if len(self._items) == self._count:
                return found
            if len(found) == most and self._worths[self._rank[found[-1]]] > self._worths[-1]:
                return found
            self._cut(np.arange(self._count))

    def _above(self, needed: int) -> npt.NDArray[np.intp]:
        """The places of the best `needed`, and of about as many that come next."""
        scores, count = self._scores, self._count
        # Incumbents have mostly not fallen further than that, so that they are found here too.
        wanted = 2 * needed + 4
        if wanted >= count:
            return np.arange(count)
        sample = scores[::SAMPLED].copy()
        last = len(sample) - 1 - wanted // SAMPLED
        sample.partition(last)
        found: npt.NDArray[np.intp] = (scores >= sample[last]).nonzero()[0]
        if needed < len(found) <= 2 * wanted:
            return found
        places: npt.NDArray[np.intp] = scores.argpartition(count - wanted)
        return places[count - wanted :]

    def _cut(self, places: npt.NDArray[np.intp]) -> None:
        """Put these on the grid, best first, equal ones by id."""
        scores = self._scores[places]
        order = scores.argsort()[::-1]
        scores = scores[order]
        self._raws = (scores if self._scale == 1.0 else scores / self._scale).tolist()
        scores -= self._lowest
        scores /= self._step
        self._worths = worths = np.rint(scores, scores).tolist()
        ids = self._ids
        self._items = items = [ids[n] for n in places[order].tolist()]
        if len(set(worths)) < len(worths):
            rows = sorted(zip(worths, items, self._raws, strict=True), key=_by_worth_then_id)
            self._worths, self._items, self._raws = map(list, zip(*rows, strict=True))
        self._rank = dict(zip(self._items, range(len(items)), strict=True))

    def _look_up(self, items: Sequence[str]) -> None:
        """Put these on the grid too, those of them that can be."""
        raw = self._raw
        if raw is None or not self._count:
            return
        there = [item for item in items if item in raw.names and item not in self._away]
        # To look for one is cheaper than to make the index of all; to look for many is not.
        place = raw.item_ids.index if len(there) <= FEW else raw.place.__getitem__
        for item in there:
            score = raw.scores.item(place(item))
            self._rank[item] = len(self._raws)
            self._raws.append(score)
            self._worths.append(float(round((score * self._scale - self._lowest) / self._step)))


def _deviation(scores: Scores, lowest: float, step: float) -> float:
    """In steps. Where the mean is not far from zero, squares and sum are all that it takes."""
    count = len(scores)
    # Squares of others are too large or too small for a double.
    if 1e-140 < step < 1e140 and abs(lowest) < 1e140:
        squares = float(scores.dot(scores)) / count
        mean = float(scores.dot(_ones(count))) / count
        variance = squares - mean * mean
        if variance > 0.01 * squares:
            return sqrt(variance) / step
    steps = scores - lowest
    steps /= step
    steps -= float(np.add.reduce(steps)) / count
    return sqrt(float(steps @ steps) / count)


@lru_cache(maxsize=64)
def _ones(count: int) -> Scores:
    return np.ones(count)


def _by_worth_then_id(row: tuple[float, str, float]) -> tuple[float, str]:
    return -row[0], row[1]
