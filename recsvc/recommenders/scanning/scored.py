"""What a model makes of the items for one visitor at one moment, as far as it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from recsvc.recommenders.matrix import Floats
from recsvc.recommenders.models import Scores
from recsvc.recommenders.ranking import best
from recsvc.recommenders.scanning.eligible import Eligible
from recsvc.recommenders.scanning.scan import Scan
from recsvc.recommenders.vocabulary import Indices


class Scored(Protocol):
    """Scores of one model on one scale."""

    def best(self, n: int, eligible: Eligible) -> Indices:
        """The n best eligible items, falling; equal ones by index."""

    def of(self, items: Indices) -> Scores:
        """The scores of some items."""

    def everything(self) -> Scores:
        """The scores of all items, shape (items,)."""


@dataclass(frozen=True, eq=False)
class Everything:
    """All scores, (items,), worked out beforehand."""

    scores: Scores

    def best(self, n: int, eligible: Eligible) -> Indices:
        """As the protocol says."""
        few = eligible.few()
        if few is not None:
            chosen: Indices = few[best(self.scores[few], n)]
            return chosen
        if eligible.everything:
            return best(self.scores, n)
        scores = self.scores.copy()
        eligible.rule_out(scores)
        return best(scores, n)

    def of(self, items: Indices) -> Scores:
        """As the protocol says."""
        scores: Scores = self.scores[items]
        return scores

    def everything(self) -> Scores:
        """As the protocol says."""
        return self.scores


@dataclass(frozen=True, eq=False)
class ByFactors:
    """The factors of a person (f,), finite, before those of the items."""

    scan: Scan
    person: Floats

    def best(self, n: int, eligible: Eligible) -> Indices:
        """As the protocol says."""
        return self.scan.best(self.person, n, eligible)

    def of(self, items: Indices) -> Scores:
        """As the protocol says."""
        return self.scan.exact(self.person, items).astype(np.float64)

    def everything(self) -> Scores:
        """As the protocol says."""
        return (self.scan.factors @ self.person).astype(np.float64)
