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
    """Ids by index and indices by id; without duplicates. "" is a place that nobody has."""

    ids: tuple[str, ...]
    index: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        index = {name: place for place, name in enumerate(self.ids) if name}
        object.__setattr__(self, "index", index)
        if len(index) != len(self.ids) - self.ids.count(""):
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


def continued(before: Vocabulary, now: Vocabulary, *, remember: bool) -> Vocabulary:
    """The places of `before` for all that are in `now` as well, and places for the new ones.

    No index moves. What is not in `now` any more keeps its place and, if to `remember`, its name,
    until more have left than are there: then new ones take those places, so that a vocabulary is
    never much larger than twice what it was needed for. Who is not remembered leaves a place that
    the next new one takes. All others are appended in their own order.
    """
    ids = list(before.ids)
    left = [place for place, name in enumerate(ids) if name not in now.index]
    if not remember:
        for place in left:
            ids[place] = ""
    free = left if not remember or len(left) > len(now) else []
    new = [name for name in now.ids if name and name not in before.index]
    for place, name in zip(free, new, strict=False):
        ids[place] = name
    return Vocabulary((*ids, *new[len(free) :]))
