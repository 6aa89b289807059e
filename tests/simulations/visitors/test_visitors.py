"""The behaviour model by hand, its directions, and the sensitivity of what it concludes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simulations.eras import train_models
from simulations.shop import make_world
from simulations.study import Study, parse_study
from simulations.visitors.behaviour import PARAMETERS, STANDARD, Behaviour
from simulations.visitors.looks import Looks, drawn, looks_of
from simulations.visitors.model import MEASURES, outcome
from simulations.visitors.results import visitors_of
from simulations.visitors.sensitivity import sensitivity


class Visit:
    """Stands for a visit: only who is who matters here."""


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plays as short as they are written here: a slate is a word, an item a letter."""
    from simulations.visitors import looks

    monkeypatch.setattr(looks, "Look", PlainLook)
    monkeypatch.setattr(looks, "slate_of", lambda look, p: tuple(look.slates[p]))


class PlainLook:
    def __init__(self, visit: Visit, *slates: str) -> None:
        self.visit, self.slates = visit, slates


class PlainMoment:
    def __init__(self, item: str) -> None:
        self.item_id = item


class PlainDone:
    def __init__(self, visit: Visit, item: str) -> None:
        self.visit, self.moment = visit, PlainMoment(item)


def play(*visits: list[tuple[str, ...] | str]) -> Iterator[Any]:
    """A visit is a list of looks (a slate for each policy) and of items turned to."""
    for told in visits:
        visit = Visit()
        for one in told:
            yield PlainDone(visit, one) if isinstance(one, str) else PlainLook(visit, *one)


def columns(*visits: list[tuple[str, ...] | str], k: int = 3) -> Looks:
    policies = len(visits[0][0])
    return looks_of([play(*visits)], policies, k)


def figures(looks: Looks, behaviour: Behaviour = STANDARD) -> dict[str, list[float]]:
    found = outcome(looks, behaviour)
    with np.errstate(invalid="ignore"):
        means = found.values.sum(axis=0) / found.over.sum(axis=0)
    return {name: means[:, n].tolist() for n, name in enumerate(MEASURES)}


def test_columns_tell_what_was_seen_what_changed_and_where_things_stood() -> None:
    looks = columns([("abc", "abc"), ("abd", "cab"), "b", ("abd", "ba"), "c", "a"], [("abc", "x")])
    assert looks.visit.tolist() == [0, 0, 0, 1]
    assert looks.step.tolist() == [0, 1, 2, 0]
    assert looks.seen[:, 0].tolist() == [[0, 0, 0], [1, 1, 0], [2, 2, 1], [0, 0, 0]]
    assert looks.seen[2, 1].tolist() == [2, 2, -1]
    assert looks.changed[1].tolist() == [[False, False, True], [True, True, True]]
    assert looks.changed[2].tolist() == [[False, False, False], [True, False, True]]
    assert looks.sought.tolist() == [False, True, True, False]
    # b is in its seat, and has moved; c is gone from both slates.
    assert (looks.seat[1].tolist(), looks.was[1].tolist()) == ([1, 2], [1, 1])
    assert (looks.seat[2].tolist(), looks.was[2].tolist()) == ([-1, -1], [2, 0])
    assert looks.times[2].tolist() == [1, 2]


def test_one_visit_by_hand() -> None:
    looks = columns([("abc", "abc"), ("abd", "bad"), "b"])
    b = Behaviour(attention=1.0)
    total = 1 + 1 / 2 + 1 / 3
    noticed = 1 / 2  # b stood in seat 2
    ready = 1 / 2
    found = [noticed * 0.88 + 0.5 * 0.5, noticed * 0.53 + 0.5 * 1.0]
    read = [noticed * (ready + 0.5 * 2) + 0.5 * 2, noticed * (ready + 1) + 0.5 * 1]
    changed = [(1 / 3) / total, 1.0]
    dull = [0.1 * (1 + 1 / 2) / total] * 2
    gain = [
        f - 0.02 * 0.5 * r - 0.5 * c - 0.1 * d
        for f, r, c, d in zip(found, read, changed, dull, strict=True)
    ]
    satisfied = [1 / (1 + math.exp(-g)) for g in gain]  # the first look gave nothing
    told = figures(looks, b)
    assert told["found"] == pytest.approx(found)
    assert told["found_again"] == pytest.approx([0.88, 0.53])
    assert told["seconds_again"] == pytest.approx([0.5 * (ready + 0.5 * 2), 0.5 * (ready + 1)])
    assert told["changed"] == pytest.approx([c / 2 for c in changed])
    assert told["satisfaction"] == pytest.approx(satisfied)
    back = [1 / (1 + math.exp(-2 * (2 * s - 1))) for s in satisfied]
    assert told["returns"] == pytest.approx(back)


