"""Who sits where, for many contests at once, in doubles; rows in doubt are left to one by one.

The rules are those of `policies.optimum`, `policies.rerank` and `policies.certain`. An answer tells
for each seat where its item comes from: below k the seat it had, from k on a newcomer, best first.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from policies.certain import A_LITTLE, solver
from policies.contest import dcg

Column = npt.NDArray[Any]
NEARLY = 1e-6
"""In steps of the grid, and relative to the margins: far above rounding."""


class Contests(NamedTuple):
    """N contests over k seats. `own` (N, k) are incumbents that may leave or move, `hole` (N, k)
    seats to fill; all else stays. `worth` (N, k) is that of incumbents, `offered` (N, Q) that of
    newcomers by falling worth, of which there are `offers` (N,). `most` (N,) may be displaced.
    """

    own: Column
    hole: Column
    worth: Column
    offered: Column
    offers: Column
    most: Column
    margin: Column
    seat_margin: Column


class Answers(NamedTuple):
    """`source` (N, k) as above, `displaced` (N,), and whether a row is `sure` (N,)."""

    source: Column
    displaced: Column
    sure: Column


def exchange(these: Contests, advantage: Column) -> Answers:
    """Nothing moves: the weakest incumbents leave while they are beaten by `advantage` and more."""
    own, hole, worth = these.own, these.hole, these.worth
    count, k = own.shape
    holes = hole.sum(1)
    sure = holes <= these.offers
    most = int(min(these.most.max(initial=0), k, these.offered.shape[1]))
    leaving = np.zeros(count, np.int64)
    gives = hole
    if most:
        turn = np.arange(most)
        weakest = np.sort(np.where(own, worth, np.inf), axis=1)[:, :most]
        nth = holes[:, None] + turn
        there = (nth < these.offers[:, None]) & (turn < these.most[:, None])
        nth = np.minimum(nth, these.offered.shape[1] - 1)
        lead = np.take_along_axis(these.offered, nth, 1) - weakest - advantage[:, None]
        beaten = (lead > 0.0) & there
        if advantage.any():
            doubt = np.abs(lead) <= NEARLY * (1.0 + advantage[:, None])
            sure &= ~(doubt & there).any(1)
        leaving = np.logical_and.accumulate(beaten, axis=1).sum(1)
        last = np.take_along_axis(weakest, np.maximum(leaving - 1, 0)[:, None], 1)
        gives = own & (worth <= last) & (leaving > 0)[:, None]
        # Where equals must be told apart it is done by id.
        sure &= gives.sum(1) == leaving
        gives = gives | hole
    arriving = np.cumsum(gives, axis=1) - 1
    source = np.where(gives, k + arriving, np.arange(k))
    return Answers(source, leaving, sure & _distinct(these.offered, holes + leaving))


def sort_freely(these: Contests) -> Answers:
    """Falling weights, no window, no price of a move: chosen as above, then sorted by value."""
    chosen = exchange(these, these.margin)
    count, k = these.own.shape
    width = these.offered.shape[1]
    comes = np.arange(width) < (these.hole.sum(1) + chosen.displaced)[:, None]
    stays = these.own & (chosen.source == np.arange(k))
    value = np.full((count, k + width), -np.inf)
    np.copyto(value[:, :k], these.worth + these.margin[:, None], where=stays)
    np.copyto(value[:, k:], these.offered, where=comes)
    ranked = np.argsort(-value, axis=1)
    open_ = these.own | these.hole
    nth = np.maximum(np.cumsum(open_, axis=1) - 1, 0)
    source = np.where(open_, np.take_along_axis(ranked, nth, 1), np.arange(k))
    ordered = np.take_along_axis(value, ranked, 1)
    sure = chosen.sure & _apart(ordered, open_.sum(1), these.margin)
    return Answers(source, chosen.displaced, sure)


def enter_in_place(these: Contests) -> Answers:
    """Falling weights, nothing moves: the dynamic programme of `policies.inplace`, row by row.

    A row is in doubt where, along its best way, to stay and to go are worth nearly the same.
    """
    count, k = these.own.shape
    most = int(min(these.most.max(initial=0), k))
    rows, turn = np.arange(count), np.arange(most + 1)
    weights = dcg(k)
    offered = np.where(these.offered >= 0.0, these.offered, -np.inf)
    offered = np.concatenate((offered, np.full((count, k + most + 1), -np.inf)), axis=1)
    holes_before = np.cumsum(these.hole, axis=1) - these.hole
    bar = these.worth + (these.margin + these.seat_margin)[:, None]
    may = turn < these.most[:, None]
    best = np.zeros((count, most + 1))
    gains: list[tuple[Column, Column]] = []
    for seat in range(k - 1, -1, -1):
        own, hole = these.own[:, seat, None], these.hole[:, seat, None]
        comes = np.take_along_axis(offered, holes_before[:, seat, None] + turn, 1) * weights[seat]
        go = np.full(best.shape, -np.inf)
        go[:, :-1] = comes[:, :-1] - (bar[:, seat] * weights[seat])[:, None] + best[:, 1:]
        go[~(may & own)] = -np.inf
        gains.append((best, go))
        best = np.where(hole, comes + best, np.maximum(best, go))
    source = np.tile(np.arange(k), (count, 1))
    displaced = np.zeros(count, np.int64)
    near = NEARLY * (1.0 + these.margin + these.seat_margin)
    sure = these.hole.sum(1) <= these.offers
    for seat in range(k):
        stay, go = (each[rows, displaced] for each in gains[k - 1 - seat])
        goes = go > stay
        with np.errstate(invalid="ignore"):
            sure &= ~((np.abs(go - stay) <= near) & these.own[:, seat])
        nth = k + holes_before[:, seat] + displaced
        source[:, seat] = np.where(goes | these.hole[:, seat], nth, seat)
        displaced = displaced + goes
    return Answers(
        source, displaced, sure & _distinct(these.offered, these.hole.sum(1) + displaced)
    )


def assign_each(these: Contests, shift: int | None) -> Answers:
    """Falling weights within a window or at a price: one assignment a row, tried twice."""
    count, k = these.own.shape
    width = these.offered.shape[1]
    seat = np.arange(k)
    weight = np.array(dcg(k))
    holes = these.hole.sum(1)
    comes = np.arange(width) < np.minimum(holes + these.most, these.offers)[:, None]
    value = np.zeros((count, k + width))
    np.copyto(value[:, :k], these.worth + these.margin[:, None], where=these.own)
    np.copyto(value[:, k:], these.offered, where=comes)
    # From the last seat up, as in `certain`.
    costs = value[:, None, :] * -weight[::-1, None]
    costs[:, seat[::-1], seat] -= np.where(these.own, these.seat_margin[:, None] * weight, 0.0)
    if shift is not None:
        costs[:, :, :k][:, np.abs(seat[::-1, None] - seat) > shift] = np.inf
    if not comes.all():
        costs[:, :, k:] += np.where(comes, 0.0, np.inf)[:, None, :]
    if not these.own.all():
        # What is fixed has its own seat and no other; the place of a hole has nobody to give.
        fixed = ~(these.own | these.hole)
        shut = ~these.own[:, None, :] | fixed[:, ::-1, None]
        shut[:, seat[::-1], seat] = these.hole
        costs[:, :, :k] += np.where(shut, np.inf, 0.0)
        costs[:, :, k:] += np.where(fixed[:, ::-1], np.inf, 0.0)[:, :, None]
    largest = 2.0 * value.max(1) + these.seat_margin
    sure = (holes <= these.offers) & (largest > 0.0) & np.isfinite(largest)
    solve = solver()
    first = _solved(solve, costs, sure)
    costs[np.arange(count)[:, None], seat, first] += (largest * A_LITTLE)[:, None]
    sure &= (_solved(solve, costs, sure) == first).all(1)
    source = first[:, ::-1]
    displaced = (source >= k).sum(1) - holes
    return Answers(source, displaced, sure & _distinct(these.offered, holes + displaced))


def _solved(solve: Callable[[Any], Any], costs: Column, rows: Column) -> Column:
    """The column of each seat in the cheapest assignment of these rows; of others the first."""
    some = costs if rows.all() else costs[rows]
    found = np.tile(np.arange(costs.shape[1]), (len(costs), 1))
    if len(some):
        found[rows] = np.array([solve(one)[1] for one in some])
    return found


def _distinct(offered: Column, entering: Column) -> Column:
    """Whether no newcomer that enters is worth as much as the next one."""
    if offered.shape[1] < 2:
        return np.ones(len(offered), bool)
    equal = (offered[:, 1:] == offered[:, :-1]) & np.isfinite(offered[:, 1:])
    among: Any = (equal & (np.arange(equal.shape[1]) < entering[:, None])).any(1)
    return np.asarray(~among)


def _apart(ordered: Column, count: Column, margin: Column) -> Column:
    """Whether the first values differ by more than rounding could make of equals."""
    with np.errstate(invalid="ignore"):
        gap = ordered[:, :-1] - ordered[:, 1:]
    near = gap <= np.where(margin > 0, NEARLY * (1.0 + margin), 0.0)[:, None]
    among: Any = (near & (np.arange(1, ordered.shape[1]) < count[:, None])).any(1)
    return np.asarray(~among)
