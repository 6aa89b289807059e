"""A visit that goes on with the last slate of the one before, and what the judge sees of it."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cases import Case, beginnings, ids, law
from doings import observe
from given import KNOBS, NOW, asks, facts, listed, offer, shown
from hypothesis import given
from hypothesis import strategies as st
from visits import Visit

import policies.state
from policies import Carried, Decision, Facts, Knobs, Seat, SlateState, decide, held

Patch = pytest.MonkeyPatch
decision = importlib.import_module("policies.decide")
TURNS = 60


def carried(items: str = "abcde", **more: Any) -> Carried:
    """A slate of yesterday, by the live model."""
    seats = tuple(Seat(item, None, "kept", "because_you_viewed", ("q",)) for item in items)
    usual = {"rung": "primary", "model": "m1", "policy_version": 1, "at": NOW - 86_400}
    return Carried(seats, **{**usual, **more})


def begin(found: Carried, *, offered: str = "vwxyzabcde", **said: Any) -> Decision:
    return decide(KNOBS, None, offer(offered), facts(0, carried=found, **said), NOW)


def later(state: SlateState, seconds: float = 60.0, **said: Any) -> Decision:
    return decide(KNOBS, state, offer(), facts(**{"heard": 0, **said}), NOW + seconds)


def test_what_stays_keeps_why_it_is_there_and_has_the_scores_of_today() -> None:
    first = begin(carried(), gone={"b": "consumed"})
    assert shown(first) == "avcde"
    kept, new = first.state.seats[0], first.state.seats[1]
    assert (kept.reason, kept.because, kept.score) == ("because_you_viewed", ("q",), -5.0)
    assert (new.reason, new.because) == ("for_you", ())
    assert first.state.changes_from is None


def test_reloading_what_was_carried_over_changes_nothing() -> None:
    first = begin(carried())
    again = later(first.state)
    assert (again.trigger, again.state.seats) == ("quiet", first.state.seats)
    assert again.model == first.model == "m1"


@pytest.mark.parametrize(
    ("found", "cause"),
    [
        (carried(model="m0"), "model"),
        (carried(policy_version=0), "knobs"),
        (carried(due=True), "event"),
    ],
)
def test_what_is_new_since_the_visit_before_is_a_cause_once_the_hold_is_over(
    found: Carried, cause: str
) -> None:
    first = begin(found)
    held = later(first.state, 10)
    assert (held.trigger, held.cause, shown(held)) == ("hold", cause, "abcde")
    stepped = later(held.state)
    assert (stepped.trigger, stepped.cause) == ("step", cause)
    assert stepped.state.displaced == stepped.state.allowed == 2
    assert stepped.model == "m1"
    assert later(stepped.state, 600).trigger == "quiet"


def test_the_time_of_refresh_every_s_runs_on_between_two_visits() -> None:
    knobs = replace(KNOBS, refresh_every_s=3_600.0)
    first = decide(knobs, None, offer(), facts(0, carried=carried()), NOW)
    assert shown(first) == "abcde"
    assert decide(knobs, first.state, offer(), facts(0), NOW + 60).cause == "time"


def test_the_answer_names_the_model_that_gave_the_slate_until_another_step() -> None:
    first = begin(carried(model="m0"))
    assert (first.model, first.rung, first.degraded) == ("m0", "primary", False)
    again = held(KNOBS, first.state, facts(0), NOW + 10)
    assert again is not None
    assert again.model == "m0"
    assert later(first.state).model == "m1"


def test_a_slate_of_a_lower_rung_is_not_degraded_where_the_normal_rung_lets_it_stand() -> None:
    first = begin(carried(rung="popularity", model="p1"))
    assert (first.rung, first.degraded, shown(first)) == ("primary", False, "abcde")
    assert not later(first.state, 10).degraded
    assert later(first.state).cause == "model"


def test_where_only_a_lower_rung_answers_the_answer_is_degraded_and_the_slate_is_what_it_was() -> (
    None
):
    low = offer("vwabc", rung="popularity", model="p1")
    first = decide(KNOBS, None, low, facts(0, carried=carried()), NOW)
    assert (first.degraded, first.rung, shown(first)) == (True, "popularity", "abcde")
    again = decide(KNOBS, first.state, offer(), facts(0), NOW + 60)
    assert (again.trigger, again.degraded) == ("quiet", False)


def test_a_refresh_that_waited_begins_anew_with_the_best() -> None:
    first = begin(carried(), asks=asks("refresh"))
    assert shown(first) == "vwxyz"
    assert {change.reason for change in first.state.changes} == {"session_start"}
    assert later(first.state).trigger == "quiet"


def test_what_the_visitor_asked_before_the_first_answer_is_done_on_what_is_carried_over() -> None:
    first = begin(carried(), asks=asks("pin c", "dismiss a"), gone={"a": "dismissed"})
    assert shown(first) == "vbCde"
    assert first.state.changes[2].reason == "session_start"
    undone = later(first.state, asks=asks("undo"))
    assert shown(undone) == "abCde"
    assert listed(undone) == {"v 1>- undone", "a ->1 undone"}


def test_an_undo_before_the_first_answer_is_a_part_of_the_start() -> None:
    said = asks("dismiss a", "pin c", "undo", "undo")
    first = begin(carried(), asks=said, gone={"a": "dismissed"})
    assert shown(first) == "abcde"
    assert first.lifted == ("a",)
    assert {change.reason for change in first.state.changes} == {"session_start"}


def test_an_empty_slate_that_is_carried_over_begins_as_any_other() -> None:
    assert shown(begin(carried(""))) == "vwxyz"


@law
@given(beginnings())
def test_what_is_carried_over_sits_where_it_sat_but_for_what_is_gone(case: Case) -> None:
    answer = case.decide()
    assert answer.trigger == "session_start"
    assert case.facts.carried is not None
    k = case.facts.k or case.knobs.k
    then = [seat.item_id for seat in case.facts.carried.seats][:k]
    stay = [item for item in then if item not in case.facts.gone]
    now = ids(answer.state)
    assert [item for item in now if item in stay] == stay
    if len(now) == k:
        assert all(now[n] == item for n, item in enumerate(then) if item in stay)
    assert len(now) == len(set(now)) <= k
    assert not set(now) & case.facts.gone.keys()
    able = {*stay, *(case.offered.item_ids if case.offered else ())} - case.facts.gone.keys()
    assert len(now) >= min(k, len(able))


@law
@given(beginnings())
def test_every_item_of_a_first_answer_is_new_and_every_change_its_start(case: Case) -> None:
    state = case.decide().state
    assert {seat.standing for seat in state.seats} <= {"new"}
    assert [(c.item_id, c.before, c.after, c.reason) for c in state.changes] == [
        (item, None, n, "session_start") for n, item in enumerate(ids(state), 1)
    ]
    counts = (state.allowed, state.displaced, state.refilled, state.churn, state.changes_from)
    assert counts == (0, 0, 0, 0.0, None)
    assert not any(seat.pinned for seat in state.seats)
    assert (state.past, state.tail, state.spent) == ((), (), ())


@law
@given(beginnings(), st.floats(0.0, 29.0))
def test_a_reload_after_what_is_carried_over_changes_nothing(case: Case, wait: float) -> None:
    knobs = replace(case.knobs, hold_s=30.0)
    first = case.decide(knobs=knobs)
    again = case.decide(knobs=knobs, state=first.state, now=NOW + wait)
    if len(first.state.seats) == (case.facts.k or knobs.k):
        assert again.state.seats == first.state.seats
        assert again.state.epoch == first.state.epoch


def visits(seeds: range, **more: Any) -> list[Visit]:
    return [Visit(seed, user="u", **more).run(TURNS) for seed in seeds]


def broken(seen: list[Visit]) -> list[str]:
    return [f"{each.seed}: {v.clause} {v.message}" for each in seen for v in each.violations]


def test_visits_of_several_sessions_keep_every_clause() -> None:
    met: Counter[str] = Counter()

    def look(visit: Visit, tab: Any, knobs: Knobs, about: Facts, answer: Decision) -> None:
        went_on = about.carried is not None
        met["went on"] += went_on
        met["due"] += went_on and about.carried.due
        met["another model"] += went_on and about.carried.model != about.model
        met["holes"] += went_on and any(s.item_id in about.gone for s in about.carried.seats)

    seen = visits(range(150), look=look)
    assert broken(seen) == []
    assert len(met) == 4
    assert min(met.values()) >= 20, met
    assert sum(each.judge.sessions for each in seen) > 300


def test_visits_of_several_sessions_with_every_oddity_keep_every_clause() -> None:
    odd = frozenset({"lost answers", "acts after an undo", "undo held by a switch"})
    assert broken(visits(range(100), oddities=odd)) == []


def _gone_is_forgotten(patch: Patch) -> None:
    true = decision.leave

    def planted(draft: Any, gone: Any) -> Any:
        fresh = any(draft.row) and all(s is None or s.score is None for s in draft.row)
        return draft if fresh else true(draft, gone)

    patch.setattr(decision, "leave", planted)


def _told_as_refills(patch: Patch) -> None:
    true = policies.changes._refills

    def planted(was: Any, after: Any, draft: Any, exits: Any, row: Any) -> Any:
        if row.carries:
            row = row._replace(trigger="quiet")
        return true(was, after, draft, exits, row)

    patch.setattr("policies.changes._refills", planted)


def _always_due(patch: Patch) -> None:
    true = policies.state._continued
    patch.setattr(
        "policies.state._continued",
        lambda found, offered, about: true(found._replace(due=True), offered, about),
    )


def _steps_at_once(patch: Patch) -> None:
    true = decision.next_state

    def planted(state: Any, *rest: Any) -> Any:
        after = true(state, *rest)
        return after if state else after._replace(chosen_at=0.0)

    patch.setattr(decision, "next_state", planted)


def _called_kept(patch: Patch) -> None:
    true = decision.declare

    def planted(was: Any, before: Any, after: Any, draft: Any, layout: Any, *rest: Any) -> Any:
        outcome = true(was, before, after, draft, layout, *rest)
        if not rest[-1].carries:
            return outcome
        return outcome._replace(seats=tuple(s._replace(standing="kept") for s in outcome.seats))

    patch.setattr(decision, "declare", planted)


PLANTED: dict[str, tuple[str, Callable[[Patch], None]]] = {
    "withdrawn items are carried over": ("C6", _gone_is_forgotten),
    "dismissed items are carried over": ("C4", _gone_is_forgotten),
    "holes are told as refills": ("C5", _told_as_refills),
    "items are called kept": ("C5", _called_kept),
    "what is carried over is not held": ("C2", _steps_at_once),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_the_judge_sees_a_planted_bug(bug: str, monkeypatch: Patch) -> None:
    clause, plant = PLANTED[bug]
    plant(monkeypatch)
    found: Counter[str] = Counter()
    for seed in range(200):
        found.update(v.clause for v in Visit(seed, user="u").run(TURNS).violations)
        if found[clause]:
            return
    pytest.fail(f"no violation of {clause}, only {dict(found)}")


def a_visit_that_goes_on(seed: int, act: Callable[[Visit], None]) -> Visit:
    """Something is heard and a step shows it; a day later the visitor comes back, and does this."""
    visit = Visit(seed, user="u")
    knobs = Knobs(k=4, churn_limit=0.5, hold_s=5.0, session_budget=None, carry_over=True)
    visit.knobs, visit.picks, visit.older_workers = {1: knobs}, {1: ()}, False
    visit.publish()
    home = visit.tabs[0]
    visit.answer(home)
    observe(visit, home)
    visit.t += 10.0
    visit.answer(home)
    visit.come_back()
    visit.answer(home)
    for _ in range(3):
        act(visit)
        visit.t += 10.0
        visit.answer(home)
    visit.violations += visit.judge.finish()
    return visit


def _nothing(_: Visit) -> None:
    pass


def _retrain(visit: Visit) -> None:
    visit.model += 1


def test_the_judge_knows_what_the_person_had_seen_when_a_visit_goes_on() -> None:
    seen = [a_visit_that_goes_on(seed, act) for seed in range(20) for act in (_nothing, _retrain)]
    assert broken(seen) == []
    assert sum(each.triggers["step"] for each in seen) > 40
    # Of the first visit nobody knows whether it went on with another one.
    assert all(each.judge.not_judged == {"last_visit_unseen": 1} for each in seen)


def test_the_judge_sees_a_visit_that_goes_on_with_a_cause_that_is_none(monkeypatch: Patch) -> None:
    _always_due(monkeypatch)
    found = [v.clause for n in range(20) for v in a_visit_that_goes_on(n, _nothing).violations]
    assert set(found) == {"C8"}
