"""Who may learn what, and who is asked what."""

from __future__ import annotations

import pandas as pd
import pytest

from recsvc.errors import BadData, BadInput
from recsvc.recommenders.evaluation.splits import (
    Trial,
    global_time,
    leave_last_out,
    trial,
    validation,
)

Row = tuple[str, str, float]


def frame(*rows: Row) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])


def asked(task: Trial) -> dict[str, set[str]]:
    """The relevant items of each user of the trial, by name."""
    items, users = task.train.items.ids, task.train.users.ids
    return {
        users[user]: {items[item] for item in task.relevant[user].indices}
        for user in task.users.tolist()
    }


def test_global_time_cuts_at_the_lower_quantile_and_keeps_it_in_training() -> None:
    rows = [("u", f"i{t}", float(t)) for t in range(20)]
    before, after = global_time(frame(*rows))
    assert before["timestamp"].max() == 17  # position floor(.9 * 19) of 0..19
    assert after["timestamp"].tolist() == [18, 19]


def test_the_validation_period_ends_where_the_test_period_begins() -> None:
    table = frame(*(("u", f"i{t}", float(t)) for t in range(20)))
    before, after = validation(table)
    assert before["timestamp"].tolist() == list(range(16))  # position floor(.8 * 19) of 0..19
    assert after["timestamp"].tolist() == [16, 17]
    known, unseen = global_time(table)
    assert len(before) + len(after) == len(known)
    assert not set(after["timestamp"]) & set(unseen["timestamp"])


def test_leave_last_out_takes_the_last_row_of_equal_times() -> None:
    table = frame(
        ("a", "x", 1), ("a", "y", 5), ("b", "x", 2), ("a", "z", 5), ("c", "y", 9), ("b", "w", 1)
    )
    before, after = leave_last_out(table)
    assert sorted(zip(after["user_id"], after["item_id"], strict=True)) == [("a", "z"), ("b", "x")]
    assert len(before) == 4
    assert "c" in set(before["user_id"]), "one event only: it trains"


def test_only_known_users_and_items_and_new_items_are_asked_for() -> None:
    learnt = [(user, item, 1.0) for user in "abcd" for item in "xy" if (user, item) != ("d", "y")]
    learnt += [("e", item, 1.0) for item in ("v", "w")] * 20
    later = [
        ("a", "v", 9.0),  # counts
        ("a", "x", 9.0),  # bought before
        ("b", "unknown", 9.0),  # an item nobody could rank
        ("stranger", "v", 9.0),  # a user nobody could rank for
        ("d", "y", 9.0),  # counts
    ]
    task = trial(frame(*learnt, *later), "global-time")
    assert asked(task) == {"a": {"v"}, "d": {"y"}}
    assert (task.train_events, task.test_events) == (47, 5)


@pytest.mark.parametrize("split", ["global-time", "leave-last-out", "validation"])
def test_one_user_is_refused(split: str) -> None:
    with pytest.raises(BadData, match="at least two users"):
        trial(frame(("a", "x", 1), ("a", "y", 2)), split)


def test_an_empty_test_period_is_refused() -> None:
    with pytest.raises(BadData, match="test period is empty"):
        trial(frame(("a", "x", 5), ("b", "y", 5), ("a", "z", 5)), "global-time")


def test_nobody_with_two_events_is_refused() -> None:
    with pytest.raises(BadData, match="two events"):
        trial(frame(("a", "x", 1), ("b", "x", 2)), "leave-last-out")


def test_nobody_left_is_refused_with_the_number_left() -> None:
    rows = [("a", "x", 1.0), ("b", "x", 1.0)] * 10 + [("new", "x", 5.0), ("a", "x", 6.0)]
    with pytest.raises(BadData, match="Only 0 of the 2 users"):
        trial(frame(*rows), "global-time")


def test_an_unknown_split_is_told_with_those_there_are() -> None:
    with pytest.raises(BadInput, match="global-time, leave-last-out"):
        trial(frame(("a", "x", 1), ("b", "y", 2)), "random")
