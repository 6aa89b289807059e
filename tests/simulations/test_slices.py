"""Slices: everybody in the right one, sums that add up, and losses that are more than chance."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simulations.figures import Tally, sums
from simulations.free import Tried
from simulations.measures import COLUMNS
from simulations.payers import by_event, by_slice, holm
from simulations.scenario import Moment, Visit
from simulations.slices import Cut, Slice, Sliced, slices
from tests.simulations.tallies import tally

USERS = 60


def scenario(users: pd.DataFrame | None = None) -> Any:
    """Sixty visitors with one visit of three events; a, b and c were taken 6, 3 and 1 times."""
    items = "abc"
    visits = tuple(
        Visit(
            f"v{n}",
            f"u{n}",
            (Moment(0.0), *(Moment(1.0 + m, "view", items[n % 3]) for m in range(3))),
        )
        for n in range(USERS)
    )
    taken = ["a"] * 6 + ["b"] * 3 + ["c"] + ["c"] * 90
    times = [0.0] * 10 + [9.0] * 90
    events = pd.DataFrame({"item_id": taken, "timestamp": times})
    return SimpleNamespace(
        tables=SimpleNamespace(interactions=events, users=users), visits=visits, cut=1.0
    )


def records(path: Path, seed: int = 1) -> Path:
    rows = []
    for n in range(USERS):
        for number in range(3):
            for policy in (0, 1):
                row = dict.fromkeys(COLUMNS, 0.0) | {"policy": policy, "user": f"u{n}"}
                row |= {"visit": f"v{n}", "number": number + 1, "seed": seed, "filled": 10}
                row |= {"known": n // 2 + number, "displaced": 4 - 2 * policy, "answers": 1}
                row |= {"ndcg_rest": 0.5 if number < 2 else 0.2}
                rows.append(row)
    part = path / f"part-{seed}.parquet"
    pd.DataFrame(rows).sample(frac=1, random_state=seed).to_parquet(part)
    return part


def sliced(path: Path, users: pd.DataFrame | None = None) -> tuple[Sliced, Tally]:
    parts = [records(path)]
    table = sums(parts, 2, pooled=True)
    found = slices(parts, {1: scenario(users)}, table.visitors, 2, pooled=True)
    return found, table.axes()


def named(cut: Cut) -> dict[str, Slice]:
    return {one.name: one for one in cut.slices}


def test_a_visitor_is_in_one_slice_of_each_cut_and_the_sums_add_up(tmp_path: Path) -> None:
    users = pd.DataFrame(
        {
            "user_id": [f"u{n}" for n in range(USERS)],
            "country": ["Iceland" if n < 4 else f"c{n % 12}" for n in range(USERS)],
            "age": np.arange(USERS) + 0.5,
        }
    )
    found, whole = sliced(tmp_path, users)
    assert [cut.name for cut in found.visitors] == [
        "profile",
        "activity",
        "popularity",
        "users.country",
        "users.age",
    ]
    for cut in found.visitors:
        assert sum(one.visitors for one in cut.slices).tolist() == [1] * USERS, cut.name
        values = sum(one.tally.values.sum(axis=0) for one in cut.slices)
        assert values == pytest.approx(whole.values.sum(axis=0)), cut.name
    for cut in (found.known, found.course):
        over = sum(one.tally.over.sum(axis=0) for one in cut.slices)
        assert over == pytest.approx(whole.over.sum(axis=0)), cut.name


def test_who_is_known_for_what_and_how_far_the_visit_had_gone(tmp_path: Path) -> None:
    found, _ = sliced(tmp_path)
    profile, activity, popularity = (named(cut) for cut in found.visitors)
    # Of u0 and u1 nothing was known at first, of u2 to u11 one to five items.
    assert profile["0"].visitors.sum() == 2
    assert profile["1\N{EN DASH}5"].visitors.sum() == 10
    assert activity["2\N{EN DASH}5"].visitors.all()
    # What came after the cut says nothing of how well known things were before it.
    assert popularity["among the best known"].visitors.sum() == 20
    assert popularity["little known"].visitors.sum() == 20
    course = named(found.course)
    assert {name for name, one in course.items() if one.told} == {"1", "2", "3\N{EN DASH}5"}
    late = course["3\N{EN DASH}5"].tally
    assert (late.values[..., 1] / late.over[..., 1]).mean() == pytest.approx(0.2)
    early = course["1"].tally
    assert (early.values / early.over).mean(axis=0) == pytest.approx(
        np.array([[0.4, 0.5], [0.2, 0.5]])
    )


def test_small_slices_are_left_out_and_named() -> None:
    small, large = tally([0.2, 0.1], [0, 0], visitors=19), tally([0.2, 0.1], [0, 0], visitors=80)
    cut = Cut(
        "profile",
        "known",
        (Slice("few", small, np.ones(19, bool)), Slice("many", large, np.ones(80, bool))),
    )
    (told,) = by_slice([cut], {0: "fresh", 1: "calm"}, Tried(("fresh", "calm"), (1,), 0), 100, 1)
    assert [row["slice"] for row in told["slices"]] == ["many"]
    assert told["left_out"] == [{"slice": "few", "visitors": 19}]
    event = by_event(cut, {0: "fresh", 1: "calm"}, 0, 100, 1)
    assert event["left_out"] == told["left_out"]
    assert "free" not in event["slices"][0]


def test_one_slice_that_pays_is_found_and_chance_is_not() -> None:
    """Of 25 slices one loses 5 %; of those that lose nothing, chance alone would name one."""
    cuts = []
    for number in range(25):
        lost = -0.05 if number == 7 else 0.0
        found = tally([0.2, 0.1], [0.0, lost], visitors=150, seed=number)
        mask = np.ones(150, bool)
        cuts.append(Cut(f"c{number}", "", (Slice("one", found, mask),)))
    told = by_slice(cuts, {0: "fresh", 1: "calm"}, Tried(("fresh", "calm"), (1,), 0), 400, 1)
    sure = [cut["name"] for cut in told if cut["slices"][0]["policies"][1]["sure"]]
    assert sure == ["c7"]


def test_chances_are_corrected_as_holm_says() -> None:
    found = holm([0.01, 0.04, float("nan"), 0.03, 0.9])
    assert found[[0, 1, 3, 4]] == pytest.approx([0.04, 0.09, 0.09, 0.9])
    assert np.isnan(found[2])
