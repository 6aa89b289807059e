"""Slates, facts and offers in one line each: items are letters, seats count from 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies import Ask, Candidates, Decision, Facts, Knobs, SlateState, decide
from policies.slate import Seat, Seen

NOW = 1_000.0
KNOBS = Knobs(k=5, churn_limit=0.4, hold_s=30.0, session_budget=None)


def slate(items: str = "abcde", *, pinned: str = "", **more: Any) -> SlateState:
    """A slate served at t=900 and started at t=0, by the primary model m1."""
    seats = tuple(
        Seat(i, 0.5, "pinned" if i in pinned else "kept", "for_you", (), i in pinned) for i in items
    )
    usual: dict[str, Any] = {
        "epoch": 7,
        "k": max(len(items), KNOBS.k),
        "rung": "primary",
        "model": "m1",
        "normal": "primary",
        "policy_version": 1,
        "seen": Seen(0, "m1", 1, 900.0),
        "chosen_at": 0.0,
        "answered_at": 900.0,
    }
    return SlateState(seats=seats, **{**usual, **more})


def facts(heard: int = 1, **more: Any) -> Facts:
    """One event was heard since the slate was served, unless told otherwise."""
    return Facts(heard, **{"model": "m1", "policy_version": 1, **more})


def offer(
    items: str | Mapping[str, float] = "vwxyzabcde",
    rung: str = "primary",
    model: str = "m1",
    known: int = 0,
) -> Candidates:
    """Candidates: letters by falling score, or scores by letter."""
    scores = {i: float(-n) for n, i in enumerate(items)} if isinstance(items, str) else items
    return Candidates.of(
        list(scores), list(scores.values()), rung=rung, model=model, known_events=known
    )


def asks(*said: str) -> tuple[Ask, ...]:
    """Acts as "kind item", for example "dismiss a" or "undo"."""
    return tuple(Ask(*one.split(" ")) for one in said)  # type: ignore[arg-type]


def shown(decided: Decision) -> str:
    """The slate's letters; a pinned one is a capital."""
    return "".join(s.item_id.upper() if s.pinned else s.item_id for s in decided.state.seats)


def listed(decided: Decision) -> set[str]:
    """The changes as "item from>to reason"; - is off the slate."""
    return {
        f"{c.item_id} {c.before or '-'}>{c.after or '-'} {c.reason}" for c in decided.state.changes
    }


def step(
    state: SlateState | None, offered: Candidates | None = None, now: float = NOW, **said: Any
) -> Decision:
    """One decision under KNOBS; `offered` None is the usual offer."""
    return decide(KNOBS, state, offered or offer(), facts(**said), now)


class Person:
    """Asks one thing after another, as the service would tell the decision."""

    def __init__(self, items: str = "abcde", offered: str = "vwxyzabcde") -> None:
        self.state: SlateState = slate(items)
        self.offered: Candidates | None = offer(offered)
        self.gone: dict[str, str] = {}
        self.now = NOW
        self.k: int | None = None

    def says(self, *said: str, **more: Any) -> Decision:
        """One answer to these acts; dismissed items are gone until an undo lifts them."""
        self.now += 1
        wanted = asks(*said)
        for ask in wanted:
            if ask.kind == "dismiss":
                self.gone.setdefault(str(ask.item_id), "dismissed")
        about = facts(0, asks=wanted, gone=dict(self.gone), k=self.k, **more)
        answer = decide(KNOBS, self.state, self.offered, about, self.now)
        for item in answer.lifted:
            self.gone.pop(item, None)
        self.state = answer.state
        return answer


def counts(answer: Decision) -> tuple[int, int, int, float]:
    state = answer.state
    return state.allowed, state.displaced, state.refilled, state.churn
