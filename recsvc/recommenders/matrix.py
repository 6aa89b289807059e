"""Interactions as a sparse matrix of users and items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from recsvc.errors import BadData
from recsvc.recommenders.vocabulary import Indices, Vocabulary, in_order_of_appearance

Floats = npt.NDArray[np.float32]
Rows = sp.csr_matrix[np.float32]


@dataclass(frozen=True, eq=False)
class Matrix:
    """`rows` has shape (len(users), len(items)), sorted indices, and 1 where a user met an item."""

    users: Vocabulary
    items: Vocabulary
    rows: Rows

    def row(self, user: int) -> Indices:
        """The indices of the items that the user met."""
        return items_of(self.rows, user)


def items_of(rows: Rows, user: int) -> Indices:
    """The column indices of one row, without a copy."""
    indices: Indices = rows.indices[rows.indptr[user] : rows.indptr[user + 1]]
    return indices


def matrix_of(interactions: pd.DataFrame) -> Matrix:
    """The distinct (user, item) pairs of user_id, item_id, timestamp. Raises BadData if empty.

    A pair counts once, however often it occurs: on purchases by wholesalers counts add nothing to
    ALS and cost a cosine a third of its accuracy.
    """
    if interactions.empty:
        raise BadData("There are no interactions to learn from.")
    users = in_order_of_appearance(interactions["user_id"], interactions["timestamp"])
    items = in_order_of_appearance(interactions["item_id"], interactions["timestamp"])
    return Matrix(users, items, binary(interactions, users, items))


def binary(interactions: pd.DataFrame, users: Vocabulary, items: Vocabulary) -> Rows:
    """Ones at the distinct pairs whose user and item are both known."""
    u = users.indices(interactions["user_id"])
    i = items.indices(interactions["item_id"])
    known = (u >= 0) & (i >= 0)
    pairs = np.unique(u[known].astype(np.int64) * len(items) + i[known])
    u, i = np.divmod(pairs, max(1, len(items)))
    return rows_of(
        np.ones(len(pairs), dtype=np.float32),
        i.astype(np.int32),
        np.searchsorted(u, np.arange(len(users) + 1)).astype(np.int32),
        (len(users), len(items)),
    )


def rows_of(data: Floats, indices: Indices, indptr: Indices, shape: tuple[int, int]) -> Rows:
    """A CSR matrix over the given arrays."""
    return sp.csr_matrix((data, indices, indptr), shape=shape)
