"""Interactions as a sparse matrix of users and items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from recsvc.errors import BadData
from recsvc.recommenders.vocabulary import Indices, Vocabulary, in_order_of_appearance

Floats = npt.NDArray[np.float32]
Rows = sp.csr_matrix[np.float32]
Bits = npt.NDArray[np.uint32]
Times = npt.NDArray[np.float64]

MOST_TYPES = 32


@dataclass(frozen=True, eq=False)
class Matrix:
    """`rows` has shape (len(users), len(items)), sorted indices, and 1 where a user met an item.

    `acts` says how they met, one bit of `types` for each type of event, parallel to `rows.data`.
    Without types the data did not tell. `times`, parallel as well, are those of each pair's last
    event (epoch seconds); empty where nobody has them any more, as in a loaded artifact.
    """

    users: Vocabulary
    items: Vocabulary
    rows: Rows
    types: tuple[str, ...] = ()
    acts: Bits = field(default_factory=lambda: np.zeros(0, dtype=np.uint32))
    times: Times = field(default_factory=lambda: np.zeros(0))

    def met(self, user: int, by: Collection[str]) -> Indices:
        """The items on which the user did one of these things; all, where the data did not tell."""
        if not self.types:
            return self.row(user)
        mask = np.uint32(sum(1 << n for n, kind in enumerate(self.types) if kind in by))
        acts = self.acts[self.rows.indptr[user] : self.rows.indptr[user + 1]]
        found: Indices = self.row(user)[(acts & mask) != 0]
        return found

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
    rows = binary(interactions, users, items)
    place = _places(interactions, users, items, rows)
    return Matrix(
        users, items, rows, *_acts(interactions, place, rows), _times(interactions, place, rows)
    )


def _places(
    interactions: pd.DataFrame, users: Vocabulary, items: Vocabulary, rows: Rows
) -> npt.NDArray[np.intp]:
    """Where in `rows.data` the pair of each event lies."""
    lines = np.repeat(np.arange(len(users), dtype=np.int64), np.diff(rows.indptr))
    pairs = lines * len(items) + rows.indices
    u = users.indices(interactions["user_id"]).astype(np.int64)
    return np.searchsorted(pairs, u * len(items) + items.indices(interactions["item_id"]))


def _acts(
    interactions: pd.DataFrame, place: npt.NDArray[np.intp], rows: Rows
) -> tuple[tuple[str, ...], Bits]:
    """Types of events, and the bits of every pair. Raises BadData for too many types."""
    bits = np.zeros(len(rows.data), dtype=np.uint32)
    if "event" not in interactions:
        return (), bits
    codes, names = pd.factorize(interactions["event"], sort=True)
    if len(names) > MOST_TYPES:
        raise BadData(
            f"There are {len(names)} types of events; at most {MOST_TYPES} can be told apart."
        )
    told = codes >= 0
    np.bitwise_or.at(bits, place[told], np.uint32(1) << codes[told].astype(np.uint32))
    return tuple(str(name) for name in names), bits


def _times(interactions: pd.DataFrame, place: npt.NDArray[np.intp], rows: Rows) -> Times:
    times = np.full(len(rows.data), -np.inf)
    np.maximum.at(times, place, interactions["timestamp"].to_numpy(dtype=np.float64))
    return times


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
