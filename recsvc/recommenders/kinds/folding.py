"""Factors of a person from their items, for models whose training tells none: a learnt sum.

A person is |N|^-1/2 times the sum of their items' vectors, as in A. Paterek, "Improving regularized
singular value decomposition for collaborative filtering", KDD Cup 2007, and Y. Koren,
"Factorization meets the neighborhood", KDD 2008. The vectors are the item factors times one matrix
that is learnt, by ridge regression, to give the factors of the users in the training data; the more
ridge, the nearer everybody is to 0, where items are ranked by their biases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from recsvc.recommenders import models
from recsvc.recommenders.kinds.factors import Factors
from recsvc.recommenders.matrix import Floats, Matrix, Rows
from recsvc.recommenders.models import Arrays, searched
from recsvc.recommenders.threads import one_blas_thread
from recsvc.recommenders.vocabulary import Indices

Shrinkage = Annotated[float, Meta(ge=0, le=1e6, extra=searched(1e-3, 10))]
"""The ridge, in mean squares of what is summed."""

LEAST: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Folded(Factors):
    """A score is the product of `user_factors` (users, f + 1) and `item_factors` (items, f + 1).

    The last column holds an item's bias, and 1 for every person. `fold` (f, f) makes a person's
    factors of their items'.
    """

    kind: ClassVar[str]
    Parameters: ClassVar[type[models.Parameters]]

    user_factors: Floats
    item_factors: Floats
    fold: Floats

    @classmethod
    def learnt(
        cls, matrix: Matrix, people: Floats, items: Floats, biases: Floats, *, shrinkage: float
    ) -> Self:
        """From trained factors of `people` (users, f) and `items` (items, f), `biases` (items,).

        The users' factors are then made anew by fold-in: what is evaluated is what is served, and a
        first event changes a person's scores by what that event says alone.
        """
        with one_blas_thread():
            sums = _sums(matrix.rows, items.astype(np.float64))
            gram = sums.T @ sums
            gram += np.eye(len(gram)) * max(shrinkage * gram.trace() / len(gram), LEAST)
            fold = np.linalg.solve(gram, sums.T @ people).astype(np.float32)
            users = _people(sums.astype(np.float32), fold)
        return cls(users, np.column_stack((items, biases)).astype(np.float32), fold)

    @classmethod
    def of(cls, arrays: Arrays, parameters: Any, *, shape: tuple[int, int]) -> Self:
        """From both factors and fold, float32. Raises ValueError for wrong arrays."""
        factors = parameters.factors
        shapes = {
            "user_factors": (shape[0], factors + 1),
            "item_factors": (shape[1], factors + 1),
            "fold": (factors, factors),
        }
        for name, wanted in shapes.items():
            array = arrays[name]
            if array.shape != wanted or array.dtype != np.float32:
                raise ValueError(f"{name} are {array.dtype} {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} hold NaN or infinity")
        return cls(*(arrays[name] for name in shapes))

    def arrays(self) -> Arrays:
        """The factors and what folds."""
        return {
            "user_factors": self.user_factors,
            "item_factors": self.item_factors,
            "fold": self.fold,
        }

    def person(self, items: Indices, weights: Floats) -> Floats | None:
        """The factors that fold-in gives a row, (f + 1,); None for an empty one."""
        if not len(items):
            return None
        total = weights @ self.item_factors[items, :-1] / np.sqrt(weights.sum())
        factors: Floats = _people(total[None], self.fold)[0]
        return factors

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """Fold-in of every row."""
        with one_blas_thread():
            sums = _sums(rows, self.item_factors[:, :-1]).astype(np.float32)
            scores: npt.NDArray[Any] = _people(sums, self.fold) @ self.item_factors.T
        return scores

    def contributions(
        self, items: Indices, weights: Floats, chosen: Indices
    ) -> npt.NDArray[Any] | None:
        """The person's factors are a sum over their items, so a score less its bias is one too."""
        known = self.item_factors[items, :-1] @ self.fold
        share = weights / np.sqrt(weights.sum())
        parts: npt.NDArray[Any] = (self.item_factors[chosen, :-1] @ known.T) * share
        return parts


def _sums(rows: Rows, items: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Sums of the items' factors, over the root of what each row weighs; (rows, f)."""
    weights = np.asarray(rows.sum(axis=1), dtype=np.float64).reshape(-1, 1)
    sums: npt.NDArray[Any] = (rows @ items) / np.sqrt(np.where(weights > 0, weights, 1))
    return sums


def _people(sums: npt.NDArray[Any], fold: Floats) -> Floats:
    """Factors (rows, f + 1): the last meets the items' biases."""
    people: Floats = np.column_stack((sums @ fold, np.ones(len(sums), dtype=np.float32)))
    return people
