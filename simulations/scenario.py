"""What a simulation plays: visits in time, what a model may know, and perhaps the truth.

A world and the replay of a log give the same thing, so one loop plays both.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recsvc.data import Tables


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that a visitor does: an event of `type` on an item, or without one a look at the
    slate.

    `at` is epoch seconds.
    """

    at: float
    type: str = ""
    item_id: str | None = None

    @property
    def look(self) -> bool:
        """Whether the visitor only looks."""
        return self.item_id is None


@dataclass(frozen=True)
class Visit:
    """One session of one person. Moments come in order of time and begin with a look.

    `context` is what the page would tell of the visitor's task, for example a destination.
    """

    visit_id: str
    user_id: str
    moments: tuple[Moment, ...]
    context: Mapping[str, str] = field(default_factory=dict)

    @property
    def start(self) -> float:
        """When the visitor first looks."""
        return self.moments[0].at


class Truth(Protocol):
    """The answer key of a world: what a visitor really likes at a moment."""

    def worth(self, visit: Visit, number: int) -> Mapping[str, float]:
        """The chance of each item to be the next one that the visitor turns to, as of moment
        `number` of the visit; items with hardly any chance may be left out."""

    def decided(self, visit: Visit, number: int) -> Mapping[str, float]:
        """The chance of each item looked at before to be the one that the visitor decides for,
        were it decided at that moment."""


@dataclass(frozen=True, eq=False)
class Shelf:
    """When each item can be had: `opens` and `closes` in epoch seconds, parallel to `item_ids`."""

    item_ids: tuple[str, ...] = ()
    opens: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    closes: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def withdrawn(self, at: float) -> frozenset[str]:
        """Items that cannot be had at that time."""
        away = np.flatnonzero((at < self.opens) | (at >= self.closes))
        return frozenset(self.item_ids[n] for n in away.tolist())


@dataclass(frozen=True, eq=False)
class Scenario:
    """One play. The first model learns from the events of `tables` up to `cut` (inclusive).

    At `retrain`, if there is one, a second model takes over that has learnt from the events up to
    that time. `visits` hold the events after `cut`, sorted by user and then by start.
    """

    tables: Tables
    visits: tuple[Visit, ...]
    cut: float
    retrain: float | None = None
    shelf: Shelf = field(default_factory=Shelf)
    truth: Truth | None = None
