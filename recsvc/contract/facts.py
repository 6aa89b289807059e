"""What a recorded history says, in one plain shape: answers, acts, items, switches and knobs.

Times are seconds. `t0` is when a request was sent, `t` when its answer was received; `timed` says
that the recorder wrote both, so that requests may overlap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CONTROL_EVENTS = frozenset({"dismiss", "pin", "unpin", "undo", "refresh", "choose_alternative"})


@dataclass(frozen=True, slots=True)
class When:
    """A request's time: sent at `t0`, answered at `t`, on line `line` of the history."""

    t0: float
    t: float
    timed: bool
    line: int

    def slack(self, seconds: float) -> float:
        """Return how far recorded times may stray: little when both ends were recorded."""
        return 0.002 if self.timed else min(1.0, 0.1 * seconds)


@dataclass(frozen=True, slots=True)
class Ask:
    """What was asked of one slate; None where the request did not say."""

    session_id: str | None
    surface: str | None
    subject: str | None = None
    user_id: str | None = None
    k: int | None = None
    context: tuple[tuple[str, str], ...] = ()
    exclude: frozenset[str] = frozenset()
    since: int | None = None
    token: str | None = None
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class Seat:
    """One seat as answered; `position` counts from 1."""

    item_id: str
    position: int | None
    standing: str | None
    pinned: bool


@dataclass(frozen=True, slots=True)
class Change:
    """One listed change: from seat `source` (None: was off) to seat `target` (None: is off)."""

    item_id: str
    source: int | None
    target: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """One served slate together with what was asked."""

    when: When
    ask: Ask
    session_id: str
    slate_id: str
    surface: str
    subject: str | None
    user_id: str | None
    epoch: int
    seats: tuple[Seat, ...]
    changes_from: int | None
    changes: tuple[Change, ...]
    allowed: int | None
    displaced: int | None
    refilled: int | None
    trigger: str | None
    cause: str | None
    model: str | None
    degraded: bool
    degraded_reason: str
    version: int | None
    arm: str | None
    token: str | None
    etag: str | None
    earlier_on_page: frozenset[str] = frozenset()
    rung: str | None = None

    @property
    def lower_rung(self) -> bool:
        """True if a refresh may stay pending: `late` is a lower rung, yet need not be degraded."""
        return self.degraded or self.rung == "late"

    @property
    def items(self) -> tuple[str, ...]:
        """Item ids in the order answered."""
        return tuple(seat.item_id for seat in self.seats)

    @property
    def pinned(self) -> frozenset[str]:
        """Ids of the pinned items."""
        return frozenset(seat.item_id for seat in self.seats if seat.pinned)

    @property
    def by_since(self) -> bool:
        """True if `changes` are relative to the epoch that the client named."""
        return self.ask.since is not None and self.ask.since == self.changes_from

    @property
    def store_lost(self) -> bool:
        """True if the answer itself says that the state store is lost."""
        reason = self.degraded_reason.lower()
        return self.degraded and any(word in reason for word in ("store", "state", "redis"))


@dataclass(frozen=True, slots=True)
class NotModified:
    """A 304: the client keeps what it has; it may get a new token."""

    when: When
    ask: Ask
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """A slate request that brought no slate: an error, or no answer at all."""

    when: When
    session_id: str | None
    status: int


@dataclass(frozen=True, slots=True)
class Act:
    """One event of a visitor. `sure` is False if its acceptance cannot be told apart."""

    when: When
    session_id: str | None
    user_id: str | None
    type: str
    event_id: str | None
    item_id: str | None
    surface: str | None
    slate_id: str | None
    duplicate: bool
    sure: bool


@dataclass(frozen=True, slots=True)
class Given:
    """New tokens by slate id, that came with the answer to events."""

    when: When
    session_id: str | None
    tokens: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Turn:
    """`consent`, `login`, `logout`, `erase` or `editors_pin`: no event, yet it may explain one."""

    when: When
    what: str
    session_id: str | None
    user_id: str | None
    personal: bool | None


@dataclass(frozen=True, slots=True)
class Supply:
    """An item withdrawn (`available` False) or back."""

    when: When
    item_id: str
    available: bool


@dataclass(frozen=True, slots=True)
class Switch:
    """The `freeze` or `bypass` switch turned, on one surface or (None) on all."""

    when: When
    name: str
    on: bool
    surface: str | None


@dataclass(frozen=True, slots=True)
class Published:
    """Knobs published for a surface; `version` None: whatever version is served from then on."""

    when: When
    surface: str
    version: int | None
    knobs: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record that is well formed but carries nothing to judge; `why` names the count."""

    when: When
    why: str
    session_id: str | None = None


Fact = Answer | NotModified | Lost | Act | Given | Turn | Supply | Switch | Published | Skipped
