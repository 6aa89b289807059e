"""Played together or one by one: the same records, value by value."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from policies import PRESETS, Knobs
from recsvc.data import tables_from_frames
from recsvc.preparation.ladder import Ladder
from simulations import lockstep
from simulations.cells import Cell
from simulations.eras import train_models
from simulations.forms import Model
from simulations.scenario import Moment, Scenario, Shelf, Visit
from simulations.shop import make_world
from simulations.study import Policy

CUT, DAY_S = 1_000_000.0, 86_400.0
K = 5


def policies_of(rng: np.random.Generator) -> tuple[Policy, ...]:
    """Every preset, every kind of knob, knobs at random, and what is played one by one."""
    knobs = {name: replace(one, k=K) for name, one in PRESETS.items()}
    free = knobs["fresh"]
    knobs |= {
        "limit": replace(free, churn_limit=0.2),
        "still": replace(free, max_shift=0, churn_limit=0.4),
        "window": replace(free, max_shift=1, churn_limit=0.4),
        "lazy": replace(free, margin=1.0, seat_margin=0.1),
        "margin": replace(free, margin=0.5, margin_by_profile=False),
        "uniform": replace(free, seat_weights="uniform", margin=0.3, churn_limit=0.4),
        "budget": replace(free, session_budget=2, budget_window_s=200.0),
        "half": replace(free, churn_limit=0.2, half_life_s=60.0),
        "timed": replace(free, refresh_every_s=50.0, hold_s=20.0),
        "short": replace(free, session_ttl_s=300, hold_s=40.0),
        "again": replace(free, consumed_by=()),
        "ruled": replace(free, hold_when="user.events < 3"),
        "carried": replace(knobs["sticky"], carry_over=True),
    }
    for n in range(4):
        knobs[f"any {n}"] = Knobs(
            k=K,
            churn_limit=float(rng.choice([0.0, 0.2, 0.5, 1.0])),
            hold_s=float(rng.choice([0.0, 30.0])),
            session_budget=rng.choice([None, 0, 2, 6]),
            max_shift=rng.choice([0, 1, None]),
            seat_weights=rng.choice(["uniform", "dcg"]).item(),
            margin=float(rng.choice([0.0, 0.5])),
            seat_margin=float(rng.choice([0.0, 0.3])),
            half_life_s=rng.choice([None, 50.0]),
            consumed_by=("purchase", "cart") if rng.random() < 0.3 else ("purchase",),
        )
    found = [Policy(name, "preset", one) for name, one in knobs.items()]
    found.append(Policy("popularity", "anchor", free, personal=False))
    found.append(Policy("sticky stranger", "anchor", knobs["sticky"], personal=False))
    return tuple(found)


def scenario_of(rng: np.random.Generator, items: int) -> Scenario:
    """Visits with ties in time, long pauses, unknown things, and a shelf that opens and closes."""
    ids = [f"i{n:02d}" for n in range(items)]
    users = [f"u{n}" for n in range(25)]
    times = np.sort(rng.integers(0, int(CUT + 2 * DAY_S), 700)).astype(float)
    table = pd.DataFrame(
        {
            "user_id": rng.choice(users, len(times)),
            "item_id": rng.choice(ids, len(times), p=_falling(items)),
            "timestamp": times,
        }
    )
    visits = []
    for user in sorted([*users[:20], "new", "newer"]):
        at = CUT + float(rng.integers(0, DAY_S))
        for number in range(rng.integers(1, 4)):
            visits.append(_visit(rng, f"{user}/{number}", user, at, ids))
            at = visits[-1].moments[-1].at + float(rng.integers(1, 40_000))
    away = rng.choice(ids, max(1, items // 6), replace=False).tolist()
    shelf = Shelf(
        tuple(away),
        CUT + rng.integers(-9, int(DAY_S), len(away)).astype(float),
        CUT + rng.integers(int(DAY_S), int(3 * DAY_S), len(away)).astype(float),
    )
    # A second model takes over in the middle of a long visit, and so of some others.
    longest = max(visits, key=lambda visit: len(visit.moments)).moments
    retrain = longest[len(longest) // 2].at
    assert longest[0].at < retrain < longest[-1].at
    return Scenario(tables_from_frames(table), tuple(visits), CUT, retrain, shelf)


def _falling(count: int) -> Any:
    weights = 1 / np.arange(1, count + 1)
    return weights / weights.sum()


def _visit(rng: np.random.Generator, name: str, user: str, at: float, ids: list[str]) -> Visit:
    moments = [Moment(at)]
    for _ in range(rng.integers(0, 25)):
        # Nothing at all, seconds, minutes, and longer than a session lives.
        at += float(
            rng.choice([0, 5, 35, 90, 300, 700, 2500], p=[0.3, 0.2, 0.2, 0.15, 0.05, 0.05, 0.05])
        )
        if rng.random() < 0.5:
            moments.append(Moment(at))
            continue
        kind = rng.choice(["purchase", "view", "cart", "impression"]).item()
        item = rng.choice([*ids, "never heard of"]).item()
        moments.append(Moment(at, kind, item))
    return Visit(name, user, tuple(moments))


def cell_of(scenario: Scenario, policies: tuple[Policy, ...], home: Path, kind: str) -> Cell:
    models = train_models(scenario, Model(kind=kind), home, seed=1, say=lambda _: None)
    return Cell(
        part=home / "part.parquet",
        seed=1,
        policies=policies,
        judge=0,
        k=K,
        remembers=True,
        models=models,
        visits=scenario.visits,
        shelf=scenario.shelf,
        truth=scenario.truth,
    )


def differing(cell: Cell) -> list[tuple[str, int]]:
    """Columns that are not the same, and in how many rows."""
    one, many = cell.one_by_one(), cell.columns()
    assert list(one) == list(many)
    found = []
    for name, column in one.items():
        other = many[name]
        assert len(column) == len(other)
        same = (column == other) | ((column != column) & (other != other))
        if not same.all():
            found.append((name, int((~same).sum())))
    return found


@pytest.fixture
def never_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """The way back to one by one would hide what is wrong together."""

    def refuse(self: Cell) -> None:
        raise AssertionError("not played together")

    kept = Cell.one_by_one
    calls = Counter[str]()

    def once(self: Cell) -> Any:
        calls["one"] += 1
        return kept(self) if calls["one"] == 1 else refuse(self)

    monkeypatch.setattr(Cell, "one_by_one", once)


CASES = [(1, 60, "als"), (2, 60, "als"), (3, 12, "als"), (4, 40, "cosine"), (5, 20, "als")]


@pytest.mark.usefixtures("never_alone")
@pytest.mark.parametrize(("seed", "items", "kind"), CASES)
@pytest.mark.parametrize("remembers", [True, False])
def test_together_is_as_one_by_one(
    seed: int, items: int, kind: str, remembers: bool, tmp_path: Path
) -> None:
    rng = np.random.default_rng(seed)
    cell = cell_of(scenario_of(rng, items), policies_of(rng), tmp_path, kind)
    assert differing(replace(cell, remembers=remembers)) == []


@pytest.mark.usefixtures("never_alone")
def test_a_world_is_played_as_one_by_one(tmp_path: Path) -> None:
    world = make_world(5, users=120, items=120, days=20, test_days=4).scenario()
    policies = policies_of(np.random.default_rng(9))
    assert differing(cell_of(world, policies, tmp_path, "als")) == []


@pytest.mark.usefixtures("never_alone")
def test_few_slots_are_as_good_as_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lockstep, "SLOTS", 3)
    rng = np.random.default_rng(6)
    assert differing(cell_of(scenario_of(rng, 40), policies_of(rng), tmp_path, "als")) == []


def test_where_no_rung_answers_all_is_played_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = Ladder.ask
    calls = Counter[str]()

    def ask(self: Ladder, profile: Any, n: int, **more: Any) -> Any:
        offer = asked(self, profile, n, **more)
        if profile is not None and len(profile.events) % 4 == 3:
            calls["missing"] += 1
            return replace(offer, candidates=None)
        return offer

    monkeypatch.setattr(Ladder, "ask", ask)
    rng = np.random.default_rng(7)
    assert differing(cell_of(scenario_of(rng, 40), policies_of(rng), tmp_path, "als")) == []
    assert calls["missing"]


@pytest.mark.usefixtures("never_alone")
def test_more_steps_than_are_told_apart_are_spent_as_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("policies.state.SPENT_KEPT", 2)
    monkeypatch.setattr("policies.batch.slots.SPENT_KEPT", 2)
    free = replace(PRESETS["fresh"], k=K)
    budgets = [(3, 650), (4, 3000), (6, 100_000)]
    policies = tuple(
        Policy(f"{most}", "grid", replace(free, session_budget=most, budget_window_s=window))
        for most, window in budgets
    )
    world = make_world(5, users=120, items=120, days=20, test_days=4).scenario()
    cell = cell_of(world, policies, tmp_path, "als")
    assert differing(cell) == []
