"""The change between two models: how sure it is, and what could have been seen."""

from __future__ import annotations

import numpy as np
import pytest

from recsvc.recommenders.comparison.paired import Pairs, difference, mean_of


def pairs(a: np.ndarray, b: np.ndarray, who: np.ndarray | None = None) -> Pairs:
    names = np.arange(len(a)) if who is None else who
    return Pairs(names.astype(np.str_), a, b)


def drawn(rng: np.random.Generator, people: int, change: float, noise: float = 0.3) -> Pairs:
    a = rng.gamma(2.0, 0.5, people)
    return pairs(a, a * (1 + change) + rng.normal(0, noise, people))


def test_a_change_that_is_the_same_for_everybody_is_known_exactly() -> None:
    a = np.array([0.1, 0.4, 0.2])
    found = difference(pairs(a, 1.1 * a))
    assert found.change is not None
    assert found.change.mean == pytest.approx(0.1)
    assert found.change.high - found.change.low == pytest.approx(0, abs=1e-9)


def test_equal_models_have_no_change_and_no_smallest_visible_one() -> None:
    a = np.array([0.1, 0.4, 0.2])
    found = difference(pairs(a, a))
    assert found.change is not None
    assert (found.change.low, found.change.high, found.visible) == (0.0, 0.0, None)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(600):
        change = difference(drawn(rng, 60, -0.05)).change
        assert change is not None
        held += change.low <= -0.05 <= change.high
    assert 0.93 <= held / 600 <= 0.975


def test_the_smallest_visible_change_is_seen_four_times_out_of_five() -> None:
    rng = np.random.default_rng(2)
    visible = float(np.mean([difference(drawn(rng, 200, 0.0)).visible for _ in range(50)]))
    seen = 0
    for _ in range(600):
        change = difference(drawn(rng, 200, -visible)).change
        assert change is not None
        seen += change.high < 0
    assert 0.75 <= seen / 600 <= 0.85


def test_the_trials_of_one_person_in_many_windows_do_not_count_as_many_people() -> None:
    rng = np.random.default_rng(3)
    once = drawn(rng, 100, 0.1)
    four = pairs(np.tile(once.a, 4), np.tile(once.b, 4), np.tile(np.arange(100), 4))
    one, many = difference(once), difference(four)
    assert many.people == 100
    assert one.change is not None
    assert many.change is not None
    assert many.change.low == pytest.approx(one.change.low)
    assert many.visible == pytest.approx(one.visible)


@pytest.mark.parametrize("a", [np.zeros(0), np.array([0.5]), np.zeros(5)])
def test_nothing_is_said_of_too_few_people_or_of_a_model_that_never_hits(a: np.ndarray) -> None:
    found = difference(pairs(a, a + 0.1))
    assert found.change is None
    assert found.visible is None


def test_parts_are_pooled_and_no_part_at_all_is_nobody() -> None:
    rng = np.random.default_rng(4)
    whole = drawn(rng, 10, 0.0)
    parts = [Pairs(whole.who[s], whole.a[s], whole.b[s]) for s in (slice(4), slice(4, 10))]
    assert difference(Pairs.pooled(parts)) == difference(whole)
    assert difference(Pairs.pooled([])).people == 0


def test_a_mean_of_one_person_has_no_width() -> None:
    assert mean_of(np.array([0.2])).low == mean_of(np.array([0.2])).high == 0.2
