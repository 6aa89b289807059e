"""Indices stay where they are, because a shifted index is another random start."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.recommenders.vocabulary import Vocabulary, in_order_of_appearance

events = st.lists(st.tuples(st.sampled_from("zyxwabc"), st.integers(0, 9)), min_size=1)


def vocabulary(rows: list[tuple[str, int]]) -> Vocabulary:
    frame = pd.DataFrame(rows, columns=["name", "t"])
    return in_order_of_appearance(frame["name"], frame["t"])


@given(events, events)
def test_later_events_only_append(
    before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    later = [(name, t + 100) for name, t in after]
    old, new = vocabulary(before), vocabulary(before + later)
    assert new.ids[: len(old)] == old.ids
    assert set(new.ids) == {name for name, _ in before + later}


@given(events, st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows: list[tuple[str, int]], random: object) -> None:
    shuffled = rows.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert vocabulary(rows).ids == vocabulary(shuffled).ids


def test_first_by_time_then_by_id() -> None:
    assert vocabulary([("b", 5), ("c", 1), ("a", 5), ("b", 1)]).ids == ("b", "c", "a")


def test_ids_stay_text_and_unknown_names_are_minus_one() -> None:
    known = vocabulary([("007", 1), ("7", 2)])
    assert known.indices(["7", "007", "7.0"]).tolist() == [1, 0, -1]


def test_an_id_cannot_be_there_twice() -> None:
    with pytest.raises(ValueError, match="twice"):
        Vocabulary(("a", "a"))
