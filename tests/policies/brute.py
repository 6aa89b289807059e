"""The decision's definition, tried on every legal slate: an oracle that shares no code with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm, log2
from statistics import pstdev

Slate = tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """A step to decide: the last slate (None: its item is gone), and what is offered.

    `picks` are (item, seat from 0), by seat.
    """

    incumbents: tuple[str | None, ...]
    scores: Mapping[str, float]
    pinned: frozenset[str]
    displacements: int
    max_shift: int | None
    margin: float
    seat_margin: float
    weights: str = "uniform"
    picks: tuple[tuple[str, int], ...] = ()


def quantised(scores: Mapping[str, float]) -> dict[str, int]:
    """Scores on a grid of 2^-20 of their spread."""
    low, high = min(scores.values()), max(scores.values())
    if low == high:
        return dict.fromkeys(scores, 0)
    return {i: round((s - low) / (high - low) * 2**20) for i, s in scores.items()}


def best(case: Case) -> tuple[Slate, Fraction]:
    """The optimal slate by the definition, and its worth in units of the grid."""
    worth = quantised(case.scores)
    place = {item: seat for seat, item in enumerate(case.incumbents) if item is not None}
    gains, unit = _gains(case, worth, place)
    picks = set(_picked(case, place)[0].values())

    def key(slate: Slate) -> tuple[int, int, int, bool, Slate]:
        """Smaller is better: worth first, then the order among optima."""
        total = sum(gains[seat, item] for seat, item in enumerate(slate))
        stay = [item for item in slate if item in place]
        moves = sum(slate[place[item]] != item for item in stay)
        arrived = [worth[item] for item in slate if item not in place and item not in picks]
        rising = arrived != sorted(arrived, reverse=True)
        return -total, len(place) - len(stay), moves, rising, slate

    slate = min(_legal(case, worth, place), key=key)
    return slate, Fraction(-key(slate)[0], unit)


def value(case: Case, slate: Slate) -> Fraction:
    """What a slate is worth by the definition, in units of the grid."""
    place = {item: seat for seat, item in enumerate(case.incumbents) if item is not None}
    gains, unit = _gains(case, quantised(case.scores), place)
    return Fraction(sum(gains[seat, item] for seat, item in enumerate(slate)), unit)


def _gains(
    case: Case, worth: Mapping[str, int], place: Mapping[str, int]
) -> tuple[dict[tuple[int, str], int], int]:
    """What each item adds in each seat: exact fractions, in whole numbers of 1/unit."""
    low, high = min(case.scores.values()), max(case.scores.values())
    step = pstdev(case.scores.values()) / (high - low) * 2**20 if high > low else 0.0
    exact: dict[tuple[int, str], Fraction] = {}
    for seat in range(len(case.incumbents)):
        weight = Fraction(1.0 / log2(seat + 2) if case.weights == "dcg" else 1.0)
        for item in {*place, *case.scores, *dict(case.picks)}:
            value = Fraction(worth.get(item, 0))
            if item in place:
                value += Fraction(case.margin * step)
            if place.get(item) == seat:
                value += Fraction(case.seat_margin * step)
            exact[seat, item] = weight * value
    unit = lcm(*(gain.denominator for gain in exact.values()))
    return {at: int(gain * unit) for at, gain in exact.items()}, unit


def _picked(case: Case, place: Mapping[str, int]) -> tuple[dict[int, str], set[str]]:
    """The picks that enter, by seat, and the incumbents that give up these seats for them."""
    comes: dict[int, str] = {}
    leaves: set[str] = set()
    for item, seat in case.picks:
        sitting = case.incumbents[seat]
        holds = sitting in case.pinned or sitting in dict(case.picks)
        if item in place or holds or (sitting is not None and len(leaves) == case.displacements):
            continue
        comes[seat] = item
        leaves |= {sitting} - {None}
    return comes, leaves


def _legal(case: Case, worth: Mapping[str, int], place: Mapping[str, int]) -> Iterator[Slate]:
    """Every slate that the case allows. What has no score is kept: in its seat, as a pin is."""
    at, leaves = _picked(case, place)
    comes = set(at.values())
    stay = {item: seat for item, seat in place.items() if item not in leaves}
    for item, seat in stay.items():
        if item in case.pinned or item not in worth or item in dict(case.picks):
            at[seat] = item
    newcomers = [item for item in case.scores if item not in place and item not in comes]
    size = min(len(case.incumbents), len(stay) + len(comes) + len(newcomers))
    most_new = size - len(stay) - len(comes) + case.displacements - len(leaves)

    def seats(slate: Slate, new: int) -> Iterator[Slate]:
        seat = len(slate)
        if seat == size:
            yield slate
            return
        if seat in at:
            yield from seats((*slate, at[seat]), new)
            return
        for item, own in stay.items():
            near = case.max_shift is None or abs(own - seat) <= case.max_shift
            if near and item not in at.values() and item not in slate:
                yield from seats((*slate, item), new)
        if new < most_new:
            for item in newcomers:
                if item not in slate:
                    yield from seats((*slate, item), new + 1)

    return seats((), 0)
