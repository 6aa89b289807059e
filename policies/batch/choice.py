"""The shortlists of many requests, and who sits where: `policies.worth` and `choice` in columns."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from policies.batch.columns import NOBODY, Column
from policies.batch.requests import Offers
from policies.batch.solvers import (
    Answers,
    Contests,
    assign_each,
    enter_in_place,
    exchange,
    sort_freely,
)
from policies.knobs import Knobs
from policies.worth import GRID, LEAST, SAMPLED

LARGE: Final = 1e280
"""Squares beyond this, or below one over it, are not summed as they are."""
SPARE: Final = 2
"""Newcomers beyond those that can enter: they show whether one of these has equals."""


class Chosen(NamedTuple):
    """For the `picked` slates: `source` (n, k) tells where each seat's item comes from, below k
    from that seat, from k on from the newcomers `items`, `scores` (n, Q).

    `rescored` (n, k) are the new scores of incumbents, NaN where there is none. `worth` (n, k) and
    `offered` (n, Q) are worths of incumbents and newcomers, `deviation` (n,) is in the same steps.
    """

    picked: Column
    source: Column
    displaced: Column
    sure: Column
    items: Column
    scores: Column
    rescored: Column
    worth: Column
    offered: Column
    deviation: Column


class _Graded(NamedTuple):
    """Scores (n, C) with what may not be shown at minus infinity; lowest and step of the grid."""

    scores: Column
    valid: Column | None
    lowest: Column
    step: Column
    sure: Column


class Prices(NamedTuple):
    """What the knobs of these names say, (N,): slates of different policies may share a batch."""

    margin: Column
    margin_by_profile: Column
    seat_margin: Column


class Asked(NamedTuple):
    """Slates (N, k) to choose for: `items`, which are `pinned`, each `hole` to fill.

    At most `most` (N,) may be displaced; where it is `still` nothing may move either. What is
    `gone` (N, G) may not come.
    """

    items: Column
    pinned: Column
    hole: Column
    most: Column
    still: Column
    gone: Column | None = None


def choose_many(
    knobs: Knobs, slates: Asked, offers: Offers, picked: Column, prices: Prices | None = None
) -> Chosen:
    """The optimum that the row allows, for each of the picked slates.

    `prices` take the place of the margins of the knobs.
    """
    every = slice(None) if len(picked) == len(slates.hole) else picked
    items, hole, still = slates.items[every], slates.hole[every], slates.still[every]
    offered, graded = offers.items[every], _grade(offers, slates.gone, every)
    places = _places(offers, items, offered, every)
    scored = (places >= 0) & ~hole
    if graded.valid is not None:
        scored &= np.take_along_axis(graded.valid, places, 1)
    rescored = np.where(scored, np.take_along_axis(graded.scores, places, 1), np.nan)
    own = scored & ~slates.pinned[every]
    most = np.minimum(np.where(still, 0, slates.most[every]), own.sum(1))
    needed = hole.sum(1) + most
    numbers, scores, worths, whole = _shortlist(graded, offered, items, needed)
    deviation = _deviation(graded)
    margin, seat_margin = _margins(knobs, prices, offers, deviation, every)
    worth = np.where(scored, _on_grid(rescored, graded), 0.0)
    contests = Contests(
        own=own,
        hole=hole,
        worth=worth,
        offered=worths,
        offers=(worths >= 0.0).sum(1),
        most=most,
        margin=margin,
        seat_margin=seat_margin,
    )
    answers = _solve(knobs, contests, still)
    return Chosen(
        picked,
        answers.source,
        answers.displaced,
        answers.sure & graded.sure & whole,
        numbers,
        scores,
        rescored,
        worth,
        worths,
        deviation,
    )


def _grade(offers: Offers, gone: Column | None, every: Column | slice) -> _Graded:
    scores, items = offers.scores[every], offers.items[every]
    valid: Column | None = items != NOBODY
    if gone is not None:
        for column in gone[every].T:
            valid &= (items != column[:, None]) | (column == NOBODY)[:, None]
    assert valid is not None
    if valid.all():
        valid, highest, lowest = None, scores.max(1), scores.min(1)
    else:
        lowest = np.where(valid, scores, np.inf).min(1)
        scores = np.where(valid, scores, -np.inf)
        highest = scores.max(1)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = highest - lowest
    sure = np.isfinite(spread) & ((spread == 0.0) | (spread >= LEAST))
    spread = np.where(sure & (spread > 0.0), spread, 1.0)
    return _Graded(scores, valid, np.where(sure, lowest, 0.0), spread / GRID, sure)


def _on_grid(scores: Column, graded: _Graded) -> Column:
    return np.rint((scores - graded.lowest[:, None]) / graded.step[:, None])


def _places(offers: Offers, items: Column, offered: Column, every: Column | slice) -> Column:
    """Where each incumbent is among its candidates; -1 where it has no score."""
    if offers.places is not None:
        return offers.places[every]
    places = np.full(items.shape, -1)
    for seat, column in enumerate(items.T):
        same = offered == column[:, None]
        found = same.any(1) & (column != NOBODY)
        places[:, seat] = np.where(found, same.argmax(1), -1)
    return places


def _shortlist(
    graded: _Graded, offered: Column, items: Column, needed: Column
) -> tuple[Column, Column, Column, Column]:
    """The best newcomers, best first: numbers, scores, worths (n, Q), and whether none is missed.

    A worth below zero is nobody's.
    """
    scores, k = graded.scores, items.shape[1]
    width = min(int(needed.max(initial=0)) + SPARE, scores.shape[1])
    cut = width + k
    edge = np.full(len(scores), -np.inf)
    if scores.shape[1] > 8 * cut:
        best = _best(scores, cut)
        offered = np.take_along_axis(offered, best, 1)
        scores = np.where(best >= 0, np.take_along_axis(scores, best, 1), -np.inf)
    if scores.shape[1] > cut:
        best = np.argpartition(scores, scores.shape[1] - cut, axis=1)[:, -cut:]
        scores = np.take_along_axis(scores, best, 1)
        offered = np.take_along_axis(offered, best, 1)
        edge = _on_grid(scores.min(1)[:, None], graded)[:, 0]
    worths = _on_grid(scores, graded)
    known = np.zeros(offered.shape, bool)
    for column in items.T:
        known |= offered == column[:, None]
    worths[known | ~(worths >= 0.0)] = -np.inf
    order = np.argsort(-worths, axis=1)[:, :width]
    worths = np.take_along_axis(worths, order, 1)
    nth = np.clip(needed - 1, 0, width - 1)
    last = np.take_along_axis(worths, nth[:, None], 1)[:, 0]
    whole = (needed == 0) | (last > edge) | (edge == -np.inf)
    return (
        np.take_along_axis(offered, order, 1),
        np.take_along_axis(scores, order, 1),
        worths,
        whole,
    )


def _best(scores: Column, most: int) -> Column:
    """The places (n, 4 most) of the best `most` of each row, and of some that come next; -1 pads.

    A sample tells about which score they lie above, as in `policies.worth`; a row that it misleads
    is partitioned.
    """
    count, width = scores.shape
    places = np.full((count, 4 * most), -1)
    sample = scores[:, ::SAMPLED]
    last = sample.shape[1] - 1 - 2 * most // SAMPLED
    above = scores >= np.partition(sample, last, axis=1)[:, last, None]
    many = above.sum(1)
    found = (many >= most) & (many <= 4 * most)
    some, place = np.divmod(np.flatnonzero(above[found]), width)
    begins = np.cumsum(many[found]) - many[found]
    places[np.flatnonzero(found)[some], np.arange(len(some)) - begins[some]] = place
    rest = np.flatnonzero(~found)
    if len(rest):
        places[rest, :most] = np.argpartition(scores[rest], width - most, axis=1)[:, -most:]
    return places


def _deviation(graded: _Graded) -> Column:
    """Population standard deviation over what may be shown, in steps of the grid."""
    scores, there = graded.scores, np.full(len(graded.scores), graded.scores.shape[1])
    if graded.valid is not None:
        scores, there = np.where(graded.valid, scores, 0.0), np.maximum(graded.valid.sum(1), 1)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = np.einsum("ij,ij->i", scores, scores) / there
        mean = scores.sum(1) / there
        variance = squares - mean * mean
        plain = (variance > 0.01 * squares) & (variance < LARGE) & (squares > 1.0 / LARGE)
        deviation = np.sqrt(np.where(plain, variance, 0.0)) / graded.step
    rest = np.flatnonzero(~plain)
    if len(rest):
        # Digits would be lost, or squares be too large or too small: in steps from the mean.
        valid = True if graded.valid is None else graded.valid[rest]
        steps = np.where(valid, scores[rest] - graded.lowest[rest, None], 0.0)
        steps /= graded.step[rest, None]
        steps = np.where(valid, steps - (steps.sum(1) / there[rest])[:, None], 0.0)
        deviation[rest] = np.sqrt(np.einsum("ij,ij->i", steps, steps) / there[rest])
    return np.asarray(deviation)


def _margins(
    knobs: Knobs,
    prices: Prices | None,
    offers: Offers,
    deviation: Column,
    every: Column | slice,
) -> tuple[Column, Column]:
    """The margin and the seat margin in steps of the grid."""
    margin: Column | float = knobs.margin
    known = offers.known_events
    if prices is not None:
        many = np.full(len(deviation), known) if isinstance(known, int) else known[every]
        margin, by_profile, seat_margin = (column[every] for column in prices)
        by_profile = by_profile & (margin != 0.0)
        margin = np.where(by_profile, margin / np.sqrt(np.maximum(1, many)), margin)
        return margin * deviation, seat_margin * deviation
    if margin and knobs.margin_by_profile:
        many = np.full(len(deviation), known) if isinstance(known, int) else known[every]
        margin = margin / np.sqrt(np.maximum(1, many))
    return margin * deviation, knobs.seat_margin * deviation


def _solve(knobs: Knobs, contests: Contests, still: Column) -> Answers:
    """Where nothing may be chosen, or seats count the same, nothing moves."""
    if knobs.seat_weights == "uniform" or still.all():
        return exchange(contests, contests.margin + contests.seat_margin)
    if not still.any():
        return _moving(knobs, contests)
    parts = Contests(*(column[still] for column in contests))
    calm = exchange(parts, parts.margin)
    moved = _moving(knobs, Contests(*(column[~still] for column in contests)))
    both = Answers(*(np.empty((len(still), *each.shape[1:]), each.dtype) for each in calm))
    for whole, quiet, other in zip(both, calm, moved, strict=True):
        whole[still], whole[~still] = quiet, other
    return both


def _moving(knobs: Knobs, contests: Contests) -> Answers:
    if knobs.max_shift is None and knobs.seat_margin == 0:
        return sort_freely(contests)
    if knobs.max_shift == 0:
        return enter_in_place(contests)
    return assign_each(contests, knobs.max_shift)
