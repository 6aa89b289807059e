"""Item neighbours by cosine similarity, computed by implicit.

M. Deshpande, G. Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 22(1), 2004.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from implicit.nearest_neighbours import CosineRecommender
from implicit.utils import ParameterWarning
from msgspec import Meta

from recsvc.recommenders import models
from recsvc.recommenders.matrix import Floats, Matrix, Rows, rows_of
from recsvc.recommenders.models import Arrays, Scores
from recsvc.recommenders.popularity import Counts, distinct_users
from recsvc.recommenders.threads import one_blas_thread
from recsvc.recommenders.vocabulary import Indices


class CosineParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """`neighbours` are kept per item, the item itself being one of them."""

    neighbours: Annotated[int, Meta(ge=2, le=10_000)] = 20


Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Cosine:
    """A score is the sum of similarities to the person's items.

    `similarity` (items, items) holds in row j the neighbours of item j. Items that are nobody's
    neighbour fill up below all others, most popular first, so that a short profile still fills a
    slate in a sensible order. `counts` are distinct users, shape (items,).
    """

    kind: ClassVar[str] = "cosine"
    Parameters: ClassVar[type[models.Parameters]] = CosineParameters

    similarity: Rows
    counts: Counts

    @classmethod
    def fit(cls, matrix: Matrix, parameters: CosineParameters, *, seed: int, threads: int) -> Self:  # noqa: ARG003 (every model is asked alike)
        """Learn from the matrix; nothing is random."""
        with one_blas_thread(), warnings.catch_warnings():
            # implicit normalises into COO and then warns of its own conversion back.
            warnings.simplefilter("ignore", ParameterWarning)
            neighbours = CosineRecommender(K=parameters.neighbours, num_threads=threads)
            neighbours.fit(matrix.rows, show_progress=False)
        similarity = neighbours.similarity.astype(np.float32)
        similarity.sort_indices()
        return cls(similarity, distinct_users(matrix.rows))

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        parameters: CosineParameters,  # noqa: ARG003 (every model is asked alike)
        *,
        shape: tuple[int, int],
    ) -> Self:
        """From the three CSR arrays and popularity. Raises ValueError for wrong arrays."""
        names = ("similarity_data", "similarity_indices", "similarity_indptr")
        data, indices, indptr = (arrays[name] for name in names)
        items = shape[1]
        similarity = rows_of(data, indices, indptr, (items, items))
        similarity.check_format(full_check=True)
        if data.dtype != np.float32 or not np.isfinite(data).all():
            raise ValueError("similarities hold NaN or infinity")
        return cls(similarity, arrays["popularity"])

    def arrays(self) -> Arrays:
        """The CSR arrays of the similarity."""
        return {
            "similarity_data": self.similarity.data,
            "similarity_indices": self.similarity.indices,
            "similarity_indptr": self.similarity.indptr,
            "popularity": self.counts,
        }

    def score(self, items: Indices, weights: Floats) -> Scores | None:
        """Weighted sum of the similarity rows."""
        if not len(items):
            return None
        where, owners = self._entries(items)
        columns, values = self.similarity.indices[where], self.similarity.data[where]
        sums: Scores = np.bincount(columns, values * weights[owners], len(self.counts)).astype(
            np.float64, copy=False
        )
        return self._filled(sums) if (sums > 0).any() else None

    def score_known(self, user: int) -> Scores | None:  # noqa: ARG002 (every model is asked alike)
        """None: nothing is kept ready."""
        return None

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """The same for many rows."""
        sums = (rows @ self.similarity).toarray().astype(np.float64)
        for row in range(len(sums)):
            if (sums[row] > 0).any():
                sums[row] = self._filled(sums[row])
        return sums

    def contributions(
        self, items: Indices, weights: Floats, chosen: Indices
    ) -> npt.NDArray[Any] | None:
        """Weight times similarity."""
        where, owners = self._entries(items)
        line_of = np.full(len(self.counts), -1)
        line_of[chosen] = np.arange(len(chosen))
        lines = line_of[self.similarity.indices[where]]
        shown = lines >= 0
        parts = np.zeros((len(chosen), len(items)), dtype=np.float32)
        parts[lines[shown], owners[shown]] = self.similarity.data[where[shown]]
        return parts * weights

    def _entries(self, items: Indices) -> tuple[Positions, Positions]:
        """Where the neighbours of some items lie, one item after the other, and whose they are."""
        starts, ends = self.similarity.indptr[items], self.similarity.indptr[items + 1]
        lengths = ends - starts
        before = np.cumsum(lengths) - lengths
        where = np.repeat(starts - before, lengths) + np.arange(lengths.sum())
        return where, np.repeat(np.arange(len(items)), lengths)

    def _filled(self, sums: Scores) -> Scores:
        """Below the least similarity: popularity, scaled to stay between 0 and half of it."""
        without = sums <= 0
        least = sums[~without].min()
        share = self.counts[without] / max(1, int(self.counts.max()))
        sums[without] = 0.5 * least * share
        return sums
