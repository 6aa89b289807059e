"""Indices stay where they are, because a shifted index is another random start."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.recommenders.vocabulary import Vocabulary, continued, in_order_of_appearance

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


nights = st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1), min_size=2, max_size=12)


@given(nights, st.booleans())
def test_an_index_never_moves_while_its_owner_is_in_the_data(
    nights: list[set[str]], remember: bool
) -> None:
    """Whatever comes, goes and comes back, night after night."""
    before = Vocabulary(tuple(sorted(nights[0])))
    for there in nights[1:]:
        now = Vocabulary(tuple(sorted(there, reverse=True)))
        after = continued(before, now, remember=remember)
        for name in there & before.index.keys():
            assert after.index[name] == before.index[name]
        assert there <= after.index.keys()
        assert len(after) >= len(before)
        if not remember:
            assert after.index.keys() == there
        before = after


@given(nights)
def test_a_name_that_left_is_remembered_until_more_have_left_than_are_there(
    nights: list[set[str]],
) -> None:
    before = Vocabulary(tuple(sorted(nights[0])))
    most = len(before)
    for there in nights[1:]:
        now = Vocabulary(tuple(sorted(there)))
        after = continued(before, now, remember=True)
        left = before.index.keys() - there
        most = max(most, 2 * len(there))
        assert len(after) <= most
        if len(left) <= len(there):
            assert after.ids[: len(before)] == before.ids
        before = after


def test_new_names_are_appended_in_their_order_and_take_places_of_who_is_not_remembered() -> None:
    before, now = Vocabulary(("a", "b", "c", "d")), Vocabulary(("y", "d", "x", "a", "z"))
    assert continued(before, now, remember=True).ids == ("a", "b", "c", "d", "y", "x", "z")
    assert continued(before, now, remember=False).ids == ("a", "y", "x", "d", "z")


def test_an_empty_place_has_no_name_that_anybody_could_have() -> None:
    empty = continued(Vocabulary(("a", "b", "c")), Vocabulary(("c",)), remember=False)
    assert empty.ids == ("", "", "c")
    assert len(empty) == 3
    assert empty.indices(["", "a", "c"]).tolist() == [-1, -1, 2]
