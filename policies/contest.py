"""One step as a problem to solve: who sits where, who may leave, who may come in."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

Layout = list[str | None]
"""Item by seat; None is an empty seat."""


class Contest(NamedTuple):
    """What a step has to decide. Worths are whole steps of the grid, margins any number of them.

    `incumbents` that may leave or move come with their seats, rising; all else in the layout
    stays. `holes` are the empty seats to fill, rising, no more than `newcomers`, who come by
    falling worth, equal ones by id. At most `displacements` incumbents leave, kept ones move at
    most `shift` seats (None: any number). An incumbent is worth `margin` more than its score, in
    its own seat `seat_margin` on top.
    """

    layout: Layout
    holes: Sequence[int]
    incumbents: Mapping[str, int]
    newcomers: Sequence[str]
    worth: Mapping[str, float]
    margin: float
    seat_margin: float
    displacements: int
    shift: int | None

    def open(self) -> list[int]:
        """The seats to decide on, rising."""
        if not self.holes:
            return list(self.incumbents.values())
        return sorted((*self.holes, *self.incumbents.values()))

    def whole(self) -> Contest:
        """The same contest in whole numbers of one unit, in which sums are exact."""
        unit, margin, seat_margin = in_one_unit(self.margin, self.seat_margin)
        worth = {item: int(steps) * unit for item, steps in self.worth.items()}
        return self._replace(worth=worth, margin=margin, seat_margin=seat_margin)


def in_one_unit(margin: float, seat_margin: float) -> tuple[int, int, int]:
    """How many units a step of the grid has, and two margins in that unit, exactly.

    Doubles are whole multiples of some power of two; infinity becomes the largest double.
    """
    if margin == seat_margin == 0.0:
        return 1, 0, 0
    (one, its), (two, other) = (
        min(each, sys.float_info.max).as_integer_ratio() for each in (margin, seat_margin)
    )
    unit = max(its, other)
    return unit, one * (unit // its), two * (unit // other)


@cache
def dcg(k: int) -> tuple[float, ...]:
    """The weights 1/log2(p + 1) of k seats."""
    return tuple(1.0 / math.log2(p + 1) for p in range(1, k + 1))


@cache
def whole_dcg(k: int) -> tuple[int, ...]:
    """The weights of k seats as whole numbers of 2^-55.

    They are exactly the doubles, whose last digit is 2^-55 where they are smallest (k <= 100): sums
    compare as in the definition, ties too.
    """
    return tuple(int(weight * 2.0**55) for weight in dcg(k))
