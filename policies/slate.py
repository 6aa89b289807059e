"""What a decision is made of: seats, a slate's state, facts that go in, changes that come out.

What is made anew in every answer is a tuple with names: it is the same to read, and five times
cheaper to make than a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

AskKind = Literal["dismiss", "pin", "unpin", "undo", "refresh"]
Standing = Literal["kept", "moved", "new", "pinned"]

UNDO_DEPTH = 3


class Seat(NamedTuple):
    """One filled seat. `score` is None when the item was never scored by the model behind it."""

    item_id: str
    score: float | None
    standing: Standing
    reason: str
    because: tuple[str, ...] = ()
    pinned: bool = False


class Change(NamedTuple):
    """One difference between two epochs; positions count from 1, None is off the slate.

    `gap` belongs to a displacement: by how many standard deviations of the scores of that request
    the newcomer is better than the incumbent that left for it, the same number at both.
    """

    item_id: str
    before: int | None
    after: int | None
    reason: str
    gap: float | None = None


@dataclass(frozen=True)
class Ask:
    """Something the visitor asked of this slate and that no answer has shown yet."""

    kind: AskKind
    item_id: str | None = None


Row = tuple[Seat | None, ...]
"""Seats in their order; None is an empty one."""


class Snapshot(NamedTuple):
    """The row before one act of the visitor, and the dismissal that undoing the act lifts.

    `refresh` tells whether a refresh was pending then.
    """

    row: Row
    refresh: bool = False
    lifts: str | None = None


class Seen(NamedTuple):
    """What the last step knew; whatever differs from it is a cause.

    `model_version` is the highest one that a step of this slate was made with.
    """

    heard: int
    model: str
    policy_version: int
    at: float
    model_version: int = 0


class SlateState(NamedTuple):
    """One slate as last served, with all that the next decision needs. Times are epoch seconds.

    `rung` and `model` gave the slate, `normal` was the visitor's rung then.
    `k` seats were asked for; `tail` holds the places behind them, which a smaller k has cut;
    `spent` lists (time, displacements), oldest first; what
    `changes_from` and the fields after it say was declared when the epoch began, and is repeated;
    `rule` is the one whose refresh began it.
    """

    epoch: int
    seats: tuple[Seat, ...]
    k: int
    rung: str
    model: str
    normal: str
    policy_version: int
    seen: Seen
    chosen_at: float
    answered_at: float
    tail: Row = ()
    spent: tuple[tuple[float, int], ...] = ()
    past: tuple[Snapshot, ...] = ()
    refresh_pending: bool = False
    changes_from: int | None = None
    changes: tuple[Change, ...] = ()
    allowed: int = 0
    displaced: int = 0
    refilled: int = 0
    churn: float = 0.0
    rule: str | None = None


class Pick(NamedTuple):
    """An item that an editor wants on a surface; positions count from 1."""

    item_id: str
    position: int


class Carried(NamedTuple):
    """A user's last slate of an earlier session, without pins and scores.

    `rung` and `model` gave it; `policy_version` and `at` (epoch seconds) are what its last step
    knew; `due` tells whether something that the user did since then was not looked at.
    """

    seats: tuple[Seat, ...]
    rung: str
    model: str
    policy_version: int
    at: float
    due: bool = False


@dataclass(frozen=True)
class Facts:
    """What is true of this request. `gone` maps items that may not be shown to the reason; what
    is `firm` among them stays gone when an undo takes a dismissal back.

    `heard` numbers the visitor's latest event; `model` is the live model of the rung `normal`,
    the one configured to serve this visitor; `k` is the number of seats asked for. `picks` come by
    rising position; a slate that begins continues the one that is `carried`. Of two models the one
    with the higher `model_version` was made live later; 0: nobody knows.
    """

    heard: int
    model: str
    policy_version: int
    normal: str = "primary"
    k: int | None = None
    gone: Mapping[str, str] = field(default_factory=dict)
    firm: Collection[str] = ()
    asks: tuple[Ask, ...] = ()
    freeze: bool = False
    bypass: bool = False
    hold_rule: str | None = None
    refresh_rule: str | None = None
    store_lost: bool = False
    picks: tuple[Pick, ...] = ()
    carried: Carried | None = None
    model_version: int = 0


class Decision(NamedTuple):
    """The slate to serve and the state to keep.

    `rung` and `model` answered; `answered_asks` of `Facts.asks` are done with, in order;
    `lifted` are dismissals that an undo takes back. `moved_on` is true when the state must be
    written.
    """

    state: SlateState
    trigger: str
    cause: str | None
    rule: str | None
    budget_left: int | None
    hold_until: float
    rung: str
    model: str
    degraded: bool
    moved_on: bool
    answered_asks: tuple[Ask, ...] = ()
    lifted: tuple[str, ...] = ()
