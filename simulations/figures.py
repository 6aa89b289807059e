"""Figures from records: means over judged events, with intervals over visitors, paired."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulations.intervals import Floats, effective, figure, ratios


@dataclass(frozen=True)
class Measure:
    """A figure: the sum of one column over the sum of another, for people to read."""

    name: str
    label: str
    better: str
    means: str
    over: str = "events"


MEASURES = (
    Measure("ndcg_next", "nDCG, next item", "higher", "how high up the next item stood"),
    Measure("hit_next", "hit rate, next item", "higher", "how often the next item was shown"),
    Measure("mrr_next", "MRR, next item", "higher", "1 / seat of the next item"),
    Measure(
        "ndcg_rest",
        "nDCG, rest of the visit",
        "higher",
        "how well the slate foresaw all that the visitor turns to from here on",
    ),
    Measure("hit_rest", "hit rate, rest of the visit", "higher", "any of it was shown"),
    Measure("mrr_rest", "MRR, rest of the visit", "higher", "1 / seat of the first of it"),
    Measure(
        "truth",
        "true worth",
        "higher",
        "expected gain of the slate by the answer key, as a share of the best slate's",
    ),
    Measure(
        "churn",
        "churn",
        "lower",
        "displacements / filled seats: what was chosen to go, per event",
        over="followed",
    ),
    Measure(
        "forced",
        "forced exits",
        "lower",
        "what had to go (bought, withdrawn), per event",
        over="followed",
    ),
    Measure(
        "position_churn",
        "position churn",
        "lower",
        "share of the seats that show something else at the next event",
        over="followed",
    ),
    Measure(
        "rbo",
        "RBO",
        "higher",
        "rank-biased overlap of two successive slates, p = .9",
        over="followed",
    ),
    Measure(
        "refinding",
        "re-finding",
        "higher",
        "of the things on the screen that the visitor turns to in this visit, before or after, "
        "the share still in its seat at the next event",
        over="sought",
    ),
    Measure(
        "in_reach",
        "within reach",
        "higher",
        "of the chance that the visitor decides for a thing looked at before, the share that is on "
        "the screen, by the answer key",
        over="weighed",
    ),
)
_OVERS = tuple(dict.fromkeys(m.over for m in MEASURES))
_COUNTS = ("answers", "steps", "restarts")


ACCURACY = "ndcg_rest"
AXES = ("churn", ACCURACY)
"""The measures of the two axes: what is wanted less of, and what it costs."""


@dataclass(frozen=True)
class Tally:
    """Sums by visitor: `values` and, below the line, `over`; (visitors, policies, measures).

    `measures` names the last axis, and `judged`, (visitors,), is each one's judged events.
    """

    measures: tuple[str, ...]
    values: Floats
    over: Floats
    judged: Floats

    def axes(self) -> Tally:
        """The two axes only, in the order of `AXES`."""
        chosen = [self.measures.index(name) for name in AXES]
        return Tally(AXES, self.values[..., chosen], self.over[..., chosen], self.judged)

    def of(self, visitors: NDArray[np.int64] | NDArray[np.bool_]) -> Tally:
        """Some of the visitors: `visitors` holds their places, or is a mask."""
        return Tally(
            self.measures, self.values[visitors], self.over[visitors], self.judged[visitors]
        )

    @property
    def effective(self) -> float:
        """Their effective number."""
        return effective(self.judged)

    def sampled(self, drawn: Floats) -> Sampled:
        """The figures, and those of every sample; `drawn` is (samples, visitors)."""
        means = ratios(self.values, self.over, np.ones((1, len(self.values))))[0]
        samples = ratios(self.values, self.over, drawn)
        return Sampled(self.measures, means, samples, self.effective)


@dataclass(frozen=True)
class Sampled:
    """Figures of all policies: `means`, (policies, measures), and those of every sample,
    (samples, policies, measures), nan where undefined; of effectively so many `visitors`."""

    measures: tuple[str, ...]
    means: Floats
    samples: Floats
    visitors: float

    def change(self, policy: int, baseline: int) -> tuple[Floats, Floats]:
        """Its relative changes against the baseline, paired: (measures,), (samples, measures)."""
        return changes(self.means, policy, baseline), changes(self.samples, policy, baseline)

    def axes(self) -> Sampled:
        """The two axes only, in the order of `AXES`."""
        chosen = [self.measures.index(name) for name in AXES]
        return Sampled(AXES, self.means[:, chosen], self.samples[..., chosen], self.visitors)


@dataclass(frozen=True)
class Sums(Tally):
    """All measures of a run. `visitors` are their names.

    `counts` holds for each policy the largest step, and how many answers, steps and restarts;
    `by_seed` the figures of each seed by itself, (seeds, policies, measures).
    """

    visitors: tuple[str, ...]
    counts: pd.DataFrame
    by_seed: Floats


def sums(parts: Iterable[Path], policies: int, *, pooled: bool) -> Sums:
    """Read records part by part. `pooled`: the seeds met the same visitors, who count once."""
    tables = pd.concat([_by_visitor(pd.read_parquet(part), pooled) for part in parts])
    groups = tables.drop(columns="largest").groupby(level=["visitor", "policy"], sort=True)
    total = groups.sum(min_count=1)
    most = tables["largest"].groupby(level="policy").max()
    visitors = total.index.get_level_values("visitor").unique()
    every = pd.MultiIndex.from_product([visitors, range(policies)], names=["visitor", "policy"])
    total = total.reindex(every, fill_value=0.0)
    # A visitor of whom a measure says nothing adds nothing; what nobody knows stays unknown.
    total = total.apply(lambda column: column if column.isna().all() else column.fillna(0.0))
    shape = (len(visitors), policies)
    values, over = _stacked(total, shape)
    counts = total.groupby(level="policy")[list(_COUNTS)].sum().astype(np.int64)
    largest = most.reindex(range(policies), fill_value=0)
    return Sums(
        tuple(m.name for m in MEASURES),
        values,
        over,
        over[:, :, 0].max(axis=1),
        tuple(str(visitor) for visitor in visitors),
        counts.assign(largest=largest),
        _by_seed(tables, policies),
    )


def _stacked(total: pd.DataFrame, shape: tuple[int, int]) -> tuple[Floats, Floats]:
    values = [total[m.name].to_numpy(dtype=np.float64).reshape(shape) for m in MEASURES]
    over = [total[m.over].to_numpy(dtype=np.float64).reshape(shape) for m in MEASURES]
    return np.stack(values, axis=2), np.stack(over, axis=2)


def _by_seed(tables: pd.DataFrame, policies: int) -> Floats:
    total = tables.groupby(level=["seed", "policy"], sort=True).sum(min_count=1)
    seeds = total.index.get_level_values("seed").unique()
    every = pd.MultiIndex.from_product([seeds, range(policies)], names=["seed", "policy"])
    values, over = _stacked(total.reindex(every), (len(seeds), policies))
    with np.errstate(invalid="ignore", divide="ignore"):
        figures: Floats = values / over
    return figures


def _by_visitor(rows: pd.DataFrame, pooled: bool) -> pd.DataFrame:
    rows = units(rows, pooled).assign(
        events=1, followed=rows["answers"] > 0, refinding=rows["refound"]
    )
    names = [measure.name for measure in MEASURES]
    groups = rows.groupby(["seed", "visitor", "policy"], sort=True)
    table = groups[[*names, *_OVERS, *_COUNTS]].sum(min_count=1)
    return table.join(groups["largest"].max())


def units(rows: pd.DataFrame, pooled: bool) -> pd.DataFrame:
    """With churn, and with whom each row counts for: the seeds of a world have other visitors."""
    filled = rows["filled"].clip(lower=1)
    user = rows["user"]
    return rows.assign(
        churn=rows["displaced"] / filled,
        forced=rows["forced"] / filled if "forced" in rows else 0.0,
        visitor=user if pooled else rows["seed"].astype(str) + "/" + user,
    )


def figures_of(found: Sampled, baseline: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """For each policy its figures, and their relative changes against the baseline, paired."""
    own, against = [], []
    for policy in range(len(found.means)):
        own.append(_told(found, found.means[policy], found.samples[:, policy]))
        against.append(_told(found, *found.change(policy, baseline)))
    return own, against


def _told(found: Sampled, means: Floats, samples: Floats) -> dict[str, Any]:
    return {
        name: figure(means[n], samples[:, n], found.visitors)
        for n, name in enumerate(found.measures)
    }


def changes(figures: Floats, policy: int, baseline: int) -> Floats:
    """Relative changes of one policy against the baseline; `figures` are (..., policies, n)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        change: Floats = figures[..., policy, :] / figures[..., baseline, :] - 1
    return change
