"""Ids and their indices, which stay the same when later data are added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

Indices = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Ids by index and indices by id; without duplicates."""

    ids: tuple[str, ...]
    index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", {name: i for i, name in enumerate(self.ids)})
        if len(self.index) != len(self.ids):
            raise ValueError("a vocabulary holds an id twice")

    def __len__(self) -> int:
        return len(self.ids)

    def indices(self, names: Iterable[str]) -> Indices:
        """The index of each name; -1 for what is unknown."""
        index = self.index
        return np.fromiter((index.get(name, -1) for name in names), dtype=np.int32)


def in_order_of_appearance(names: pd.Series, timestamps: pd.Series) -> Vocabulary:
    """The distinct names, by the time of their first row, then by name.

    Later rows can only append to this order. That matters: a shifted index gives every user and
    item another random start, and a retrained model would change for people who did nothing.
    """
    first = timestamps.groupby(names.to_numpy(), sort=True).min()
    return Vocabulary(tuple(str(name) for name in first.sort_values(kind="stable").index))
