"""What was played, in columns: every answer to every look, and the events that are judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """An event that could have been foreseen, at stop `look`: the item's number, those of all that
    the visitor turns to from then on, and the answer key, if there is one.

    `worth` and `decided` are chances by number, `most` the most that a slate can be worth.
    """

    look: int
    number: int
    at: float
    known: int
    item: int
    rest: tuple[int, ...]
    key: Key | None


@dataclass(frozen=True, slots=True)
class Key:
    """The truth at one look, by item: `worth`, the most that a slate can be worth, `decided`."""

    worth: dict[int, float]
    most: float
    decided: dict[int, float]
    weighed: float


@dataclass(eq=False)
class Log:
    """Answers by look and policy: `slates` (L, P, k) of item numbers, -1 where there is none; all
    else (L, P).

    `judged` are the events of each visit; `sought` tells for a look and an audience which
    items of the visit could be looked for then; `audience` (P,) is that of each policy, `number`
    that of each item.
    """

    slates: Column
    displaced: Column
    forced: Column
    step: Column
    anew: Column
    audience: Column
    number: dict[str, int]
    judged: dict[int, list[Judged]] = field(default_factory=dict)
    sought: dict[tuple[int, int], tuple[int, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, looks: int, policies: int, k: int, audience: Column, number: dict[str, int]) -> Log:
        """Nothing yet, of so many looks."""
        shape = (looks, policies)
        return cls(
            np.full((*shape, k), -1, np.int32),
            np.zeros(shape, np.int32),
            np.zeros(shape, np.int32),
            np.zeros(shape, bool),
            np.zeros(shape, bool),
            audience,
            number,
        )
