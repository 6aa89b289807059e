"""The best legal slate under falling weights where nothing moves: an exact dynamic programme.

A slate is told by the seats that change: newcomers enter them by falling worth, for two of them in
another order could be exchanged to gain. Walking up from the last seat, with d the number of
incumbents displaced before a seat:

1. a hole takes the next newcomer, which is the one after those of the holes and the d before it;
2. an incumbent stays, or gives its seat to that newcomer, of which there are at most m;
3. the better of both is kept for every d. A gain and the displacements that it costs are one whole
   number, so that of equal gains the one that displaces fewer wins;
4. walking down again, the smaller id of *stays* and *next newcomer* is taken where both are equal,
   because the first difference decides the order of the tuples.

Whoever is displaced in the optimum is beaten by the newcomer in its seat: else it could stay, and
the newcomers after it move up. So no more can leave than newcomers beat the weakest incumbent.
"""

from __future__ import annotations

from collections.abc import Sequence

from policies.contest import Contest, Layout

COUNT = 2**7
"""More than there are seats: a gain is worth more than any number of displacements."""


def replace_in_place(contest: Contest, weights: Sequence[int]) -> Layout:
    """The optimum for shift 0, in O(k m)."""
    layout = list(contest.layout)
    most = _most(contest)
    seats = contest.open()
    gains = _gains(contest, weights, most, seats) if most else []
    arriving = iter(contest.newcomers)
    comes = next(arriving, None)
    displaced = 0
    for n, seat in enumerate(seats):
        item = layout[seat]
        if item is not None:
            if displaced == most or comes is None:
                continue
            stay, go = gains[n][0][displaced], gains[n][1][displaced]
            if go < stay or (go == stay and item < comes):
                continue
            displaced += 1
        layout[seat], comes = comes, next(arriving, None)
    return layout


def _most(contest: Contest) -> int:
    """How many may be displaced at most."""
    spare = len(contest.newcomers) - len(contest.holes)
    most = min(contest.displacements, len(contest.incumbents), spare)
    if most <= 0:
        return 0
    weakest = min(contest.worth[item] for item in contest.incumbents)
    bar = weakest + contest.margin + contest.seat_margin
    return min(most, sum(contest.worth[item] > bar for item in contest.newcomers))


def _gains(
    contest: Contest, weights: Sequence[int], most: int, seats: Sequence[int]
) -> list[tuple[list[float], list[float]]]:
    """By open seat: the best gains from there on if its item stays, and if the next newcomer comes
    in, each by the number of displacements before it."""
    advantage = contest.margin + contest.seat_margin
    offered = [contest.worth[item] for item in contest.newcomers]
    gains: list[tuple[list[float], list[float]]] = []
    best: list[float] = [0] * (most + 1)
    holes = len(contest.holes)
    for seat in reversed(seats):
        item, weight = contest.layout[seat], weights[seat] * COUNT
        if item is None:
            holes -= 1
            best = [weight * offered[holes + d] + best[d] for d in range(most + 1)]
            gains.append((best, best))
            continue
        bar = contest.worth[item] + advantage
        go = [weight * (offered[holes + d] - bar) - 1 + best[d + 1] for d in range(most)]
        gains.append((best, go))
        best = [*map(max, best, go), best[most]]
    return gains[::-1]
