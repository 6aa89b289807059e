"""Intervals that cover the seeds too: what another model, or another world, would change.

An interval over visitors holds the models (and the world) as they were. Where a study plays several
seeds, how much they differ is known, and a wider interval covers both sources:

- a *replay* crosses them: every seed's model meets the same visitors, so the variance of the
  visitors and that of the mean of the seeds add up; degrees of freedom after F. Satterthwaite,
  "An Approximate Distribution of Estimates of Variance Components", Biometrics Bulletin 2, 1946.
- in a *world* visitors are nested: each seed makes up its own, so the spread between seeds holds
  that of their visitors already, and the seeds are the units: their t interval, unless the
  visitors' alone is wider (A. Donner, N. Klar, "Design and Analysis of Cluster Randomization Trials
  in Health Research", 2000).
"""

from __future__ import annotations

import numpy as np
from scipy.stats import t

from simulations.intervals import LEVEL, Floats, rounded


def over_seeds(
    mean: float, samples: Floats, by_seed: Floats, visitors: float, *, pooled: bool
) -> dict[str, float] | None:
    """A mean with the interval over visitors and seeds; None with one seed, or where undefined.

    `samples` are those of the bootstrap over visitors, of effectively `visitors`; `by_seed` holds
    the same figure of each seed by itself.
    """
    count = len(by_seed)
    if count < 2 or not np.isfinite([mean, *samples, *by_seed]).all():
        return None
    within = float(samples.var(ddof=1))
    between = float(by_seed.var(ddof=1)) / count
    if pooled:
        variance = within + between
        squares = within**2 / (visitors - 1) + between**2 / (count - 1)
        freedom = variance**2 / squares if squares else np.inf
    else:
        variance = max(within, between)
        freedom = count - 1 if between > within else visitors - 1
    reach = float(t.ppf((1 + LEVEL) / 2, freedom)) * variance**0.5
    return {"mean": rounded(mean), "low": rounded(mean - reach), "high": rounded(mean + reach)}
