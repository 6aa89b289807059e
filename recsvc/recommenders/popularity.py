"""Popularity: how many distinct users met an item. The rung below every model, and the row that
every evaluation prints, because on some data nothing beats it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from recsvc.recommenders import models
from recsvc.recommenders.matrix import Floats, Matrix, Rows
from recsvc.recommenders.models import Arrays, Scores
from recsvc.recommenders.vocabulary import Indices

Counts = npt.NDArray[np.int64]


class PopularityParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """Popularity has no settings."""


def distinct_users(rows: Rows) -> Counts:
    """How many users met each item, shape (items,)."""
    return np.bincount(rows.indices, minlength=rows.shape[1]).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Popularity:
    """The same scores for everybody: `counts` of distinct users, shape (items,)."""

    kind: ClassVar[str] = "popularity"
    Parameters: ClassVar[type[models.Parameters]] = PopularityParameters

    counts: Counts

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        parameters: PopularityParameters,  # noqa: ARG003 (every model is asked alike)
        *,
        seed: int,  # noqa: ARG003
        threads: int,  # noqa: ARG003
    ) -> Self:
        """Count."""
        return cls(distinct_users(matrix.rows))

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        parameters: PopularityParameters,  # noqa: ARG003 (every model is asked alike)
        *,
        shape: tuple[int, int],
    ) -> Self:
        """From `popularity`, int64. Raises ValueError for wrong arrays."""
        counts = arrays["popularity"]
        if counts.shape != shape[1:] or counts.dtype != np.int64 or (counts < 0).any():
            raise ValueError(f"popularity is {counts.dtype} {counts.shape}")
        return cls(counts)

    def arrays(self) -> Arrays:
        """The counts."""
        return {"popularity": self.counts}

    def score(self, items: Indices, weights: Floats) -> Scores | None:  # noqa: ARG002 (every model is asked alike)
        """The counts, whoever asks."""
        return self.counts.astype(np.float64)

    def score_known(self, user: int) -> Scores | None:  # noqa: ARG002 (every model is asked alike)
        """The counts, whoever asks."""
        return self.counts.astype(np.float64)

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """The counts, once per row."""
        return np.broadcast_to(self.counts.astype(np.float64), rows.shape)

    def contributions(self, items: Indices, weights: Floats, chosen: Indices) -> None:  # noqa: ARG002 (every model is asked alike)
        """None: nothing that the person did is behind it."""
        return
