"""The decision's definition, tried on every legal slate: an oracle that shares no code with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from statistics import pstdev


@dataclass(frozen=True)
class Case:
    """A step to decide: the last slate (None: its item is gone), and what is offered."""

    incumbents: tuple[str | None, ...]
    scores: Mapping[str, float]
    pinned: frozenset[str]
    displacements: int
    max_shift: int | None
    margin: float
    seat_margin: float


def quantised(scores: Mapping[str, float]) -> dict[str, int]:
    """Scores on a grid of 2^-20 of their spread."""
    low, high = min(scores.values()), max(scores.values())
    if low == high:
        return dict.fromkeys(scores, 0)
    return {i: round((s - low) / (high - low) * 2**20) for i, s in scores.items()}


def best(case: Case) -> tuple[tuple[str, ...], Fraction]:
    """The optimal slate by the definition, and its worth in units of the grid."""
    worth = quantised(case.scores)
    low, high = min(case.scores.values()), max(case.scores.values())
    unit = pstdev(case.scores.values()) / (high - low) * 2**20 if high > low else 0.0
    ranked = [(_key(case, worth, unit, slate), slate) for slate in _legal(case, worth)]
    key, slate = min(ranked)
    return slate, -key[0]


def _legal(case: Case, worth: Mapping[str, int]) -> Iterator[tuple[str, ...]]:
    stay = [i for i in case.incumbents if i is not None]
    newcomers = [i for i in case.scores if i not in stay]
    pool = stay + newcomers
    size = min(len(case.incumbents), len(pool))
    for slate in permutations(pool, size):
        if _lawful(case, worth, slate, stay):
            yield slate


def _lawful(
    case: Case, worth: Mapping[str, int], slate: Sequence[str], stay: Sequence[str]
) -> bool:
    left = [i for i in stay if i not in slate]
    if len(left) > case.displacements or any(i not in worth or i in case.pinned for i in left):
        return False
    for seat, item in enumerate(slate):
        if item in stay:
            moved = abs(case.incumbents.index(item) - seat)
            if moved and item in case.pinned:
                return False
            if case.max_shift is not None and moved > case.max_shift:
                return False
    arrived = [worth[i] for i in slate if i not in stay]
    return arrived == sorted(arrived, reverse=True)


def _key(
    case: Case, worth: Mapping[str, int], unit: float, slate: Sequence[str]
) -> tuple[Fraction, int, int, Sequence[str]]:
    """Smaller is better: worth first, then fewest displacements, fewest moves, smallest ids."""
    total = Fraction(0)
    moves = 0
    for seat, item in enumerate(slate):
        total += worth.get(item, 0)
        if item in case.incumbents:
            own = case.incumbents[seat] == item
            moves += not own
            total += Fraction(case.margin * unit) + Fraction(case.seat_margin * unit) * own
    left = sum(i is not None and i not in slate for i in case.incumbents)
    return -total, left, moves, slate
