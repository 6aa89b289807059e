"""Two rankings by popularity of four items, where every figure can be worked out by hand."""

from __future__ import annotations

import dataclasses
import math
import pathlib

import pandas as pd
import pytest

from recsvc.data import tables_from_frames
from recsvc.recommenders.artifacts.artifact import load
from recsvc.recommenders.comparison.churn import churn_of, coverage_of, look
from recsvc.recommenders.comparison.later import later_than_both, try_on
from recsvc.recommenders.comparison.lists import Rungs
from recsvc.recommenders.comparison.people import known_to_both, person
from recsvc.recommenders.training.train import train

MANY = [("p", "abc"), ("q", "ab"), ("r", "a")]
A = [*MANY, ("u", "d"), ("v", "d")]
B = [*A, ("s", "cb"), ("t", "ce"), ("w", "c"), ("v", "e"), ("y", "e")]
"""Without d: a 3, b 2, c 1 for A; c 4, a 3, b 3, e 3 for B; v has met e meanwhile."""


def model(home: pathlib.Path, met: list[tuple[str, str]]) -> Rungs:
    rows = [(user, item) for user, items in met for item in items]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id"]).assign(timestamp=range(len(rows)))
    folder = train(
        tables_from_frames(frame), model="popularity", home=home, seed=0, measure=False,
        progress=lambda _: None,
    )  # fmt: skip
    return Rungs(load(home, folder.name))


@pytest.fixture
def two(tmp_path: pathlib.Path) -> tuple[Rungs, Rungs]:
    return model(tmp_path, A), model(tmp_path, B)


def test_churn_counts_what_left_the_list(two: tuple[Rungs, Rungs]) -> None:
    a, b = two
    people = [person(a.artifact, b.artifact, user, None) for user in ("u", "v")]
    seen = look(a, b, people, lambda _: None)
    assert [one.a for one in seen] == [("a", "b", "c"), ("a", "b", "c")]
    assert [set(one.b) for one in seen] == [set("cabe"), set("cab")]
    few = [dataclasses.replace(one, b=("c", "e")) for one in seen]
    churn = churn_of(few, a.artifact)
    assert churn is not None
    assert churn.idle is not None
    assert churn.active is not None
    assert (churn.idle.people, churn.active.people) == (1, 1)
    assert churn.all.churn.mean == pytest.approx(2 / 3)
    assert churn.shift == 2, "c went from the third seat to the first"
    assert churn.position_churn == 1


def test_new_items_are_measured_against_known_ones_that_as_many_people_met(
    two: tuple[Rungs, Rungs],
) -> None:
    a, b = two
    people = [person(a.artifact, b.artifact, user, None) for user in ("u", "v")]
    seen = look(a, b, people, lambda _: None)
    found = coverage_of(seen, a.artifact, b.artifact)
    assert (found.new, found.new_top_10, found.new_top_100) == (1, 1.0, 1.0)
    # three people met e; as did a and b, which are on lists; d, met by two, is in that class too
    assert found.alike == pytest.approx(2 / 3)
    assert found.seats == pytest.approx(1 / 7)


def test_later_events_are_asked_for_once_and_told_to_both_models(two: tuple[Rungs, Rungs]) -> None:
    a, b = two
    rows = [
        ("u", "b", 100), ("v", "c", 101), ("v", "x", 101), ("stranger", "a", 101),
        ("u", "b", 200), ("u", "c", 201), ("v", "c", 202), ("v", "a", 203),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    later = later_than_both(a, b, frame)
    assert set(later["user_id"]) == {"u", "v"}
    told = try_on(a, b, later, windows=2, most=10, seed=0, tell=lambda _: None)
    assert told is not None
    accuracy, gain = told
    first, second = (window.difference for window in accuracy.windows)
    third, half = 1 / math.log2(3), 0.5
    # x is known to neither. u: b is A's second of a b c, B's third of c a b e;
    # v: c is A's third, B's first
    assert first.people == second.people == 2
    assert first.a == pytest.approx((third + half) / 2)
    # then u wants c, of a c and of c a e; v wants a, of a b in both: what was met is gone
    assert second.a == pytest.approx((third + 1) / 2)
    assert second.b == pytest.approx(1.0)
    assert gain is not None
    assert gain.active.people == 1, "v alone has something new in B's data"


def test_those_whom_both_know_are_in_the_comparison(two: tuple[Rungs, Rungs]) -> None:
    assert known_to_both(two[0].artifact, two[1].artifact) == ["p", "q", "r", "u", "v"]


def test_one_who_has_met_everything_has_nothing_to_lose(two: tuple[Rungs, Rungs]) -> None:
    a, b = two
    nobody = look(a, b, [], lambda _: None)
    assert churn_of(nobody, a.artifact) is None
    assert coverage_of(nobody, a.artifact, b.artifact).seats == 0
