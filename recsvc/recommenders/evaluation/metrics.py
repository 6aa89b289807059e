"""Accuracy of a ranking against the items that a user turned to, at a depth of 10."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Measures = npt.NDArray[np.float64]
Hits = npt.NDArray[np.bool_]

DEPTH = 10
NAMES = ("ndcg", "recall", "hit_rate", "mrr")

FORMULAS = """\
For each user with R relevant items, and a ranking in which the item at position p is relevant or
not (rel_p is 1 or 0), p = 1..10:

  nDCG@10      sum over p of rel_p / log2(p + 1), divided by
               sum over p = 1..min(10, R) of 1 / log2(p + 1)
  recall@10    number of relevant items among the first 10, divided by R
  hit rate@10  1 if any of the first 10 is relevant, else 0
  MRR@10       1 / position of the first relevant item among the first 10, 0 if there is none

A figure is the mean over users. The interval is the 2.5 % and 97.5 % quantile of that mean over
bootstrap samples of the users; all models meet the same samples.

--split global-time: train on events up to the .9 quantile of time, test on those after it.
--split leave-last-out: the last event of each user with at least two is the test (of equal times
the last in the file), everything else trains.
Either way: users and items known in training, items met in training removed from the ranking,
relevant = the items that are new to the user in the test part, every item known in training ranked.
Equal scores are ranked in the order in which the items first appeared. Popularity counts distinct
users."""


def measures(hits: Hits, relevant: npt.NDArray[np.int64]) -> Measures:
    """nDCG, recall, hit rate and MRR of many rankings, shape (users, 4).

    `hits` (users, 10) says which positions hold a relevant item; False where a ranking is shorter.
    `relevant` (users,) counts each user's relevant items, at least 1.
    """
    positions = np.arange(1, DEPTH + 1)
    gains = 1 / np.log2(positions + 1)
    ideal = np.cumsum(gains)[np.minimum(relevant, DEPTH) - 1]
    found = hits.any(axis=1)
    first = np.where(found, 1 / (hits.argmax(axis=1) + 1), 0)
    return np.stack((hits @ gains / ideal, hits.sum(axis=1) / relevant, found, first), axis=1)
