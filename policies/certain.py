"""The best legal slate under falling weights, found in floating point where it is beyond doubt.

1. The incumbents and the best m + h newcomers are assigned to the open seats. There are m more of
   them than seats, so at most m incumbents can go without: the count enforces the limit.
2. The cheapest assignment is found by the Hungarian method in doubles (Crouse 2016, as in scipy).
3. Then the slate that was found is made a little worse in each of its seats, by far more than
   rounding can be, and the search runs again. If the same slate wins once more, no other comes
   near it: it is the optimum, and no tie rule is needed. If not, the answer is None, and whole
   numbers decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import inf
from typing import Any, Final

import numpy as np

from policies.contest import Contest, Layout

A_LITTLE: Final = 2.0**-34
"""Of the largest number: rounding over 100 seats stays below 2^-43 of it."""


def certain(contest: Contest, weights: Sequence[float]) -> Layout | None:
    """The optimum for any shift and margins; None where another slate is too near to tell."""
    layout = list(contest.layout)
    seats, own = contest.open(), contest.incumbents
    if contest.shift == 0:
        seats, own = _contested(contest, seats)
    if not seats:
        return layout
    # From the last seat up: a seat that is taken early on is seldom wanted by a better one then.
    seats.reverse()
    items = [*own, *contest.newcomers]
    value = np.array([contest.worth[item] for item in items])
    value[: len(own)] += contest.margin
    largest = 2.0 * value.max() + contest.seat_margin
    if not 0.0 < largest < inf:
        return None
    weight = np.array([weights[seat] for seat in seats])
    costs = weight[:, None] * -value
    places = np.array(seats)
    away = np.abs(places[:, None] - np.array(list(own.values()))) if own else None
    if away is not None and contest.seat_margin:
        costs[:, : len(own)] -= (away == 0) * (weight * contest.seat_margin)[:, None]
    if away is not None and contest.shift is not None:
        costs[:, : len(own)][away > contest.shift] = inf
    solve = solver()
    rows, chosen = solve(costs)
    costs[rows, chosen] += largest * A_LITTLE
    if (solve(costs)[1] != chosen).any():
        return None
    for seat, column in zip(seats, chosen.tolist(), strict=True):
        layout[seat] = items[column]
    return layout


def _contested(contest: Contest, seats: list[int]) -> tuple[list[int], dict[str, int]]:
    """The seats that may change where nothing moves: holes, and those of beaten incumbents.

    Whoever is displaced in the optimum is beaten by the newcomer in its seat: else it could stay.
    """
    if not contest.newcomers:
        return [], {}
    bar = contest.worth[contest.newcomers[0]] - contest.margin - contest.seat_margin
    bar += abs(bar) * A_LITTLE
    own = {item: seat for item, seat in contest.incumbents.items() if contest.worth[item] <= bar}
    there = {*contest.holes, *own.values()}
    return [seat for seat in seats if seat in there], own


@cache
def solver() -> Callable[[Any], Any]:
    # Its import costs more than all of `policies`, and most surfaces never need it.
    from scipy.optimize import linear_sum_assignment

    return linear_sum_assignment
