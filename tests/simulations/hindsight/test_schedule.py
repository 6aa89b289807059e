"""The best schedule: as a flow, as a linear programme, and by trying all."""

from __future__ import annotations

import numpy as np
import pytest
from hindsight.schedules import Case, by_all, by_flow, cases, legal

from simulations.hindsight import Window, best_schedule, schedule_bound


def found(case: Case) -> float:
    return best_schedule(case.scores, case.eligible, case.k, case.limit, case.start).value


def test_flow_and_programme_find_what_trying_all_finds() -> None:
    for case in cases(600, 1):
        truth = by_all(case)
        assert by_flow(case) == pytest.approx(truth, abs=1e-9), case
        assert found(case) == pytest.approx(truth, abs=1e-9), case
        bound = schedule_bound(case.scores, case.eligible, case.k, case.limit, (), case.start)
        assert bound == pytest.approx(truth, abs=1e-9), case


def test_the_small_cases_hold_what_is_difficult() -> None:
    every = list(cases(600, 1))
    assert sum(c.start is not None for c in every) > 200
    assert sum(0 in c.limit[1:] for c in every) > 200
    assert sum((c.eligible.sum(axis=1) < c.k).any() for c in every) > 200
    assert sum((c.eligible[:-1] & ~c.eligible[1:]).any() for c in every) > 200


def test_slates_are_legal_and_worth_what_is_said() -> None:
    for case in cases(300, 2):
        schedule = best_schedule(case.scores, case.eligible, case.k, case.limit, case.start)
        before = None if case.start is None else frozenset(case.start)
        worth = 0.0
        for step, slate in enumerate(schedule.slates):
            assert legal(case, before, frozenset(slate), step) is not None, case
            worth += float(case.scores[step, list(slate)].sum())
            before = frozenset(slate)
        assert schedule.value == pytest.approx(worth)


def test_a_larger_case_agrees_with_the_flow() -> None:
    """Items come in by their prices there."""
    rng = np.random.default_rng(3)
    for noise in (0.2, 1.0):
        scores = rng.normal(size=(8, 40)) * noise + rng.normal(size=40)
        eligible = rng.random((8, 40)) < 0.9
        case = Case(scores, eligible, 4, [0, 1, 1, 0, 2, 1, 1, 1], [0, 1, 2, 3])
        assert found(case) == pytest.approx(by_flow(case), abs=1e-9)


def test_an_item_that_is_never_among_the_best_is_found() -> None:
    """Eight other items are best at each step; the one that is always good is best to have."""
    steps = 12
    scores = np.zeros((steps, 100))
    for t in range(steps):
        scores[t, :96] = 10.0 * (np.arange(96) % steps == t)
    scores[:, 98] = 9.0
    eligible = np.ones(scores.shape, dtype=bool)
    eligible[1::2, 97] = False  # or the steps would be joined
    schedule = best_schedule(scores, eligible, 1, [1] + [0] * (steps - 1), [99])
    assert schedule.slates == ((98,),) * steps


def test_a_total_budget_is_bounded_by_the_programme() -> None:
    over = 0
    for case in cases(250, 4):
        budget = Window(tuple(range(len(case.limit))), 1)
        whole = by_all(case, [budget])
        bound = schedule_bound(case.scores, case.eligible, case.k, case.limit, [budget], case.start)
        assert bound >= whole - 1e-9, case
        assert bound <= by_all(case) + 1e-9
        over += bound > whole + 1e-6
    assert over < 25  # mostly it is the very optimum


def test_under_a_total_budget_the_programme_is_not_integral() -> None:
    """One displacement for the whole visit; the programme takes half of one twice."""
    scores = np.array([[0.0, 0, 3], [3, 3, 3], [2, 0, 3], [2, 3, 0]])
    eligible = np.ones((4, 3), dtype=bool)
    eligible[1, 2] = False
    case = Case(scores, eligible, 2, [2, 2, 2, 2], [1, 2])
    budget = Window((0, 1, 2, 3), 1)
    bound = schedule_bound(scores, eligible, 2, case.limit, [budget], case.start)
    assert by_all(case, [budget]) == 16.0
    assert bound == pytest.approx(17.5)


def test_what_cannot_be_a_schedule_is_refused() -> None:
    one = np.zeros((2, 3))
    every = np.ones((2, 3), dtype=bool)
    with pytest.raises(ValueError, match="do not fit"):
        best_schedule(one, every, 1, [0])
    with pytest.raises(ValueError, match="at least one step"):
        best_schedule(one[:0], every[:0], 1, [])
    with pytest.raises(ValueError, match="k is at least 1"):
        best_schedule(one, every, 0, [0, 0])
    with pytest.raises(ValueError, match="each once"):
        best_schedule(one, every, 2, [0, 0], [1, 1])
    with pytest.raises(ValueError, match="finite"):
        best_schedule(np.full((2, 3), np.nan), every, 1, [0, 0])
    away = np.array([[np.nan, 1.0]])
    assert best_schedule(away, np.array([[False, True]]), 1, [0]).value == 1.0
