"""How much of a list is still there in the next one: measures over two slates."""

from __future__ import annotations

from collections.abc import Sequence


def position_churn(before: Sequence[str], after: Sequence[str]) -> float:
    """Share of the seats whose item changed, in 0..1; a seat that came or went has changed."""
    seats = max(len(before), len(after))
    if not seats:
        return 0.0
    same = sum(a == b for a, b in zip(before, after, strict=False))
    return (seats - same) / seats


def rbo(before: Sequence[str], after: Sequence[str], p: float = 0.9) -> float:
    """Rank-biased overlap, extrapolated, of two rankings without ties; 1 where both are empty.

    W. Webber, A. Moffat, J. Zobel, "A similarity measure for indefinite rankings", ACM TOIS 28(4),
    2010, eq. 32; lists of different lengths are allowed. `p` in (0, 1) is the reader's patience.
    """
    short, long = sorted((before, after), key=len)
    s, n = len(short), len(long)
    if not n:
        return 1.0
    if not s:
        return 0.0
    if list(before) == list(after):
        return 1.0
    seen_short: set[str] = set()
    seen_long: set[str] = set()
    overlap = 0
    overlap_at_s = 0
    total = 0.0
    weight = 1.0
    for depth in range(1, n + 1):
        weight *= p
        other = long[depth - 1]
        if depth <= s:
            one = short[depth - 1]
            overlap += (one == other) or (one in seen_long)
            overlap += (one != other) and (other in seen_short)
            seen_short.add(one)
            seen_long.add(other)
            if depth == s:
                overlap_at_s = overlap
        else:
            overlap += other in seen_short
            # Beyond the shorter list its agreement at its own end is assumed to go on.
            total += overlap_at_s * (depth - s) / (s * depth) * weight
        total += overlap / depth * weight
    tail = (overlap - overlap_at_s) / n + overlap_at_s / s
    return (1 - p) / p * total + tail * weight
