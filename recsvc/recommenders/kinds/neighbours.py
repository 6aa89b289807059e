"""Item neighbours: an item is as good as it is similar to the person's items. Computed by implicit.

M. Deshpande, G. Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 22(1), 2004. The
kinds differ in what a pair weighs before items are compared: G. Salton, C. Buckley, "Term-weighting
approaches in automatic text retrieval", 1988; S. Robertson, H. Zaragoza, "The probabilistic
relevance framework: BM25 and beyond", 2009; an item is the text, its users are the words.
"""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from implicit.nearest_neighbours import ItemItemRecommender, bm25_weight, normalize, tfidf_weight
from implicit.utils import ParameterWarning
from msgspec import Meta

from recsvc.recommenders import models
from recsvc.recommenders.kinds.popularity import Counts, counts_of, distinct_users
from recsvc.recommenders.matrix import Floats, Matrix, Rows, rows_of
from recsvc.recommenders.models import Arrays, Scores, searched
from recsvc.recommenders.threads import one_blas_thread
from recsvc.recommenders.vocabulary import Indices


class NeighbourParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """`neighbours` are kept per item, the item itself being one of them."""

    neighbours: Annotated[int, Meta(ge=2, le=10_000, extra=searched(10, 400))] = 20


class Bm25Parameters(NeighbourParameters, frozen=True, forbid_unknown_fields=True):
    """`b` is how much a pair loses by the item having many; `k1`, how much of that is felt."""

    neighbours: Annotated[int, Meta(ge=2, le=10_000, extra=searched(10, 400))] = 100
    k1: Annotated[float, Meta(ge=0, le=1e6, extra=searched(0.1, 100))] = 1.2
    b: Annotated[float, Meta(ge=0, le=1, extra=searched(0, 1))] = 0.75


Positions = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Neighbours(ABC):
    """A score is the sum of similarities to the person's items.

    `similarity` (items, items) holds in row j the neighbours of item j. Items that are nobody's
    neighbour fill up below all others, most popular first, so that a short profile still fills a
    slate in a sensible order. `counts` are distinct users, shape (items,).
    """

    kind: ClassVar[str]
    Parameters: ClassVar[type[models.Parameters]] = NeighbourParameters

    similarity: Rows
    counts: Counts

    @staticmethod
    @abstractmethod
    def weighted(items: Any, parameters: Any) -> Any:
        """What each pair weighs; `items` is the sparse matrix (items, users)."""

    @classmethod
    def fit(cls, matrix: Matrix, parameters: Any, *, seed: int, threads: int) -> Self:  # noqa: ARG003 (every model is asked alike)
        """Learn from the matrix; nothing is random."""
        with one_blas_thread(), warnings.catch_warnings(), np.errstate(invalid="ignore"):
            # implicit converts its own COO back to CSR and warns of that.
            warnings.simplefilter("ignore", ParameterWarning)
            pairs = cls.weighted(matrix.rows.T, parameters).T
            # A user with nearly all items says nothing (TF-IDF: 0), nor does an item with no other.
            pairs.data[~np.isfinite(pairs.data)] = 0
            neighbours = ItemItemRecommender(K=parameters.neighbours, num_threads=threads)
            neighbours.fit(pairs, show_progress=False)
        similarity = neighbours.similarity.astype(np.float32)
        similarity.sort_indices()
        return cls(similarity, distinct_users(matrix.rows))

    @classmethod
    def of(
        cls,
        arrays: Arrays,
        parameters: Any,  # noqa: ARG003 (every model is asked alike)
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
        return cls(similarity, counts_of(arrays, shape))

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


class Cosine(Neighbours):
    """Every pair weighs the same; items have length 1."""

    kind: ClassVar[str] = "cosine"

    @staticmethod
    def weighted(items: Any, parameters: Any) -> Any:  # noqa: ARG004 (every kind is asked alike)
        """Ones over the length of the item."""
        return normalize(items)


class Tfidf(Neighbours):
    """A pair weighs less the more items its user met; items have length 1."""

    kind: ClassVar[str] = "tfidf"

    @staticmethod
    def weighted(items: Any, parameters: Any) -> Any:  # noqa: ARG004 (every kind is asked alike)
        """log(items / (1 + items of the user)), over the length of the item."""
        return normalize(tfidf_weight(items))


class Bm25(Neighbours):
    """As TF-IDF, and a popular item's pairs weigh less; items keep their lengths."""

    kind: ClassVar[str] = "bm25"
    Parameters: ClassVar[type[models.Parameters]] = Bm25Parameters

    @staticmethod
    def weighted(items: Any, parameters: Any) -> Any:
        """The second paper's weights with k1 and b."""
        return bm25_weight(items, parameters.k1, parameters.b)
