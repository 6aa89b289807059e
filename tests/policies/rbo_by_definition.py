"""Extrapolated rank-biased overlap, eq. 32 of Webber, Moffat and Zobel (2010), term by term."""

from __future__ import annotations

from collections.abc import Sequence


def rbo_by_definition(one: Sequence[str], two: Sequence[str], p: float) -> float:
    short, long = sorted((one, two), key=len)
    s, n = len(short), len(long)

    def overlap(depth: int) -> int:
        return len(set(short[:depth]) & set(long[:depth]))

    shared = sum(overlap(d) / d * p**d for d in range(1, n + 1))
    beyond = sum(overlap(s) * (d - s) / (s * d) * p**d for d in range(s + 1, n + 1))
    return (1 - p) / p * (shared + beyond) + ((overlap(n) - overlap(s)) / n + overlap(s) / s) * p**n
