"""Two workers, one of which has the next model already, answer one session by turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from policies import Candidates
from policies.slate import Seat
from recsvc.preparation.ladder import Ladder
from recsvc.serving.answers import Answer, SlateRequest
from recsvc.serving.slates import Slates

ITEMS = [f"item-{letter}" for letter in "abcdefghijklmnopqrst"]


class Fixed:
    """Ranks by position in a list, whoever asks."""

    def __init__(self, model: str, items: list[str]) -> None:
        self.model, self.items = model, items

    def knows(self, item_id: str) -> bool:
        return item_id in self.items

    def rank(self, profile: Any, n: int, *, incumbents: Any = (), without: Any = ()) -> Candidates:
        left = [item for item in self.items if item not in without]
        scores = np.arange(len(left), 0, -1.0)
        return Candidates(tuple(left), scores, "popularity", self.model)


Worker = Callable[[], Answer]


def worker(world: Any, model: str, items: list[str], version: int) -> Slates:
    """A worker with that model over the stores of the world."""
    source = Fixed(model, items)
    rungs = Ladder(source, source, history=lambda _user, _by: frozenset(), version=lambda: version)
    slates: Slates = world.service.slates
    return replace(slates, preparation=replace(slates.preparation, ladder=rungs))


@pytest.fixture
def two(world: Any) -> tuple[Any, Worker, Worker]:
    """The world, a worker with the model from before and one with the next."""
    old = worker(world, "model-9", ITEMS, 100)
    new = worker(world, "model-3", ITEMS[::-1], 101)  # by name an older one: a rollback
    request = SlateRequest("home", "s")
    return world, lambda: old.answer(request), lambda: new.answer(request)


def shown(answer: Answer) -> list[str]:
    return [seat.item_id for seat in answer.decision.state.seats]


def test_they_do_not_take_turns_in_undoing_each_other(two: tuple[Any, Worker, Worker]) -> None:
    world, old, new = two
    before = shown(old())
    steps, models = [], []
    for turn in range(12):
        world.pass_time(1)
        answer = (old if turn % 2 else new)()
        steps.append(answer.decision.state.displaced if answer.decision.trigger == "step" else 0)
        models.append(answer.decision.model)
    assert steps == [1, *[0] * 11], "one cause, one step"
    assert set(models) == {"model-3"}, "the older one reports what the newer one made"
    assert len(set(before) - set(shown(old()))) == 1


def test_the_older_one_refills_what_was_withdrawn(two: tuple[Any, Worker, Worker]) -> None:
    world, old, new = two
    old()
    new()
    before = shown(new())
    world.client.put(f"/v1/items/{before[2]}", json={"available": False})
    after = old().decision
    assert [change.reason for change in after.state.changes] == ["withdrawn", "refill"]
    assert after.model == "model-3"
    assert not after.degraded
    kept: list[Seat] = [seat for seat in after.state.seats if seat.item_id in before]
    assert len(kept) == len(before) - 1
    world.pass_time(60)
    assert new().decision.trigger == "quiet", "a refill by the older one is no cause"


def test_without_numbers_every_difference_is_a_cause(world: Any) -> None:
    request = SlateRequest("home", "s")
    workers = [worker(world, "m1", ITEMS, 0), worker(world, "m2", ITEMS[::-1], 0)]
    triggers = []
    for turn in range(6):
        world.pass_time(1)
        triggers.append(workers[turn % 2].answer(request).decision.trigger)
    assert triggers == ["session_start", *["step"] * 5]
