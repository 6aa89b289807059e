"""How much of what hindsight could gain over a frozen slate the myopic optimum gets.

python -m tests.bench.hindsight [FOLDER OF LOGS] [VISITS]

Random walks and fresh noise first (k = 10, 200 items, 30 steps), by the decision itself, step by
step; then visits of the studies `retail` and `movietweetings` where the logs lie, and of `shop`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies import Candidates, Facts, Knobs, decide
from recsvc.data import read_tables
from simulations.eras import train_models
from simulations.forms import Replay, World
from simulations.hindsight import best_schedule, headroom_of
from simulations.intervals import draws, effective, figure, ratios
from simulations.replay import replay
from simulations.scenario import Scenario
from simulations.shop import make_world
from simulations.study import Study, parse_study, read_study

K, ITEMS, STEPS, VISITS = 10, 200, 30, 200
LIMITS = (1, 2, 3)
NAMES = [f"i{n:03d}" for n in range(ITEMS)]
LOGS = {"retail": "online-retail-ii-2009", "movietweetings": "movietweetings-140k", "shop": ""}
Floats = NDArray[np.float64]


def walk(seed: int, pace: float = 0.1) -> Floats:
    """Scores (steps, items) that go on from where they were, each step `pace` of their spread."""
    rng = np.random.default_rng([seed, 1])
    steps = rng.normal(scale=pace, size=(STEPS, ITEMS))
    steps[0] = rng.normal(size=ITEMS)
    return np.cumsum(steps, axis=0)


def noise(seed: int, lasting: float = 1.0, fresh: float = 0.5) -> Floats:
    """Scores (steps, items) that last, and on top of them noise that is new at every step."""
    rng = np.random.default_rng([seed, 2])
    return lasting * rng.normal(size=ITEMS) + fresh * rng.normal(size=(STEPS, ITEMS))


SCORES: dict[str, Callable[[int], Floats]] = {
    "a random walk, a step a tenth of the spread": walk,
    "a random walk, a step as large as the spread": partial(walk, pace=1.0),
    "lasting scores, fresh noise half as large": noise,
    "nothing but noise": partial(noise, lasting=0.0, fresh=1.0),
}
"""The first and the third are those of the reference check; the others are how far it goes."""


def myopic(scores: Floats, limit: int) -> Iterator[list[int]]:
    """The slates of the decision, without a margin or a hold, at every step free to move."""
    knobs = Knobs(
        k=K, churn_limit=limit / K, hold_s=0.0, session_budget=None, max_shift=None, margin=0.0
    )
    state = None
    for step, row in enumerate(scores):
        offered = Candidates(tuple(NAMES), row, "primary", "m")
        facts = Facts(heard=step + 1, model="m", policy_version=1)
        state = decide(knobs, state, offered, facts, float(step)).state
        yield [int(seat.item_id[1:]) for seat in state.seats]


def worth(scores: Floats, slates: Any) -> float:
    """The sum of the scores of all slates."""
    return sum(float(row[slate].sum()) for row, slate in zip(scores, slates, strict=True))


def refreshed(scores: Floats, every: int) -> Iterator[list[int]]:
    """The ten best, all anew every so many steps: as many displacements, in one go."""
    slate: list[int] = []
    for step, row in enumerate(scores):
        if step % every == 0:
            slate = np.argsort(-row)[:K].tolist()
        yield slate


def synthetic() -> None:
    """The shares on made-up scores."""
    every = np.ones((STEPS, ITEMS), dtype=bool)
    print(f"k = {K}, {ITEMS} items, {STEPS} steps, {VISITS} visits: share of the headroom\n")
    print("| scores | limit | the decision | all anew every k / m steps | ms per schedule |")
    print("|---|---|---|---|---|")
    for name, kind in SCORES.items():
        for limit in LIMITS:
            gained, anew, headroom, spent = [], [], [], 0.0
            for seed in range(VISITS):
                scores = kind(seed)
                start = np.argsort(-scores[0])[:K].tolist()
                limits = np.full(STEPS, limit)
                limits[0] = 0
                begun = time.process_time()
                best = best_schedule(scores, every, K, limits, start).value
                spent += time.process_time() - begun
                frozen = worth(scores, [start] * STEPS)
                gained.append(worth(scores, myopic(scores, limit)) - frozen)
                anew.append(worth(scores, refreshed(scores, -(-K // limit))) - frozen)
                headroom.append(best - frozen)
            over = np.array(headroom)
            mine, other = (_share(np.array(one), over) for one in (gained, anew))
            print(
                f"| {name} | {limit} of {K} | {_told(mine)} | {_told(other)} "
                f"| {1000 * spent / VISITS:.0f} |"
            )


def _share(gained: Floats, headroom: Floats) -> dict[str, float] | None:
    samples = ratios(gained, headroom, draws(len(gained), 2000, 1))
    return figure(gained.sum() / headroom.sum(), samples, effective(headroom))


def _told(share: dict[str, float] | None) -> str:
    return "-" if share is None else "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**share)


def study_of(name: str) -> Study:
    """The study of that name, with the limits and the presets only."""
    written = read_study(Path(f"studies/{name}.toml"))
    policies = {
        "fresh": {"preset": "fresh"},
        "limit": {"preset": "fresh", "grid": {"churn_limit": [limit / K for limit in LIMITS]}},
        "gentle": {"preset": "gentle"},
        "sticky": {"preset": "sticky"},
    }
    told = parse_study({"name": name, "world": {}, "policies": policies})
    return replace(written, policies=told.policies)


def scenario_of(study: Study, folder: Path) -> Scenario:
    """The play of the study's first seed."""
    if isinstance(study.source, Replay):
        return replay(read_tables(folder), study.source, study.seeds[0], retrain=study.retrain)
    of: World = study.source
    made = make_world(
        study.seeds[0], users=of.users, items=of.items, days=of.days, test_days=of.test_days
    )
    return made.scenario()


def measured(name: str, folder: Path, visits: int) -> None:
    """The shares on one study's visits."""
    study = study_of(name)
    with TemporaryDirectory() as home:
        scenario = scenario_of(study, folder)
        models = train_models(
            scenario, study.model, Path(home), seed=study.seeds[0], say=lambda _: None
        )
        begun = time.process_time()
        rows = headroom_of(study, scenario, models, visits=visits)
        spent = time.process_time() - begun
    one = rows[0]
    print(
        f"\n{name}: {one['visits']} visits of {one['visitors']} visitors, {one['answers']:,} "
        f"answers, {one['judged']:,} judged events, {spent:.0f} s\n"
    )
    print(
        "| policy | hindsight is | belief | truth | best belief, by truth "
        "| belief: frozen, policy, hindsight | truth: the same |"
    )
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        belief, truth = row["belief"], row["truth"]
        levels = [
            " / ".join(f"{part[level]:.4f}" for level in ("frozen", "policy", "hindsight"))
            for part in (belief, truth)
        ]
        print(
            f"| {row['policy']} | {'exact' if row['exact'] else 'a bound'} "
            f"| {_told(belief['share'])} | {_told(truth['share'])} | {_told(truth['foresight'])} "
            f"| {levels[0]} | {levels[1]} |"
        )


def main(logs: str = "../shared/data", visits: str = "400") -> None:
    """Measure everything and print it as Markdown."""
    synthetic()
    for name, folder in LOGS.items():
        path = Path(logs) / folder
        if folder and not path.is_dir():
            print(f"\n{name}: skipped, {path} is not there")
            continue
        measured(name, path, int(visits))


if __name__ == "__main__":
    main(*sys.argv[1:])
