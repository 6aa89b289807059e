"""`make bench`: decisions per CPU second of the simulator's loop, and how they grow.

A decision is a policy's answer to a look. Time is that of this process, a whole cell with its
measuring; models are trained in one iteration, and rank as many items at the same cost. Part of the
visits is played one by one too, as they were before, and must give the same records.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from policies import PRESETS
from recsvc.data import tables_from_frames
from simulations.cells import Cell
from simulations.eras import Trained, train_models
from simulations.forms import Model
from simulations.scenario import Moment, Scenario, Visit
from simulations.study import Policy

CUT = 1_700_000_000.0
USERS, ITEMS, K = 2000, 5000, 10
PLAYED = 600
"""Visits that are played of one kind, of so many looks each."""
LOOKS = 8


def policies(k: int) -> tuple[Policy, ...]:
    """Fresh, frozen, four limits by three holds, presets: as in a study."""
    every = {name: replace(knobs, k=k) for name, knobs in PRESETS.items()}
    free = every["fresh"]
    for limit in (0.1, 0.2, 0.3, 0.5):
        for hold in (0.0, 30.0, 120.0):
            every[f"{limit} {hold}"] = replace(free, churn_limit=limit, hold_s=hold)
    return tuple(Policy(name, "grid", knobs) for name, knobs in every.items())


def scenario(users: int, items: int) -> Scenario:
    """Purchases by popularity, 20 a user; and visits of a purchase and a look every minute."""
    rng = np.random.default_rng(users + items)
    weights = 1 / np.arange(1, items + 1) ** 0.8
    bought = rng.choice(items, 20 * users, p=weights / weights.sum())
    # Everything is bought once at least, so that all are known.
    bought[:items] = np.arange(items) if len(bought) >= items else bought[:items]
    names = np.array([f"i{n:06d}" for n in range(items)], object)
    frame = pd.DataFrame(
        {
            "user_id": [f"u{n:06d}" for n in rng.integers(0, users, len(bought))],
            "item_id": names[bought],
            "timestamp": np.sort(CUT - rng.integers(1, 10**7, len(bought)).astype(float)),
        }
    )
    known = sorted(set(frame["user_id"]))
    chosen = sorted(rng.choice(known, min(PLAYED, len(known)), replace=False).tolist())
    visits = []
    for user in chosen:
        at, moments = CUT + 100.0, []
        for item in rng.choice(items, LOOKS, replace=False).tolist():
            moments += [Moment(at), Moment(at + 20.0, "purchase", str(names[item]))]
            at += 60.0
        visits.append(Visit(f"{user}/1", user, tuple(moments)))
    return Scenario(tables_from_frames(frame), tuple(visits), CUT)


def measured(play: Callable[[], object]) -> float:
    """CPU seconds."""
    begun = time.process_time()
    play()
    return time.process_time() - begun


def row(users: int, items: int, k: int) -> None:
    """Print one line."""
    played = scenario(users, items)
    mine = policies(k)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        model = Model(kind="als", parameters={"factors": 64, "iterations": 1})
        models: tuple[Trained, ...] = train_models(played, model, home, seed=1, say=lambda _: None)
        cell = Cell(
            part=home / "part.parquet",
            seed=1,
            policies=mine,
            judge=0,
            k=k,
            remembers=True,
            models=models,
            visits=played.visits,
            shelf=played.shelf,
            truth=None,
        )
        together = measured(cell.run)
        few = replace(cell, visits=played.visits[:40])
        alone = measured(few.one_by_one)
        one, many = few.one_by_one(), few.columns()
    same = all(np.array_equal(one[n], many[n], equal_nan=one[n].dtype == float) for n in one)
    if not same:
        sys.exit("the records are not those of one by one")
    answers = LOOKS * len(mine)
    rate, before = len(played.visits) * answers / together, 40 * answers / alone
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    line = f"{users:7,} {items:7,} {k:4} {rate:11,.0f} {before:11,.0f} {rate / before:6.1f}"
    print(line, f"{peak:8,}", flush=True)


def main() -> None:
    """Growth with k, users and items, each by itself."""
    print(f"decisions per CPU second, {len(policies(K))} policies, the same records both ways")
    print("  users   items    k    together  one by one  ratio  peak MB")
    for k in (10, 20, 50):
        row(USERS, ITEMS, k)
    for users in (200, 20_000):
        row(users, ITEMS, K)
    for items in (500, 50_000):
        row(USERS, items, K)


if __name__ == "__main__":
    main()
