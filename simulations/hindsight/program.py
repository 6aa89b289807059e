"""The linear programme of a schedule, over a few items at a time.

Variables: `on` says that an item is on the slate at a step, `left` that it left there by choice.

    maximise    sum of score * on
    such that   sum of on at a step        = seats that can be filled
                left >= on before - on now   while the item may stay; who may not, leaves freely
                sum of left at a step      <= its limit
                sum of left over a window  <= what the window allows

Without windows this is a flow of k tokens, one for each seat: staying is free, leaving by choice
and coming in goes through one hub arc a step, whose capacity is the limit, and forced exits bypass
it. The constraint matrix of a flow is totally unimodular, so every vertex is a schedule. A window
ties hub arcs of several steps together; its vertices may be fractional, and its value is a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Window:
    """At most `allowed` displacements in all of these `steps` together."""

    steps: tuple[int, ...]
    allowed: int


@dataclass(frozen=True)
class Problem:
    """A schedule to be found: `scores` and `eligible` (steps, items), `sizes` and `limit` (steps,).

    `start` (items,) marks what was on the slate before the first step; None: it begins empty, and
    the first step is free.
    """

    scores: Floats
    eligible: Bools
    sizes: Ints
    limit: Ints
    start: Bools | None
    windows: tuple[Window, ...] = ()

    @property
    def may_stay(self) -> Bools:
        """Who could be on the slate before a step and may be after it, shape (steps, items)."""
        first = np.zeros_like(self.eligible[0]) if self.start is None else self.start
        return np.vstack((first[None], self.eligible[:-1])) & self.eligible

    @property
    def bounded(self) -> Bools:
        """The steps at which it matters how many leave, shape (steps,)."""
        found = self.limit < self.sizes
        for window in self.windows:
            found[list(window.steps)] = True
        return found


@dataclass(frozen=True)
class Solution:
    """`on` (steps, items) in 0..1; `price` of a seat at a step and `toll` for leaving there by
    choice (steps,), infinite where nobody may."""

    value: float
    on: Floats
    price: Floats
    toll: Floats


def solve(problem: Problem, items: Ints) -> Solution:
    """The optimum over these items, by the dual simplex method of HiGHS.

    Q. Huangfu, J. A. J. Hall, "Parallelizing the dual revised simplex method", Mathematical
    Programming Computation, 2018. Raises `ArithmeticError` where it finds none.
    """
    eligible = problem.eligible[:, items]
    if not eligible.any():
        return Solution(0.0, np.zeros(eligible.shape), *np.zeros((2, len(eligible))))
    steps = len(eligible)
    on_at = _numbered(eligible, 0)
    ons = int(eligible.sum())
    watched = problem.may_stay[:, items] & problem.bounded[:, None]
    may_leave = watched & (problem.limit > 0)[:, None]
    left_at = _numbered(may_leave, ons)
    lefts = int(may_leave.sum())

    # left >= on before - on now, a row for each pair
    step, item = watched.nonzero()
    row = np.arange(len(step))
    later = step > 0
    chosen = may_leave[step, item]
    entries = [
        (row, on_at[step, item], -1.0),
        (row[later], on_at[step[later] - 1, item[later]], 1.0),
        (row[chosen], left_at[step[chosen], item[chosen]], -1.0),
    ]
    most = np.where(later, 0.0, -1.0)
    # limits and windows
    steps_bounded = np.flatnonzero(problem.bounded).tolist()
    sums: list[tuple[tuple[int, ...], int]] = [((t,), int(problem.limit[t])) for t in steps_bounded]
    sums += [(window.steps, window.allowed) for window in problem.windows]
    for number, (together, _) in enumerate(sums, len(row)):
        columns = left_at[list(together)]
        columns = columns[columns >= 0]
        entries.append((np.full(len(columns), number), columns, 1.0))
    most = np.concatenate((most, np.array([allowed for _, allowed in sums], dtype=np.float64)))

    costs = np.zeros(ons + lefts)
    costs[on_at[eligible]] = -problem.scores[:, items][eligible]
    full: Any = csr_array(
        (np.ones(ons), (eligible.nonzero()[0], on_at[eligible])), shape=(steps, ons + lefts)
    )
    found: Any = linprog(
        costs,
        A_ub=_matrix(entries, (len(most), ons + lefts)) if len(most) else None,
        b_ub=most if len(most) else None,
        A_eq=full,
        b_eq=problem.sizes,
        bounds=(0.0, 1.0),
        method="highs-ds",
    )
    if not found.success:
        raise ArithmeticError(f"no schedule was found: {found.message}")
    on = np.zeros(eligible.shape)
    on[eligible] = found.x[on_at[eligible]]
    toll = np.where(problem.limit > 0, 0.0, np.inf)
    for (together, _), marginal in zip(sums, found.ineqlin.marginals[len(row) :], strict=True):
        toll[list(together)] -= marginal
    return Solution(-float(found.fun), on, -np.asarray(found.eqlin.marginals), toll)


def gain_of_each(problem: Problem, solution: Solution) -> Floats:
    """The most that each item could add at the solution's prices, shape (items,); at least 0.

    An item that could add nothing is not needed: prices prove the optimum for it too.
    """
    scores, eligible = problem.scores, problem.eligible
    off = np.zeros(scores.shape[1])
    on = np.full(scores.shape[1], -np.inf)
    if problem.start is not None:
        off[problem.start], on[problem.start] = -np.inf, 0.0
    for step, (price, toll) in enumerate(zip(solution.price, solution.toll, strict=True)):
        there = eligible[step]
        leave = np.where(there, on - toll, on)
        stay = np.where(there, np.maximum(on, off) + scores[step] - price, -np.inf)
        off, on = np.maximum(off, leave), stay
    most: Floats = np.maximum(on, off)
    return most


def _numbered(where: Bools, first: int) -> Ints:
    """A number for each variable, -1 where there is none."""
    numbers = np.full(where.shape, -1, dtype=np.int64)
    numbers[where] = first + np.arange(int(where.sum()))
    return numbers


def _matrix(entries: Sequence[tuple[Ints, Ints, float]], shape: tuple[int, int]) -> Any:
    """Sparse; scipy's stubs do not know that `linprog` takes it."""
    rows, columns, values = zip(*entries, strict=True)
    data = np.concatenate([np.full(len(r), v) for r, v in zip(rows, values, strict=True)])
    return csr_array((data, (np.concatenate(rows), np.concatenate(columns))), shape=shape)
