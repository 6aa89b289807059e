"""Decisions of several policies for the same visitors at once, in columns (P, N).

No switch is on, no rule applies, nobody acts, and knobs stay as they are. What begins, is refilled
or takes a step is chosen by `policies.batch.choice`, policies of one kind together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import exp2
from typing import NamedTuple

import numpy as np

from policies.batch.choice import Asked, Prices, choose_many
from policies.batch.columns import NOBODY, Column
from policies.batch.requests import Offers
from policies.batch.slots import Slots
from policies.knobs import Knobs
from policies.permission import EPSILON


class Requests(NamedTuple):
    """What is true of n visitors: `slots`, `now` (n,), `heard` (P, n), and of each slate whether
    seats are `left` (P, n, k) by what may not be shown.

    `guess` (P, n) is the number of the live model of the rung that should serve, as far as is known
    before it is asked.
    """

    slots: Column
    now: Column
    heard: Column
    left: Column
    guess: Column


class Pool(NamedTuple):
    """Candidates of M slates: `items`, `scores` (M, C), `known` events (M,), numbers of `normal`
    rung and `model` (M,)."""

    items: Column
    scores: Column
    known: Column
    normal: Column
    model: Column


class Answers(NamedTuple):
    """By slate (P, n): items that were displaced, and that had to go; whether it took a step, and
    whether it began."""

    displaced: Column
    forced: Column
    step: Column
    begins: Column


class Single(NamedTuple):
    """A decision made by itself: the items by seat, displacements, whether a kept item moved."""

    items: Sequence[int]
    displaced: int
    moved: bool


One = Callable[[int, int, int], Single]
"""Decides by itself: the policy, the visitor's place among the requests, the place in the pool."""


