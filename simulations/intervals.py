"""Intervals over visitors: who is drawn anew, and how far the samples are to be trusted.

A visitor's events belong together, so visitors are what is drawn (a cluster bootstrap), and every
policy meets the same draws: differences between policies are known better than either.
B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, ch. 13 (percentile interval).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm, t

from recsvc.recommenders.threads import one_blas_thread
from simulations.draws import stream

Floats = NDArray[np.float64]
LEVEL = 0.95
DECIMALS = 6
_FEWEST = 2.0


def draws(visitors: int, samples: int, seed: int) -> Floats:
    """How often each visitor is drawn, shape (samples, visitors)."""
    rng = stream(seed, "bootstrap")
    drawn = np.empty((samples, visitors))
    for row in drawn:
        row[:] = np.bincount(rng.integers(visitors, size=visitors), minlength=visitors)
    return drawn


def ratios(values: Floats, over: Floats, drawn: Floats) -> Floats:
    """Sums over sums in every sample, shape (samples, ...); nan where undefined.

    `values` and `over` begin with the visitors, `drawn` is (samples, visitors).
    """
    with one_blas_thread():
        top = drawn @ values.reshape(len(values), -1)
        under = drawn @ over.reshape(len(over), -1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = top / under
    return ratio.reshape(len(drawn), *values.shape[1:])


def effective(weights: Floats) -> float:
    """How many visitors of equal weight would tell as much as these: (sum w)^2 / sum w^2.

    `weights`, (visitors,), is how much each says: the number of judged events. L. Kish, "Survey
    Sampling", 1965. At least 2.
    """
    squares = float(np.square(weights).sum())
    return max(float(weights.sum()) ** 2 / squares, _FEWEST) if squares else _FEWEST


def tails(visitors: float) -> tuple[float, float]:
    """The quantiles of the samples between which the interval lies, for so many visitors.

    Samples of few visitors vary too little, as a variance divided by n does, and the normal tails
    behind the percentiles are too thin: the quantiles are taken further out, to where they would
    meet the t interval if the samples were normal. T. Hesterberg, "What Teachers Should Know About
    the Bootstrap", The American Statistician 69(4), 2015 (the expanded percentile interval); here
    with the effective number of visitors, since a few of them do most of what is judged.
    """
    reach = np.sqrt(visitors / (visitors - 1)) * t.ppf((1 - LEVEL) / 2, visitors - 1)
    low = float(norm.cdf(reach))
    return low, 1 - low


def figure(mean: float, samples: Floats, visitors: float) -> dict[str, float] | None:
    """A mean and its interval; None where one of the samples leaves it undefined.

    `visitors` is their effective number.
    """
    if not np.isfinite(mean) or not np.isfinite(samples).all():
        return None
    low, high = np.quantile(samples, tails(visitors))
    return {"mean": rounded(mean), "low": rounded(low), "high": rounded(high)}


def rounded(value: float) -> float:
    """As figures are written: so many decimals, and no minus zero."""
    return round(float(value), DECIMALS) + 0.0
