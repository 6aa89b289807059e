"""Measures over two slates: published values, and values that are known by eye."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from policies.consistency import (
    jaccard,
    kendall,
    mean_shift,
    over_session,
    position_churn,
    rank_list_sensitivity,
    set_churn,
    tau_ap,
    temporal_diversity,
    temporal_novelty,
)


def test_position_churn_is_the_share_of_seats_that_show_something_else() -> None:
    assert position_churn("abcde", "abcde") == 0.0
    assert position_churn("abcde", "abxde") == 0.2
    assert position_churn("abcde", "bacde") == 0.4
    assert position_churn("abcde", "abc") == 0.4
    assert position_churn("", "") == 0.0


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
