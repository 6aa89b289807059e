"""An answer that needs no candidates is the one that candidates would give."""

from __future__ import annotations

from typing import Any

import pytest
from given import KNOBS, NOW, asks, facts, offer, slate
from visits import Tab, Visit

from policies import Candidates, Decision, Facts, Knobs, decide, held

Given = dict[str, Any]


def _agrees(said: list[str]) -> Any:
    """Look at each answer of a visit: if it may be held, deciding it gives the same slate."""

    def look(visit: Visit, tab: Tab, knobs: Knobs, facts: Facts, answer: Decision) -> None:
        kept = held(knobs, tab.state, facts, visit.t)
        if kept is None:
            return
        normal = Candidates.of(visit.items, range(len(visit.items)), rung=facts.normal, model="new")
        lower = Candidates.of(visit.items, range(len(visit.items)), rung="static", model="s")
        for offered in (normal, lower, None):
            full = decide(knobs, tab.state, offered, facts, visit.t)
            one, other = full.state, kept.state
            assert (one.epoch, one.seats, one.changes) == (other.epoch, other.seats, other.changes)
            assert other.seats == (tab.state.seats if tab.state else ())
            if offered is normal and not facts.store_lost:
                assert (full.trigger, full.cause) == (kept.trigger, kept.cause)
                assert (full.rule, full.hold_until) == (kept.rule, kept.hold_until)
        said.append(kept.trigger)

    return look


def test_whenever_an_answer_may_be_held_deciding_gives_the_same() -> None:
    said: list[str] = []
    for seed in range(60):
        Visit(seed, look=_agrees(said), without=frozenset({"undo"})).run(50)
    assert set(said) == {"freeze", "hold_rule", "quiet", "hold", "degraded"}
    assert len(said) > 400


@pytest.mark.parametrize(
    "said",
    [
        {"heard": 1},
        {"asks": asks("pin a")},
        {"bypass": True, "heard": 0},
        {"refresh_rule": "r", "heard": 0},
        {"gone": {"a": "withdrawn"}, "heard": 0},
        {"k": 4, "heard": 0},
        {"k": 6, "heard": 0},
    ],
)
def test_nothing_is_held_that_may_change(said: Given) -> None:
    assert held(KNOBS, slate(), facts(**said), NOW) is None
    assert decide(KNOBS, slate(), offer(), facts(**said), NOW).state.epoch == 8


def test_a_slate_that_begins_or_waits_for_a_refresh_is_not_held() -> None:
    assert held(KNOBS, None, facts(0), NOW) is None
    assert held(KNOBS, slate(refresh_pending=True), facts(0), NOW) is None


@pytest.mark.parametrize("said", [{"heard": 0}, {"heard": 1, "hold_rule": "r"}])
def test_a_held_answer_while_the_store_is_lost_is_called_degraded(said: Given) -> None:
    said = {**said, "store_lost": True}
    kept = held(KNOBS, slate(), facts(**said), NOW)
    assert decide(KNOBS, slate(), offer(), facts(**said), NOW).trigger == "degraded"
    assert kept is None or kept.trigger == "degraded"
