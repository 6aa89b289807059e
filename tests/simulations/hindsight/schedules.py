"""Small cases of a schedule, and two independent ways to its optimum: all schedules one by one, and
a flow of tokens along shortest paths."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from simulations.hindsight.program import Window


@dataclass(frozen=True)
class Case:
    """What `best_schedule` takes."""

    scores: NDArray[np.float64]
    eligible: NDArray[np.bool_]
    k: int
    limit: list[int]
    start: list[int] | None


def cases(count: int, seed: int) -> Iterator[Case]:
    """Cases with forced exits, holds, slates to begin from, and fewer items than seats."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        steps, items, k = (int(rng.integers(*ends)) for ends in ((1, 5), (1, 6), (1, 4)))
        scores = rng.normal(size=(steps, items))
        if rng.random() < 0.3:
            scores = np.rint(scores)  # ties
        eligible = rng.random((steps, items)) < rng.choice([0.5, 0.8, 1.0])
        limit = rng.integers(0, k + 1, size=steps) * (rng.random(steps) < 0.7)
        start = None
        if rng.random() < 0.7:
            there = int(rng.integers(0, min(k, items) + 1))
            start = rng.permutation(items)[:there].tolist()
        yield Case(scores, eligible, k, limit.tolist(), start)


def legal(
    case: Case, before: frozenset[int] | None, after: frozenset[int], step: int
) -> int | None:
    """How many were displaced in this step; None where it may not be."""
    there = frozenset(np.flatnonzero(case.eligible[step]).tolist())
    if not after <= there or len(after) != min(case.k, len(there)):
        return None
    if before is None:
        return 0
    displaced = len((before & there) - after)
    return displaced if displaced <= case.limit[step] else None


def by_all(case: Case, windows: Sequence[Window] = ()) -> float:
    """The best of all schedules, tried one by one."""
    start = None if case.start is None else frozenset(case.start)
    return _best(case, windows, 0, start, [])


def _best(
    case: Case,
    windows: Sequence[Window],
    step: int,
    before: frozenset[int] | None,
    displaced: list[int],
) -> float:
    if step == len(case.scores):
        kept = all(sum(displaced[t] for t in w.steps) <= w.allowed for w in windows)
        return 0.0 if kept else -np.inf
    best = -np.inf
    for size in range(case.k + 1):
        for chosen in combinations(range(case.scores.shape[1]), size):
            after = frozenset(chosen)
            left = legal(case, before, after, step)
            if left is None:
                continue
            rest = _best(case, windows, step + 1, after, [*displaced, left])
            best = max(best, rest + float(case.scores[step, list(chosen)].sum()))
    return best


def by_flow(case: Case) -> float:
    """k tokens along shortest paths of what is left of the network (Bellman and Ford)."""
    net = _Net()
    steps = len(case.scores)
    for t in range(steps):
        net.add(("hub", t), ("open", t), case.limit[t] if t or case.start is not None else 99, 0.0)
        there = case.eligible[t]
        for i in np.flatnonzero(there).tolist():
            net.add(("in", t, i), ("out", t, i), 1, -float(case.scores[t, i]))
            net.add(("open", t), ("in", t, i), 1, 0.0)
        net.add(("open", t), ("empty", t), case.k - min(case.k, int(there.sum())), 0.0)
    for t in range(steps - 1):
        for i in np.flatnonzero(case.eligible[t]).tolist():
            stays = bool(case.eligible[t + 1, i])
            if stays:
                net.add(("out", t, i), ("in", t + 1, i), 1, 0.0)
            net.add(("out", t, i), ("hub" if stays else "open", t + 1), 1, 0.0)
        net.add(("empty", t), ("open", t + 1), case.k, 0.0)
    for i in np.flatnonzero(case.eligible[-1]).tolist():
        net.add(("out", steps - 1, i), "end", 1, 0.0)
    net.add(("empty", steps - 1), "end", case.k, 0.0)
    here = case.start or []
    for i in here:
        stays = bool(case.eligible[0, i])
        if stays:
            net.add("begin", ("in", 0, i), 1, 0.0)
        net.add("begin", ("hub" if stays else "open", 0), 1, 0.0)
    net.add("begin", ("open", 0), case.k - len(here), 0.0)
    return -net.cheapest(case.k)


class _Net:
    def __init__(self) -> None:
        self.numbers: dict[object, int] = {}
        self.arcs: list[list[float]] = []

    def add(self, here: object, there: object, capacity: int, cost: float) -> None:
        a, b = (self.numbers.setdefault(n, len(self.numbers)) for n in (here, there))
        self.arcs += [[a, b, capacity, cost], [b, a, 0, -cost]]

    def cheapest(self, tokens: int) -> float:
        total = 0.0
        for _ in range(tokens):
            far = [np.inf] * len(self.numbers)
            by: dict[int, int] = {}
            far[self.numbers["begin"]] = 0.0
            moved = True
            while moved:
                moved = False
                for n, (a, b, capacity, cost) in enumerate(self.arcs):
                    if capacity > 0 and far[int(a)] + cost < far[int(b)] - 1e-12:
                        far[int(b)], by[int(b)], moved = far[int(a)] + cost, n, True
            at = self.numbers["end"]
            assert far[at] < np.inf
            total += far[at]
            while at != self.numbers["begin"]:
                n = by[at]
                self.arcs[n][2] -= 1
                self.arcs[n ^ 1][2] += 1
                at = int(self.arcs[n][0])
        return total
