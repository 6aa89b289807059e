"""Matrix factorisation by alternating least squares, and fold-in of new events.

Y. Hu, Y. Koren, C. Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008;
the computation is implicit's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from implicit.als import AlternatingLeastSquares
from msgspec import Meta

from recsvc.recommenders import models
from recsvc.recommenders.kinds import gpu
from recsvc.recommenders.kinds.factors import Factors
from recsvc.recommenders.matrix import Floats, Matrix, Rows, rows_of
from recsvc.recommenders.models import Arrays, searched
from recsvc.recommenders.threads import one_blas_thread
from recsvc.recommenders.vocabulary import Indices


class AlsParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """Settings of ALS; `alpha` scales the weight of an interaction, 1 being that of none.

    A model that goes on from an earlier one takes `warm_iterations` instead of `iterations`, after
    as many of these as a cold one takes for the new users and items alone.
    """

    factors: Annotated[int, Meta(ge=1, le=2048, extra=searched(16, 256))] = 64
    regularisation: Annotated[float, Meta(gt=0, le=1e6, extra=searched(1, 100))] = 10.0
    alpha: Annotated[float, Meta(gt=0, le=1e6, extra=searched(0.3, 30))] = 1.0
    iterations: Annotated[int, Meta(ge=1, le=1000, extra=searched(5, 30))] = 15
    warm_iterations: Annotated[int, Meta(ge=1, le=1000)] = 1


@dataclass(frozen=True, eq=False)
class Start:
    """Factors of an earlier model, (n, f) each; `users` and `items` say for each of the new model's
    which line is its own, -1 where the earlier model did not know it."""

    user_factors: Floats
    users: Indices
    item_factors: Floats
    items: Indices

    def factors(self, seed: int) -> tuple[Floats, Floats]:
        """Those of the new model's users and items; the unknown start at random, as all do else."""
        draw = np.random.RandomState(seed)
        found = []
        for lines, of in ((self.users, self.user_factors), (self.items, self.item_factors)):
            made = (draw.random_sample((len(lines), of.shape[1])) * 0.01).astype(np.float32)
            made[lines >= 0] = of[lines[lines >= 0]]
            found.append(made)
        return found[0], found[1]


