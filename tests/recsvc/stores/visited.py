"""The use case over a store, for visits from many threads and processes; and a store gone naive."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from policies import Candidates, Knobs
from recsvc.ports import Event, SessionStore, Stored
from recsvc.preparation.ladder import Ladder
from recsvc.serving.answers import Answer, SlateRequest
from recsvc.serving.hearing import Heard, Hearing
from recsvc.serving.memory import Memory
from recsvc.serving.slates import Slates

FULL = os.environ.get("RECSVC_TEST_FULL") == "1"
ITEMS = tuple(f"item-{number:03}" for number in range(200))
SEATS = 5


class Naive:
    """The planted fault: what was read is written back, whatever has become of it since."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store

    def load(self, key: str, now: float) -> Stored | None:
        return self._store.load(key, now)

    def swap(self, key: str, data: bytes, *, expected: int | None, **more: Any) -> bool:
        while True:
            latest = self._store.load(key, more["now"])
            version = None if latest is None else latest.version
            if self._store.swap(key, data, expected=version, **more):
                return True

    def entries(self, limit: int) -> tuple[bytes, ...]:
        return self._store.entries(limit)


class Slow:
    """A store that is half a millisecond away, so that two who begin at once both find nothing."""

    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self.swap, self.entries = store.swap, store.entries

    def load(self, key: str, now: float) -> Stored | None:
        found = self._store.load(key, now)
        time.sleep(0.0005)
        return found


class _Mood:
    """Ranks all items, each mood in an order of its own: who decides alone decides otherwise."""

    model, rung = "moody", "popularity"

    def __init__(self, seed: int) -> None:
        self._scores = {item: Random(f"{seed} {item}").random() for item in ITEMS}

    def knows(self, item_id: str) -> bool:
        return item_id in self._scores

    def rank(self, profile: Any, n: int, *, incumbents: Any = (), without: Any = ()) -> Candidates:
        left = {item: score for item, score in self._scores.items() if item not in without}
        best = sorted(left, key=lambda item: -left[item])[:n]
        chosen = list(dict.fromkeys([*best, *(item for item in incumbents if item in left)]))
        scores = np.array([left[item] for item in chosen])
        return Candidates(tuple(chosen), scores, self.rung, self.model)


class Visited:
    """A service over `store`, as one worker has it; `seed` gives its recommender a mood."""

    def __init__(self, world: Any, store: SessionStore, seed: int = 0) -> None:
        service = world.service
        mood = _Mood(seed)
        ladder = Ladder(mood, mood, history=lambda _user, _by: frozenset())
        preparation = replace(service.slates.preparation, ladder=ladder)
        self.memory = Memory(store, 1800.0)
        clock: Callable[[], float] = time.time
        self.slates: Slates = replace(
            service.slates, memory=self.memory, preparation=preparation, clock=clock
        )
        check = replace(service.hearing.check, known=mood.knows)
        self.hearing: Hearing = replace(
            service.hearing, memory=self.memory, check=check, clock=clock
        )

    def look(self, session: str) -> Answer:
        return self.slates.answer(SlateRequest("home", session))

    def dismiss(self, session: str, item: str, event_id: str) -> Heard:
        now = time.time()
        event = Event(event_id, "dismiss", session, "home", now, now, item_id=item)
        return self.hearing.hear([(0, event)])


def shown(answer: Answer) -> tuple[int, tuple[str, ...]]:
    """What a visitor sees of a slate: its epoch and its items."""
    state = answer.decision.state
    return state.epoch, tuple(seat.item_id for seat in state.seats)


KNOBS = Knobs(k=SEATS, hold_s=0.0)
