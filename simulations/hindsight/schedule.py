"""The best schedule of slates that hindsight could have chosen under a limit.

What the decision may do at each step, hindsight may do too, but it knows all scores of the visit
beforehand: it can let an item go early, or bring one that will only be good later. What counts is
*which* items are on the slate at each step, not their order: with uniform seat weights the worth of
a slate is the sum of its scores, and the optimum is exact. With falling weights and items that may
be put in order anew, the worth of a set is no sum over its items, and this is not its optimum.

Refills follow the decision: who may not be shown any longer leaves at once and does not count, and
as many seats are filled as there are items.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulations.hindsight.program import (
    Bools,
    Floats,
    Ints,
    Problem,
    Solution,
    Window,
    gain_of_each,
    solve,
)

_MORE_A_STEP = 4
"""The programme begins with the best k and so many more at each step."""
_MORE_A_ROUND = 40
_TOLERANCE = 1e-7


@dataclass(frozen=True)
class Schedule:
    """`slates` are item numbers by step, ascending; `value` is the sum of their scores."""

    slates: tuple[tuple[int, ...], ...]
    value: float


def best_schedule(
    scores: Floats,
    eligible: Bools,
    k: int,
    limit: Sequence[int] | Ints,
    start: Sequence[int] | None = None,
) -> Schedule:
    """The schedule worth most, exactly, over all items.

    `scores` and `eligible` have shape (steps, items), in any unit; what is not eligible needs no
    finite score. `limit` (steps,) is how many items may leave by choice at a step: 0 where nothing
    may change but by force. `start` is the slate before the first step; without one the first
    slate is chosen freely.

    A minimum-cost flow, R. K. Ahuja, T. L. Magnanti, J. B. Orlin, "Network Flows", 1993, ch. 9,
    solved as a linear programme. Items come in when prices say that they could add something:
    G. B. Dantzig, P. Wolfe, "Decomposition principle for linear programs", 1960. Raises
    `ValueError` for shapes that do not fit and scores that are not finite.
    """
    problem, group = _problem(scores, eligible, k, limit, start, ())
    on = _optimum(problem).on
    if np.abs(on - np.rint(on)).max(initial=0.0) > 1e-6:
        raise ArithmeticError("the flow has come out fractional")  # a vertex never is
    slates = [tuple(np.flatnonzero(row > 0.5).tolist()) for row in on]
    by_step = tuple(slates[n] for n in group.tolist())
    value = sum(float(scores[t, list(slate)].sum()) for t, slate in enumerate(by_step))
    return Schedule(by_step, value)


def schedule_bound(
    scores: Floats,
    eligible: Bools,
    k: int,
    limit: Sequence[int] | Ints,
    windows: Sequence[Window],
    start: Sequence[int] | None = None,
) -> float:
    """A value that no schedule exceeds whose displacements also keep within `windows`.

    As `best_schedule`; a total budget is a window of all steps. The linear programme is not
    integral there, so the best schedule may be worth less than that.
    """
    problem, _ = _problem(scores, eligible, k, limit, start, tuple(windows))
    return _optimum(problem).value


def _problem(
    scores: Floats,
    eligible: Bools,
    k: int,
    limit: Sequence[int] | Ints,
    start: Sequence[int] | None,
    windows: tuple[Window, ...],
) -> tuple[Problem, Ints]:
    """The problem, steps at which nothing can change joined; and the joined step of each step."""
    limits = np.asarray(limit, dtype=np.int64)
    if scores.shape != eligible.shape or scores.ndim != 2 or limits.shape != scores.shape[:1]:
        shapes = f"{scores.shape}, {eligible.shape} and {limits.shape}"
        raise ValueError(f"scores, eligible and limit do not fit each other: {shapes}")
    if not len(limits):
        raise ValueError("a schedule has at least one step")
    if k < 1 or (limits < 0).any():
        raise ValueError("k is at least 1, and no limit below 0")
    if not np.isfinite(scores[eligible]).all():
        raise ValueError("scores must be finite: NaN or infinity cannot be summed")
    worth = np.where(eligible, scores, 0.0)
    before = None
    if start is not None:
        if len(set(start)) != len(start) or len(start) > k:
            raise ValueError("a slate holds at most k items, each once")
        before = np.zeros(scores.shape[1], dtype=np.bool_)
        before[list(start)] = True
    fresh = np.ones(len(limits), dtype=np.bool_)
    fresh[1:] = (limits[1:] > 0) | (eligible[1:] != eligible[:-1]).any(axis=1)
    group = np.cumsum(fresh) - 1
    firsts = np.flatnonzero(fresh)
    sizes = np.minimum(k, eligible[firsts].sum(axis=1))
    joined = tuple(
        replace(window, steps=tuple(sorted({int(group[t]) for t in window.steps if limits[t]})))
        for window in windows
    )
    problem = Problem(
        np.add.reduceat(worth, firsts, axis=0),
        eligible[firsts],
        sizes,
        limits[firsts],
        before,
        tuple(window for window in joined if window.steps),
    )
    return problem, group


def _optimum(problem: Problem) -> Solution:
    """The optimum over all items; in it `on` is over all of them too."""
    chosen = _first_items(problem)
    scale = float(np.abs(problem.scores).max(initial=0.0)) or 1.0
    while True:
        items = np.flatnonzero(chosen)
        found = solve(problem, items)
        gains = gain_of_each(problem, found)
        gains[chosen] = 0.0
        missing = np.flatnonzero(gains > _TOLERANCE * scale)
        if not len(missing):
            on = np.zeros(problem.scores.shape)
            on[:, items] = found.on
            return replace(found, on=on)
        best = missing[np.argsort(-gains[missing], kind="stable")[:_MORE_A_ROUND]]
        chosen[best] = True


def _first_items(problem: Problem) -> Bools:
    """The slate before, and at each step more than it takes to fill one."""
    items = problem.scores.shape[1]
    chosen = np.zeros(items, dtype=np.bool_) if problem.start is None else problem.start.copy()
    ranked = np.where(problem.eligible, problem.scores, -np.inf)
    for row, size in zip(ranked, problem.sizes.tolist(), strict=True):
        most = min(size + _MORE_A_STEP, items)
        best = np.argpartition(-row, most - 1)[:most] if most else np.zeros(0, dtype=np.int64)
        chosen[best] = True
    return chosen
