"""Many slates of one surface as columns: a row a slate, items as numbers.

Items are numbered in the order of their ids, so that numbers compare as ids do; -1 is no item. What
a decision seldom looks at (reasons, names, what was declared) are columns of objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from policies.slate import Change, Seat, Seen, SlateState, Standing

Column = npt.NDArray[Any]

NOBODY: Final = -1
STANDINGS: Final[tuple[Standing, ...]] = ("kept", "moved", "new", "pinned")
KEPT, MOVED, NEW, PINNED = range(4)


@dataclass(frozen=True)
class Names:
    """Items by number, in the order of their ids."""

    ids: tuple[str, ...]

    @classmethod
    def of(cls, ids: Iterable[str]) -> Names:
        """Every item once."""
        return cls(tuple(sorted(set(ids))))

    @cached_property
    def number(self) -> Mapping[str, int]:
        """Number by item; without an item: NOBODY."""
        return {item: n for n, item in enumerate(self.ids)}


class Declared(NamedTuple):
    """What is said of an epoch when it begins, and repeated while it lasts."""

    changes_from: int | None = None
    changes: tuple[Change, ...] = ()
    allowed: int = 0
    displaced: int = 0
    refilled: int = 0
    churn: float = 0.0
    rule: str | None = None


@dataclass(frozen=True, eq=False)
class Slates:
    """N slates of k seats as last served; rows that have not `begun` hold nothing yet.

    By seat, (N, k): `items`, `score` (NaN: none), `standing`, `pinned`, `reason`, `because`. By
    slate, (N,): the fields of `SlateState`; `seen_*` are those of `Seen`. `spent` (N, S) counts
    displacements at the times `spent_at`, in the first `steps` columns. `declared` tells what was
    declared when it is asked.
    """

    items: Column
    score: Column
    standing: Column
    pinned: Column
    reason: Column
    because: Column
    begun: Column
    epoch: Column
    rung: Column
    model: Column
    normal: Column
    version: Column
    seen_heard: Column
    seen_model: Column
    seen_version: Column
    seen_at: Column
    chosen_at: Column
    answered_at: Column
    spent_at: Column
    spent: Column
    steps: Column
    declared: Column

    @classmethod
    def none(cls, count: int, k: int) -> Slates:
        """Slates that have not begun."""
        by_seat, by_slate = (count, k), (count,)
        nothing = np.empty(by_slate, object)
        reason, because = np.full(by_seat, "", object), np.empty(by_seat, object)
        return cls(
            items=np.full(by_seat, NOBODY),
            score=np.full(by_seat, np.nan),
            standing=np.zeros(by_seat, np.int8),
            pinned=np.zeros(by_seat, bool),
            reason=reason,
            because=because,
            begun=np.zeros(by_slate, bool),
            epoch=np.zeros(by_slate, np.int64),
            rung=nothing,
            model=nothing.copy(),
            normal=nothing.copy(),
            version=np.zeros(by_slate, np.int64),
            seen_heard=np.zeros(by_slate, np.int64),
            seen_model=nothing.copy(),
            seen_version=np.zeros(by_slate, np.int64),
            seen_at=np.zeros(by_slate),
            chosen_at=np.zeros(by_slate),
            answered_at=np.zeros(by_slate),
            spent_at=np.zeros((count, 4)),
            spent=np.zeros((count, 4), np.int64),
            steps=np.zeros(by_slate, np.int64),
            declared=nothing.copy(),
        )

    @classmethod
    def of(cls, states: Sequence[SlateState | None], k: int, names: Names) -> Slates:
        """Columns of these states (None: begins now).

        Raises `ValueError` for a slate with other than k seats asked for, with seats behind the
        screen, acts that can be undone or a refresh that waits: those are decided one by one.
        """
        slates = cls.none(len(states), k)
        for row, state in enumerate(states):
            if state is not None:
                slates.put(row, state, names)
        return slates

    def put(self, row: int, state: SlateState, names: Names) -> None:
        """Write one state into its row."""
        if state.k != self.items.shape[1] or state.tail or state.past or state.refresh_pending:
            raise ValueError(f"slate {row} is not plain: decide it by itself")
        filled = len(state.seats)
        self.items[row], self.pinned[row], self.score[row] = NOBODY, False, np.nan
        self.standing[row], self.reason[row], self.because[row] = KEPT, "", None
        for n, seat in enumerate(state.seats):
            self.items[row, n] = names.number[seat.item_id]
            self.score[row, n] = np.nan if seat.score is None else seat.score
            self.standing[row, n] = STANDINGS.index(seat.standing)
            self.because[row, n] = seat.because
        self.pinned[row, :filled] = [seat.pinned for seat in state.seats]
        self.reason[row, :filled] = [seat.reason for seat in state.seats]
        self.begun[row], self.epoch[row] = True, state.epoch
        self.rung[row], self.model[row], self.normal[row] = state.rung, state.model, state.normal
        self.version[row] = state.policy_version
        self.seen_heard[row], self.seen_model[row] = state.seen.heard, state.seen.model
        self.seen_version[row], self.seen_at[row] = state.seen.policy_version, state.seen.at
        self.chosen_at[row], self.answered_at[row] = state.chosen_at, state.answered_at
        self.steps[row] = steps = len(state.spent)
        if steps > self.spent.shape[1]:
            object.__setattr__(self, "spent", widened(self.spent, steps))
            object.__setattr__(self, "spent_at", widened(self.spent_at, steps))
        self.spent[row], self.spent_at[row] = 0, 0.0
        for n, (at, count) in enumerate(state.spent):
            self.spent_at[row, n], self.spent[row, n] = at, count
        told = Declared(
            state.changes_from,
            state.changes,
            state.allowed,
            state.displaced,
            state.refilled,
            state.churn,
            state.rule,
        )
        self.declared[row] = lambda: told

    def state(self, row: int, names: Names) -> SlateState | None:
        """One row as a state; None where the slate has not begun."""
        if not self.begun[row]:
            return None
        spent = zip(self.spent_at[row].tolist(), self.spent[row].tolist(), strict=True)
        return SlateState(
            int(self.epoch[row]),
            self.seats(row, names),
            self.items.shape[1],
            self.rung[row],
            self.model[row],
            self.normal[row],
            int(self.version[row]),
            Seen(
                int(self.seen_heard[row]),
                self.seen_model[row],
                int(self.seen_version[row]),
                float(self.seen_at[row]),
            ),
            float(self.chosen_at[row]),
            float(self.answered_at[row]),
            (),
            tuple(spent)[: int(self.steps[row])],
            (),
            False,
            *self.declared[row](),
        )

    def seats(self, row: int, names: Names) -> tuple[Seat, ...]:
        """The filled seats of one row."""
        columns = (self.items, self.score, self.standing, self.reason, self.because, self.pinned)
        return tuple(
            Seat(
                names.ids[item],
                None if score != score else score,
                STANDINGS[standing],
                reason,
                because,
                pinned,
            )
            for item, score, standing, reason, because, pinned in zip(
                *(column[row].tolist() for column in columns), strict=True
            )
            if item != NOBODY
        )


def differs(column: Column, word: object) -> Column:
    """Where a column of objects is not this one."""
    different: Column = np.not_equal(column, np.array(word, object)).astype(bool)
    return different


def widened(column: Column, width: int) -> Column:
    """The column (N, S) with zeros up to at least this width."""
    more = np.zeros((len(column), max(width, 2 * column.shape[1])), column.dtype)
    more[:, : column.shape[1]] = column
    return more
