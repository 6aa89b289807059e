"""The best n of all scores, exactly and with ties in a fixed order."""

from __future__ import annotations

import numpy as np

from recsvc.recommenders.models import Scores
from recsvc.recommenders.vocabulary import Indices


def best(scores: Scores, n: int) -> Indices:
    """Indices of the n largest finite scores, falling; equal scores by index. -inf is left out."""
    size = len(scores)
    if n <= 0 or size == 0:
        return np.empty(0, dtype=np.int32)
    threshold = -np.inf
    if n < size:
        threshold = np.partition(scores, size - n)[size - n]
    if np.isneginf(threshold):
        found = np.flatnonzero(scores > threshold)
    else:
        above = np.flatnonzero(scores > threshold)
        equal = np.flatnonzero(scores == threshold)[: n - len(above)]
        found = np.concatenate((above, equal))
    order = np.lexsort((found, -scores[found]))
    return found[order].astype(np.int32)
