"""What a person likes and what everybody turns to now in one score, each trusted as far as it was
right: `trust` says how."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from recsvc.errors import BadData
from recsvc.recommenders import models
from recsvc.recommenders.kinds.als import Als, AlsParameters, Start
from recsvc.recommenders.kinds.trust import Choices, Trust, choices, learnt
from recsvc.recommenders.matrix import Floats, Matrix, Rows, rows_of
from recsvc.recommenders.models import Arrays, Scores, searched
from recsvc.recommenders.ranking import best
from recsvc.recommenders.vocabulary import Indices

PERIOD: Final = 0.1
"""The part of all pairs that one period of choices holds."""
TOLD: Final = 10
"""So many of the best items are looked at to say what lifted them."""


class BlendParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """Those of its als, and the `periods` at the end of the data in which choices are looked at:
    each costs one more training of the als."""

    factors: Annotated[int, Meta(ge=1, le=2048, extra=searched(16, 256))] = 64
    regularisation: Annotated[float, Meta(gt=0, le=1e6, extra=searched(1, 100))] = 10.0
    alpha: Annotated[float, Meta(gt=0, le=1e6, extra=searched(0.3, 30))] = 1.0
    iterations: Annotated[int, Meta(ge=1, le=1000, extra=searched(5, 30))] = 15
    periods: Annotated[int, Meta(ge=1, le=9)] = 3

    @property
    def als(self) -> AlsParameters:
        """Those of the als."""
        return AlsParameters(
            factors=self.factors,
            regularisation=self.regularisation,
            alpha=self.alpha,
            iterations=self.iterations,
        )


@dataclass(frozen=True, eq=False)
class Blend:
    """A `personal` model, the `popular` part of every item's score (items,), and the `trust`.

    Scores are log-odds of a choice: of two items, the difference is the logarithm of how much
    likelier one is chosen. A further event moves a person's trust by a hair, so scores of one look
    and the next are on one scale. `known` are events of each trained user, shape (users,).
    """

    kind: ClassVar[str] = "blend"
    Parameters: ClassVar[type[models.Parameters]] = BlendParameters

    personal: Als
    popular: Floats
    trust: Trust
    known: Floats

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        parameters: BlendParameters,
        *,
        seed: int,
        threads: int,
        start: Start | None = None,
    ) -> Self:
        """Learn the trust from the last periods, each foretold from what lies before it, and then
        the parts from everything. Raises BadData for a matrix without times.

        The als of the last step may `start` from an earlier one. Those of the periods never do:
        an earlier model has seen what they are to foretell.
        """
        if len(matrix.times) != len(matrix.rows.data):
            raise BadData("A blend learns from times; this matrix has none. Train from events.")
        seen = list(_seen(matrix, parameters, seed=seed, threads=threads))
        trust = learnt(seen)
        return cls(
            Als.fit(matrix, parameters.als, seed=seed, threads=threads, start=start),
            trust.popular(matrix),
            trust,
            np.diff(matrix.rows.indptr).astype(np.float32),
        )

    @classmethod
    def of(cls, arrays: Arrays, parameters: BlendParameters, *, shape: tuple[int, int]) -> Self:
        """From the factors of the als, blend_popular, blend_trust and blend_known. Raises
        ValueError for wrong arrays."""
        popular, known = arrays["blend_popular"], arrays["blend_known"]
        for array, count in ((known, shape[0]), (popular, shape[1])):
            if array.shape != (count,) or array.dtype != np.float32:
                raise ValueError(f"parts of the blend are {array.dtype} {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError("parts of the blend hold NaN or infinity")
        als = Als.of(arrays, parameters.als, shape=shape)
        return cls(als, popular, Trust.of(arrays["blend_trust"]), known)

    def arrays(self) -> Arrays:
        """Those of the als, and the three of the blend."""
        return {
            **self.personal.arrays(),
            "blend_popular": self.popular,
            "blend_trust": self.trust.array(),
            "blend_known": self.known,
        }

    def score(self, items: Indices, weights: Floats) -> Scores | None:
        """Both parts; None for an empty row, of which only the popular part is left."""
        return self._blended(self.personal.score(items, weights), weights.sum())

    def score_known(self, user: int) -> Scores | None:
        """Both parts, from the stored factors."""
        return self._blended(self.personal.score_known(user), self.known[user])

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """Both parts for every row."""
        events = np.asarray(rows.sum(axis=1), dtype=np.float32).reshape(-1)
        trust = self.trust.of_events(events).astype(np.float32)
        scores: npt.NDArray[Any] = self.trust.personal(self.personal.score_rows(rows))
        scores *= trust[:, None]
        scores += self.popular
        return scores

    def contributions(self, items: Indices, weights: Floats, chosen: Indices) -> npt.NDArray[Any]:
        """The personal part of each score, shared out as the als shares out its own.

        The rest is popularity, which none of the person's items is behind.
        """
        parts: npt.NDArray[Any] = self.personal.contributions(items, weights, chosen)
        sums = parts.sum(axis=1, dtype=np.float32)
        trust = self.trust.of_events(weights.sum())
        share = np.zeros_like(sums)
        np.divide(trust * self.trust.personal(sums), sums, out=share, where=sums > 0)
        parts *= share[:, None]
        return parts

    def personal_share(self, items: Indices, weights: Floats) -> float:
        """How much of what lifts the person's ten best items above the average item is personal,
        0 to 1; 0 for an empty row."""
        scores = self.score(items, weights)
        if scores is None:
            return 0.0
        personal = scores - self.popular
        ahead = scores.copy()
        ahead[items] = -np.inf
        top = best(ahead, TOLD)
        lifted = scores[top].mean() - scores.mean()
        own = personal[top].mean() - personal.mean()
        return float(np.clip(own / lifted, 0, 1)) if lifted > 0 else 0.0

    def _blended(self, scores: Scores | None, events: float | np.floating[Any]) -> Scores | None:
        if scores is None:
            return None
        soft = self.trust.personal(scores)
        soft *= np.float32(self.trust.of_events(np.asarray(events)))
        soft += self.popular
        return soft.astype(np.float64)


def _seen(
    matrix: Matrix, parameters: BlendParameters, *, seed: int, threads: int
) -> Iterator[Choices]:
    """The choices of each period, the latest first."""
    for period in range(parameters.periods):
        ends = 1 - PERIOD * (period + 1), 1 - PERIOD * period
        begin, end = np.quantile(matrix.times, ends, method="lower")
        past, there = matrix.times <= begin, (matrix.times > begin) & (matrix.times <= end)
        if not there.any():
            continue
        early = Matrix(
            matrix.users, matrix.items, _only(matrix.rows, past), times=matrix.times[past]
        )
        model = Als.fit(early, parameters.als, seed=seed, threads=threads)
        found = choices(early, _only(matrix.rows, there), model)
        if found is not None:
            yield found


def _only(rows: Rows, kept: npt.NDArray[np.bool_]) -> Rows:
    """The rows with some of their entries."""
    indptr = np.concatenate(([0], np.cumsum(kept)))[rows.indptr].astype(np.int32)
    return rows_of(rows.data[kept], rows.indices[kept], indptr, rows.shape)
