"""Bayesian personalised ranking: factors that put what a person met before what others met.

S. Rendle, C. Freudenthaler, Z. Gantner, L. Schmidt-Thieme, "BPR: Bayesian personalized ranking from
implicit feedback", UAI 2009; the computation is implicit's. It draws what others met by popularity.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

from implicit.bpr import BayesianPersonalizedRanking
from implicit.recommender_base import ModelFitError
from msgspec import Meta

from recsvc.errors import BadInput
from recsvc.recommenders import models
from recsvc.recommenders.kinds import gpu
from recsvc.recommenders.kinds.folding import Folded, Shrinkage
from recsvc.recommenders.matrix import Matrix
from recsvc.recommenders.models import searched
from recsvc.recommenders.threads import one_blas_thread


class BprParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """Settings of BPR: steps of `learning_rate`, as many in an iteration as there are pairs.

    `shrinkage` is that of fold-in."""

    factors: Annotated[int, Meta(ge=1, le=2048, extra=searched(16, 256))] = 64
    learning_rate: Annotated[float, Meta(gt=0, le=10, extra=searched(0.003, 0.1))] = 0.01
    regularisation: Annotated[float, Meta(ge=0, le=100, extra=searched(0.001, 0.3))] = 0.01
    iterations: Annotated[int, Meta(ge=1, le=10_000, extra=searched(30, 300))] = 100
    shrinkage: Shrinkage = 0.1


class Bpr(Folded):
    """Trained on one thread, or a GPU: several would race, and each draws numbers of its own."""

    kind: ClassVar[str] = "bpr"
    Parameters: ClassVar[type[models.Parameters]] = BprParameters

    @classmethod
    def fit(cls, matrix: Matrix, parameters: BprParameters, *, seed: int, threads: int) -> Self:  # noqa: ARG003 (one thread, as said above)
        """Learn from the matrix. Raises BadInput where the steps are too long to end anywhere."""
        solver = BayesianPersonalizedRanking(
            factors=parameters.factors,
            learning_rate=parameters.learning_rate,
            regularization=parameters.regularisation,
            iterations=parameters.iterations,
            num_threads=1,
            use_gpu=gpu.PRESENT,
            random_state=seed,
        )
        try:
            with one_blas_thread():
                solver.fit(matrix.rows, show_progress=False)
        except ModelFitError as error:
            raise BadInput("The training of bpr diverged; lower learning_rate.") from error
        trained = gpu.on_cpu(solver)
        people, items = trained.user_factors, trained.item_factors
        shrinkage = parameters.shrinkage
        return cls.learnt(matrix, people[:, :-1], items[:, :-1], items[:, -1], shrinkage=shrinkage)
