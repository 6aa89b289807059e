"""What all models have in common whose scores are products of factors."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from recsvc.recommenders.matrix import Floats
from recsvc.recommenders.models import Scores
from recsvc.recommenders.vocabulary import Indices


class Factors(ABC):
    """Factors of users (users, f) and items (items, f); how a row becomes a person is each model's
    own."""

    user_factors: Floats
    item_factors: Floats

    @abstractmethod
    def person(self, items: Indices, weights: Floats) -> Floats | None:
        """The factors that fold-in gives a row, (f,); None for an empty one."""

    def person_known(self, user: int) -> Floats | None:
        """The stored factors of a trained user."""
        factors: Floats = self.user_factors[user]
        return factors

    def score(self, items: Indices, weights: Floats) -> Scores | None:
        """Products of the person's folded-in factors with those of all items."""
        person = self.person(items, weights)
        return None if person is None else self._scan(person)

    def score_known(self, user: int) -> Scores | None:
        """Products of the stored factors."""
        return self._scan(self.user_factors[user])

    def _scan(self, person: Floats) -> Scores | None:
        scores = (self.item_factors @ person).astype(np.float64)
        return scores if np.isfinite(scores).all() else None
