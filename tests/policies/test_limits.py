"""How much a step may change: limit, budget, hold, idle time and margins."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from given import KNOBS, NOW, asks, facts, offer, shown, slate

from policies import Knobs, decide, held
from policies.slate import Seen


def test_bypass_needs_no_cause_no_hold_and_no_budget() -> None:
    knobs = replace(KNOBS, session_budget=0, churn_limit=0.0, hold_s=1e6)
    assert shown(decide(knobs, slate(), offer(), facts(0, bypass=True), NOW)) == "vwxyz"


def test_a_step_without_a_better_newcomer_or_without_budget_uses_its_cause() -> None:
    for knobs, offered in [
        (KNOBS, offer("abcdevw")),
        (replace(KNOBS, session_budget=0), offer()),
        (replace(KNOBS, churn_limit=0.0), offer()),
    ]:
        answer = decide(knobs, slate(), offered, facts(), NOW)
        assert (answer.trigger, answer.state.epoch) == ("step", 7)
        assert answer.moved_on
        assert decide(knobs, answer.state, offer(), facts(), NOW + 60).trigger == "quiet"


@pytest.mark.parametrize(("now", "trigger"), [(129.999, "hold"), (130.0, "step")])
def test_hold_ends_exactly_hold_s_after_the_last_chosen_change(now: float, trigger: str) -> None:
    answer = decide(KNOBS, slate(chosen_at=100.0), offer(), facts(), now)
    assert answer.trigger == trigger
    assert answer.hold_until == (130.0 if trigger == "hold" else now + 30.0)


def test_hold_runs_from_the_slates_start() -> None:
    first = decide(KNOBS, None, offer("abcde"), facts(0), NOW)
    assert first.hold_until == NOW + 30.0
    assert decide(KNOBS, first.state, offer(), facts(), NOW + 29.9).trigger == "hold"
    assert decide(KNOBS, first.state, offer(), facts(), NOW + 30.0).trigger == "step"


@pytest.mark.parametrize(
    "said",
    [
        {"gone": {"a": "withdrawn"}},
        {"asks": asks("pin a")},
        {"asks": asks("refresh")},
        {"refresh_rule": "r"},
        {"bypass": True},
        {"k": 3},
    ],
)
def test_refills_and_asked_changes_neither_start_nor_need_the_hold(said: dict[str, Any]) -> None:
    state = slate(chosen_at=NOW - 1)
    answer = decide(KNOBS, state, offer(), facts(**said), NOW)
    assert answer.state.epoch == 8
    assert (answer.state.chosen_at, answer.hold_until) == (NOW - 1, NOW + 29)
    assert answer.state.spent == ()


def test_the_budget_counts_displacements_in_a_window_that_slides() -> None:
    knobs = replace(KNOBS, session_budget=3, budget_window_s=100.0, hold_s=0.0)
    state, offered, history = slate(), "abcde", []
    for turn, now in enumerate([0.0, 40.0, 90.0, 101.0, 130.0, 141.0]):
        offered = "fghijklmnopqrstuvwxyz"[2 * turn :][:2] + offered
        answer = decide(knobs, state, offer(offered), facts(turn + 1), now + 1_000)
        history.append((answer.state.displaced, answer.budget_left))
        state = answer.state
    assert history == [(2, 1), (1, 0), (1, 0), (2, 0), (2, 0), (1, 0)]


def test_forced_and_asked_changes_cost_no_budget() -> None:
    knobs = replace(KNOBS, session_budget=2)
    for said in (
        {"gone": {"a": "withdrawn"}, "heard": 0},
        {"asks": asks("refresh")},
        {"refresh_rule": "r"},
        {"bypass": True},
    ):
        answer = decide(knobs, slate(), offer(), facts(**said), NOW)
        assert (answer.state.epoch, answer.budget_left) == (8, 2)
    assert (
        decide(replace(knobs, session_budget=None), slate(), offer(), facts(), NOW).budget_left
        is None
    )


def test_the_smaller_of_limit_and_budget_is_allowed() -> None:
    for limit, budget, allowed in [(0.4, 5, 2), (0.8, 3, 3), (1.0, None, 5), (0.19, 9, 0)]:
        knobs = replace(KNOBS, churn_limit=limit, session_budget=budget)
        answer = decide(knobs, slate(), offer(), facts(), NOW)
        assert answer.state.displaced == allowed
        if allowed:
            assert answer.state.allowed == allowed


@pytest.mark.parametrize("percent", range(101))
def test_floor_adds_a_billionth_so_that_a_share_of_100_seats_is_exact(percent: int) -> None:
    items = "".join(chr(0x4E00 + n) for n in range(100))
    others = "".join(chr(0x5E00 + n) for n in range(100))
    knobs = Knobs(k=100, churn_limit=percent / 100, hold_s=0.0, session_budget=None)
    answer = decide(knobs, slate(items), offer(others + items), facts(), NOW)
    assert answer.state.displaced == percent


@pytest.mark.parametrize("idle_s", [0.0, 5.0, 20.0, 60.0, 1e6])
def test_idle_time_relaxes_the_limit_by_its_half_life(idle_s: float) -> None:
    knobs = replace(KNOBS, churn_limit=0.2, half_life_s=20.0)
    answer = decide(knobs, slate(answered_at=NOW - idle_s), offer(), facts(), NOW)
    share = 1 - 0.8 * 2 ** (-idle_s / 20.0)
    assert answer.state.allowed == math.floor(share * 5 + 1e-9)
    spared = replace(knobs, session_budget=1)
    assert decide(spared, slate(answered_at=0.0), offer(), facts(), NOW).state.allowed == 1


def test_idle_time_runs_from_the_last_answer_also_a_held_one() -> None:
    knobs = replace(KNOBS, churn_limit=0.2, half_life_s=20.0)
    state = slate(answered_at=0.0)
    kept = held(knobs, state, facts(0), NOW - 1)
    assert kept is not None
    assert kept.moved_on
    assert decide(knobs, kept.state, offer(), facts(), NOW).state.allowed == 1


def test_idle_time_is_known_when_half_life_s_has_just_been_published() -> None:
    state = slate(answered_at=0.0)
    kept = held(KNOBS, state, facts(0), NOW - 1)
    assert kept is not None
    state = kept.state if kept.moved_on else state
    knobs = replace(KNOBS, churn_limit=0.2, half_life_s=20.0)
    answer = decide(knobs, state, offer(), facts(0, policy_version=2), NOW)
    assert answer.state.allowed == 1


def test_a_wider_budget_window_remembers_what_a_narrow_one_would_forget() -> None:
    narrow = replace(KNOBS, session_budget=2, budget_window_s=10.0, hold_s=0.0)
    first = decide(narrow, slate(), offer(), facts(1), NOW)
    wide = replace(narrow, budget_window_s=600.0)
    second = decide(wide, first.state, offer("fgh"), facts(1, policy_version=2), NOW + 20)
    assert (second.trigger, second.state.displaced, second.budget_left) == ("step", 2, 0)


def test_displacements_older_than_a_narrow_window_count_in_a_wider_one() -> None:
    narrow = replace(KNOBS, session_budget=2, budget_window_s=10.0, hold_s=0.0)
    first = decide(narrow, slate(), offer(), facts(1), NOW)
    second = decide(narrow, first.state, offer("fg" + "vwabc"), facts(2), NOW + 20)
    wide = replace(narrow, budget_window_s=600.0)
    third = decide(wide, second.state, offer("hi"), facts(3, policy_version=2), NOW + 40)
    assert (third.trigger, third.budget_left, third.state.epoch) == ("step", 0, 9)


def test_time_alone_is_a_cause_from_the_last_step_on_whatever_was_refilled() -> None:
    knobs = replace(KNOBS, refresh_every_s=100.0)
    state = slate(seen=Seen(0, "m1", 1, 950.0))
    refilled = decide(knobs, state, offer(), facts(0, gone={"a": "withdrawn"}), 1_049.0)
    assert refilled.trigger == "quiet"
    assert decide(knobs, refilled.state, offer(), facts(0), 1_049.9).trigger == "quiet"
    due = decide(knobs, refilled.state, offer(), facts(0), 1_050.0)
    assert (due.trigger, due.cause) == ("step", "time")


def margins(**knobs: Any) -> Knobs:
    return replace(KNOBS, k=1, churn_limit=1.0, **{"margin_by_profile": False, **knobs})


@pytest.mark.parametrize(("margin", "seen"), [(0.0, "b"), (1.99, "b"), (2.0, "a"), (5.0, "a")])
def test_a_newcomer_must_beat_the_incumbent_by_more_than_the_margin(
    margin: float, seen: str
) -> None:
    offered = offer({"a": 0.0, "b": 2.0})
    for knobs in (margins(margin=margin), margins(seat_margin=margin)):
        assert shown(decide(knobs, slate("a"), offered, facts(), NOW)) == seen
    both = margins(margin=margin / 2, seat_margin=margin / 2)
    assert shown(decide(both, slate("a"), offered, facts(), NOW)) == seen


def test_the_margins_unit_is_the_deviation_over_eligible_candidates() -> None:
    offered = offer({"a": 0.0, "b": 2.0, "c": 1_000.0})
    said = facts(gone={"c": "withdrawn"})
    assert shown(decide(margins(margin=1.99), slate("a"), offered, said, NOW)) == "b"
    assert shown(decide(margins(margin=2.0), slate("a"), offered, said, NOW)) == "a"


@pytest.mark.parametrize(("known", "margin"), [(0, 2.0), (1, 2.0), (4, 4.0), (100, 20.0)])
def test_the_margin_shrinks_with_the_root_of_what_is_known(known: int, margin: float) -> None:
    offered = offer({"a": 0.0, "b": 2.0}, known=known)
    for factor, seen in [(1.001, "a"), (0.999, "b")]:
        knobs = margins(margin=margin * factor, margin_by_profile=True)
        assert shown(decide(knobs, slate("a"), offered, facts(), NOW)) == seen
