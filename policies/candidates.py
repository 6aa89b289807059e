"""What a recommender offers for one request: items, scores of one model, and their source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import isfinite

import numpy as np
import numpy.typing as npt

RUNGS = ("primary", "late", "neighbours", "popularity", "static")
"""The ladder, best first; an answer of a lower rung never displaces what a higher one gave."""

Scores = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Scored items of one request, in any order, without duplicates.

    `scores` has shape (len(item_ids),), in the model's own unit, and is finite. Incumbents that
    the model can score are among the items, scored in the same call. One `reason` serves for all;
    `because` maps an item to the visitor's items behind it. `known_events` counts what the model
    knew of the visitor. `names` are the items as a set, `extremes` the lowest and highest score.

    Raises `ValueError` for a NaN, an infinite score, an item offered twice or an unknown rung.
    """

    item_ids: tuple[str, ...]
    scores: Scores
    rung: str
    model: str
    reason: str = "for_you"
    known_events: int = 0
    because: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    names: frozenset[str] = field(init=False, repr=False)
    extremes: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.rung not in RUNGS:
            raise ValueError(f"unknown rung {self.rung!r}; it is one of {', '.join(RUNGS)}")
        scores, count = self.scores, len(self.item_ids)
        if scores.shape != (count,):
            raise ValueError(f"{count} items need as many scores, not a {scores.shape} array")
        names = frozenset(self.item_ids)
        if len(names) != count:
            raise ValueError("a candidate is offered twice")
        # Positions first: four times as fast as the extremes themselves. A NaN is both of them.
        lowest = highest = 0.0
        if count:
            lowest, highest = scores.item(scores.argmin()), scores.item(scores.argmax())
        if not (isfinite(lowest) and isfinite(highest)):
            raise ValueError("scores must be finite: NaN or infinity cannot be ranked")
        object.__setattr__(self, "names", names)
        object.__setattr__(self, "extremes", (lowest, highest))

    @cached_property
    def place(self) -> dict[str, int]:
        """Place among the items by item."""
        return dict(zip(self.item_ids, range(len(self.item_ids)), strict=True))

    @cached_property
    def score_of(self) -> dict[str, float]:
        """Score by item."""
        return dict(zip(self.item_ids, self.scores.tolist(), strict=True))

    @classmethod
    def of(
        cls,
        item_ids: Sequence[str],
        scores: Sequence[float] | Scores,
        *,
        rung: str,
        model: str,
        known_events: int = 0,
        because: Mapping[str, tuple[str, ...]] | None = None,
    ) -> Candidates:
        """Candidates from any sequences."""
        numbers = np.asarray(scores, dtype=np.float64)
        return cls(
            tuple(item_ids), numbers, rung, model, known_events=known_events, because=because or {}
        )


def lower(rung: str, than: str) -> bool:
    """Whether one rung stands below another on the ladder."""
    return RUNGS.index(rung) > RUNGS.index(than)
