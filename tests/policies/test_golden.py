"""The golden cases of tests/cases: decided as they say, complete, and agreed on by brute force."""

from __future__ import annotations

import math
import re
from dataclasses import fields
from typing import Any, get_args

import brute
import pytest
from golden import NOW, Golden, expected, golden, outcome, read

from policies import REASONS, Knobs, held
from policies.slate import AskKind, Standing

CASES = read()
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)

TRIGGERS = {
    *("freeze", "bypass", "asked", "degraded", "hold_rule", "refresh_rule"),
    *("quiet", "hold", "step", "session_start"),
}
ELSEWHERE = {
    *("session_ttl_s", "carry_over", "slate_key", "hold_when", "refresh_when", "deadline_ms"),
    *("consumed_by", "dismiss_days"),
}
"""Knobs that the service reads before a decision, and hands over what follows from them."""

LATER = {"alternative_chosen": "choose_alternative"}
"""Reasons that nothing gives yet, by the act that will."""


@each_case
def test_a_decision_is_what_the_contract_says(case: Golden) -> None:
    assert outcome(case, case.decide()) == expected(case), case.why


@each_case
def test_an_answer_that_needs_no_candidates_says_the_same(case: Golden) -> None:
    kept = held(case.knobs, case.state, case.facts, NOW)
    usual = case.offered is not None and case.offered.rung == case.facts.normal
    if kept is not None and usual:
        assert outcome(case, kept) == expected(case)


def test_some_cases_need_no_candidates() -> None:
    kept = [held(case.knobs, case.state, case.facts, NOW) for case in CASES]
    assert len([one for one in kept if one is not None]) >= 5


def words(key: str) -> set[str]:
    """All words that stand in the expectations under this key."""
    said = [case.expect.get(key, "") for case in CASES]
    lines = [one for each in said for one in (each if isinstance(each, list) else [each])]
    return {word for line in lines for word in str(line).split()}


def test_cases_have_names_of_their_own_and_say_why() -> None:
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names) >= 40
    assert all(len(case.why) > 20 for case in CASES)


def test_every_trigger_reason_and_standing_occurs() -> None:
    assert {case.expect["trigger"] for case in CASES} == TRIGGERS
    assert words("standings") == set(get_args(Standing))
    assert words("changes") & set(REASONS) == set(REASONS) - set(LATER)
    assert not set(LATER.values()) & set(get_args(AskKind)), "it has been built: write its case"


def test_every_act_cause_and_fact_occurs() -> None:
    acts = {one.split()[0] for case in CASES for one in case.written.get("asks", ())}
    assert acts == set(get_args(AskKind))
    assert {case.expect.get("cause") for case in CASES} == {None, "event", "model", "knobs", "time"}
    facts = {key for case in CASES for key in case.written.get("facts", {})}
    fields_of_facts = {field.name for field in fields(CASES[0].facts)}
    apart = {"gone", "asks", "picks", "carried"}
    assert facts == fields_of_facts - {"firm", *apart}
    assert apart <= {key for case in CASES for key in case.written}


def test_every_row_and_every_line_of_the_fine_print_that_one_decision_can_show_occurs() -> None:
    rows = {name[4] for case in CASES if (name := case.name).startswith("row ")}
    assert rows == set("12345678")
    cited = [re.findall(r"(?i:fine print) (\d+)(?: and (\d+))?", case.why) for case in CASES]
    lines = {int(line) for found in cited for pair in found for line in pair if line}
    assert lines >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 14, 15, 16}


def test_every_knob_of_the_decision_is_turned() -> None:
    turned = {knob for case in CASES for knob in case.written.get("knobs", {})}
    assert turned == {field.name for field in fields(Knobs)} - ELSEWHERE
    for knob in ("seat_weights", "max_shift", "session_budget"):
        assert len({str(case.written.get("knobs", {}).get(knob)) for case in CASES}) > 2


def fails(case: Golden, **changed: Any) -> bool:
    """Whether the case fails when something else is expected of it."""
    other = golden({**case.written, "expect": {**case.expect, **changed}})
    return outcome(other, other.decide()) != expected(other)


