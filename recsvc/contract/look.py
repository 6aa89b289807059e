"""One answer laid beside what the judge knew before it: what every clause looks at."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Literal

from recsvc.contract.facts import Act, Answer, Change, When
from recsvc.contract.knobs import DEFAULT_TTL_S, Knobs
from recsvc.contract.memory import (
    Doings,
    Epoch,
    Owed,
    Pin,
    SessionMemory,
    SlateMemory,
    Step,
    World,
)

Kind = Literal["first", "joined", "new", "repeat", "late", "anew"]
Hinge = Literal["", "maker", "acts"]
CHOSEN = frozenset({"better_match", "displaced", "moved"})
Seats = tuple[str, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence; `hinges` names what a later record may still explain.

    `maker`: another answer of this epoch, in flight at the same time, may have made it.
    `acts`: an act sent before, but acknowledged after this answer.
    """

    text: str
    hinges: Hinge = ""


@dataclass(slots=True)
class Look:
    """An answer, the epoch it starts from, and the slate as it was before it.

    Kinds: `first` of a slate; `joined`: the history starts amid the slate; `new` epoch; `repeat`
    of a known epoch; `late`: recorded after a higher epoch; `anew`: the slate began anew.
    """

    answer: Answer
    kind: Kind
    base: Epoch | None
    twin: Epoch | None
    last: Answer | None
    last_t0: float
    top_then: int
    step: Step | None
    chosen_t0: float | None
    asked: When | None
    spent: tuple[tuple[float, int], ...]
    owed: tuple[Owed, ...]
    pins: tuple[tuple[str, Pin], ...]
    knobs: Knobs | None
    made_t0: float
    lost: tuple[When, ...]
    newest_version: int | None
    owner: str | None
    slate: SlateMemory
    session: SessionMemory
    world: World
    repeat_known: bool = True

    @property
    def place(self) -> str:
        """Name the session, the slate and the epoch."""
        a = self.answer
        return f"Session {a.session_id}, slate {a.slate_id} ({a.surface}), epoch {a.epoch}"

    @property
    def maker_lost(self) -> bool:
        """True if an answer that got lost since the slate's last one may have made this epoch."""
        return bool(self.lost)

    def lost_after(self, t0: float) -> bool:
        """Return True if an answer to something done at t0 may have got lost."""
        return any(each.t >= t0 for each in self.lost)

    @property
    def fresh(self) -> bool:
        """True for the first answer seen of an epoch whose changes are its own."""
        return self.kind != "repeat" and not self.answer.by_since

    @property
    def gap(self) -> bool:
        """True if the epoch before this one was not the one last seen."""
        return self.last is None or self.answer.changes_from != self.last.epoch

    @property
    def doings(self) -> tuple[Doings, ...]:
        """The session's doings and, where a person is known, the person's."""
        return self.world.doings(self.session)

    @property
    def k(self) -> int | None:
        """The seats asked for, else those of the published knobs; None if neither is known."""
        return self.answer.ask.k or (None if self.knobs is None else self.knobs.k)

    @property
    def chosen(self) -> tuple[Change, ...]:
        """The listed changes that count against the limit."""
        return tuple(c for c in self.answer.changes if c.reason in CHOSEN)

    @property
    def ttl_s(self) -> float:
        """The session's time to live in seconds."""
        return DEFAULT_TTL_S if self.knobs is None else self.knobs.session_ttl_s

    def slack(self, seconds: float) -> float:
        """Return how far recorded times may stray: little when both ends were recorded."""
        return self.answer.when.slack(seconds)

    def surely(self, name: str, grace_s: float = 0.0) -> bool:
        """Return True if a switch was surely on while this answer was made."""
        toggles = self.world.switch(name, self.answer.surface)
        since, t = self.made_t0 - grace_s, self.answer.when.t
        return any(toggle.surely(True, since, t) for toggle in toggles)

    def acts_of(self, *kinds: str) -> list[Act]:
        """Return the session's control events of these kinds that may bear on this answer."""
        t = self.answer.when.t
        return [act for act in self.session.acts if act.type in kinds and act.when.t0 <= t]


def seat_changes(before: tuple[str, ...], after: tuple[str, ...]) -> set[Seats]:
    """Return (item, seat before, seat after) of every item whose seat differs; seats from 1."""
    was = {item_id: seat for seat, item_id in enumerate(before, 1)}
    now = {item_id: seat for seat, item_id in enumerate(after, 1)}
    both = ((item_id, was.get(item_id), now.get(item_id)) for item_id in {*was, *now})
    return {(item_id, old, new) for item_id, old, new in both if old != new}


def named(items: Iterable[str]) -> str:
    """Name a few items in a sentence."""
    listed = sorted(items) if isinstance(items, Set) else list(items)
    more = f" and {len(listed) - 6} more" if len(listed) > 6 else ""
    return (", ".join(listed[:6]) or "none") + more
