"""What a study will cost, told before the work by playing a few of its visitors.

Two samples are played as cells are: a handful, and then as many as take a few seconds. What both
have in common is the cost of a cell that plays nobody; what the larger one adds is the cost of an
answer. The same two tell what measuring costs for each visitor.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from simulations.cells import Cell
from simulations.scenario import Visit

FEW = 4
"""Visitors of the first sample."""

ENOUGH_S = 2.0
"""CPU seconds of playing after which a sample is large enough."""

GROWTH = 4


@dataclass(frozen=True)
class Estimate:
    """CPU seconds: `once` before and after the play, `cell` for each of `cells`, `answer` for each
    of `answers` (looks times policies). `jobs` cells are played at once.
    """

    once: float
    cell: float
    answer: float
    cells: int
    answers: int
    jobs: int

    @property
    def cpu_s(self) -> float:
        """All CPU seconds together."""
        return self.once + self.cell * self.cells + self.answer * self.answers

    @property
    def seconds(self) -> float:
        """From beginning to end, where each job has a core of its own."""
        if not self.cells:
            return self.once
        jobs = min(self.jobs, self.cells)
        rounds = -(-self.cells // jobs) / self.cells
        return self.once + rounds * (self.cpu_s - self.once)

    def words(self) -> str:
        """For people."""
        jobs = "1 job" if self.jobs == 1 else f"{self.jobs} jobs"
        return (
            f"about {duration(self.seconds)} with {jobs}: {self.answers:,} answers at "
            f"{self.answer * 1e6:.0f} µs of CPU each, and {duration(self.once)} beside them"
        )


def pilot(cell: Cell, measure: Callable[[Cell], object]) -> tuple[float, float, float]:
    """CPU seconds of a cell that plays nobody, of one answer, and of measuring all visitors.

    `cell` holds all visits of one seed; samples of them are played in its place, and its part is
    written and removed. `measure` makes what is told of a cell that was played.
    """
    users = by_length(cell.visits)
    small, few = cell, FEW
    played: list[tuple[int, int, float, float]] = []
    while True:
        mine = sample(users, few)
        small = replace(cell, visits=tuple(visit for visits in mine for visit in visits))
        try:
            played.append((len(mine), *_timed(small, measure)))
        finally:
            small.part.unlink(missing_ok=True)
        if played[-1][2] >= ENOUGH_S or few >= len(users):
            break
        few *= GROWTH
    first, last = played[0], played[-1]
    if last[1] == first[1]:
        return 0.0, last[2] / max(1, last[1]), last[3]
    an_answer = max(0.0, last[2] - first[2]) / (last[1] - first[1])
    a_cell = max(0.0, first[2] - an_answer * first[1])
    a_visitor = max(0.0, last[3] - first[3]) / (last[0] - first[0])
    return a_cell, an_answer, first[3] + a_visitor * (len(users) - first[0])


def _timed(cell: Cell, measure: Callable[[Cell], object]) -> tuple[int, float, float]:
    begun = time.process_time()
    cell.run()
    played = time.process_time()
    measure(cell)
    return answers_of(cell), played - begun, time.process_time() - played


def answers_of(cell: Cell) -> int:
    """Looks times policies."""
    looks = sum(moment.look for visit in cell.visits for moment in visit.moments)
    return looks * len(cell.policies)


def by_length(visits: Sequence[Visit]) -> list[list[Visit]]:
    """The visits of each user, who come by how much they do: an answer may cost more the more is
    known of somebody."""
    users = [list(mine) for _, mine in groupby(visits, key=lambda visit: visit.user_id)]
    return sorted(users, key=lambda mine: sum(len(visit.moments) for visit in mine))


def sample(users: Sequence[list[Visit]], count: int) -> list[list[Visit]]:
    """About `count` users at equal distances in their order, the middle of each stretch."""
    step = max(1.0, len(users) / count)
    chosen = dict.fromkeys(min(len(users) - 1, int((n + 0.5) * step)) for n in range(count))
    return [users[n] for n in chosen if n < len(users)]


def duration(seconds: float) -> str:
    """A length of time for people."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
