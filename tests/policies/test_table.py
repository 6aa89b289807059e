"""What may change is the first row of the table that applies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from given import KNOBS, NOW, asks, facts, listed, offer, shown, slate, step

from policies import Candidates, Decision, Knobs, SlateState, decide, held
from policies.slate import Seen

Given = dict[str, Any]

# Each row's condition; a later row may apply as well, the earlier one wins.
ROWS: list[tuple[str, Given]] = [
    ("freeze", {"freeze": True}),
    ("bypass", {"bypass": True}),
    ("asked", {"asks": asks("pin a")}),
    ("degraded", {"rung": "popularity"}),
    ("hold_rule", {"hold_rule": "r"}),
    ("refresh_rule", {"refresh_rule": "r"}),
    ("quiet", {"heard": 0}),
    ("hold", {"chosen_at": NOW - 1.0}),
    ("step", {}),
]


def decided(given: Given, knobs: Knobs = KNOBS) -> Decision:
    given = dict(given)
    rung, chosen_at = given.pop("rung", "primary"), given.pop("chosen_at", 0.0)
    state = slate(chosen_at=chosen_at)
    return decide(knobs, state, offer(rung=rung), facts(**{"heard": 1, **given}), NOW)


@pytest.mark.parametrize("first", range(len(ROWS)))
def test_a_row_wins_over_every_later_one(first: int) -> None:
    trigger, condition = ROWS[first]
    assert decided(condition).trigger == trigger
    for _, later in ROWS[first + 1 :]:
        assert decided({**later, **condition}).trigger == trigger
    everything: Given = {}
    for _, later in ROWS[first:]:
        everything = {**later, **everything}
    assert decided(everything).trigger == trigger


@pytest.mark.parametrize("row", ["freeze", "degraded", "hold_rule", "quiet", "hold"])
def test_these_rows_allow_refills_and_nothing_else(row: str) -> None:
    answer = decided({**dict(ROWS)[row], "gone": {"c": "withdrawn"}})
    assert (answer.trigger, shown(answer)) == (row, "abvde")
    assert listed(answer) == {"c 3>- withdrawn", "v ->3 refill"}
    assert (answer.state.allowed, answer.state.displaced, answer.state.refilled) == (0, 0, 1)


def test_freeze_still_dismisses_and_pins_and_leaves_the_rest_pending() -> None:
    said = asks("pin a", "dismiss b", "refresh", "undo")
    answer = decided({"freeze": True, "asks": said, "gone": {"b": "dismissed"}})
    assert (answer.trigger, shown(answer)) == ("freeze", "Avcde")
    assert answer.answered_asks == said[:2]
    assert listed(answer) == {"a 1>1 pinned", "b 2>- dismissed", "v ->2 refill"}


def test_bypass_shows_the_top_k_around_pins_and_without_what_is_gone() -> None:
    state = slate(pinned="c")
    answer = decide(KNOBS, state, offer(), facts(bypass=True, gone={"w": "withdrawn"}), NOW)
    assert (answer.trigger, shown(answer)) == ("bypass", "vxCyz")
    assert {line.split()[-1] for line in listed(answer)} == {"kill_switch"}
    assert (answer.state.displaced, answer.state.allowed) == (0, 0)


def test_a_rule_that_became_true_may_change_every_seat_without_a_pin() -> None:
    knobs = replace(KNOBS, session_budget=0, churn_limit=0.0, hold_s=1e6)
    answer = decide(knobs, slate(pinned="b"), offer(), facts(0, refresh_rule="r"), NOW)
    assert (answer.trigger, answer.rule, shown(answer)) == ("refresh_rule", "r", "vBwxy")
    assert {line.split()[-1] for line in listed(answer)} == {"rule_refresh"}
    assert answer.state.displaced == 0


@pytest.mark.parametrize(
    ("offered", "said"),
    [
        (None, {}),
        (offer(rung="late", model="m0"), {}),
        (offer(rung="neighbours"), {}),
        (offer(rung="popularity"), {}),
        (offer(rung="static"), {}),
        (offer(), {"store_lost": True}),
        (offer(rung="static"), {"normal": "popularity"}),
    ],
)
def test_row_four_is_no_candidates_a_lower_rung_or_a_lost_store(
    offered: Candidates | None, said: Given
) -> None:
    answer = decide(KNOBS, slate(), offered, facts(**said), NOW)
    assert (answer.trigger, answer.degraded, shown(answer)) == ("degraded", True, "abcde")
    assert answer.state.seen == slate().seen


def test_the_rung_that_is_normal_for_the_visitor_is_not_degraded() -> None:
    popular = offer(rung="popularity", model="p1")
    answer = decide(KNOBS, slate(), popular, facts(normal="popularity", model="p1"), NOW)
    assert (answer.trigger, answer.cause, answer.degraded) == ("step", "event", False)


def test_a_late_answer_of_the_live_model_is_not_degraded() -> None:
    assert not decide(KNOBS, slate(), offer(rung="late"), facts(), NOW).degraded


def test_a_slate_that_began_on_a_lower_rung_waits_and_then_steps_to_the_normal_one() -> None:
    first = decide(KNOBS, None, offer("abcde", rung="popularity", model="p1"), facts(0), NOW)
    assert (first.trigger, first.degraded, shown(first)) == ("session_start", True, "abcde")
    soon = decide(KNOBS, first.state, offer(), facts(0), NOW + 10)
    assert (soon.trigger, shown(soon)) == ("hold", "abcde")
    later = decide(KNOBS, first.state, offer(), facts(0), NOW + 30)
    assert (later.trigger, later.cause, shown(later)) == ("step", "model", "abcvw")
    assert not later.degraded


CAUSES: dict[str, tuple[Knobs, Given]] = {
    "event": (KNOBS, {"heard": 1}),
    "model": (KNOBS, {"heard": 0, "model": "m2"}),
    "knobs": (KNOBS, {"heard": 0, "policy_version": 2}),
    "time": (replace(KNOBS, refresh_every_s=100.0), {"heard": 0}),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_makes_one_step_and_is_then_used_up(cause: str) -> None:
    knobs, said = CAUSES[cause]
    model = said.get("model", "m1")
    answer = decide(knobs, slate(), offer(model=model), facts(**said), NOW)
    assert (answer.trigger, answer.cause, shown(answer)) == ("step", cause, "abcvw")
    again = decide(knobs, answer.state, offer(model=model), facts(**said), NOW + 60)
    assert (again.trigger, again.cause, shown(again)) == ("quiet", None, "abcvw")


@pytest.mark.parametrize(
    ("knobs", "said"),
    [
        (KNOBS, {"heard": 0}),
        (KNOBS, {"heard": -1}),
        (replace(KNOBS, refresh_every_s=100.01), {"heard": 0}),
        (KNOBS, {"heard": 0, "k": 5}),
    ],
)
def test_a_reload_a_past_event_and_time_before_its_due_are_no_cause(
    knobs: Knobs, said: Given
) -> None:
    for reload in range(3):
        now = NOW + reload / 1000
        assert decide(knobs, slate(), offer(), facts(**said), now).trigger == "quiet"


@pytest.mark.parametrize(
    "held_back",
    [
        {"freeze": True},
        {"hold_rule": "r"},
        {"rung": "popularity"},
        {"rung": None},
        {"store_lost": True},
        {"chosen_at": NOW - 1},
        {"asks": asks("pin a")},
        {"asks": asks("dismiss a"), "gone": {"a": "dismissed"}},
    ],
)
def test_a_cause_held_back_stays_a_cause(held_back: Given) -> None:
    said = dict(held_back)
    rung, chosen_at = said.pop("rung", "primary"), said.pop("chosen_at", 0.0)
    offered = offer(rung=rung) if rung else None
    first = decide(KNOBS, slate(chosen_at=chosen_at), offered, facts(**said), NOW)
    assert first.state.displaced == 0
    gone = said.get("gone", {})
    second = decide(KNOBS, first.state, offer(), facts(gone=gone), NOW + 40)
    assert (second.trigger, second.cause, second.state.displaced) == ("step", "event", 2)


@pytest.mark.parametrize("said", [{"asks": asks("refresh")}, {"refresh_rule": "r"}])
def test_a_refresh_takes_in_all_that_is_new(said: Given) -> None:
    first = decide(KNOBS, slate(), offer(), facts(**said), NOW)
    second = decide(KNOBS, first.state, offer("fghijk"), facts(), NOW + 60)
    assert (second.trigger, shown(second)) == ("quiet", shown(first))


def test_an_older_worker_refills_only_and_reports_the_newer_version() -> None:
    state = slate(policy_version=3, seen=Seen(0, "m1", 3, 900.0))
    answer = decide(KNOBS, state, offer(), facts(5, policy_version=2, gone={"a": "withdrawn"}), NOW)
    assert (answer.trigger, shown(answer)) == ("quiet", "vbcde")
    assert answer.state.policy_version == 3
    newer = decide(KNOBS, answer.state, offer(), facts(5, policy_version=3), NOW)
    assert (newer.trigger, newer.cause) == ("step", "event")


def test_an_older_worker_refreshes_by_no_rule_of_its_own() -> None:
    state = slate(policy_version=3)
    answer = decide(KNOBS, state, offer(), facts(policy_version=2, refresh_rule="old"), NOW)
    assert shown(answer) == "abcde"


def test_undoing_knobs_as_a_higher_version_is_a_cause() -> None:
    answer = decide(KNOBS, slate(), offer(), facts(0, policy_version=2), NOW)
    assert (answer.cause, answer.state.policy_version) == ("knobs", 2)


def test_a_begun_slate_is_the_top_k_by_score_all_new_and_displaces_nothing() -> None:
    first: Decision = decide(KNOBS, None, offer("cabedfg"), facts(0), NOW)
    state: SlateState = first.state
    assert (first.trigger, shown(first)) == ("session_start", "cabed")
    assert {seat.standing for seat in state.seats} == {"new"}
    assert {change.reason for change in state.changes} == {"session_start"}
    assert (state.epoch, state.changes_from) == (1_000_000, None)
    assert (state.displaced, state.allowed, state.refilled, state.churn) == (0, 0, 0, 0.0)
    again = held(KNOBS, state, facts(0), NOW + 1)
    assert again is not None
    assert (again.trigger, again.state.changes) == ("quiet", state.changes)


def test_a_refresh_by_an_older_worker_leaves_no_cause_for_a_newer_one() -> None:
    state = slate(policy_version=2, seen=Seen(0, "m1", 2, 900.0))
    asked = step(state, heard=0, policy_version=1, asks=asks("refresh"))
    assert asked.trigger == "asked"
    assert asked.state.epoch == 8
    newer = step(asked.state, now=NOW + 60, heard=0, policy_version=2)
    assert (newer.trigger, newer.cause) == ("quiet", None)
