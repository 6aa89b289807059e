"""Factors of fewer columns with the same products: an ensemble of any size costs about one scan.

Models that differ by their seed find nearly the same directions, in other bases, so that their
factors side by side are far from independent. The best product of a given width is a truncated
singular value decomposition: C. Eckart, G. Young, "The approximation of one matrix by another of
lower rank", Psychometrika 1, 1936.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from recsvc.recommenders.matrix import Floats
from recsvc.recommenders.threads import one_blas_thread

LOST: Final = 1e-12
"""Columns are left out while together they hold no more of the squared products: rounding."""
BLOCK: Final = 65_536
"""Rows looked at together in double precision."""

Doubles = npt.NDArray[np.float64]


class Narrow(NamedTuple):
    """Items (n, r), and `turn` (r, F), which takes a person of F columns to those of the items."""

    items: Floats
    turn: Floats

    def people(self, people: Floats) -> Floats:
        """People (p, F) in the columns of the items, (p, r)."""
        turned: Floats = people @ self.turn.T
        return turned


def narrowed(people: Floats, items: Floats) -> Narrow:
    """Of people (p, F) and items (n, F): r <= F columns in which all products stay the same.

    But for LOST of their squares, summed over all people and items.
    """
    with one_blas_thread():
        crowd = _gram(people)
        crowd += np.eye(len(crowd)) * max(1e-12 * crowd.trace() / len(crowd), 1e-30)
        root = np.linalg.cholesky(crowd)
        squares, basis = np.linalg.eigh(root.T @ _gram(items) @ root)
        squares, basis = np.maximum(squares[::-1], 0.0), basis[:, ::-1]
        left = squares.sum() - np.cumsum(squares)
        width = min(len(squares), 1 + int(np.count_nonzero(left > LOST * squares.sum())))
        chosen = basis[:, :width]
        turn = np.linalg.solve(root.T, chosen).T.astype(np.float32)
        onto = (root @ chosen).astype(np.float32)
        return Narrow(np.ascontiguousarray(items @ onto), np.ascontiguousarray(turn))


def _gram(factors: Floats) -> Doubles:
    found = np.zeros((factors.shape[1],) * 2)
    for block in _blocks(factors):
        found += block.T @ block
    return found


def _blocks(factors: Floats) -> Iterator[Doubles]:
    for first in range(0, len(factors), BLOCK):
        yield factors[first : first + BLOCK].astype(np.float64)
