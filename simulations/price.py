"""The price of an avoided change: accuracy given up for each replacement that nobody had to see."""

from __future__ import annotations

from typing import Any

import numpy as np

from simulations.figures import ACCURACY, Sampled
from simulations.intervals import Floats, figure

EVENTS = 100.0


def price(found: Sampled, policy: int, baseline: int, k: int) -> dict[str, Any]:
    """What a policy spares and loses in a hundred events, against the baseline, paired.

    `spared` replacements (displacements, `k` seats a slate); `lost` points of accuracy, of which a
    hundred are a hundred perfect slates; `missed` next items that were on the baseline's slates and
    are not on these; `each` is points lost for one replacement spared, None where it may be none.
    """
    measures = ("churn", ACCURACY, "hit_next")
    churn, accuracy, hit = (found.measures.index(name) for name in measures)

    def of(figures: Floats) -> Floats:
        """The four figures of every sample, shape (samples, 4)."""
        fewer = EVENTS * (figures[:, baseline] - figures[:, policy])
        spared, lost = k * fewer[:, churn], fewer[:, accuracy]
        with np.errstate(invalid="ignore", divide="ignore"):
            each = lost / spared
        return np.stack([spared, lost, fewer[:, hit], each], axis=1)

    mean, samples = of(found.means[None])[0], of(found.samples)
    told = {
        name: figure(mean[n], samples[:, n], found.visitors)
        for n, name in enumerate(("spared", "lost", "missed", "each"))
    }
    spared = told["spared"]
    if spared is None or spared["low"] <= 0:
        told["each"] = None
    return told
