"""Many requests as columns: what is offered for each, and what is true of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from policies.batch.columns import NOBODY, Column, Names
from policies.candidates import Candidates
from policies.slate import Facts, Pick


@dataclass(frozen=True, eq=False)
class Offers:
    """Candidates for N requests, (N, C): `items` (NOBODY pads), `scores`; from one model and rung.

    `places` (N, k) tells where each incumbent is among its candidates, -1 where it has no score.
    Left out, incumbents are looked for. `because` is asked for an item that comes onto a slate.
    """

    items: Column
    scores: Column
    rung: str
    model: str
    reason: str = "for_you"
    known_events: Column | int = 0
    places: Column | None = None
    because: Callable[[int, int], tuple[str, ...]] | None = None

    def __post_init__(self) -> None:
        if self.items.shape != self.scores.shape:
            raise ValueError(f"items {self.items.shape} and scores {self.scores.shape} differ")
        if not np.isfinite(self.scores).all():
            raise ValueError("scores must be finite: NaN or infinity cannot be ranked")

    def row(self, row: int, names: Names) -> Candidates:
        """What is offered for one request."""
        there = self.items[row] != NOBODY
        numbers = self.items[row][there].tolist()
        asked = self.because
        because = {} if asked is None else {names.ids[n]: asked(row, n) for n in numbers}
        known = self.known_events
        return Candidates(
            tuple(names.ids[n] for n in numbers),
            self.scores[row][there],
            self.rung,
            self.model,
            self.reason,
            int(known if isinstance(known, int) else known[row]),
            because,
        )


@dataclass(frozen=True, eq=False)
class Moments:
    """What is true of N requests: `now` and `heard` (N,), what is `gone` (N, G) and `why` (N, G).

    The rest is true of all. Rules are None, or objects (N,): a rule where it applies, else None.
    """

    now: Column
    heard: Column
    model: str
    policy_version: int
    normal: str = "primary"
    gone: Column | None = None
    why: Column | None = None
    freeze: bool = False
    bypass: bool = False
    hold_rule: Column | None = None
    refresh_rule: Column | None = None
    store_lost: bool = False
    picks: tuple[Pick, ...] = ()

    def facts(self, row: int, names: Names) -> Facts:
        """The facts of one request."""
        gone: dict[str, str] = {}
        if self.gone is not None and self.why is not None:
            pairs = zip(self.gone[row].tolist(), self.why[row].tolist(), strict=True)
            gone = {names.ids[n]: why for n, why in pairs if n != NOBODY}
        return Facts(
            heard=int(self.heard[row]),
            model=self.model,
            policy_version=self.policy_version,
            normal=self.normal,
            gone=gone,
            freeze=self.freeze,
            bypass=self.bypass,
            hold_rule=None if self.hold_rule is None else self.hold_rule[row],
            refresh_rule=None if self.refresh_rule is None else self.refresh_rule[row],
            store_lost=self.store_lost,
            picks=self.picks,
        )
