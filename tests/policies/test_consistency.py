"""Measures over two slates: published values, and values that are known by eye."""

from __future__ import annotations

import random

import pytest
from rbo_by_definition import rbo_by_definition

from policies.consistency import position_churn, rbo


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("abcdefg", "bacdefg", 0.9),
        ([1, 2, 3, 4, 5, 6, 7], [1, 3, 2, 4, 5, 7, 6, 8], 0.9451585),
        ("abcdefghij", "abcdefghij", 1.0),
        ("abc", "xyz", 0.0),
        ("", "", 1.0),
        ("", "abc", 0.0),
    ],
)
def test_extrapolated_rbo_has_its_published_values(before, after, expected) -> None:  # type: ignore[no-untyped-def]
    assert rbo(before, after) == pytest.approx(expected, abs=1e-12)
    assert rbo(after, before) == pytest.approx(expected, abs=1e-12)


def test_extrapolated_rbo_agrees_with_its_definition_on_random_lists() -> None:
    rng = random.Random(3)
    for _ in range(500):
        items = list("abcdefghijklmnop")
        one, two = (rng.sample(items, rng.randint(1, 12)) for _ in range(2))
        p = rng.choice([0.5, 0.9, 0.98])
        assert rbo(one, two, p) == pytest.approx(rbo_by_definition(one, two, p), abs=1e-12)


def test_position_churn_is_the_share_of_seats_that_show_something_else() -> None:
    assert position_churn("abcde", "abcde") == 0.0
    assert position_churn("abcde", "abxde") == 0.2
    assert position_churn("abcde", "bacde") == 0.4
    assert position_churn("abcde", "abc") == 0.4
    assert position_churn("", "") == 0.0
