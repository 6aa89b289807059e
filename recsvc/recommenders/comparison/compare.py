"""Two artifacts beside one another: what a launch of B in the place of A would do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from policies import Knobs
from recsvc.errors import BadData
from recsvc.recommenders.artifacts.artifact import load
from recsvc.recommenders.comparison import later
from recsvc.recommenders.comparison.backtest import Backtest
from recsvc.recommenders.comparison.churn import churn_of, coverage_of, look
from recsvc.recommenders.comparison.figures import Accuracy, Comparison, Difference, Gain
from recsvc.recommenders.comparison.kept import FORMAT, fingerprint, windows_folder
from recsvc.recommenders.comparison.lists import SEATS, Rungs
from recsvc.recommenders.comparison.people import MOST, drawn, known_to_both, person
from recsvc.recommenders.comparison.recipes import Recipe

Tell = Callable[[str], None]
Way = Literal["auto", "later", "backtest", "quick"]

WINDOWS = 5


@dataclass(frozen=True)
class Asked:
    """How to compare: `way` is how accuracy is measured, `auto` on later events where there are
    any; `quick` likewise, but with no backtest of two equal recipes. `most` people at most are
    asked."""

    way: Way = "auto"
    windows: int = WINDOWS
    most: int = MOST
    seed: int = 0
    threads: int = 0
    consumed_by: Sequence[str] = Knobs().consumed_by


def compare(
    home: Path,
    a: str,
    b: str,
    interactions: pd.DataFrame | None,
    *,
    tell: Tell,
    asked: Asked = Asked(),
    now: float | None = None,
) -> Comparison:
    """What B would change. `interactions`, canonical, are for accuracy; without them it is open.

    A model B that cannot be loaded is a finding. Raises UnknownModel for either, and BadData where
    A cannot be loaded.
    """
    began = time.time() if now is None else now
    prints = fingerprint(home, a), fingerprint(home, b)

    def found(**figures: Any) -> Comparison:
        return Comparison(
            format=FORMAT, a=a, b=b, of_a=prints[0], of_b=prints[1], made=began, seed=asked.seed,
            **figures,
        )  # fmt: skip

    one = Rungs(load(home, a, digests=True))
    try:
        two = Rungs(load(home, b, digests=True))
    except BadData as error:
        return found(fault=error.detail)
    both = known_to_both(one.artifact, two.artifact)
    chosen = drawn(both, asked.most, asked.seed)
    tell(f"{len(both):,} people are known to both; {len(chosen):,} of them are asked about")
    people = [person(one.artifact, two.artifact, user, asked.consumed_by) for user in chosen]
    seen = look(one, two, people, tell)
    full = min(SEATS, len(two.artifact.matrix.items))
    answered = sum(len(item.b) >= min(full, max(1, len(item.a))) for item in seen)
    accuracy, gain, notes = _accuracy(home, one, two, interactions, asked, tell)
    return found(
        known=len(both),
        people=len(chosen),
        answered=answered / max(1, len(seen)),
        churn=churn_of(seen, one.artifact),
        coverage=coverage_of(seen, one.artifact, two.artifact),
        accuracy=accuracy,
        gain=gain,
        notes=notes,
    )


def _accuracy(
    home: Path, a: Rungs, b: Rungs, interactions: pd.DataFrame | None, asked: Asked, tell: Tell
) -> tuple[Accuracy | None, Gain | None, tuple[str, ...]]:
    if interactions is None:
        return None, None, ("accuracy was not measured: no interactions were given",)
    if asked.way != "backtest":
        events = later.later_than_both(a, b, interactions)
        tried = later.try_on(
            a, b, events, windows=asked.windows, most=asked.most, seed=asked.seed, tell=tell
        )
        if tried is not None:
            return *tried, ()
        if asked.way == "later":
            return None, None, ("no two people turned to anything new after both were trained",)
    gap = b.artifact.manifest.last - a.artifact.manifest.last
    test = Backtest(
        Recipe.of(a.artifact.manifest),
        Recipe.of(b.artifact.manifest),
        max(0.0, gap),
        asked.windows,
        asked.threads,
    )
    if test.a == test.b and (gap <= 0 or asked.way == "quick"):
        nobody = Difference(people=0, a=0.0, b=0.0, change=None, visible=None)
        return Accuracy(how="backtest", same_recipe=True, pooled=nobody, windows=()), None, ()
    kept = windows_folder(home, a.artifact.model_id, b.artifact.model_id)
    measured = test.run(interactions, kept, tell)
    if measured is None:
        return None, None, ("too few people turn to anything new in any window of the data",)
    return *measured, ()
