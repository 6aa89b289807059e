"""How much of a list is still there in the next one: measures over two slates, and over many.

A slate is a sequence of item ids by seat, without duplicates. Libraries disagree on several of
these measures; each docstring states its formula and where it comes from. Rankings are compared
from the top in `policies.overlap`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import combinations, pairwise

from policies.overlap import Slate, rbo


def set_churn(before: Slate, after: Slate) -> float:
    """Share of the items of `before` that are not in `after`, in 0..1; 0 where there were none."""
    return len(set(before) - set(after)) / len(before) if before else 0.0


def position_churn(before: Slate, after: Slate) -> float:
    """Share of the seats whose item changed, in 0..1; a seat that came or went has changed."""
    seats = max(len(before), len(after))
    if not seats:
        return 0.0
    same = sum(a == b for a, b in zip(before, after, strict=False))
    return (seats - same) / seats


def mean_shift(before: Slate, after: Slate) -> float:
    """Seats that an item which stayed has moved, on average; 0 where none stayed."""
    was = {item: seat for seat, item in enumerate(before)}
    moves = [abs(was[item] - seat) for seat, item in enumerate(after) if item in was]
    return sum(moves) / len(moves) if moves else 0.0


def jaccard(before: Slate, after: Slate) -> float:
    """Shared items / all items, in 0..1; 1 where both are empty."""
    union = set(before) | set(after)
    return len(set(before) & set(after)) / len(union) if union else 1.0


def kendall(before: Slate, after: Slate, penalty: float = 0.5) -> float:
    """Kendall's distance of two top lists, in 0..1: 0 for the same list, 1 for disjoint ones.

    Each pair of items that the lists order differently counts 1; a pair of which one list tells
    nothing, because both items are missing there, counts `penalty` (0..1). K^(p) of Fagin, Kumar,
    Sivakumar, 2003, divided by its value for disjoint lists of these lengths.
    """
    first, second = _ranks(before), _ranks(after)
    most = len(before) * len(after) + penalty * (_pairs(len(before)) + _pairs(len(after)))
    union = list(dict.fromkeys([*before, *after]))
    counted = sum(_disagreement(a, b, first, second, penalty) for a, b in combinations(union, 2))
    return counted / most if most else 0.0


def tau_ap(before: Slate, after: Slate) -> float:
    """Rank correlation that counts the top most, in -1..1: how `after` agrees with `before`.

    2 / (n - 1) times the sum over seats i = 2..n of `after` of C(i) / (i - 1), less 1, where C(i)
    counts the items above that stand above in `before` too; an item that `before` lacks stands
    below all of its own, and two such items count a half. E. Yilmaz, J. Aslam, S. Robertson, "A new
    rank correlation coefficient for information retrieval", SIGIR 2008. 1 for fewer than two items.
    """
    if len(after) < 2:
        return 1.0
    ranks = _ranks(before)
    missing = len(before)
    total = 0.0
    for seat in range(1, len(after)):
        mine = ranks.get(after[seat], missing)
        above = (ranks.get(item, missing) for item in after[:seat])
        total += sum(1.0 if r < mine else 0.5 * (r == mine) for r in above) / seat
    return 2 * total / (len(after) - 1) - 1


def temporal_diversity(before: Slate, after: Slate) -> float:
    """Share of `after` that was not in `before`, in 0..1.

    N. Lathia, S. Hailes, L. Capra, X. Amatriain, "Temporal diversity in recommender systems", SIGIR
    2010; so is `temporal_novelty`.
    """
    return len(set(after) - set(before)) / len(after) if after else 0.0


def temporal_novelty(earlier: Iterable[Slate], after: Slate) -> float:
    """Share of `after` that was on none of the earlier slates, in 0..1."""
    seen = {item for slate in earlier for item in slate}
    return len(set(after) - seen) / len(after) if after else 0.0


def rank_list_sensitivity(
    pairs: Iterable[tuple[Slate, Slate]], similarity: Callable[[Slate, Slate], float] = rbo
) -> float:
    """Mean similarity of people's lists before and after something that should not matter.

    S. Oh, B. Ustun, J. McAuley, S. Kumar, "Rank list sensitivity of recommender systems to
    interaction perturbations", CIKM 2022, who use RBO and Jaccard. 1 where there are no lists.
    """
    values = [similarity(before, after) for before, after in pairs]
    return sum(values) / len(values) if values else 1.0


def over_session(slates: Sequence[Slate], measure: Callable[[Slate, Slate], float]) -> float | None:
    """A measure of two slates, on average over the successive ones; None for fewer than two."""
    values = [measure(before, after) for before, after in pairwise(slates)]
    return sum(values) / len(values) if values else None


def _ranks(slate: Slate) -> dict[str, int]:
    return {item: seat for seat, item in enumerate(slate)}


def _pairs(count: int) -> int:
    return count * (count - 1) // 2


def _disagreement(
    a: str, b: str, first: dict[str, int], second: dict[str, int], penalty: float
) -> float:
    """What a pair of items counts; an item that is missing stands below all that are there."""
    last = max(len(first), len(second))
    one = first.get(a, last) - first.get(b, last)
    two = second.get(a, last) - second.get(b, last)
    if one and two:
        return float((one > 0) != (two > 0))
    return penalty