def test_satisfaction_lasts_from_look_to_look() -> None:
    looks = columns([("abc",), "a", ("abc",), ("abc",)])
    b = Behaviour(irritation=0, boredom=0, price_of_a_second=0, memory=0.5)
    assert figures(looks, b)["satisfaction"] == pytest.approx([1 / (1 + math.exp(-0.25))])


@pytest.mark.parametrize(
    ("better", "worse"),
    [("abc", "bac"), ("bac", "xyz"), ("abc", "xyz")],
    ids=["stayed or moved", "moved or gone", "stayed or gone"],
)
def test_what_was_noticed_is_found_again_more_surely_and_faster_the_less_has_moved(
    better: str, worse: str
) -> None:
    told = figures(columns([("abc", "abc"), (better, worse), "a"]))
    assert told["found_again"][0] > told["found_again"][1]
    assert told["seconds_again"][0] < told["seconds_again"][1]
    assert told["returns"][0] > told["returns"][1]


def test_each_number_works_in_its_direction() -> None:
    """More of what burdens people brings fewer back, and more of what helps them more."""
    looks = columns([("abc", "abc"), ("bad", "abd"), "c", ("bde", "abe"), "b", ("edb", "abe"), "b"])
    helps = {"found_in_place", "found_elsewhere", "wear"}
    for parameter in PARAMETERS:
        if parameter.name in ("attention", "memory", "pull"):
            continue
        low, high = (
            sum(figures(looks, replace(STANDARD, **{parameter.name: value}))["satisfaction"])
            for value in (parameter.low, parameter.high)
        )
        assert (high > low) == (parameter.name in helps), parameter.name


def test_every_number_is_told_with_its_range_and_source() -> None:
    assert [p.name for p in PARAMETERS] == [field.name for field in fields(Behaviour)]
    for parameter in PARAMETERS:
        assert parameter.low <= getattr(STANDARD, parameter.name) <= parameter.high
        assert parameter.source is None or any(c.isdigit() for c in parameter.source)


def test_the_value_at_which_a_conclusion_flips_is_found() -> None:
    def best(behaviour: Behaviour) -> str:
        return "calm" if behaviour.irritation > 0.3 else "fresh"

    found = {row["parameter"]: row for row in sensitivity(best)}
    irritation = found["irritation"]
    assert (irritation["best_low"], irritation["best_high"]) == ("fresh", "calm")
    (flip,) = irritation["flips"]
    assert flip["at"] == pytest.approx(0.3, abs=1e-3)
    assert (flip["from"], flip["to"]) == ("fresh", "calm")
    assert all(row["flips"] == [] for name, row in found.items() if name != "irritation")


def study() -> Study:
    return parse_study(
        {
            "name": "s",
            "world": {},
            "retrain": False,
            "bootstrap": 200,
            "policies": {
                "fresh": {"preset": "fresh"},
                "frozen": {"preset": "frozen"},
                "gentle": {"preset": "gentle"},
                "popularity": {"preset": "fresh", "personal": False},
            },
        }
    )


def test_the_visitors_of_a_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    world = make_world(3, users=250, items=150, days=30, test_days=8).scenario()
    wanted = study()
    models = train_models(world, wanted.model, tmp_path, seed=1, say=lambda _: None)
    told = visitors_of(wanted, world, models[:1], 120)
    assert told == visitors_of(wanted, world, models[:1], 120), "the same every time"
    assert 120 <= told["visits"] < 160
    rows = {row["policy"]: row for row in told["policies"]}
    again = {name: row["figures"]["found_again"]["mean"] for name, row in rows.items()}
    assert again["frozen"] > again["gentle"] > again["fresh"]
    assert (
        rows["frozen"]["figures"]["changed"]["mean"] < rows["fresh"]["figures"]["changed"]["mean"]
    )
    assert rows["fresh"]["against"]["returns"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert told["best"] in {"fresh", "frozen", "gentle"}
    assert len(told["sensitivity"]) == len(PARAMETERS)
    for number in told["sensitivity"]:
        named = {end for flip in number["baseline_flips"] for end in (flip["from"], flip["to"])}
        assert named <= {"fresh", told["best"]}
    for row in rows.values():
        for name in MEASURES:
            figure = row["figures"][name]
            assert figure["low"] <= figure["mean"] <= figure["high"]


def test_visitors_are_drawn_with_all_their_visits(monkeypatch: pytest.MonkeyPatch) -> None:
    visits = make_world(3, users=250, items=150, days=30, test_days=8).scenario().visits
    sample = drawn(visits, 50, 1)
    users = {mine[0].user_id for mine in sample}
    assert sum(map(len, sample)) == sum(visit.user_id in users for visit in visits)
    assert users != {mine[0].user_id for mine in drawn(visits, 50, 2)}
    assert sum(map(len, drawn(visits, 10**9, 1))) == len(visits)
