"""The best n of all scores, exactly and with ties in a fixed order."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from recsvc.recommenders.vocabulary import Indices

Numbers = npt.NDArray[np.floating[Any]]

SAMPLED: Final = 16
"""One score of so many tells about where the best n end."""


def best(scores: Numbers, n: int) -> Indices:
    """Indices of the n largest finite scores, falling; equal scores by index. -inf is left out."""
    size = len(scores)
    if n <= 0 or size == 0:
        return np.empty(0, dtype=np.int32)
    places = _above(scores, n)
    worths = scores if places is None else scores[places]
    threshold = -np.inf
    if n < len(worths):
        threshold = np.partition(worths, len(worths) - n)[len(worths) - n]
    if np.isneginf(threshold):
        found = np.flatnonzero(worths > threshold)
    else:
        above = np.flatnonzero(worths > threshold)
        equal = np.flatnonzero(worths == threshold)[: n - len(above)]
        found = np.concatenate((above, equal))
    order = np.lexsort((found, -worths[found]))
    chosen = found[order]
    return (chosen if places is None else places[chosen]).astype(np.int32)


def _above(scores: Numbers, n: int) -> npt.NDArray[np.intp] | None:
    """Places of more than the n best, rising; None where all must be looked at.

    A guess from a sample, that is checked: to cut 4,000 scores so takes half as long as to
    partition them.
    """
    wanted = 2 * n + 2 * SAMPLED
    if wanted * 4 > len(scores):
        return None
    sample = scores[::SAMPLED].copy()
    last = len(sample) - 1 - wanted // SAMPLED
    sample.partition(last)
    found = np.flatnonzero(scores >= sample[last])
    return found if n <= len(found) <= 4 * wanted else None
