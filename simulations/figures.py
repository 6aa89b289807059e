"""Figures from records: means over judged events, with intervals over visitors, paired.

A visitor's events belong together, so visitors are what is drawn anew (a cluster bootstrap), and
every policy meets the same draws: differences between policies are known better than either.
B. Efron, R. Tibshirani, "An Introduction to the Bootstrap", 1993, ch. 13 (percentile interval).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsvc.recommenders.threads import one_blas_thread
from simulations.draws import stream

Floats = NDArray[np.float64]
LEVEL = 0.95
DECIMALS = 6


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
_BINS = (0, 1, 6, 20, 50, 100)
_VISITORS_A_BIN = 20


@dataclass(frozen=True)
class Sums:
    """Sums by visitor: `values` (visitors, policies, measures), `over` of the same shape.

    `counts` holds for each policy the largest step, and how many answers, steps and restarts.
    """

    values: Floats
    over: Floats
    counts: pd.DataFrame


def sums(parts: Iterable[Path], policies: int, *, pooled: bool) -> Sums:
    """Read records part by part. `pooled`: the seeds met the same visitors, who count once."""
    tables = [_by_visitor(pd.read_parquet(part), pooled) for part in parts]
    total = pd.concat(tables).groupby(level=["visitor", "policy"], sort=True).sum(min_count=1)
    most = pd.concat([table["largest"] for table in tables]).groupby(level="policy").max()
    visitors = total.index.get_level_values("visitor").unique()
    every = pd.MultiIndex.from_product([visitors, range(policies)], names=["visitor", "policy"])
    total = total.reindex(every, fill_value=0.0)
    # A visitor of whom a measure says nothing adds nothing; what nobody knows stays unknown.
    total = total.apply(lambda column: column if column.isna().all() else column.fillna(0.0))
    shape = (len(visitors), policies)
    values = [total[m.name].to_numpy(dtype=np.float64).reshape(shape) for m in MEASURES]
    over = [total[m.over].to_numpy(dtype=np.float64).reshape(shape) for m in MEASURES]
    counts = total.groupby(level="policy")[list(_COUNTS)].sum().astype(np.int64)
    largest = most.reindex(range(policies), fill_value=0)
    return Sums(np.stack(values, axis=2), np.stack(over, axis=2), counts.assign(largest=largest))


def _by_visitor(rows: pd.DataFrame, pooled: bool) -> pd.DataFrame:
    rows = _units(rows, pooled).assign(
        events=1, followed=rows["answers"] > 0, refinding=rows["refound"]
    )
    names = [measure.name for measure in MEASURES]
    groups = rows.groupby(["visitor", "policy"], sort=True)
    table = groups[[*names, *_OVERS, *_COUNTS]].sum(min_count=1)
    return table.join(groups["largest"].max())


def _units(rows: pd.DataFrame, pooled: bool) -> pd.DataFrame:
    """With churn, and with whom each row counts for: the seeds of a world have other visitors."""
    filled = rows["filled"].clip(lower=1)
    user = rows["user"]
    return rows.assign(
        churn=rows["displaced"] / filled,
        forced=rows["forced"] / filled if "forced" in rows else 0.0,
        visitor=user if pooled else rows["seed"].astype(str) + "/" + user,
    )


def draws(visitors: int, samples: int, seed: int) -> Floats:
    """How often each visitor is drawn, shape (samples, visitors)."""
    rng = stream(seed, "bootstrap")
    drawn = np.empty((samples, visitors))
    for row in drawn:
        row[:] = np.bincount(rng.integers(visitors, size=visitors), minlength=visitors)
    return drawn


def resampled(table: Sums, drawn: Floats) -> Floats:
    """The figures of every sample, shape (samples, policies, measures); nan where undefined."""
    shape = (len(table.values), -1)
    with one_blas_thread():
        top = drawn @ table.values.reshape(shape)
        under = drawn @ table.over.reshape(shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio: Floats = top / under
    return ratio.reshape(len(drawn), *table.values.shape[1:])


def figure(mean: float, samples: Floats) -> dict[str, float] | None:
    """A mean and its interval; None where one of the samples leaves it undefined."""
    if not np.isfinite(mean) or not np.isfinite(samples).all():
        return None
    low, high = np.quantile(samples, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return {"mean": _round(mean), "low": _round(low), "high": _round(high)}


def _round(value: float) -> float:
    return round(float(value), DECIMALS) + 0.0


def figures_of(
    table: Sums, drawn: Floats, baseline: int
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """For each policy its figures, and their relative changes against the baseline, paired."""
    means = resampled(table, np.ones((1, len(table.values))))[0]
    samples = resampled(table, drawn)
    own, against = [], []
    for policy in range(means.shape[0]):
        own.append(
            {
                m.name: figure(means[policy, n], samples[:, policy, n])
                for n, m in enumerate(MEASURES)
            }
        )
        with np.errstate(invalid="ignore", divide="ignore"):
            change = means[policy] / means[baseline] - 1
            changes = samples[:, policy] / samples[:, baseline] - 1
        against.append({m.name: figure(change[n], changes[:, n]) for n, m in enumerate(MEASURES)})
    return own, against


def by_profile(
    parts: Sequence[Path], policies: Mapping[int, str], samples: int, seed: int, *, pooled: bool
) -> list[dict[str, Any]]:
    """Churn by how many items were known of the visitor."""
    names = ["policy", "user", "seed", "known", "displaced", "filled", "answers"]
    only = [("policy", "in", list(policies)), ("answers", ">", 0)]
    rows = pd.concat([pd.read_parquet(part, columns=names, filters=only) for part in parts])
    rows = _units(rows, pooled)
    found = []
    for number, name in policies.items():
        mine = rows[rows["policy"] == number]
        bins = np.digitize(mine["known"], _BINS) - 1
        for n, low in enumerate(_BINS):
            part = mine[bins == n].groupby("visitor", sort=True)["churn"].agg(["sum", "size"])
            if len(part) < _VISITORS_A_BIN:
                continue
            drawn = draws(len(part), samples, seed)
            top, under = part["sum"].to_numpy(), part["size"].to_numpy()
            with one_blas_thread():
                changes = (drawn @ top) / (drawn @ under)
            found.append(
                {
                    "policy": name,
                    "from": low,
                    "to": _BINS[n + 1] - 1 if n + 1 < len(_BINS) else None,
                    "churn": figure(top.sum() / under.sum(), changes),
                    "events": int(under.sum()),
                }
            )
    return found