class Bench:
    """The knobs of P policies as columns, and what they decide for many visitors."""

    def __init__(self, knobs: Sequence[Knobs]) -> None:
        self.knobs = tuple(knobs)
        self.k = self.knobs[0].k
        far = float("inf")
        self._hold = _column([one.hold_s for one in knobs])
        self._limit = _column([one.churn_limit for one in knobs])
        self._renewal = _column(
            [far if o.refresh_every_s is None else o.refresh_every_s for o in knobs]
        )
        self._window = _column([float(one.budget_window_s) for one in knobs])
        most = np.iinfo(np.int64).max
        self._budget = _column(
            [most if o.session_budget is None else o.session_budget for o in knobs]
        )
        self._prices = Prices(
            *(
                np.array([getattr(one, name) for one in knobs])
                for name in ("margin", "margin_by_profile", "seat_margin")
            )
        )
        kinds: dict[object, int] = {}
        keys = [(o.seat_weights, o.max_shift, o.seat_margin == 0) for o in knobs]
        self._kind = np.array([kinds.setdefault(key, len(kinds)) for key in keys])
        self._relaxing = [n for n, one in enumerate(knobs) if one.half_life_s is not None]

    def held(self, slots: Slots, asks: Requests) -> Column:
        """Whose answer needs no candidates (P, n), as `policies.held`."""
        which = asks.slots
        here = slots.items[:, which] != NOBODY
        ready = slots.begun[:, which] & here.all(2) & ~asks.left.any(2)
        cause = self._cause(slots, asks, asks.guess)
        waits = asks.now - slots.chosen_at[:, which] < self._hold
        held: Column = ready & (~cause | waits)
        return held

    def _cause(self, slots: Slots, asks: Requests, model: Column) -> Column:
        which = asks.slots
        cause: Column = asks.heard > slots.seen_heard[:, which]
        cause |= model != slots.seen_model[:, which]
        cause |= asks.now - slots.seen_at[:, which] >= self._renewal
        return cause

    def _allowance(self, slots: Slots, asks: Requests, filled: Column) -> tuple[Column, Column]:
        """m of row 8, and whether the knobs allow none at all."""
        which, now = asks.slots, asks.now
        limit = np.repeat(self._limit, len(which), 1)
        for n in self._relaxing:
            half = self.knobs[n].half_life_s
            assert half is not None
            idle = (now - slots.answered_at[n, which]).tolist()
            rest = [exp2(-max(0.0, away) / half) for away in idle]
            limit[n] = 1.0 - (1.0 - self.knobs[n].churn_limit) * np.array(rest)
        share = np.floor(limit * filled + EPSILON).astype(np.int64)
        deepest = int(slots.steps[:, which].max(initial=0))
        spent, at = slots.spent[:, which, :deepest], slots.spent_at[:, which, :deepest]
        inside = now[:, None] - at <= self._window[..., None]
        used = np.where(inside, spent, 0).sum(2)
        most = np.minimum(share, np.maximum(0, self._budget - used))
        return most, (share == 0) | (self._budget == 0)

    def decide(self, slots: Slots, asks: Requests, held: Column, pool: Pool, one: One) -> Answers:
        """What `decide` answers to those that are not held, in order of (policy, visitor).

        `slots` move on. What is in doubt is decided by `one`.
        """
        which, now = asks.slots, asks.now
        due = ~held
        policy, visitor = due.nonzero()
        slot = which[visitor]
        model = np.zeros(held.shape, np.int64)
        model[policy, visitor] = pool.model
        begun = slots.begun[:, which]
        cause = self._cause(slots, asks, model)
        step = due & begun & cause & ~(now - slots.chosen_at[:, which] < self._hold)
        before = slots.items[policy, slot]
        here = slots.items[:, which] != NOBODY
        most, frozen = self._allowance(slots, asks, here.sum(2))
        most, frozen, step_ = most[due], frozen[due], step[due]
        begins = ~begun[due]
        left = asks.left[due]
        hole = (before == NOBODY) | left
        after, displaced = before.copy(), np.zeros(len(policy), np.int64)
        moved = np.zeros(len(policy), bool)
        may = hole.any(1) | (step_ & ~(frozen & (most == 0)))
        sure = np.ones(len(policy), bool)
        pinned = np.zeros(before.shape, bool)
        prices = Prices(*(column[policy] for column in self._prices))
        for kind in range(int(self._kind.max()) + 1):
            some = np.flatnonzero(may & (self._kind[policy] == kind))
            if not len(some):
                continue
            asked = Asked(
                before[some], pinned[some], hole[some], most[some], (~step_ | frozen)[some]
            )
            offers = Offers(
                pool.items[some], pool.scores[some], "primary", "", known_events=pool.known[some]
            )
            chosen = choose_many(
                self.knobs[int(policy[some[0]])],
                asked,
                offers,
                np.arange(len(some)),
                Prices(*(column[some] for column in prices)),
            )
            source = chosen.source
            new = source >= self.k
            old = np.where(new, 0, source)
            entering = np.take_along_axis(chosen.items, np.where(new, source - self.k, 0), 1)
            after[some] = np.where(new, entering, np.take_along_axis(before[some], old, 1))
            displaced[some] = np.where(step_[some], chosen.displaced, 0)
            moved[some] = (~new & (source != np.arange(self.k))).any(1)
            sure[some] = chosen.sure
        moved &= ~begins
        for place in np.flatnonzero(~sure).tolist():
            single = one(int(policy[place]), int(visitor[place]), place)
            after[place] = NOBODY
            after[place, : len(single.items)] = single.items
            displaced[place], moved[place] = single.displaced, single.moved
        acted = (displaced > 0) | moved
        slots.items[policy, slot] = after
        at = now[visitor]
        renewed = np.flatnonzero(step_ | begins)
        rows, cols = policy[renewed], slot[renewed]
        slots.seen_heard[rows, cols] = asks.heard[due][renewed]
        slots.seen_model[rows, cols] = pool.model[renewed]
        slots.seen_at[rows, cols] = at[renewed]
        slots.normal[rows, cols] = pool.normal[renewed]
        slots.begun[policy, slot] = True
        chose = np.flatnonzero(begins | acted)
        slots.chosen_at[policy[chose], slot[chose]] = at[chose]
        slots.answered_at[:, which] = now
        paid = np.flatnonzero(displaced)
        if len(paid):
            slots.spend(policy[paid], slot[paid], displaced[paid], at[paid])
        counts = np.zeros((2, *held.shape), np.int64)
        counts[0][due] = displaced
        counts[1][due] = np.where(begins, 0, left.sum(1))
        return Answers(counts[0], counts[1], step, ~begun)


def _column(values: Sequence[float | int]) -> Column:
    return np.array(values)[:, None]
