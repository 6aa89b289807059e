"""The best legal slate: which incumbents give their seats to which newcomers.

With uniform weights a legal slate keeps its worth when every kept item stays in its own seat, and
fewest moves is the second tie rule: so nothing moves, whatever `max_shift` and `seat_margin` say,
and the optimum is a matter of *who leaves*:

1. the best newcomers fill the holes, for a seat that can be filled must be;
2. the next best newcomer faces the worst incumbent that may leave; while it is worth strictly
   more, the incumbent leaves, at most m times. Ties displace nobody;
3. among equal incumbents those leave that give the smallest tuple of ids by seat;
4. newcomers take the changed seats in order of score, then of id.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from policies.candidates import Candidates

GRID = float(2**20)

Layout = list[str | None]
"""Item by seat; None is an empty seat."""


@dataclass(frozen=True)
class Worth:
    """Scores on a grid of 2^-20 of their spread, so that ties are real; standard deviation."""

    of: Mapping[str, int]
    deviation: float

    @classmethod
    def measure(cls, candidates: Candidates, gone: Collection[str] = ()) -> Worth:
        """Spread and population standard deviation are over the eligible scored candidates."""
        kept = [n for n, item in enumerate(candidates.item_ids) if item not in gone]
        if not kept:
            return cls({}, 0.0)
        # A quarter of every score cannot overflow when the lowest is taken from the highest.
        scores = candidates.scores[kept] * 0.25
        lowest = scores.min()
        spread = float(scores.max() - lowest)
        ids = [candidates.item_ids[n] for n in kept]
        if spread == 0.0:
            return cls(dict.fromkeys(ids, 0), 0.0)
        shares = (scores - lowest) / spread
        on_grid = np.rint(shares * GRID).astype(np.int64).tolist()
        return cls(dict(zip(ids, on_grid, strict=True)), float(shares.std()) * GRID)

    def ranked(self, items: Collection[str]) -> list[str]:
        """Items by falling worth, equal ones by id; those without a score are left out."""
        return sorted((i for i in items if i in self.of), key=lambda item: (-self.of[item], item))


def improve(
    layout: Layout,
    newcomers: Sequence[str],
    worth: Worth,
    *,
    contested: Collection[int],
    advantage: float,
    displacements: int,
) -> Layout:
    """The optimum over `layout`: holes filled, at most `displacements` incumbents replaced.

    `newcomers` come by falling worth; `contested` are the seats whose incumbent has a score and no
    pin; `advantage` is what an incumbent is worth more in its own seat, in units of the grid.
    """
    incumbents = {seat: item for seat in contested if (item := layout[seat]) is not None}
    holes = {seat for seat, item in enumerate(layout) if item is None}
    challengers = newcomers[len(holes) :]
    leavers = _leavers(incumbents, challengers, worth, advantage, displacements)
    entering = newcomers[: len(holes) + len(leavers)]
    leaving = _smallest(layout, entering, incumbents, leavers, worth)
    arriving = iter(entering)
    return [
        next(arriving, None) if seat in holes or seat in leaving else item
        for seat, item in enumerate(layout)
    ]


def _leavers(
    incumbents: Mapping[int, str],
    challengers: Sequence[str],
    worth: Worth,
    advantage: float,
    displacements: int,
) -> list[int]:
    """Worths of the incumbents that leave, worst first: each is beaten by its challenger."""
    weakest = sorted(worth.of[item] for item in incumbents.values())
    leavers = []
    for weak, challenger in zip(weakest[:displacements], challengers, strict=False):
        if worth.of[challenger] <= weak + advantage:
            break
        leavers.append(weak)
    return leavers


def _smallest(
    layout: Layout,
    entering: Sequence[str],
    incumbents: Mapping[int, str],
    leavers: Sequence[int],
    worth: Worth,
) -> set[int]:
    """The seats that are given up: of incumbents equal to the best leaver, the choice of rule 3.

    Walking down the seats, the smaller id of *stays* and *next newcomer* is right wherever both
    are possible, because the first difference decides the order of the tuples.
    """
    if not leavers:
        return set()
    edge = leavers[-1]
    due = leavers.count(edge)
    equals = sum(worth.of[item] == edge for item in incumbents.values())
    leaving = set()
    arriving = 0
    for seat, item in enumerate(layout):
        if item is not None:
            if seat not in incumbents or worth.of[item] > edge:
                continue
            if worth.of[item] == edge:
                equals -= 1
                stays = due == 0 or (equals >= due and item < entering[arriving])
                if stays:
                    continue
                due -= 1
            leaving.add(seat)
        arriving += 1
    return leaving
