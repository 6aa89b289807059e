"""Visitors made up: how much each says, and how well each policy serves them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulations.figures import AXES, Tally


def tally(
    churn: Sequence[float],
    change: Sequence[float],
    *,
    visitors: int = 400,
    noise: float = 0.05,
    seed: int = 1,
    heavy: bool = True,
) -> Tally:
    """One policy for each churn; `change` is its accuracy beside the first one's, with `noise` of
    its own for each visitor. A few visitors do most of what is judged, as in logs, if `heavy`."""
    rng = np.random.default_rng(seed)
    sizes = np.exp(1.2 * rng.normal(size=visitors) + 1) if heavy else np.full(visitors, 5.0)
    judged = np.minimum(np.ceil(sizes), 300)
    taste = rng.beta(1, 4, visitors)
    values = np.empty((visitors, len(churn), 2))
    for n, (moves, more) in enumerate(zip(churn, change, strict=True)):
        own = 1 + more + noise * rng.normal(size=visitors) * (n > 0)
        values[:, n, 0] = judged * moves * rng.uniform(0.9, 1.1, visitors)
        values[:, n, 1] = judged * taste * own
    over = np.repeat(np.repeat(judged[:, None, None], len(churn), axis=1), 2, axis=2)
    return Tally(AXES, values, over, judged)
