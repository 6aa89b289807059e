"""Slates of several policies before the same visitors, in columns (P, N): what a decision reads.

No words, no scores, no reasons; nothing is pinned, and nobody acted on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from policies.batch.columns import NOBODY, Column
from policies.slate import Seat, Seen, SlateState
from policies.state import SPENT_KEPT

RUNGS = ("primary", "popularity")
"""Rungs by number, as in `Slots.normal`."""


@dataclass(frozen=True, eq=False)
class Slots:
    """Slates of P policies before N visitors, k seats each; where none has begun there is no item.

    `items` (P, N, k); all else (P, N), `spent_at` and `spent` (P, N, 64). `seen_model` and
    `normal` are numbers that stand for names of models and rungs, the caller's own.
    """

    items: Column
    begun: Column
    normal: Column
    seen_heard: Column
    seen_model: Column
    seen_at: Column
    chosen_at: Column
    answered_at: Column
    steps: Column
    spent: Column
    spent_at: Column

    @classmethod
    def none(cls, policies: int, count: int, k: int) -> Slots:
        """Slates that have not begun."""
        by_slate, by_step = (policies, count), (policies, count, SPENT_KEPT)
        whole = (np.zeros(by_slate, np.int64) for _ in range(4))
        normal, seen_heard, seen_model, steps = whole
        return cls(
            np.full((policies, count, k), NOBODY),
            np.zeros(by_slate, bool),
            normal,
            seen_heard,
            seen_model,
            np.zeros(by_slate),
            np.zeros(by_slate),
            np.zeros(by_slate),
            steps,
            np.zeros(by_step, np.int16),
            np.zeros(by_step),
        )

    def reset(self, policy: Column, slot: Column) -> None:
        """These begin anew."""
        self.items[policy, slot] = NOBODY
        self.begun[policy, slot] = False
        self.steps[policy, slot] = 0
        self.spent[policy, slot] = 0

    def spend(self, policy: Column, slot: Column, displaced: Column, now: Column) -> None:
        """Write down displacements; of more steps than are kept, the oldest become one."""
        full = self.steps[policy, slot] == SPENT_KEPT
        if full.any():
            rows, cols = policy[full], slot[full]
            spent, at = self.spent[rows, cols], self.spent_at[rows, cols]
            spent[:, 1] += spent[:, 0]
            self.spent[rows, cols, :-1], self.spent_at[rows, cols, :-1] = spent[:, 1:], at[:, 1:]
            self.steps[rows, cols] -= 1
        place = self.steps[policy, slot]
        self.spent[policy, slot, place] = displaced
        self.spent_at[policy, slot, place] = now
        self.steps[policy, slot] += 1

    def state(self, policy: int, slot: int, ids: Sequence[str], names: Sequence[str]) -> SlateState:
        """One slate that has begun, as far as a decision reads it; `names` are those of models."""
        where = (policy, slot)
        steps, items = int(self.steps[where]), self.items[where].tolist()
        at, spent = self.spent_at[where].tolist(), self.spent[where].tolist()
        model = names[int(self.seen_model[where])]
        rung = RUNGS[int(self.normal[where])]
        return SlateState(
            epoch=1,
            seats=tuple(Seat(ids[n], None, "kept", "", ()) for n in items if n != NOBODY),
            k=len(items),
            rung=rung,
            model=model,
            normal=rung,
            policy_version=1,
            seen=Seen(int(self.seen_heard[where]), model, 1, float(self.seen_at[where])),
            chosen_at=float(self.chosen_at[where]),
            answered_at=float(self.answered_at[where]),
            spent=tuple(zip(at, spent, strict=True))[:steps],
        )