@dataclass(frozen=True, eq=False)
class Als(Factors):
    """Factors of users (users, f) and items (items, f), and what fold-in needs besides."""

    kind: ClassVar[str] = "als"
    Parameters: ClassVar[type[models.Parameters]] = AlsParameters

    parameters: AlsParameters
    user_factors: Floats
    item_factors: Floats
    solver: Any
    inverse: Floats

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        parameters: AlsParameters,
        *,
        seed: int,
        threads: int,
        start: Start | None = None,
    ) -> Self:
        """Learn from the matrix; the users' factors are those that fold-in gives.

        So a first event changes a person's scores by what that event says, and by nothing else.
        Factors `start` at random, or where those of an earlier model ended.
        """
        rows = matrix.rows
        solver = _solver(parameters, seed=seed, threads=threads, use_gpu=gpu.PRESENT)
        if start is not None:
            solver.iterations = parameters.warm_iterations
            begin = _settled(start, rows, parameters, seed=seed, threads=threads)
            solver.user_factors, solver.item_factors = map(gpu.placed, begin)
        with one_blas_thread():
            # implicit 0.7.3 leaves alpha out when it trains on a GPU.
            weighed = rows * np.float32(parameters.alpha) if gpu.PRESENT else rows
            solver.fit(weighed, show_progress=False)
            solver = gpu.on_cpu(solver)
            user_factors = solver.recalculate_user(np.arange(rows.shape[0]), rows)
        arrays = {"user_factors": user_factors, "item_factors": solver.item_factors}
        return cls.of(arrays, parameters, shape=rows.shape)

    @classmethod
    def of(cls, arrays: Arrays, parameters: AlsParameters, *, shape: tuple[int, int]) -> Self:
        """From user_factors and item_factors, float32. Raises ValueError for wrong arrays."""
        factors = [arrays["user_factors"], arrays["item_factors"]]
        for array, count in zip(factors, shape, strict=True):
            if array.shape != (count, parameters.factors) or array.dtype != np.float32:
                raise ValueError(f"factors are {array.dtype} {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError("factors hold NaN or infinity")
        solver = _solver(parameters, seed=0, threads=1)
        solver.user_factors, solver.item_factors = factors
        with one_blas_thread():
            gram = solver.YtY  # computed here once, and kept: it is the costly part of a fold-in
            ridge = parameters.regularisation * np.eye(parameters.factors)
            inverse = np.linalg.inv(gram.astype(np.float64) + ridge).astype(np.float32)
        if not np.isfinite(inverse).all():
            raise ValueError("factors are too large to fold in with")
        return cls(parameters, factors[0], factors[1], solver, inverse)

    def arrays(self) -> Arrays:
        """The factors."""
        return {"user_factors": self.user_factors, "item_factors": self.item_factors}

    def person(self, items: Indices, weights: Floats) -> Floats | None:
        """The factors that fold-in gives a row; None for an empty one."""
        if not len(items):
            return None
        indptr = np.array([0, len(items)], dtype=np.int32)
        row = rows_of(weights, items, indptr, (1, len(self.item_factors)))
        factors: Floats = self.solver.recalculate_user(0, row)
        return factors

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """Fold-in of every row."""
        people = self.people(rows)
        with one_blas_thread():
            scores: npt.NDArray[Any] = people @ self.item_factors.T
        return scores

    def people(self, rows: Rows) -> Floats:
        """The factors that fold-in gives each row, shape (rows, f)."""
        with one_blas_thread():
            factors: Floats = self.solver.recalculate_user(np.arange(rows.shape[0]), rows)
        return factors

    def contributions(self, items: Indices, weights: Floats, chosen: Indices) -> npt.NDArray[Any]:
        """Section 5 of the paper: a score is a sum over the person's items, c_j y_i' W y_j.

        W is the inverse of the person's normal equations; with every confidence 1 it is the same
        for all people.
        """
        known = self.item_factors[items]
        confidence = weights * np.float32(self.parameters.alpha)
        basis = self.inverse @ known.T
        odd = confidence != 1
        if odd.any():
            # Woodbury: only events that weigh unlike a trained one change the normal equations.
            changed = known[odd]
            around = self.inverse @ changed.T
            inner = np.diag(1 / (confidence[odd] - 1)) + changed @ around
            basis -= around @ np.linalg.solve(inner, changed @ basis)
        parts: npt.NDArray[Any] = (self.item_factors[chosen] @ basis) * confidence
        return parts


def _settled(
    start: Start, rows: Rows, parameters: AlsParameters, *, seed: int, threads: int
) -> tuple[Floats, Floats]:
    """Where to start, with new users and items brought to where the known ones want them.

    One iteration over all would leave what only newcomers met as far behind as in a model that
    has learnt for one iteration.
    """
    solver = _solver(parameters, seed=seed, threads=threads)
    solver.user_factors, solver.item_factors = start.factors(seed)
    users, items = (np.flatnonzero(lines < 0) for lines in (start.users, start.items))
    lines, columns = rows[users], rows.T.tocsr()[items]
    with one_blas_thread():
        for _ in range(parameters.iterations):
            if len(items):
                solver.partial_fit_items(items, columns)
            if len(users):
                solver.partial_fit_users(users, lines)
    return solver.user_factors, solver.item_factors


def _solver(parameters: AlsParameters, *, seed: int, threads: int, use_gpu: bool = False) -> Any:
    with one_blas_thread():  # implicit looks at BLAS when a model is made, and warns
        return AlternatingLeastSquares(
            factors=parameters.factors,
            regularization=parameters.regularisation,
            alpha=parameters.alpha,
            iterations=parameters.iterations,
            random_state=seed,
            num_threads=threads,
            use_gpu=use_gpu,
        )
