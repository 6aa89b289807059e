"""Measures over two slates: published values, and values that are known by eye."""

from __future__ import annotations

import random
from itertools import combinations

import pytest
from rbo_by_definition import rbo_by_definition

from policies.consistency import (
    average_overlap,
    jaccard,
    kendall,
    mean_shift,
    over_session,
    position_churn,
    rank_list_sensitivity,
    rbo,
    rbo_truncated,
    set_churn,
    tau_ap,
    temporal_diversity,
    temporal_novelty,
)


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


def test_truncated_rbo_of_identical_lists_is_what_was_seen() -> None:
    assert rbo_truncated("abcdefghij", "abcdefghij") == pytest.approx(0.6513, abs=5e-5)
    assert rbo_truncated("abc", "xyz") == 0.0
    assert rbo_truncated("abcdefg", "bacdefg") < rbo("abcdefg", "bacdefg")


def test_average_overlap_has_the_published_values() -> None:
    expected = [0.0, 0.0, 0.222, 0.292, 0.313, 0.317, 0.312]
    found = [average_overlap("abcdefg", "zcavwxy", depth) for depth in range(1, 8)]
    assert found == pytest.approx(expected, abs=5e-4)


def test_what_stays_what_leaves_and_what_moves() -> None:
    assert set_churn("abcde", "abxde") == 0.2
    assert set_churn("abcde", "edcba") == 0.0
    assert set_churn("", "abc") == 0.0
    assert jaccard("abcd", "abef") == pytest.approx(2 / 6)
    assert jaccard("", "") == 1.0
    assert mean_shift("abcde", "bacdx") == pytest.approx(2 / 4)
    assert mean_shift("abc", "xyz") == 0.0


@pytest.mark.parametrize(
    ("before", "after", "penalty", "expected"),
    [
        ("abc", "abc", 0.5, 0.0),
        ("abc", "cba", 0.5, 3 / (9 + 3)),
        ("abc", "xyz", 0.5, 1.0),
        ("abc", "xyz", 0.0, 1.0),
        # b and c are told apart by the first list alone; a stands above both in each.
        ("abc", "axy", 0.5, (4 + 2 * 0.5) / 12),
        ("ab", "bx", 0.5, (1 + 1) / 5),
        ("", "", 0.5, 0.0),
    ],
)
def test_kendall_counts_pairs_as_fagin_does(
    before: str, after: str, penalty: float, expected: float
) -> None:
    assert kendall(before, after, penalty) == pytest.approx(expected)
    assert kendall(after, before, penalty) == pytest.approx(expected)


def test_kendall_agrees_with_its_cases_on_random_lists() -> None:
    """The four cases of the paper, written out."""
    rng = random.Random(5)
    for _ in range(200):
        one, two = (rng.sample("abcdefghij", rng.randint(1, 6)) for _ in range(2))
        p = rng.choice([0.0, 0.5, 1.0])
        count = 0.0
        for i, j in combinations(sorted({*one, *two}), 2):
            in_one, in_two = {i, j} & {*one}, {i, j} & {*two}
            if len(in_one) == len(in_two) == 2:
                count += (one.index(i) < one.index(j)) != (two.index(i) < two.index(j))
            elif len(in_one) == 2 and len(in_two) == 1:
                there, away = in_two, {i, j} - in_two
                count += one.index(*away) < one.index(*there)
            elif len(in_two) == 2 and len(in_one) == 1:
                there, away = in_one, {i, j} - in_one
                count += two.index(*away) < two.index(*there)
            elif len(in_one) == len(in_two) == 1:
                count += 1
            else:
                count += p
        pairs = sum(len(each) * (len(each) - 1) / 2 for each in (one, two))
        assert kendall(one, two, p) == pytest.approx(count / (len(one) * len(two) + p * pairs))


def test_tau_ap_weighs_the_top_most() -> None:
    assert tau_ap("abcde", "abcde") == 1.0
    assert tau_ap("abcde", "edcba") == -1.0
    assert tau_ap("a", "b") == 1.0
    # The swap at the top costs more than the same swap at the end.
    assert tau_ap("abcde", "bacde") < tau_ap("abcde", "abced") < 1.0
    # 2/4 * (0/1 + 2/2 + 3/3 + 4/4) - 1
    assert tau_ap("abcde", "bacde") == pytest.approx(0.5)
    # x and y are both unknown to the first list: their own order counts a half.
    assert tau_ap("abc", "axy") == pytest.approx(2 / 2 * (1 + (1 + 0.5) / 2) - 1)


def test_measures_over_time_and_over_people() -> None:
    assert temporal_diversity("abcde", "abcxy") == pytest.approx(2 / 5)
    assert temporal_novelty(["abcde", "fghij"], "abfxy") == pytest.approx(2 / 5)
    assert temporal_diversity("abc", "") == temporal_novelty([], "") == 0.0
    pairs = [("abc", "abc"), ("abc", "xyz")]
    assert rank_list_sensitivity(pairs) == rank_list_sensitivity(pairs, jaccard) == 0.5
    assert rank_list_sensitivity([]) == 1.0
    assert over_session(["ab", "ab", "xy"], set_churn) == 0.5
    assert over_session(["ab"], set_churn) is None
