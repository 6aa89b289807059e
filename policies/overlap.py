"""How alike two rankings are, seen from the top: average overlap and rank-biased overlap.

A slate is a sequence of item ids by seat, without duplicates. Rankings of other origin may hold
ties, for which there is more than one treatment: see `rbo_tied`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Literal

Slate = Sequence[str]
Ranking = Sequence[str | Collection[str]]
"""Best first; a string is an item of its own, any other collection holds items that are tied."""

Ties = Literal["w", "a", "b"]
TREATMENTS: Final = ("w", "a", "b")

Place = tuple[int, int]
"""The first and the last rank that an item shares with those it is tied with, from 1."""


def average_overlap(before: Slate, after: Slate, depth: int) -> float:
    """Mean of the share of common items among the first d, for d = 1..depth.

    Fagin, Kumar, Sivakumar, "Comparing top k lists", SIAM J. Discrete Math. 17(1), 2003. ValueError
    for a depth below 1.
    """
    if depth < 1:
        raise ValueError(f"depth is {depth}; there is no overlap above the first seat")
    return sum(_agreements(before, after, depth)) / depth


def rbo_truncated(before: Slate, after: Slate, p: float = 0.9) -> float:
    """Rank-biased overlap of what is seen alone, a lower bound: (1 - p) sum p^(d-1) A_d.

    Two identical lists of n items reach 1 - p^n. Eq. 4 of the paper that `rbo` names, cut at the
    longer list.
    """
    _patience(p)
    depth = max(len(before), len(after))
    agreements = _agreements(before, after, depth)
    return (1 - p) * sum(p**d * agreement for d, agreement in enumerate(agreements))


def rbo(before: Slate, after: Slate, p: float = 0.9) -> float:
    """Rank-biased overlap, extrapolated, of two rankings without ties; 1 where both are empty.

    W. Webber, A. Moffat, J. Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4),
    2010, eq. 32; lists of different lengths are allowed. `p` is the reader's patience. ValueError
    unless 0 < p < 1, or where an item is listed twice.
    """
    _patience(p)
    short, long = sorted((before, after), key=len)
    s, n = len(short), len(long)
    overlaps = _overlaps(short, long, n)
    if not s:
        return 0.0 if n else 1.0
    if list(before) == list(after):
        return 1.0
    total = 0.0
    for depth, overlap in enumerate(overlaps, 1):
        # Beyond the shorter list its agreement at its own end is assumed to go on.
        assumed = overlaps[s - 1] * (depth - s) / s if depth > s else 0.0
        total += (overlap + assumed) / depth * p**depth
    tail = (overlaps[-1] - overlaps[s - 1]) / n + overlaps[s - 1] / s
    return (1 - p) / p * total + tail * p**n


def rbo_tied(before: Ranking, after: Ranking, p: float = 0.9, ties: Ties = "a") -> float:
    """Rank-biased overlap, extrapolated, of two rankings that may hold ties; without, it is `rbo`.

    M. Corsi, J. Urbano, "The treatment of ties in rank-biased overlap", SIGIR 2024. An item that
    shares the ranks t..b is present at depth d by a share c: nothing above t, 1 from b on, and
    between them 1 (variant w) or (d - t + 1) / (b - t + 1) (a and b). With S the shorter ranking
    of s items, L the longer of n, and X(d) the sum of cS(d) cL(d) over all items, they agree by

        w  2 X / (sum cS + sum cL)          ties mean equal: Webber, Moffat and Zobel, 2010
        a  X / d                            ties mean unknown: all orders of them, on average
        b  X / sqrt(sum cS^2 * sum cL^2)    as a, in relation to what ties let anybody reach

    and RBO = (1-p)/p * sum A(d) p^d for d = 1..n, and p^n * (X(n) + (n - s) A(s)) / n for what
    lies beyond. From s + 1 on, S is taken to go on without ties, and d - s items of it to agree as
    A(s): X grows by (d - s) A(s) times the mean share of those present in L alone.

    a averages over all orders of ties as long as a tie of L ends within S or L is no longer; and
    two identical rankings with ties reach 1 by w and b, not by a. ValueError for an empty tie, an
    item listed twice, another variant, or p outside 0..1.
    """
    _patience(p)
    if ties not in TREATMENTS:
        raise ValueError(f"unknown treatment of ties {ties!r}; it is one of w, a, b")
    short, long = sorted((_places(before), _places(after)), key=len)
    s, n = len(short), len(long)
    if not s:
        return 0.0 if n else 1.0
    total = shared = at_end = 0.0
    for depth in range(1, n + 1):
        one, two = _present(short, depth, ties), _present(long, depth, ties)
        shared = sum(share * two[item] for item, share in one.items() if item in two)
        if depth <= s:
            agreement = at_end = _agreement(shared, one.values(), two.values(), depth, ties)
        else:
            alone = [share for item, share in two.items() if item not in short]
            assumed = (depth - s) * at_end * sum(alone) / len(alone)
            whole = (1.0,) * depth
            agreement = _agreement(shared + assumed, whole, two.values(), depth, ties)
        total += agreement * p**depth
    return min(1.0, (1 - p) / p * total + (shared + (n - s) * at_end) / n * p**n)


def _patience(p: float) -> None:
    if not 0 < p < 1:
        raise ValueError(f"p is {p}; a reader's patience lies between 0 and 1, both excluded")


def _places(ranking: Ranking) -> dict[str, Place]:
    """The ranks that each item shares."""
    places: dict[str, Place] = {}
    for entry in ranking:
        group = (entry,) if isinstance(entry, str) else tuple(entry)
        if not group:
            raise ValueError("a tie of no items has no rank")
        place = (len(places) + 1, len(places) + len(group))
        for item in group:
            if item in places:
                raise ValueError(f"{item!r} is ranked twice")
            places[item] = place
    return places


def _present(places: Mapping[str, Place], depth: int, ties: Ties) -> dict[str, float]:
    """By item the share in which it is present at this depth; only those that are."""
    return {
        item: 1.0 if ties == "w" or depth >= last else (depth - first + 1) / (last - first + 1)
        for item, (first, last) in places.items()
        if first <= depth
    }


def _agreement(
    shared: float, one: Iterable[float], two: Iterable[float], depth: int, ties: Ties
) -> float:
    if ties == "w":
        return 2 * shared / (sum(one) + sum(two))
    if ties == "a":
        return shared / depth
    return shared / math.sqrt(sum(c * c for c in one) * sum(c * c for c in two))


def _overlaps(one: Slate, two: Slate, depth: int) -> list[int]:
    """How many items the first d of both share, for d = 1..depth."""
    seen_one: set[str] = set()
    seen_two: set[str] = set()
    overlap, found = 0, []
    for d in range(depth):
        a = one[d] if d < len(one) else None
        b = two[d] if d < len(two) else None
        if a in seen_one or b in seen_two:
            raise ValueError(f"{a if a in seen_one else b!r} is listed twice")
        if a is not None and a == b:
            overlap += 1
        else:
            overlap += (a in seen_two) + (b in seen_one)
        if a is not None:
            seen_one.add(a)
        if b is not None:
            seen_two.add(b)
        found.append(overlap)
    return found


def _agreements(one: Slate, two: Slate, depth: int) -> list[float]:
    return [overlap / d for d, overlap in enumerate(_overlaps(one, two, depth), 1)]
