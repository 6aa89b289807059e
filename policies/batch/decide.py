"""The decision for many slates at once: the same answers as one by one, at a fraction of the time.

1. which row of the table applies, by slate                    as in policies.permission
2. the shortlist: the best few candidates, and incumbents      as in policies.worth
3. who sits where, in doubles                                  policies.batch.solvers
4. the next states, as columns
5. what is in doubt or out of the ordinary is decided by itself, by `policies.decide`

Changes and reasons are put into words when a row is asked for. Ties are in doubt, so scores with
few different values are no faster here than one by one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from policies.batch.choice import Asked, choose_many
from policies.batch.columns import NOBODY, Column, Names, Slates
from policies.batch.requests import Moments, Offers
from policies.batch.states import next_slates
from policies.batch.table import budget_left, table_rows
from policies.candidates import lower
from policies.decide import decide
from policies.knobs import Knobs
from policies.slate import Decision
from policies.state import SPENT_KEPT


@dataclass(frozen=True, eq=False)
class Decisions:
    """N decisions as columns (N,); `slates` are the states to keep, and a row is put into words
    when asked for. `changed` tells where an epoch begins, `displaced` how many newcomers it chose.
    """

    slates: Slates
    trigger: Column
    cause: Column
    rule: Column
    budget_left: Column | None
    hold_until: Column
    changed: Column
    displaced: Column
    moved_on: Column
    rung: str
    model: str
    degraded: bool
    names: Names
    alone: dict[int, Decision]

    def __len__(self) -> int:
        return len(self.trigger)

    def __iter__(self) -> Iterator[Decision]:
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> Decision:
        """One decision, as `decide` would have made it."""
        if row in self.alone:
            return self.alone[row]
        state = self.slates.state(row, self.names)
        assert state is not None  # every decided slate has begun
        return Decision(
            state,
            self.trigger[row],
            self.cause[row],
            self.rule[row],
            None if self.budget_left is None else int(self.budget_left[row]),
            float(self.hold_until[row]),
            self.rung,
            self.model,
            degraded=self.degraded,
            moved_on=bool(self.moved_on[row]),
        )


def decide_batch(
    knobs: Knobs, slates: Slates, offers: Offers, moments: Moments, names: Names
) -> Decisions:
    """What `decide` answers to each row, for slates of `knobs.k` seats on which nobody acted.

    No argument is modified. Raises `ValueError` for slates of another size.
    """
    count, k = slates.items.shape
    if k != knobs.k or len(offers.items) != count:
        raise ValueError(f"{count} slates of {k} seats do not fit these knobs and offers")
    rows = table_rows(knobs, slates, offers, moments)
    here = slates.items != NOBODY
    left = here & _among(slates.items, moments.gone)
    hole = ~here | left
    waits = rows.odd | (slates.steps >= SPENT_KEPT)
    may_change = hole.any(1) | (rows.step & ~(rows.frozen & (rows.most == 0)))
    picked = np.flatnonzero(may_change & ~waits)
    asked = Asked(
        slates.items, slates.pinned, hole, rows.most, ~rows.step | rows.frozen, moments.gone
    )
    chosen = choose_many(knobs, asked, offers, picked)
    waits[picked] |= ~chosen.sure
    here = ~waits
    after, made = next_slates(knobs, slates, offers, moments, rows, hole, chosen, here, names)
    budget = budget_left(knobs, after, moments.now)
    decisions = Decisions(
        after,
        rows.trigger,
        rows.cause,
        rows.rule,
        budget,
        after.chosen_at + knobs.hold_s,
        made.changed,
        made.displaced,
        made.moved_on,
        offers.rung,
        offers.model,
        _degraded(offers, moments),
        names,
        {},
    )
    for row in np.flatnonzero(waits).tolist():
        _alone(decisions, row, _one(knobs, slates, offers, moments, names, row), slates)
    return decisions


def _one(
    knobs: Knobs, slates: Slates, offers: Offers, moments: Moments, names: Names, row: int
) -> Decision:
    state = slates.state(row, names)
    candidates, facts = offers.row(row, names), moments.facts(row, names)
    return decide(knobs, state, candidates, facts, float(moments.now[row]))


def _alone(decisions: Decisions, row: int, one: Decision, before: Slates) -> None:
    """A decision made by itself, in its row."""
    state = one.state
    decisions.alone[row] = one
    decisions.slates.put(row, state, decisions.names)
    decisions.trigger[row], decisions.cause[row] = one.trigger, one.cause
    decisions.rule[row], decisions.hold_until[row] = one.rule, one.hold_until
    decisions.moved_on[row] = one.moved_on
    if decisions.budget_left is not None:
        decisions.budget_left[row] = one.budget_left
    changed = not before.begun[row] or state.epoch != before.epoch[row]
    decisions.changed[row] = changed
    decisions.displaced[row] = state.displaced if changed else 0


def _among(items: Column, gone: Column | None) -> Column:
    """Which of the items (N, M) are among those gone (N, G)."""
    found = np.zeros(items.shape, bool)
    if gone is not None:
        for column in gone.T:
            found |= (items == column[:, None]) & (column != NOBODY)[:, None]
    return found


def _degraded(offers: Offers, moments: Moments) -> bool:
    late = offers.rung == "late" and offers.model == moments.model
    return moments.store_lost or (lower(offers.rung, than=moments.normal) and not late)
