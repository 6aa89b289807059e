"""Figures and intervals: means that are known, intervals that cover, policies compared in pairs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simulations.draws import stream
from simulations.figures import MEASURES, figures_of, sums
from simulations.frontier import Point, frontier, knee, on_front
from simulations.intervals import draws
from simulations.measures import COLUMNS

NAMES = [measure.name for measure in MEASURES]


def records(path: Path, visitors: int = 60, *, noise: float = 1.0, seed: int = 1) -> list[Path]:
    """Two policies over the same visitors; the second is 10 % better and 50 % calmer."""
    rng = np.random.default_rng(seed)
    rows = []
    for user in range(visitors):
        base = max(0.0, 0.4 + noise * rng.normal(0, 0.15))
        for number in range(int(rng.integers(1, 6))):
            for policy, (more, moves) in enumerate([(1.0, 4), (1.1, 2)]):
                row = dict.fromkeys(COLUMNS, 0)
                row |= {"policy": policy, "user": f"u{user}", "visit": f"v{user}", "seed": 1}
                row |= {"number": number, "filled": 10, "displaced": moves, "known": user}
                row |= {"ndcg_rest": base * more, "rbo": 1.0, "truth": np.nan, "sought": 4}
                row |= {"refound": 3, "largest": moves, "answers": 2, "steps": 1}
                rows.append(row)
    halves = np.array_split(np.arange(len(rows)), 2)
    parts = []
    for n, half in enumerate(halves):
        part = path / f"part-{n}.parquet"
        pd.DataFrame([rows[i] for i in half]).to_parquet(part)
        parts.append(part)
    return parts


def test_a_figure_is_the_mean_over_events_and_changes_are_paired(tmp_path: Path) -> None:
    parts = records(tmp_path)
    table = sums(parts, 2, pooled=True)
    own, against = figures_of(table.sampled(draws(60, 400, 1)), 0)
    rows = pd.concat([pd.read_parquet(part) for part in parts])
    for policy in (0, 1):
        mine = rows[rows["policy"] == policy]
        assert own[policy]["ndcg_rest"]["mean"] == pytest.approx(mine["ndcg_rest"].mean(), abs=1e-6)
    assert own[0]["churn"]["mean"] == pytest.approx(0.4)
    assert own[0]["refinding"] == {"mean": 0.75, "low": 0.75, "high": 0.75}
    assert own[0]["truth"] is None
    assert own[0]["ndcg_rest"]["low"] < own[0]["ndcg_rest"]["mean"] < own[0]["ndcg_rest"]["high"]
    # Every visitor gains the same: the difference is known exactly, however noisy the figures.
    assert against[1]["ndcg_rest"] == {"mean": 0.1, "low": 0.1, "high": 0.1}
    assert against[1]["churn"] == {"mean": -0.5, "low": -0.5, "high": -0.5}
    assert against[0]["ndcg_rest"]["mean"] == 0.0
    assert table.counts["largest"].tolist() == [4, 2]
    assert table.counts["answers"].tolist() == (table.counts["steps"] * 2).tolist()


def test_seeds_that_met_the_same_visitors_count_each_once(tmp_path: Path) -> None:
    parts = records(tmp_path)
    other = [part.with_name(f"again-{part.name}") for part in parts]
    for part, copy in zip(parts, other, strict=True):
        pd.read_parquet(part).assign(seed=2).to_parquet(copy)
    assert len(sums([*parts, *other], 2, pooled=True).values) == 60
    assert len(sums([*parts, *other], 2, pooled=False).values) == 120


def test_intervals_cover_the_truth_about_as_often_as_they_say(tmp_path: Path) -> None:
    covered = 0
    for seed in range(200):
        table = sums(records(tmp_path, 40, seed=seed), 2, pooled=True)
        own, _ = figures_of(table.sampled(draws(40, 200, seed)), 0)
        figure = own[0]["ndcg_rest"]
        covered += figure["low"] <= 0.4 <= figure["high"]
    assert 0.88 <= covered / 200 <= 0.99


def test_a_change_against_nothing_is_no_figure(tmp_path: Path) -> None:
    """Where hardly anybody's slate changes, some samples divide by zero."""
    parts = records(tmp_path)
    for part in parts:
        rows = pd.read_parquet(part)
        rows["displaced"] = (rows["user"] == "u7").astype(int) * rows["displaced"]
        rows.to_parquet(part)
    own, against = figures_of(sums(parts, 2, pooled=True).sampled(draws(60, 400, 1)), 0)
    assert own[0]["churn"] is not None
    assert against[1]["churn"] is None


def test_what_nobody_looked_at_again_is_not_followed(tmp_path: Path) -> None:
    parts = records(tmp_path)
    for part in parts:
        rows = pd.read_parquet(part)
        last = rows["number"] == 0
        rows.loc[last, ["answers", "displaced"]] = 0
        rows.loc[last, "rbo"] = np.nan
        rows.to_parquet(part)
    own, _ = figures_of(sums(parts, 2, pooled=True).sampled(draws(60, 200, 1)), 0)
    assert own[0]["churn"]["mean"] == pytest.approx(0.4)
    assert own[0]["rbo"] == {"mean": 1.0, "low": 1.0, "high": 1.0}


def test_one_purpose_never_disturbs_another() -> None:
    one, two = stream(1, "a").random(3).tolist(), stream(1, "b").random(3).tolist()
    assert one == stream(1, "a").random(3).tolist() != two
    assert stream(1, "a", "b").random() != stream(1, "ab").random()


def test_the_frontier_holds_what_no_other_policy_beats() -> None:
    points = [
        Point("fresh", 0.10, 0.90),
        Point("worse", 0.09, 0.70),
        Point("limit", 0.05, 0.88),
        Point("same", 0.05, 0.88),
        Point("frozen", 0.0, 0.6),
        Point("popular", 0.0, 0.3),
    ]
    line = frontier(points)
    assert [point.name for point in line] == ["frozen", "limit", "fresh"]
    bend = knee(line)
    assert bend is not None
    assert bend.name == "limit"


@pytest.mark.parametrize(
    "points",
    [[], [(0, 1)], [(0, 0.2), (1, 1)], [(0, 0), (0.5, 0.2), (1, 1)]],
    ids=["none", "one", "ends only", "bends the other way"],
)
def test_without_a_bend_there_is_no_knee(points: list[tuple[float, float]]) -> None:
    assert knee([Point(str(n), *at) for n, at in enumerate(points)]) is None


def test_the_chance_of_a_place_on_the_frontier_is_how_often_no_other_is_as_good() -> None:
    nan = float("nan")
    samples = np.array(
        [
            [(0.1, 0.9), (0.2, 0.8), (0.1, 0.9), (nan, 0.9)],  # beaten by the first, equal to it
            [(0.1, 0.7), (0.2, 0.8), (0.3, 0.9), (0.0, 0.1)],  # each is on it
        ]
    )
    assert on_front(samples).tolist() == [1.0, 0.5, 0.5, 0.5]
