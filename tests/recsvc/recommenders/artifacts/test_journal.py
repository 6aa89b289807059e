"""The journal of promotions: nothing is lost, and it leads back the way that was taken."""

from __future__ import annotations

import pathlib

import pytest

from recsvc.recommenders.artifacts.journal import NAME, Act, Entry, add, entries, line, written


def entry(before: str | None, after: str, act: Act = "promote", number: int = 1) -> Entry:
    return Entry(time=1.5, number=number, act=act, before=before, after=after, reason="so")


A_B_C = (entry(None, "a"), entry("a", "b"), entry("b", "c"))


@pytest.mark.parametrize(
    ("found", "now", "way"),
    [
        ((), None, ()),
        ((), "a", ("a",)),
        (A_B_C, "c", ("a", "b", "c")),
        ((*A_B_C, entry("c", "b", "rollback")), "b", ("a", "b")),
        ((*A_B_C, entry("c", "b", "rollback"), entry("b", "d")), "d", ("a", "b", "d")),
        ((*A_B_C, entry("c", "a")), "a", ("a", "b", "c", "a")),
        ((*A_B_C, entry("c", "a"), entry("a", "c", "rollback")), "c", ("a", "b", "c")),
        ((entry("older", "b"),), "b", ("older", "b")),
        (A_B_C, "b", ("a", "b")),
        (A_B_C, "x", ("a", "b", "c", "x")),
        (A_B_C, None, ("a", "b", "c")),
    ],
)
def test_the_way_to_the_live_model_leaves_out_what_was_rolled_back(
    found: tuple[Entry, ...], now: str | None, way: tuple[str, ...]
) -> None:
    assert line(found, now) == way


def test_entries_come_back_as_they_were_written(tmp_path: pathlib.Path) -> None:
    assert entries(tmp_path) == ()
    for one in A_B_C:
        with written(tmp_path) as log:
            add(log, one)
    assert entries(tmp_path) == A_B_C
    first = (tmp_path / NAME).read_text().splitlines()[1]
    assert '"from":"a","to":"b"' in first


def test_a_torn_line_costs_itself_alone(tmp_path: pathlib.Path) -> None:
    with written(tmp_path) as log:
        add(log, A_B_C[0])
    with (tmp_path / NAME).open("ab") as file:
        file.write(b'{"time":1.5,"numb')
    with written(tmp_path) as log:
        add(log, A_B_C[1])
    assert entries(tmp_path) == A_B_C[:2]
