"""Rank-biased overlap as its papers define it, by counting; shares no code with the measures.

Without ties: eq. 32 of Webber, Moffat and Zobel (2010), term by term. With ties: Corsi and Urbano
(2024), where how far an item is present at a depth is found by writing out every order of its tie.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations, product

Ranking = Sequence[str]
"""Ties by rank; each string holds the letters of items that are tied."""


def rbo_by_definition(one: Sequence[str], two: Sequence[str], p: float) -> float:
    short, long = sorted((one, two), key=len)
    s, n = len(short), len(long)

    def overlap(depth: int) -> int:
        return len(set(short[:depth]) & set(long[:depth]))

    shared = sum(overlap(d) / d * p**d for d in range(1, n + 1))
    beyond = sum(overlap(s) * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    return (1 - p) / p * (shared + beyond) + ((overlap(n) - overlap(s)) / n + overlap(s) / s) * p**n


def orders(ranking: Ranking) -> Iterator[str]:
    """Every ranking without ties that these ties allow."""
    for parts in product(*(permutations(tie) for tie in ranking)):
        yield "".join(item for part in parts for item in part)


def mean_over_orders(one: Ranking, two: Ranking, p: float) -> float:
    """The extrapolated measure without ties, on average over all orders of both."""
    values = [rbo_by_definition(a, b, p) for a in orders(one) for b in orders(two)]
    return sum(values) / len(values)


def agreement(one: Ranking, two: Ranking, depth: int, ties: str) -> float:
    """How the two agree at a depth that both reach."""
    if ties == "w":
        tops = [
            {item for n, tie in enumerate(side) for item in tie if len("".join(side[:n])) < depth}
            for side in (one, two)
        ]
        return 2 * len(tops[0] & tops[1]) / (len(tops[0]) + len(tops[1]))
    shared = overlap_over_orders(one, two, depth)
    if ties == "a":
        return float(shared / depth)
    # As Kendall's tau-b: in relation to what each of them reaches with itself.
    own = overlap_over_orders(one, one, depth) * overlap_over_orders(two, two, depth)
    return float(shared) / float(own) ** 0.5


def overlap_over_orders(one: Ranking, two: Ranking, depth: int) -> Fraction:
    """Items among the first of both, on average over independent orders of the ties."""
    counts = [len({*a[:depth]} & {*b[:depth]}) for a in orders(one) for b in orders(two)]
    return Fraction(sum(counts), len(counts))


def even_rbo_tied(one: Ranking, two: Ranking, p: float, ties: str) -> float:
    """The extrapolated measure of two rankings of the same length."""
    n = len("".join(one))
    seen = sum(agreement(one, two, d, ties) * p**d for d in range(1, n + 1))
    return (1 - p) / p * seen + len({*"".join(one)} & {*"".join(two)}) / n * p**n
