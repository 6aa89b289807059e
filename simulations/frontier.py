"""The frontier: the best accuracy at each level of churn, and where it bends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

KNEE_RULE = (
    "The point of the frontier that lies furthest above the straight line between its calmest and "
    "its most accurate point, both axes scaled to 0..1: before it calm costs little, beyond it "
    "every further bit of calm costs more. (V. Satopaa et al., \"Finding a 'Kneedle' in a "
    'Haystack", 2011.)'
)


@dataclass(frozen=True)
class Point:
    """A policy where it lies: less churn and more accuracy are better."""

    name: str
    churn: float
    accuracy: float


def frontier(points: Sequence[Point]) -> list[Point]:
    """The points that no other beats on both axes, by rising churn; of equal ones the first."""
    found: list[Point] = []
    for point in sorted(points, key=lambda p: (p.churn, -p.accuracy)):
        if not found or point.accuracy > found[-1].accuracy:
            found.append(point)
    return found


def knee(line: Sequence[Point]) -> Point | None:
    """Where the frontier bends; None where it has no point between its ends, or none above."""
    if len(line) < 3:
        return None
    first, last = line[0], line[-1]
    width, height = last.churn - first.churn, last.accuracy - first.accuracy

    def above(point: Point) -> float:
        return (point.accuracy - first.accuracy) / height - (point.churn - first.churn) / width

    best = max(line[1:-1], key=above)
    return best if above(best) > 0 else None


def on_front(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each point is on the frontier, over all samples; (points,).

    `samples` is (samples, points, 2) of churn and accuracy, drawn for all points alike. Of equal
    points the first is on it, as in `frontier`; a point with an unknown place never is.
    """
    churn, accuracy = samples[..., 0], samples[..., 1]
    known = np.logical_and.reduce(np.isfinite(samples), axis=2)
    found = np.empty(samples.shape[1])
    for n in range(samples.shape[1]):
        as_good = known & (churn <= churn[:, [n]]) & (accuracy >= accuracy[:, [n]])
        same = as_good & (churn == churn[:, [n]]) & (accuracy == accuracy[:, [n]])
        same[:, :n] = False
        beaten = (as_good & ~same).any(axis=1)
        found[n] = (known[:, n] & ~beaten).mean()
    return found
