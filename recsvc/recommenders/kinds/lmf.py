"""Logistic matrix factorisation: how likely it is that a person turns to an item.

C. Johnson, "Logistic matrix factorization for implicit feedback data", NIPS 2014 workshop on
distributed machine learning and matrix computations; the computation is implicit's.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from implicit.lmf import LogisticMatrixFactorization
from implicit.recommender_base import ModelFitError
from msgspec import Meta

from recsvc.errors import BadInput
from recsvc.recommenders import models
from recsvc.recommenders.kinds.folding import Folded, Shrinkage
from recsvc.recommenders.matrix import Matrix
from recsvc.recommenders.models import searched
from recsvc.recommenders.threads import one_blas_thread


class LmfParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """Settings of LMF; `learning_rate` is AdaGrad's, which shortens the steps by itself.

    `shrinkage` is that of fold-in."""

    factors: Annotated[int, Meta(ge=1, le=2048, extra=searched(16, 128))] = 30
    learning_rate: Annotated[float, Meta(gt=0, le=10, extra=searched(0.05, 2))] = 1.0
    regularisation: Annotated[float, Meta(ge=0, le=1e4, extra=searched(0.1, 30))] = 2.0
    iterations: Annotated[int, Meta(ge=1, le=10_000, extra=searched(10, 100))] = 30
    shrinkage: Shrinkage = 0.1


class Lmf(Folded):
    """Trained on one thread: each draws numbers of its own, so more would give another model."""

    kind: ClassVar[str] = "lmf"
    Parameters: ClassVar[type[models.Parameters]] = LmfParameters

    @classmethod
    def fit(cls, matrix: Matrix, parameters: LmfParameters, *, seed: int, threads: int) -> Self:  # noqa: ARG003 (one thread, as said above)
        """Learn from the matrix. Raises BadInput where the steps are too long to end anywhere."""
        solver = LogisticMatrixFactorization(
            factors=parameters.factors,
            learning_rate=parameters.learning_rate,
            regularization=parameters.regularisation,
            iterations=parameters.iterations,
            num_threads=1,
            random_state=seed,
        )
        try:
            with one_blas_thread():
                solver.fit(matrix.rows, show_progress=False)
        except ModelFitError as error:
            raise BadInput("The training of lmf diverged; lower learning_rate.") from error
        # The last two columns: items' biases beside ones, and ones beside users' biases, which
        # shift all scores of a person alike.
        people, items = solver.user_factors[:, :-2], solver.item_factors
        shrinkage = parameters.shrinkage
        return cls.learnt(matrix, people, items[:, :-2], items[:, -2], shrinkage=shrinkage)
