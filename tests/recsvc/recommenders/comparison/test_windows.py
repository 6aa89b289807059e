"""Periods to test in follow one another, and nothing is asked that was learnt."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from recsvc.recommenders.comparison.windows import Period, all_of, at_the_end, trial_of

times = pd.Series(np.arange(1000))


@pytest.mark.parametrize(("count", "tested"), [(1, 50), (5, 250), (20, 500)])
def test_windows_at_the_end_are_alike_and_leave_half_of_the_events(count: int, tested: int) -> None:
    periods = at_the_end(times, count)
    assert len(periods) == count
    assert periods[-1].until == 999
    assert sum(((times > p.after) & (times <= p.until)).sum() for p in periods) in (
        tested,
        tested - 1,
    )
    assert all(one.until == two.after for one, two in pairwise(periods))


def test_windows_of_later_events_hold_them_all() -> None:
    periods = all_of(times, -5.0, 4)
    assert periods[0].after == -5.0
    assert [int(((times > p.after) & (times <= p.until)).sum()) for p in periods] == [250] * 4


def test_events_at_one_moment_are_one_window() -> None:
    assert all_of(pd.Series([7, 7, 7]), 3.0, 5) == (Period(3.0, 7.0),)


def test_a_trial_learns_from_before_and_asks_for_what_was_new_in_the_period() -> None:
    rows = [
        ("u", "a", 1), ("v", "b", 1), ("w", "a", 2),
        ("u", "a", 5), ("u", "b", 5), ("v", "a", 6), ("x", "a", 6), ("w", "c", 6), ("w", "b", 9),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    trial = trial_of(frame, Period(2.0, 6.0))
    assert trial is not None
    asked = {
        trial.train.users.ids[user]: [
            trial.train.items.ids[item] for item in trial.relevant[user].indices
        ]
        for user in trial.users.tolist()
    }
    assert asked == {"u": ["b"], "v": ["a"]}
    assert (trial.train_events, trial.test_events) == (3, 5)
    assert trial_of(frame, Period(6.0, 9.0)) is None, "one person is too few"
    assert trial_of(frame, Period(0.0, 2.0)) is None, "there is nothing to learn from"
