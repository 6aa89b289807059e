"""`python tests/bench/blend.py DATA`: the blend beside its parts, with paired differences.

Each window trains on the events up to a quantile of time and tests on the tenth after it, as
`recsvc evaluate` does at .9. "recent" is popularity with the half-life that the blend has found:
what the personal part adds is the difference to it. Intervals are 95 % bootstrap over the users of
a window; pooled ones are over the users of all windows, a user of several windows being drawn as
one. Then microseconds of one score: a blend beside its als, in one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from recsvc.data import read_tables
from recsvc.recommenders.evaluation.evaluate import Estimate, estimates, per_user
from recsvc.recommenders.evaluation.splits import Trial, asked
from recsvc.recommenders.kinds.blend import Blend
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.kinds.popularity import Popularity, PopularityParameters
from recsvc.recommenders.models import Model, parameters_for

SETS: Final = ("online-retail-ii-2009", "movietweetings-140k")
WINDOWS: Final = (0.7, 0.75, 0.8, 0.85, 0.9)
LENGTHS: Final = ((1, 1), (2, 3), (4, 9), (10, 29), (30, 10**9))
OTHERS: Final = ("als", "als 30", "cosine", "popularity", "recent")
SEED, SAMPLES = 42, 1000
Values = npt.NDArray[np.float64]


class Window(NamedTuple):
    """nDCG@10 by model, and of each user the name and the number of items known."""

    reached: dict[str, Values]
    names: npt.NDArray[Any]
    known: npt.NDArray[Any]


def trial(events: pd.DataFrame, begin: float) -> Trial:
    """Events up to the quantile, and what people newly turned to in the tenth after it."""
    times = events["timestamp"]
    first, last = times.quantile([begin, min(1.0, begin + 0.1)], interpolation="lower")
    before, after = events[times <= first], events[(times > first) & (times <= last)]
    return asked(before, after)


def fitted(kind: str, task: Trial, **given: float) -> Model:
    """One kind on the window's training part."""
    model = kind_of(kind)
    return model.fit(task.train, parameters_for(model, given), seed=SEED, threads=1)


def window(events: pd.DataFrame, begin: float) -> tuple[Window, Blend]:
    """Every model met by the same users."""
    task = trial(events, begin)
    began = time.perf_counter()
    blend = Blend.fit(
        task.train,
        parameters_for(Blend, {}),
        seed=SEED,
        threads=1,  # type: ignore[arg-type]
    )
    print(f"   trained in {time.perf_counter() - began:.0f} s: {blend.trust}", flush=True)
    half_life = PopularityParameters(half_life_days=blend.trust.half_life_days)
    models = {
        "blend": blend,
        "als": fitted("als", task),
        "als 30": fitted("als", task, regularisation=30.0),
        "cosine": fitted("cosine", task),
        "popularity": fitted("popularity", task),
        "recent": Popularity.fit(task.train, half_life, seed=SEED, threads=1),
    }
    reached = {name: per_user(model, task)[:, 0] for name, model in models.items()}
    names = np.array(task.train.users.ids)[task.users]
    return Window(reached, names, np.diff(task.train.rows.indptr)[task.users]), blend


def pooled(differences: Values, names: npt.NDArray[Any]) -> Estimate:
    """The mean of all differences, with an interval over people."""
    people, of = np.unique(names, return_inverse=True)
    sums = np.stack((np.bincount(of, differences), np.bincount(of)), axis=1)
    draw = np.random.default_rng(SEED)
    drawn = [sums[draw.integers(len(people), size=len(people))].sum(axis=0) for _ in range(SAMPLES)]
    means = np.array([total / count for total, count in drawn])
    low, high = np.quantile(means, (0.025, 0.975)).tolist()
    return Estimate(float(differences.mean()), low, high)


def told(estimate: Estimate, *, sign: str = "") -> str:
    """A figure with its interval."""
    return f"{estimate.mean:{sign}.4f} [{estimate.low:{sign}.4f}, {estimate.high:{sign}.4f}]"


def compare(name: str, found: list[Window]) -> None:
    """Differences over all windows, and figures by the number of items known of a person."""
    names = np.concatenate([one.names for one in found])
    known = np.concatenate([one.known for one in found])
    reached = {
        model: np.concatenate([one.reached[model] for one in found]) for model in found[0].reached
    }
    print(f"{name}, pooled over {len(found)} windows: blend less")
    for other in OTHERS:
        print(f"   {other:10} {told(pooled(reached['blend'] - reached[other], names), sign='+')}")
    print(f"   items known, users: {', '.join(reached)}")
    for least, most in LENGTHS:
        some = (known >= least) & (known <= most)
        if some.any():
            figures = " ".join(f"{values[some].mean():.4f}" for values in reached.values())
            print(f"   {least:>3}-{most if most < 10**9 else '':<3} {some.sum():>6}: {figures}")


def share(blend: Blend, rows: list[npt.NDArray[Any]]) -> float:
    """The middle personal share of some people."""
    return float(
        np.median([blend.personal_share(row, np.ones(len(row), np.float32)) for row in rows])
    )


def speed(blend: Blend, rows: list[npt.NDArray[Any]]) -> None:
    """Fold-in and scores of all items, in turns of the two models."""
    took: dict[str, list[float]] = {"als": [], "blend": []}
    for row in rows:
        for name, model in (("als", blend.personal), ("blend", blend)):
            began = time.perf_counter()
            model.score(row, np.ones(len(row), np.float32))
            took[name].append((time.perf_counter() - began) * 1e6)
    middle = {name: np.median(values) for name, values in took.items()}
    print(
        f"   {len(blend.popular):,} items: als {middle['als']:.0f}, blend {middle['blend']:.0f} us"
    )


def main() -> None:
    """Both data sets, all windows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the data sets")
    parser.add_argument("--set", choices=SETS, action="append")
    parser.add_argument("--window", type=float, action="append")
    arguments = parser.parse_args()
    for name in arguments.set or SETS:
        events = read_tables(arguments.data / name).interactions
        found = []
        for begin in arguments.window or WINDOWS:
            print(f"{name}, trained up to {begin:g}", flush=True)
            one, blend = window(events, begin)
            found.append(one)
            for model, values in one.reached.items():
                row = told(estimates(values[:, None], bootstrap=SAMPLES, seed=SEED)[0])
                apart = (one.reached["blend"] - values)[:, None]
                less = told(estimates(apart, bootstrap=SAMPLES, seed=SEED)[0], sign="+")
                print(
                    f"   {model:10} {row}" + ("" if model == "blend" else f"  blend less: {less}")
                )
        compare(name, found)
        train = trial(events, (arguments.window or WINDOWS)[-1]).train
        rows = [train.row(user) for user in range(0, len(train.users), 1 + len(train.users) // 400)]
        print("   personal share:", end="")
        for least, most in LENGTHS:
            some = [row for row in rows if least <= len(row) <= most]
            print(f" {least}+: {share(blend, some):.2f}" if some else "", end="")
        print()
        speed(blend, rows)


if __name__ == "__main__":
    main()
