"""What candidates are worth: scores on a grid, so that ties are real, and the best newcomers.

Only incumbents and the first few newcomers matter to a decision, so the hundreds of others stay in
arrays: they are measured and partitioned there, and never become Python numbers.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from policies.candidates import Candidates

GRID: Final = float(2**20)
NOTHING: Final = -1.0
"""The worth of what may not be shown: below the grid, which begins at 0."""


@dataclass(frozen=True, eq=False)
class Worth:
    """Worth by candidate in steps of 2^-20 of the spread of those that may be shown.

    `on_grid` runs parallel to the candidates' items: whole numbers, NOTHING for those that may not
    be shown. `shares` are the scores of the others in shares of the spread, 0 to 1.
    """

    candidates: Candidates | None
    on_grid: npt.NDArray[np.float64]
    shares: npt.NDArray[np.float64]

    @classmethod
    def measure(cls, candidates: Candidates | None, gone: Iterable[str] = ()) -> Worth:
        """The worth of these candidates, but for what is gone."""
        if candidates is None:
            return cls(None, np.empty(0), np.empty(0))
        place, count = candidates.place, len(candidates.item_ids)
        away = [place[item] for item in gone if item in place]
        if len(away) == count:
            return cls(candidates, np.full(count, NOTHING), np.empty(0))
        # A quarter of every score cannot overflow when the lowest is taken from the highest.
        scores = candidates.scores * 0.25
        eligible = np.delete(scores, away) if away else scores
        lowest = eligible.min()
        spread = eligible.max() - lowest
        shares = (eligible - lowest) / spread if spread else np.zeros(len(eligible))
        on_grid = np.rint(shares * GRID)
        if away:
            everywhere = np.full(count, NOTHING)
            everywhere[np.delete(np.arange(count), away)] = on_grid
            on_grid = everywhere
        return cls(candidates, on_grid, shares)

    def deviation(self) -> float:
        """Population standard deviation over the eligible scored candidates, in steps."""
        return float(self.shares.std()) * GRID if len(self.shares) else 0.0

    def of(self, item: str) -> int | None:
        """The worth of an item; None where it has no score or may not be shown."""
        place = None if self.candidates is None else self.candidates.place.get(item)
        if place is None or (worth := self.on_grid.item(place)) == NOTHING:
            return None
        return int(worth)

    def best(self, most: int, without: Collection[str] = ()) -> dict[str, int]:
        """The best items but for some: at most `most`, by falling worth, equal ones by id."""
        if self.candidates is None or most <= 0:
            return {}
        ids, worths = self.candidates.item_ids, self.on_grid
        # Those left out may be among the best; the last that gets in may have equals, and all of
        # them are compared by id.
        last = len(worths) - most - len(without)
        edge = max(0.0, np.partition(worths, last).item(last)) if last > 0 else 0.0
        found = (worths >= edge).nonzero()[0]
        pairs = zip(worths[found].tolist(), found.tolist(), strict=True)
        ranked = [(-worth, item) for worth, n in pairs if (item := ids[n]) not in without]
        ranked.sort()
        return {item: int(-worth) for worth, item in ranked[:most]}
