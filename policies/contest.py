"""One step as a problem to solve: who sits where, who may leave, who may come in."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

Layout = list[str | None]
"""Item by seat; None is an empty seat."""


@dataclass(frozen=True)
class Contest:
    """What a step has to decide. All worths and margins are whole numbers of one unit.

    `contested` are the seats, rising, whose incumbent may leave or move; every other item stays.
    `newcomers` come by falling worth, equal ones by id: no fewer than can enter. At most
    `displacements` incumbents leave, kept ones move at most `shift` seats (None: any number).
    An incumbent is worth `margin` more than its score, in its own seat `seat_margin` on top.
    """

    layout: Sequence[str | None]
    contested: Sequence[int]
    newcomers: Sequence[str]
    worth: Mapping[str, int]
    margin: int = 0
    seat_margin: int = 0
    displacements: int = 0
    shift: int | None = 0

    @cached_property
    def holes(self) -> list[int]:
        """The empty seats that newcomers fill, rising; where they are few, the first ones."""
        empty = [seat for seat, item in enumerate(self.layout) if item is None]
        return empty[: len(self.newcomers)]

    @cached_property
    def incumbents(self) -> dict[str, int]:
        """Seat by incumbent that may leave or move."""
        seated = ((self.layout[seat], seat) for seat in self.contested)
        return {item: seat for item, seat in seated if item is not None}

    @cached_property
    def open(self) -> list[int]:
        """The seats to decide on, rising."""
        return sorted((*self.holes, *self.contested))


def in_one_unit(margin: float, seat_margin: float) -> tuple[int, int, int]:
    """How many units a step of the grid has, and two margins in that unit, exactly.

    Doubles are whole multiples of some power of two; infinity becomes the largest double.
    """
    (one, its), (two, other) = (
        min(each, sys.float_info.max).as_integer_ratio() for each in (margin, seat_margin)
    )
    unit = max(its, other)
    return unit, one * (unit // its), two * (unit // other)


@cache
def dcg(k: int) -> tuple[int, ...]:
    """The weights 1/log2(p + 1) of k seats as whole numbers of 2^-55.

    They are exactly the doubles, whose last digit is 2^-55 where they are smallest (k <= 100): sums
    compare as in the definition, ties too.
    """
    return tuple(int(1.0 / math.log2(p + 1) * 2.0**55) for p in range(1, k + 1))
