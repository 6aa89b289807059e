"""The ledger tells of every decision that a visitor saw, and of no other."""

from __future__ import annotations

from typing import Any

import pytest

from policies import Knobs
from recsvc.preparation.ledger import Entry, decode
from recsvc.serving.memory import Memory


def ledger(world: Any) -> list[Entry]:
    return [decode(line) for line in world.service.sessions.entries(1_000)]


def test_every_decision_is_entered_and_a_held_answer_is_not(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=0, churn_limit=0.2))
    world.agree()
    first = world.slate()
    world.slate()
    world.event("view", "item-k")
    second = world.slate()
    world.slate()
    begun, step = ledger(world)
    assert (begun.trigger, step.trigger, step.cause) == ("session_start", "step", "event")
    assert [begun.epoch, step.epoch] == [first["epoch"], second["epoch"]]
    assert list(step.items) == [item["item_id"] for item in second["items"]]
    assert step.slate_id == second["slate_id"]
    assert (step.allowed, step.displaced) == (1, 1)
    assert step.before is not None
    assert step.before.epoch == begun.epoch


def test_acts_and_what_they_rule_out_can_be_decided_again(worlds: Any) -> None:
    knobs = Knobs(k=5, hold_s=0, churn_limit=0.4)
    world = worlds(home=knobs)
    world.agree()
    world.slate()
    for kind, item in (("dismiss", "item-b"), ("pin", "item-c"), ("view", "item-k")):
        world.event(kind, item)
        world.slate()
    world.event("purchase", world.items()[0])
    world.slate()
    world.event("undo")
    world.slate()
    world.event("refresh")
    world.slate()
    entries = ledger(world)
    reasons = {change.reason for entry in entries for change in entry.changes}
    assert reasons >= {"dismissed", "refill", "pinned", "displaced", "consumed", "undone"}
    for entry in entries:
        again = entry.again(knobs).state
        assert tuple(seat.item_id for seat in again.seats) == entry.items
        assert (again.epoch, again.changes) == (entry.epoch, entry.changes)


def test_a_decision_that_lost_its_race_is_not_entered(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    true = Memory.save
    lost: list[bytes | None] = []

    def save(self: Memory, before: Any, after: Any, now: float, *, entry: bytes | None) -> bool:
        if not lost:
            lost.append(entry)
            # Somebody else was faster: the same session was written with another version.
            assert true(self, before, before.session._replace(heard=9), now, entry=None)
        return true(self, before, after, now, entry=entry)

    monkeypatch.setattr(Memory, "save", save)
    slate = world.slate()
    assert lost[0] is not None
    assert [entry.epoch for entry in ledger(world)] == [slate["epoch"]]
    assert ledger(world)[0].facts.heard == 9


def test_an_entry_names_no_more_of_what_is_gone_than_concerned_the_slate(worlds: Any) -> None:
    world = worlds(home=Knobs(k=3, hold_s=0))
    for item in ("item-a", "item-t"):
        world.event("dismiss", item)
    world.slate()
    (entry,) = ledger(world)
    assert entry.facts.gone == {}
    world.event("dismiss", "item-b")
    world.slate()
    assert ledger(world)[-1].facts.gone == {"item-b": "dismissed"}
