"""Two models on the same people: the change, its interval, and what these data could have shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, t

from recsvc.recommenders.comparison.figures import Difference, Estimate

Values = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

LEVEL: Final = 0.975
POWER: Final = 0.8


@dataclass(frozen=True, eq=False)
class Pairs:
    """nDCG@10 of two models, `a` and `b`, for the person `who`, one line a trial, shape (n,)."""

    who: Names
    a: Values
    b: Values

    @classmethod
    def pooled(cls, parts: list[Self]) -> Self:
        """All of them together."""
        return cls(
            np.concatenate([part.who for part in parts] or [np.zeros(0, dtype=np.str_)]),
            np.concatenate([part.a for part in parts] or [np.zeros(0)]),
            np.concatenate([part.b for part in parts] or [np.zeros(0)]),
        )


def mean_of(values: Values) -> Estimate:
    """The mean of one value a person, with the t interval; of one person, only the mean."""
    mean = float(values.mean())
    if len(values) < 2:
        return Estimate(mean, mean, mean)
    reach = float(t.ppf(LEVEL, len(values) - 1)) * float(values.std(ddof=1)) / len(values) ** 0.5
    return Estimate(mean, mean - reach, mean + reach)


def difference(pairs: Pairs) -> Difference:
    """sum(b) / sum(a) - 1 with its interval, where what is drawn are people with all their trials.

    The variance of a ratio of sums: W. Cochran, "Sampling Techniques", 1977, sec. 2.11 and 6.3; t
    quantiles with one degree less than people. The smallest visible change is (t(.975) + z(.8))
    standard errors: J. Bloom, "Minimum detectable effects", Evaluation Review 19(5), 1995. None of
    either for fewer than two people, or where A never hits.
    """
    names, person = np.unique(pairs.who, return_inverse=True)
    people = len(names)
    if not people:
        return Difference(people=0, a=0.0, b=0.0, change=None, visible=None)
    mean_a, mean_b = float(pairs.a.mean()), float(pairs.b.mean())
    if people < 2 or mean_a <= 0:
        return Difference(people=people, a=mean_a, b=mean_b, change=None, visible=None)
    a = np.bincount(person, pairs.a, people)
    b = np.bincount(person, pairs.b, people)
    ratio = float(b.sum() / a.sum())
    left = b - ratio * a
    error = math.sqrt(people / (people - 1) * float(left @ left)) / float(a.sum())
    far = float(t.ppf(LEVEL, people - 1))
    change = Estimate(ratio - 1, ratio - 1 - far * error, ratio - 1 + far * error)
    visible = (far + float(norm.ppf(POWER))) * error
    return Difference(
        people=people, a=mean_a, b=mean_b, change=change, visible=visible if visible > 0 else None
    )