@each_case
def test_a_case_fails_when_it_expects_something_else(case: Golden) -> None:
    assert fails(case, slate=f"{case.expect['slate']} q".strip())
    assert fails(case, trigger="never")
    assert fails(case, changes=[*case.expect["changes"], "q ->9 refill"])
    assert fails(case, epoch="another")
    assert fails(case, displaced=99)


@pytest.mark.parametrize("key", ["offr", "expect"])
def test_a_key_that_nobody_reads_is_refused(key: str) -> None:
    written = {**CASES[0].written, "offr": {}} if key == "offr" else {
        **CASES[0].written, "expect": {**CASES[0].expect, "allow": 1},
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"nobody reads (offr|allow)"):
        golden(written)


def as_brute(case: Golden) -> brute.Case | None:
    """The case as the definition of the optimum knows it; None where it speaks of something else.

    Another screen, an undo, a start, bypass, slates that run short and picks in a refresh are more
    than an optimum.
    """
    state, offered, gone = case.state, case.offered, case.facts.gone
    shown, done = case.expect["slate"].split(), case.expect.get("answered", ())
    if (
        state is None
        or offered is None
        or case.expect["trigger"] == "bypass"
        or "undo" in done
        or ("refresh" in done and case.facts.picks)
        or not len(shown) == state.k == (case.facts.k or case.knobs.k)
    ):
        return None
    free = case.expect["trigger"] == "refresh_rule" or (
        ("refresh" in done or state.refresh_pending) and not case.expect.get("refresh_pending")
    )
    step = case.expect["trigger"] == "step"
    frozen = math.floor(limit(case) * len(state.seats) + 1e-9) == 0
    knobs, margin = case.knobs, case.knobs.margin
    if knobs.margin_by_profile:
        margin /= math.sqrt(max(1, offered.known_events))
    seats = [seat.item_id if seat.item_id not in gone else None for seat in state.seats]
    return brute.Case(
        incumbents=(*seats, *(None,) * (state.k - len(seats))),
        scores={i: score for i, score in offered.score_of.items() if i not in gone},
        pinned=frozenset(word[:-1] for word in shown if word.endswith("*")),
        displacements=state.k if free else most(case) if step else 0,
        max_shift=None if free else knobs.max_shift if step and not frozen else 0,
        margin=margin,
        seat_margin=knobs.seat_margin,
        weights=knobs.seat_weights,
        picks=tuple((item, seat - 1) for item, seat in case.facts.picks) if step else (),
    )


def limit(case: Golden) -> float:
    """The churn limit, relaxed by idle time, as section 2 has it."""
    relaxed, knobs = 1.0, case.knobs
    if knobs.half_life_s is not None:
        relaxed = 2 ** -(case.written.get("since_answer", 100) / knobs.half_life_s)
    return 1 - (1 - knobs.churn_limit) * relaxed


def most(case: Golden) -> int:
    """m of row 8, from what is written."""
    allowed = math.floor(limit(case) * len(case.written["last"].split()) + 1e-9)
    budget = case.knobs.session_budget
    if budget is None:
        return allowed
    spent = case.written.get("spent", ())
    window = case.knobs.budget_window_s
    left = budget - sum(one["displaced"] for one in spent if one["ago"] <= window)
    return min(allowed, max(0, left))


TRIED = [(case, tried) for case in CASES if (tried := as_brute(case)) is not None]
STEPS = [case for case in CASES if case.expect["trigger"] == "step"]


@pytest.mark.parametrize(("case", "tried"), TRIED, ids=lambda one: getattr(one, "name", ""))
def test_brute_force_over_the_definition_gives_the_expected_slate(
    case: Golden, tried: brute.Case
) -> None:
    slate, _ = brute.best(tried)
    assert " ".join(slate) == case.expect["slate"].replace("*", "")


def test_every_step_is_tried_by_brute_force_unless_its_screen_grew_or_shrank() -> None:
    tried = {case.name for case, _ in TRIED}
    apart = {case.name for case in CASES if "seats" in case.written or case.facts.k}
    assert {case.name for case in STEPS} - tried <= apart
    assert len(tried) > 60


def test_what_a_step_allows_follows_from_limit_and_budget() -> None:
    for case in STEPS:
        if case.expect["epoch"] == "next" and not case.facts.k:
            assert case.expect.get("allowed", 0) == most(case), case.name
