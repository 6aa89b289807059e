"""The states that many decisions leave, as columns, and what is declared of each when asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np

from policies.batch.choice import Chosen
from policies.batch.columns import (
    KEPT,
    MOVED,
    NEW,
    NOBODY,
    PINNED,
    STANDINGS,
    Column,
    Declared,
    Names,
    Slates,
    differs,
    widened,
)
from policies.batch.requests import Moments, Offers
from policies.batch.table import Rows
from policies.changes import declare, with_gaps
from policies.draft import Draft
from policies.knobs import Knobs
from policies.permission import ANY, Permission
from policies.slate import Row, Seat


class Made(NamedTuple):
    """By slate (N,): whether an epoch begins, displacements, whether the state must be written."""

    changed: Column
    displaced: Column
    moved_on: Column


_NOTHING = np.empty(1, object)
_NOTHING[0] = ()


def next_slates(
    knobs: Knobs,
    slates: Slates,
    offers: Offers,
    moments: Moments,
    rows: Rows,
    hole: Column,
    chosen: Chosen,
    here: Column,
    names: Names,
) -> tuple[Slates, Made]:
    """The states after the answers; rows that are not `here` stay as they were."""
    count, k = slates.items.shape
    changed = np.zeros(count, bool)
    changed[chosen.picked] = (chosen.source != np.arange(k)).any(1)
    changed &= here
    displaced = np.zeros(count, np.int64)
    displaced[chosen.picked] = chosen.displaced
    displaced[~changed] = 0
    renews = (rows.step | rows.begins) & here
    now = moments.now
    which = np.flatnonzero(changed)
    seated, moved = _seated(slates, offers, rows, chosen, which)
    begins = rows.begins & here
    acted = displaced > 0
    acted[which] |= moved & ~rows.begins[which]
    after = Slates(
        **seated,
        begun=slates.begun | begins,
        epoch=np.where(
            begins, (now * 1000).astype(np.int64), slates.epoch + (changed & slates.begun)
        ),
        rung=np.where(renews, offers.rung, slates.rung),
        model=np.where(renews, offers.model, slates.model),
        normal=np.where(renews, moments.normal, slates.normal),
        version=np.where(here, np.maximum(slates.version, moments.policy_version), slates.version),
        seen_heard=np.where(renews, moments.heard, slates.seen_heard),
        seen_model=np.where(renews, offers.model, slates.seen_model),
        seen_version=np.where(renews, moments.policy_version, slates.seen_version),
        seen_at=np.where(renews, now, slates.seen_at),
        chosen_at=np.where(begins | (acted & here), now, slates.chosen_at),
        answered_at=np.where(here, now, slates.answered_at),
        **_spent(slates, now, displaced),
        declared=slates.declared.copy(),
    )
    at = np.searchsorted(chosen.picked, which)
    source, worth = chosen.source[at], chosen.worth[at]
    both = np.concatenate((worth, chosen.offered[at]), axis=1)
    after_worth = _take(both, source)
    told = _Told(
        before=slates.items[which],
        was_pinned=slates.pinned[which],
        hole=hole[which],
        after=after.items[which],
        standing=after.standing[which],
        pinned=after.pinned[which],
        gone=None if moments.gone is None else moments.gone[which],
        why=None if moments.why is None else moments.why[which],
        begins=rows.begins[which],
        stepped=rows.step[which],
        epoch=after.epoch[which],
        most=rows.most[which],
        worth=worth,
        after_worth=after_worth,
        deviation=chosen.deviation[at],
        names=names,
    )
    for n, row in enumerate(which.tolist()):
        after.declared[row] = partial(told.declared, n)
    moved_on = _moved_on(knobs, slates, after, changed)
    moved_on |= moments.policy_version < after.version
    return after, Made(changed, displaced, moved_on)


def _seated(
    slates: Slates, offers: Offers, rows: Rows, chosen: Chosen, which: Column
) -> tuple[dict[str, Column], Column]:
    """The columns by seat, and which of the changed slates have moved an item."""
    columns = {
        name: getattr(slates, name).copy()
        for name in ("items", "score", "standing", "pinned", "reason", "because")
    }
    k = slates.items.shape[1]
    at = np.searchsorted(chosen.picked, which)
    source = chosen.source[at]
    new, old = source >= k, np.where(source >= k, 0, source)
    nth = np.where(new, source - k, 0)
    item = np.where(new, _take(chosen.items[at], nth), _take(slates.items[which], old))
    rescored, score = _take(chosen.rescored[at], old), _take(slates.score[which], old)
    renews = (rows.step | rows.begins)[which]
    score = np.where(renews[:, None] & ~np.isnan(rescored), rescored, score)
    pinned = _take(slates.pinned[which], old) & ~new
    moved = ~new & (source != np.arange(k))
    standing = np.where(new, NEW, np.where(moved, MOVED, KEPT)).astype(np.int8)
    because = np.where(new, _NOTHING, _take(slates.because[which], old))
    if offers.because is not None:
        for n, seat in zip(*new.nonzero(), strict=True):
            because[n, seat] = offers.because(int(which[n]), int(item[n, seat]))
    columns["items"][which] = item
    columns["score"][which] = np.where(new, _take(chosen.scores[at], nth), score)
    columns["standing"][which] = np.where(pinned, PINNED, standing)
    columns["pinned"][which] = pinned
    columns["reason"][which] = np.where(new, offers.reason, _take(slates.reason[which], old))
    columns["because"][which] = because
    return columns, moved.any(1)


def _take(column: Column, places: Column) -> Column:
    taken: Column = np.take_along_axis(column, places, 1)
    return taken


def _spent(slates: Slates, now: Column, displaced: Column) -> dict[str, Column]:
    """The displacements of the past with these."""
    spent, at, steps = slates.spent.copy(), slates.spent_at.copy(), slates.steps.copy()
    rows = np.flatnonzero(displaced)
    if len(rows):
        place = steps[rows]
        if place.max() >= spent.shape[1]:
            spent, at = widened(spent, place.max() + 1), widened(at, place.max() + 1)
        spent[rows, place], at[rows, place] = displaced[rows], now[rows]
        steps[rows] += 1
    return {"spent": spent, "spent_at": at, "steps": steps}


def _moved_on(knobs: Knobs, before: Slates, after: Slates, changed: Column) -> Column:
    """Where the state must be written."""
    new = changed | ~before.begun | (after.version != before.version)
    for name in ("seen_heard", "seen_version", "seen_at"):
        new |= getattr(after, name) != getattr(before, name)
    for name in ("seen_model", "rung", "model", "normal"):
        new |= differs(getattr(after, name), getattr(before, name))
    return np.asarray(new | (knobs.half_life_s is not None))


@dataclass(frozen=True, eq=False)
class _Told:
    """What declarations are made of: columns of the slates that changed in one batch."""

    before: Column
    was_pinned: Column
    hole: Column
    after: Column
    standing: Column
    pinned: Column
    gone: Column | None
    why: Column | None
    begins: Column
    stepped: Column
    epoch: Column
    most: Column
    worth: Column
    after_worth: Column
    deviation: Column
    names: Names

    def declared(self, n: int) -> Declared:
        """What is said of the n-th of them, in the words of `policies.changes`."""
        begins, stepped = bool(self.begins[n]), bool(self.stepped[n])
        before = self._row(self.before[n], self.was_pinned[n], None)
        after = self._row(self.after[n], self.pinned[n], self.standing[n])
        hole = self.hole[n].tolist()
        kept = tuple(None if empty else seat for seat, empty in zip(before, hole, strict=True))
        row = Permission("step" if stepped else "quiet", int(self.most[n]))
        if begins:
            row = Permission("session_start", ANY, "session_start", by_score=True)
        was = tuple(seat for seat in before if seat is not None)
        outcome = declare(
            {seat.item_id: place for place, seat in enumerate(was)},
            was,
            tuple(seat for seat in after if seat is not None),
            Draft(kept, len(kept)),
            [seat.item_id if seat else None for seat in after],
            self._gone(n),
            row,
        )
        changes = outcome.changes
        if outcome.displaced:
            changes = with_gaps(changes, self._worths(n, was, after), float(self.deviation[n]))
        return Declared(
            None if begins else int(self.epoch[n]) - 1,
            changes,
            row.displacements if stepped else 0,
            outcome.displaced,
            outcome.refilled,
            outcome.displaced / max(1, len(was)),
        )

    def _row(self, items: Column, pinned: Column, standing: Column | None) -> Row:
        told = [KEPT] * len(items) if standing is None else standing.tolist()
        return tuple(
            None
            if item == NOBODY
            else Seat(self.names.ids[item], None, STANDINGS[word], "", (), pin)
            for item, pin, word in zip(items.tolist(), pinned.tolist(), told, strict=True)
        )

    def _worths(self, n: int, was: Sequence[Seat], after: Row) -> dict[str, float]:
        there = [seat.item_id for seat in after if seat is not None]
        worth = dict(zip(there, self.after_worth[n].tolist(), strict=False))
        worth.update(zip([seat.item_id for seat in was], self.worth[n].tolist(), strict=False))
        return worth

    def _gone(self, n: int) -> dict[str, str]:
        if self.gone is None or self.why is None:
            return {}
        pairs = zip(self.gone[n].tolist(), self.why[n].tolist(), strict=True)
        return {self.names.ids[item]: why for item, why in pairs if item != NOBODY}
