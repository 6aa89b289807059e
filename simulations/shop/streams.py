"""Where the shop's chances come from: one stream for each purpose, one for each guest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]
Names = NDArray[np.object_]

# No visit takes more turns than this, those that no event shows included.
TURNS = 15
# After the turns: the booking, and the last look.
SLOTS = TURNS + 2

# Uniform numbers of a visit, and of each of its turns. One name more moves the numbers behind it:
# the same seed then gives another world.
ONCE = (
    *("new_trip", "begin", "gap", "hour", "second", "destination", "size", "books", "booked"),
    *("last_look", "applies", "wants_kind", "kind", "wants_band", "band", "wants_flags"),
    *("flag_0", "flag_1", "flag_2", "flag_3", "flag_4"),
)
EACH = ("pick", "accident", "lost", "click", "reload", "again", "pause", "mind")
# Normal numbers of each turn.
EACH_NORMAL = ("read", "dwell", "reload", "pause")


@dataclass(frozen=True, eq=False)
class Draws:
    """Raw numbers of v visits. uniform: (v, ONCE and EACH by SLOTS), normal: (v, EACH_NORMAL by
    SLOTS and two vectors of tastes); guest: (v,) whose visit it is, in ascending order.
    """

    guest: Counts
    uniform: Floats
    normal: Floats

    def once(self, name: str) -> Floats:
        """(v,) uniform."""
        return self.uniform[:, ONCE.index(name)]

    def each(self, name: str) -> Floats:
        """(v, SLOTS) uniform."""
        begin = len(ONCE) + EACH.index(name) * SLOTS
        return self.uniform[:, begin : begin + SLOTS]

    def each_normal(self, name: str) -> Floats:
        """(v, SLOTS) standard normal."""
        begin = EACH_NORMAL.index(name) * SLOTS
        return self.normal[:, begin : begin + SLOTS]

    def vectors(self) -> tuple[Floats, Floats]:
        """Two of (v, width) standard normal: the drift since the last visit, and a new mind."""
        drift, mind = np.split(self.normal[:, len(EACH_NORMAL) * SLOTS :], 2, axis=1)
        return drift, mind

    def of(self, rows: Counts) -> Draws:
        """The draws of these visits only."""
        return Draws(self.guest[rows], self.uniform[rows], self.normal[rows])


def draw_visits(generator: np.random.Generator, count: int, width: int) -> tuple[Floats, Floats]:
    """The uniform and the normal numbers of `count` visits of one guest."""
    uniform = generator.random((count, len(ONCE) + len(EACH) * SLOTS))
    return uniform, generator.standard_normal((count, len(EACH_NORMAL) * SLOTS + 2 * width))


def ordinals(owner: Counts) -> Counts:
    """(v,) for each row, how many earlier rows in an unbroken run have the same owner."""
    rows = np.arange(owner.size)
    first = np.ones(owner.size, bool)
    first[1:] = owner[1:] != owner[:-1]
    return np.asarray(rows - np.maximum.accumulate(np.where(first, rows, 0)))


def pick(weights: Floats, uniform: Floats) -> Counts:
    """(v,) for each row of weights (v, n), one column, drawn in proportion to its weight."""
    steps = np.cumsum(weights, axis=1)
    drawn = (steps <= (uniform * steps[:, -1])[:, None]).sum(axis=1)
    return np.asarray(np.minimum(drawn, weights.shape[1] - 1))
