"""By how much a newcomer is better than who left for it: right by another computation."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from itertools import permutations
from typing import Any

import brute
import numpy as np
import pytest
from cases import ITEMS, Case, before, cases, ids, law, steps
from given import KNOBS, NOW, facts, offer, shown, slate
from hypothesis import given
from hypothesis import strategies as st

import policies.worth
from policies import Decision, decide, held
from policies.explain import counterparts


def gaps(answer: Decision) -> dict[str, float | None]:
    return {change.item_id: change.gap for change in answer.state.changes}


def by_reason(answer: Decision, reason: str) -> list[str]:
    return [change.item_id for change in answer.state.changes if change.reason == reason]


def pairs(case: Case, answer: Decision) -> list[tuple[str, str]]:
    """Newcomer and leaver: those who share a seat first, the rest by falling score, then by id."""
    assert case.offered is not None
    came, left = by_reason(answer, "better_match"), by_reason(answer, "displaced")
    was, now = ids(before(case)), ids(answer.state)
    found = [(a, b) for a in came for b in left if now.index(a) == was.index(b)]
    eligible = {i: s for i, s in case.offered.score_of.items() if i not in case.facts.gone}
    huge = max(map(abs, eligible.values()), default=0.0) > 1e290
    grid = brute.quantised({i: s / 4 for i, s in eligible.items()} if huge else eligible)
    rest = [
        sorted(set(side) - {pair[n] for pair in found}, key=lambda item: (-grid[item], item))
        for n, side in enumerate((came, left))
    ]
    return [*found, *zip(*rest, strict=True)]


def deviations_between(case: Case, newcomer: str, leaver: str) -> tuple[float, float]:
    """The gap, in exact fractions but for one root; and how far the grid may move it."""
    assert case.offered is not None
    eligible = [i for i in case.offered.item_ids if i not in case.facts.gone]
    exact = {item: Fraction(case.offered.score_of[item]) for item in eligible}
    spread = max(exact.values()) - min(exact.values())
    mean = sum(exact.values()) / len(exact)
    variance = sum((score - mean) ** 2 for score in exact.values()) / len(exact)
    deviation = math.sqrt(variance / spread**2)
    gap = float((exact[newcomer] - exact[leaver]) / spread) / deviation
    return gap, 2**-20 / deviation


@law
@given(steps())
def test_a_gap_is_the_difference_of_two_scores_in_standard_deviations(case: Case) -> None:
    answer = case.decide()
    if answer.state.epoch == before(case).epoch or not by_reason(answer, "displaced"):
        return
    told = gaps(answer)
    for newcomer, leaver in pairs(case, answer):
        exact, grain = deviations_between(case, newcomer, leaver)
        told_gap = told[newcomer]
        assert told_gap == told[leaver]
        assert told_gap is not None
        assert told_gap == round(told_gap, 3)
        assert told_gap == pytest.approx(exact, abs=0.0005 + grain + 1e-9)


def drifting(seed: int, **knobs: Any) -> Case:
    """A step of five seats after scores have drifted; no ties."""
    rng = np.random.default_rng(seed)
    old = rng.normal(size=len(ITEMS))
    top = "".join(ITEMS[n] for n in np.argsort(-old)[:5])
    scores = dict(zip(ITEMS, (0.6 * old + rng.normal(size=len(ITEMS))).tolist(), strict=True))
    usual = {"churn_limit": 0.6, **knobs}
    return Case(replace(KNOBS, **usual), slate(top), offer(scores), facts())


MOVING: dict[str, dict[str, Any]] = {
    "nothing moves": {},
    "nothing moves, dcg": {"seat_weights": "dcg"},
    "a window": {"seat_weights": "dcg", "max_shift": 1},
    "free order": {"seat_weights": "dcg", "max_shift": None, "margin": 0.2},
}


@pytest.mark.parametrize("knobs", MOVING.values(), ids=MOVING)
def test_gaps_are_right_where_newcomers_share_no_seat_with_who_left(knobs: dict[str, Any]) -> None:
    seen: Counter[bool] = Counter()
    for seed in range(150):
        case = drifting(seed, **knobs)
        answer = case.decide()
        if answer.state.epoch == before(case).epoch:
            continue
        was, now, told = ids(before(case)), ids(answer.state), gaps(answer)
        for newcomer, leaver in pairs(case, answer):
            exact, grain = deviations_between(case, newcomer, leaver)
            assert told[newcomer] == told[leaver] == pytest.approx(exact, abs=0.0005 + grain)
            assert exact > 0
            seen[now.index(newcomer) == was.index(leaver)] += 1
    assert seen[True] > 100
    assert (seen[False] > 100) == (case.knobs.max_shift != 0)


@law
@given(cases(undo=True))
def test_every_displacement_but_a_picks_has_a_gap_and_nothing_else_has_one(case: Case) -> None:
    answer = case.decide()
    if answer.state.epoch == before(case).epoch:
        return
    others = counterparts(answer.state.changes)
    picked = {seat.item_id for seat in answer.state.seats if seat.reason == "editors_pick"}
    for change in answer.state.changes:
        chosen = change.reason in ("better_match", "displaced")
        by_pick = chosen and not picked.isdisjoint((change.item_id, others[change.item_id]))
        assert (change.gap is not None) == (chosen and not by_pick), change
    assert len(by_reason(answer, "better_match")) == len(by_reason(answer, "displaced"))


@law
@given(steps(), st.randoms(use_true_random=False))
def test_the_order_of_candidates_moves_no_gap(case: Case, rng: Any) -> None:
    assert case.offered is not None
    order = list(range(len(case.offered.item_ids)))
    rng.shuffle(order)
    items = tuple(case.offered.item_ids[n] for n in order)
    mixed = replace(case.offered, item_ids=items, scores=case.offered.scores[order])
    assert gaps(case.decide()) == gaps(case.decide(offered=mixed))


def test_a_gap_that_ends_between_two_thousandths_is_the_same_in_any_order() -> None:
    """It is 4.5 of a deviation of 1.6, whose last digit depends on the order: 2.8125."""
    scores = {"a": 2.8, "b": 0.3, "c": 0.6, "d": 2.8, "v": 3.7, "w": 4.8}
    knobs = replace(KNOBS, k=4, churn_limit=0.25)
    found = set()
    for items in permutations(scores):
        offered = offer({item: scores[item] for item in items})
        told = gaps(decide(knobs, slate("abcd"), offered, facts(), NOW))
        found.add((told["w"], told["b"]))
    assert found == {(2.813, 2.813)}


def test_scores_far_from_zero_or_of_any_size_have_the_gaps_of_small_ones() -> None:
    small = {"a": 4.0, "b": 3.0, "c": 2.0, "d": 1.0, "e": 0.0, "v": 9.0, "w": 5.0}
    plain = gaps(decide(KNOBS, slate(), offer(small), facts(), NOW))
    assert (plain["v"], plain["w"]) == (round(8 / 2.77013, 3), round(5 / 2.77013, 3))
    for scale, shift in ((1.0, 1e6), (1e-150, 0.0), (1e150, 0.0), (1e300, -4e300), (1.0, -4.0)):
        moved = {item: score * scale + shift for item, score in small.items()}
        assert gaps(decide(KNOBS, slate(), offer(moved), facts(), NOW)) == plain


def test_an_answer_without_a_displacement_works_out_no_deviation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[int] = []

    def counted(scores: Any, *_: float) -> float:
        asked.append(len(scores))
        return 1.0

    monkeypatch.setattr(policies.worth, "_deviation", counted)
    quiet = decide(KNOBS, slate(), offer(), facts(0), NOW)
    refill = decide(KNOBS, slate(), offer(), facts(0, gone={"c": "withdrawn"}), NOW)
    begins = decide(KNOBS, None, offer(), facts(0), NOW)
    assert (shown(quiet), shown(refill)) == ("abcde", "abvde")
    assert len(begins.state.changes) == 5
    assert asked == []
    decide(KNOBS, slate(), offer(), facts(), NOW)
    assert asked == [10]


def test_an_answer_that_repeats_an_epoch_repeats_gaps_and_rule() -> None:
    step = decide(KNOBS, slate(), offer(), facts(), NOW)
    rule = decide(KNOBS, slate(), offer(), facts(refresh_rule="when"), NOW)
    assert (step.state.rule, rule.state.rule) == (None, "when")
    for first in (step, rule):
        later = decide(KNOBS, first.state, None, facts(), NOW + 1)
        kept = held(KNOBS, first.state, facts(), NOW + 1)
        assert kept is not None
        for again in (later, kept):
            assert again.state.epoch == first.state.epoch
            assert (again.state.changes, again.state.rule) == (
                first.state.changes,
                first.state.rule,
            )


def test_the_next_epoch_forgets_the_rule_of_the_last_one() -> None:
    first = decide(KNOBS, slate(), offer(), facts(refresh_rule="when"), NOW)
    gone = {first.state.seats[0].item_id: "withdrawn"}
    after = decide(KNOBS, first.state, offer(), facts(gone=gone, hold_rule="other"), NOW + 1)
    assert after.state.epoch == first.state.epoch + 1
    assert (after.rule, after.state.rule) == ("other", None)
