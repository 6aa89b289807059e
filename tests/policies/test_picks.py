"""Editors' picks: what they may take, what they must wait for, and what the judge sees of them."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cases import Case, before, cases, ids, law
from given import KNOBS, NOW, asks, facts, listed, offer, shown, slate, step
from hypothesis import given
from visits import Visit

import policies.picks
from policies import Decision, Facts, Knobs, Pick, decide

Patch = pytest.MonkeyPatch
decision = importlib.import_module("policies.decide")
TURNS = 60


def picks(**seats: int) -> tuple[Pick, ...]:
    return tuple(Pick(item, seat) for item, seat in seats.items())


def reasons(answer: Decision) -> dict[str, str]:
    return {seat.item_id: seat.reason for seat in answer.state.seats}


def test_a_pick_that_is_no_pick_any_more_is_an_incumbent_like_any_other() -> None:
    one = step(slate(), offer("abcde"), heard=0, policy_version=2, picks=picks(p=5))
    assert shown(one) == "abcdp"
    assert listed(one) == {"e 5>- displaced", "p ->5 better_match"}
    scored = offer({"v": 9.0, "a": 8.0, "b": 7.0, "c": 6.0, "d": 5.0, "p": 0.0})
    later = step(one.state, scored, now=NOW + 60, heard=0, policy_version=3)
    assert "p" not in shown(later)
    assert "p 5>- displaced" in listed(later)


def test_a_pick_has_its_reason_and_no_pin() -> None:
    begun = decide(KNOBS, None, offer("abcdefp"), facts(picks=picks(p=2)), NOW)
    assert shown(begun) == "apbcd"
    seat = begun.state.seats[1]
    assert (seat.reason, seat.pinned, seat.because) == ("editors_pick", False, ())
    assert seat.score == -6.0, "the model's score is told where there is one"


def test_a_pick_that_came_by_its_score_keeps_the_reason_it_came_for() -> None:
    found = step(slate(), offer("abcde"), picks=picks(c=1))
    assert shown(found) == "abcde"
    assert reasons(found)["c"] == "for_you"


def test_a_visitor_may_pin_unpin_and_dismiss_a_pick() -> None:
    state = decide(KNOBS, None, offer("abcdefg"), facts(0, picks=picks(p=2)), NOW - 500).state
    pinned = step(state, offer("abcdefg"), asks=asks("pin p"), picks=picks(p=2))
    assert shown(pinned) == "aPbcd"
    gone = step(
        pinned.state,
        offer("abcdefg"),
        asks=asks("dismiss p"),
        gone={"p": "dismissed"},
        picks=picks(p=2),
    )
    assert shown(gone) == "aebcd"
    again = step(
        gone.state, offer("abcdefg"), now=NOW + 99, heard=2, gone={"p": "dismissed"},
        picks=picks(p=2),
    )  # fmt: skip
    assert "p" not in shown(again), "what was dismissed is not picked again"


def test_a_displacement_by_pick_tells_no_gap() -> None:
    one = step(slate(), offer("vabcde"), policy_version=2, picks=picks(p=1))
    gaps = {change.item_id: change.gap for change in one.state.changes}
    assert gaps == {"a": None, "p": None, "e": gaps["v"], "v": gaps["v"]}
    assert gaps["v"] is not None


def test_who_gave_up_a_seat_does_not_win_another_in_the_same_answer() -> None:
    best = offer({"a": 9.0, "b": 1.0, "c": 1.0, "d": 1.0, "e": 0.0})
    knobs = replace(KNOBS, churn_limit=1.0, max_shift=None, seat_weights="dcg")
    one = decide(knobs, slate(), best, facts(picks=picks(p=1)), NOW)
    assert "a" not in shown(one)
    assert one.state.displaced == 1


def test_a_pick_that_a_smaller_screen_cut_waits_until_its_seat_is_back() -> None:
    state = slate("abcdp", k=5)
    smaller = step(state, offer("abcdefg"), heard=1, k=3, picks=picks(p=1))
    assert shown(smaller) == "abc"
    larger = step(smaller.state, offer("abcdefg"), now=NOW + 99, heard=2, k=5, picks=picks(p=1))
    assert shown(larger) == "abcdp"


def test_several_picks_get_in_over_several_steps_by_position() -> None:
    state, seen = slate(), []
    wanted = picks(p=1, q=2, r=3)
    knobs = replace(KNOBS, churn_limit=0.2)
    for n in range(4):
        about = facts(n + 1, policy_version=2, picks=wanted)
        answer = decide(knobs, state, offer("vabcde"), about, NOW + 100 * n)
        state = answer.state
        seen.append(shown(answer))
    assert seen == ["pbcde", "pqcde", "pqrde", "pqrdv"]


def test_no_pick_comes_in_without_a_cause() -> None:
    one = step(slate(), offer("abcde"), heard=0, picks=picks(p=1))
    assert (one.trigger, shown(one)) == ("quiet", "abcde")


@pytest.mark.parametrize("weights", ["uniform", "dcg"])
@pytest.mark.parametrize("max_shift", [0, 2, None])
def test_with_a_refresh_every_pick_sits_in_its_seat(weights: Any, max_shift: int | None) -> None:
    knobs = replace(KNOBS, seat_weights=weights, max_shift=max_shift)
    about = facts(asks=asks("refresh"), picks=picks(e=1, p=4))
    one = decide(knobs, slate(), offer("vwabcde"), about, NOW)
    assert one.trigger == "asked"
    assert [shown(one)[n - 1] for n in (1, 4)] == ["e", "p"]


@law
@given(cases())
def test_picks_on_the_screen_stay_in_their_seats_in_every_step(case: Case) -> None:
    answer = case.decide()
    if answer.trigger != "step" or case.facts.k is not None:
        return
    named = {pick.item_id for pick in case.facts.picks}
    full = len(answer.state.seats) == case.knobs.k
    for seat, item in enumerate(ids(before(case))[: case.knobs.k]):
        if item in named and item not in case.facts.gone and full:
            assert ids(answer.state)[seat] == item


@law
@given(cases())
def test_a_pick_waits_only_for_a_pin_another_pick_the_limit_or_a_row_of_no_step(case: Case) -> None:
    answer = case.decide()
    old, state = before(case), answer.state
    if answer.trigger != "step" or case.facts.k or len(old.seats) != case.knobs.k or old.tail:
        return
    named = {pick.item_id for pick in case.facts.picks}
    # A slate that changes nothing repeats what its last epoch allowed.
    used = state.displaced == state.allowed if state.epoch > old.epoch else True
    for item, position in case.facts.picks:
        if item in ids(state) or item in case.facts.gone or position > case.knobs.k:
            continue
        holder = old.seats[position - 1]
        assert holder.pinned or holder.item_id in named or used


def visits(seeds: range, **more: Any) -> list[Visit]:
    return [Visit(seed, **more).run(TURNS) for seed in seeds]


def test_the_visits_meet_picks_that_come_and_go() -> None:
    met: Counter[str] = Counter()

    def look(visit: Visit, tab: Any, knobs: Knobs, about: Facts, answer: Decision) -> None:
        named = {pick.item_id for pick in about.picks}
        was = {seat.item_id for seat in tab.state.seats} if tab.state else set()
        fresh = tab.state is None or answer.state.epoch != tab.state.epoch
        came = {s.item_id for s in answer.state.seats if s.reason == "editors_pick"} - was
        met["came by pick in a step"] += bool(came) and fresh and answer.trigger == "step"
        met["came at a start"] += bool(came) and answer.trigger == "session_start"
        met["left, being none any more"] += bool(
            {c.item_id for c in answer.state.changes if c.after is None and c.reason == "displaced"}
            & {s.item_id for s in (tab.state.seats if tab.state else ()) if s.reason[:2] == "ed"}
            - named
        )

    for seed in range(200):
        Visit(seed, look=look).run(TURNS)
    assert len(met) == 3
    assert min(met.values()) >= 3, met


def _one_more(patch: Patch) -> None:
    true = policies.picks._take_some
    patch.setattr("policies.picks._take_some", lambda *args: true(*args[:-1], args[-1] + 1))


def _at_once(patch: Patch) -> None:
    true = decision.seat_picks

    def planted(draft: Any, named: Any, gone: Any, row: Any) -> Any:
        if row.trigger in ("hold", "quiet", "hold_rule"):
            row = row._replace(trigger="step", displacements=9)
        return true(draft, named, gone, row)

    patch.setattr(decision, "seat_picks", planted)


def _before_pins(patch: Patch) -> None:
    patch.setattr("policies.picks._stays", lambda *_: False)


def _whatever_is_gone(patch: Patch) -> None:
    true = decision.seat_picks
    patch.setattr(decision, "seat_picks", lambda draft, named, _, row: true(draft, named, (), row))


def _moved_to_their_seats(patch: Patch) -> None:
    true = policies.picks._take_some

    def planted(seats: Any, able: Any, here: Any, settled: Any, most: int) -> Any:
        why = true(seats, able, here, settled, most)
        policies.picks._take_all(seats, able, settled - {pick.item_id for pick in able})
        return why

    patch.setattr("policies.picks._take_some", planted)


PLANTED: dict[str, tuple[str, Callable[[Patch], None]]] = {
    "one pick more than the limit": ("C2", _one_more),
    "picks do not wait for the hold": ("C2", _at_once),
    "picks need no cause": ("C8", _at_once),
    "picks take seats from the visitor's pins": ("C4", _before_pins),
    "withdrawn items are picked": ("C6", _whatever_is_gone),
    "dismissed items are picked": ("C4", _whatever_is_gone),
    "picks move to their seats whatever max_shift says": ("C2", _moved_to_their_seats),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_the_judge_sees_a_planted_bug(bug: str, monkeypatch: Patch) -> None:
    clause, plant = PLANTED[bug]
    plant(monkeypatch)
    found: Counter[str] = Counter()
    for seed in range(150):
        found.update(v.clause for v in Visit(seed).run(TURNS).violations)
        if found[clause]:
            return
    pytest.fail(f"no violation of {clause}, only {dict(found)}")
