"""Popularity: how many distinct users met an item. The rung below every model, and the row that
every evaluation prints, because on some data nothing beats it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Self

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from recsvc.recommenders import models
from recsvc.recommenders.matrix import Floats, Matrix, Rows
from recsvc.recommenders.models import Arrays, Scores, searched
from recsvc.recommenders.vocabulary import Indices

Counts = npt.NDArray[np.int64]


DAY: Final = 86_400.0
"""Seconds."""

HalfLife = Annotated[float, Meta(gt=0, le=1e5, extra=searched(0.1, 365))]


class PopularityParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """A user who met an item `half_life_days` before the last event counts half; None: as one."""

    half_life_days: HalfLife | None = None


def distinct_users(rows: Rows) -> Counts:
    """How many users met each item, shape (items,)."""
    return np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.int64)


def counts_of(arrays: Arrays, shape: tuple[int, int]) -> Counts:
    """`popularity`, as it was written. Raises ValueError where it cannot be right."""
    counts: Counts = arrays["popularity"]
    if counts.shape != shape[1:] or counts.dtype != np.int64 or (counts < 0).any():
        raise ValueError(f"popularity is {counts.dtype} {counts.shape}")
    return counts


def decayed(matrix: Matrix, half_life_days: float) -> Scores:
    """Distinct users who met each item, each by the age of their last event, shape (items,)."""
    ages = (matrix.times.max() - matrix.times) / DAY
    weights = np.exp2(-ages / half_life_days)
    sums = np.bincount(matrix.rows.indices, weights, minlength=matrix.rows.shape[1])
    return sums.astype(np.float64, copy=False)


@dataclass(frozen=True, eq=False)
class Popularity:
    """The same `scores` for everybody, shape (items,): the `counts` of distinct users, or decayed
    ones. The counts are kept in either case."""

    kind: ClassVar[str] = "popularity"
    Parameters: ClassVar[type[models.Parameters]] = PopularityParameters

    counts: Counts
    recent: Scores | None = None

    @property
    def scores(self) -> Scores:
        """Those that everybody gets."""
        return self.counts.astype(np.float64) if self.recent is None else self.recent

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        parameters: PopularityParameters,
        *,
        seed: int,  # noqa: ARG003 (every model is asked alike)
        threads: int,  # noqa: ARG003 (as above)
    ) -> Self:
        """Count."""
        half_life = parameters.half_life_days
        recent = None if half_life is None else decayed(matrix, half_life)
        return cls(distinct_users(matrix.rows), recent)

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        parameters: PopularityParameters | None,
        *,
        shape: tuple[int, int],
    ) -> Self:
        """From `popularity`, int64, and `recent` where there is a half-life.

        Raises ValueError for wrong arrays. Without parameters only the counts are looked at.
        """
        counts = counts_of(arrays, shape)
        if parameters is None or parameters.half_life_days is None:
            return cls(counts)
        recent = arrays["recent"]
        if recent.shape != shape[1:] or recent.dtype != np.float64:
            raise ValueError(f"recent is {recent.dtype} {recent.shape}")
        if not (np.isfinite(recent) & (recent >= 0)).all():
            raise ValueError("recent holds NaN, infinity or less than nothing")
        return cls(counts, recent)

    def arrays(self) -> Arrays:
        """The counts, and the decayed ones where there are any."""
        counts: Arrays = {"popularity": self.counts}
        return counts if self.recent is None else {**counts, "recent": self.recent}

    def score(self, items: Indices, weights: Floats) -> Scores | None:  # noqa: ARG002 (every model is asked alike)
        """The same, whoever asks."""
        return self.scores

    def score_known(self, user: int) -> Scores | None:  # noqa: ARG002 (every model is asked alike)
        """The same, whoever asks."""
        return self.scores

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """The same, once per row."""
        return np.broadcast_to(self.scores, rows.shape)

    def contributions(self, items: Indices, weights: Floats, chosen: Indices) -> None:  # noqa: ARG002 (every model is asked alike)
        """None: nothing that the person did is behind it."""
        return
