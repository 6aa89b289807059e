"""What a decision costs beside numpy's plain top-k of the same scores, in one run on one core.

One by one: 500 candidates, inputs checked, every seat and change with its reason. In batches: on
shortlists of 2k + m and on 500 candidates, in columns. Each round measures the yardstick and every
kind in turn; medians are quoted, in CPU time. `python -m tests.bench.decision` runs this alone.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from statistics import median
from time import process_time_ns

import numpy as np
import numpy.typing as npt

from policies import PRESETS, Candidates, Facts, Knobs, SlateState, decide
from policies.batch import Moments, Names, Offers, Slates, decide_batch

ITEMS, CASES, ROUNDS, REPEATS, SLATES = 500, 50, 15, 10, 1000
FREE = replace(PRESETS["sticky"], hold_s=0.0, session_budget=None, churn_limit=0.3)
KINDS: dict[str, Knobs] = {
    "nothing moves, uniform": FREE,
    "nothing moves, dcg": replace(FREE, seat_weights="dcg", max_shift=0),
    "free order, dcg": replace(FREE, seat_weights="dcg", max_shift=None),
    "fresh": PRESETS["fresh"],
    "window of 2, dcg": replace(FREE, seat_weights="dcg", max_shift=2),
    "gentle": PRESETS["gentle"],
}
Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One step: the slate that these scores gave before they drifted, and the scores now."""

    state: SlateState
    ids: tuple[str, ...]
    scores: Numbers


def cases(knobs: Knobs) -> list[Case]:
    """Steps that drift by three tenths of a standard deviation, from seed 7."""
    rng = np.random.default_rng(7)
    ids = tuple(f"item-{n:05d}" for n in range(ITEMS))
    made = []
    for _ in range(CASES):
        scores = rng.normal(size=ITEMS)
        first = Candidates(ids, scores, "primary", "m")
        state = decide(knobs, None, first, Facts(0, "m", 1), 1000.0).state
        made.append(Case(state, ids, scores + rng.normal(0, 0.3, size=ITEMS)))
    return made


def one_by_one(knobs: Knobs) -> Callable[[], None]:
    """Decisions as requests make them: from ids and scores to slate, reasons and next state."""
    made, facts = cases(knobs), Facts(1, "m", 1)

    def work() -> None:
        for case in made:
            offered = Candidates(case.ids, case.scores, "primary", "m")
            decide(knobs, case.state, offered, facts, 2000.0)

    return work


def top_of_each(k: int) -> Callable[[], None]:
    """The yardstick: the k best places of each case, best first."""
    sample = [case.scores for case in cases(replace(FREE, k=k))]

    def work() -> None:
        for scores in sample:
            best = np.argpartition(-scores, k)[:k]
            best[np.argsort(-scores[best])]

    return work


def drifted(width: int) -> tuple[Numbers, Numbers]:
    """Scores of many slates before and after, from seed 7."""
    rng = np.random.default_rng(7)
    scores = rng.normal(size=(SLATES, width))
    return scores, scores + rng.normal(0, 0.3, size=scores.shape)


def together(knobs: Knobs, width: int) -> Callable[[], None]:
    """The same steps as one batch, from columns to columns."""
    before, after = drifted(width)
    names = Names.of(f"item-{n:05d}" for n in range(width))
    items = np.tile(np.arange(width), (SLATES, 1))
    start = Moments(np.full(SLATES, 1000.0), np.zeros(SLATES, int), "m", 1)
    first = Offers(items, before, "primary", "m")
    slates = decide_batch(knobs, Slates.none(SLATES, knobs.k), first, start, names).slates
    now = replace(start, now=start.now + 1000.0, heard=start.heard + 1)

    def work() -> None:
        # Where every item is offered, in order, an incumbent's place is its number.
        offers = Offers(items, after, "primary", "m", places=slates.items)
        decide_batch(knobs, slates, offers, now, names)

    return work


def top_of_all(k: int, width: int) -> Callable[[], None]:
    """The yardstick of a batch: the k best places of every row, best first."""
    scores = drifted(width)[1]

    def work() -> None:
        best = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1)
        np.take_along_axis(best, order, 1)

    return work


def measure(
    works: Mapping[str, Callable[[], None]], calls: int, repeats: int
) -> dict[str, tuple[float, float]]:
    """CPU microseconds of one decision, and how many times the first work that is (medians)."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for number in range(ROUNDS + 1):
        for name, work in works.items():
            began = process_time_ns()
            for _ in range(repeats):
                work()
            if number:
                taken[name].append((process_time_ns() - began) / 1000 / repeats / calls)
    plain = next(iter(taken.values()))
    return {
        name: (median(each), median(a / b for a, b in zip(each, plain, strict=True)))
        for name, each in taken.items()
    }


def table(title: str, rows: Mapping[str, tuple[float, float]]) -> None:
    """Print one table."""
    print(f"\n{title}\n\n{'':<26}{'CPU us':>8}{'ratio':>8}")
    for name, (us, ratio) in rows.items():
        print(f"{name:<26}{us:>8.1f}{ratio:>8.2f}")


def imports() -> tuple[float, float]:
    """CPU milliseconds to import numpy and policies, compiled, in new interpreters."""
    taken = []
    with tempfile.TemporaryDirectory() as folder:
        env = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        }
        env["PYTHONPYCACHEPREFIX"] = folder
        for module in ("numpy", "policies"):
            code = f"from time import process_time as t; b = t(); import {module}; print(t() - b)"
            command = [sys.executable, "-c", code]
            runs = [
                subprocess.run(command, env=env, capture_output=True, check=True) for _ in range(10)
            ]
            taken.append(median(float(run.stdout) for run in runs[1:]) * 1000)
    return taken[0], taken[1]


def main() -> None:
    """Measure and print."""
    for k in (10, 50):
        works = {"plain top-k": top_of_each(k)}
        works |= {name: one_by_one(replace(knobs, k=k)) for name, knobs in KINDS.items()}
        title = f"one decision of {k} seats, {ITEMS} candidates, checked and explained"
        table(title, measure(works, CASES, REPEATS))
    for width in (23, ITEMS):
        works = {"plain top-k": top_of_all(10, width)}
        works |= {name: together(replace(knobs, k=10), width) for name, knobs in KINDS.items()}
        title = f"a decision in a batch of {SLATES}, 10 seats, {width} candidates"
        table(title, measure(works, SLATES, 1))
    numpy, ours = imports()
    print(f"\nimport numpy {numpy:.0f} ms, import policies {ours:.0f} ms: {ours / numpy:.2f}")


if __name__ == "__main__":
    main()
