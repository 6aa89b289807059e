"""How well models predict what users turned to, with intervals, and popularity beside them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from recsvc.data import Tables
from recsvc.errors import BadInput
from recsvc.recommenders.evaluation.metrics import DEPTH, Measures, measures
from recsvc.recommenders.evaluation.splits import Trial, trial
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.matrix import items_of
from recsvc.recommenders.models import Model, Parameters, parameters_for
from recsvc.recommenders.ranking import best

BLOCK = 256
"""Users scored at once: the dense block of scores stays small on a large catalogue."""


@dataclass(frozen=True)
class Estimate:
    """A mean over users with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class ModelRow:
    """What one model reached; `seconds` is the time of its training."""

    model: str
    ndcg: Estimate
    recall: Estimate
    hit_rate: Estimate
    mrr: Estimate
    seconds: float


@dataclass(frozen=True)
class Evaluation:
    """One table: the rows met the same users; `users` and `items` count those ranked."""

    split: str
    seed: int
    bootstrap: int
    users: int
    items: int
    train_events: int
    test_events: int
    rows: tuple[ModelRow, ...]

    def row(self, model: str) -> ModelRow:
        """The row of that model."""
        return next(row for row in self.rows if row.model == model)


def evaluate(
    tables: Tables,
    *,
    split: str,
    models: Sequence[str],
    seed: int,
    progress: Callable[[str], None],
    bootstrap: int = 1000,
    parameters: Mapping[str, Mapping[str, Any]] | None = None,
    threads: int = 0,
) -> Evaluation:
    """Train each model on one part of the events and rank for the users of the other.

    `metrics.FORMULAS` defines split and figures. `parameters` are per model. The same tables and
    seed give the same table. Raises UnknownModel, BadInput, and BadData when too little is left.
    """
    if bootstrap < 1:
        raise BadInput(f"An interval needs at least one bootstrap sample, not {bootstrap}.")
    wanted = tuple(dict.fromkeys((*models, "popularity")))
    settings = {
        name: parameters_for(kind_of(name), (parameters or {}).get(name, {})) for name in wanted
    }
    task = trial(tables.interactions, split)
    progress(f"{split}: {len(task.users):,} users, {len(task.train.items):,} items to rank")
    rows = []
    for name in wanted:
        row, took = _try(task, name, settings[name], seed, threads, bootstrap)
        progress(f"{name}: nDCG@10 {row.ndcg.mean:.4f} ({took:.1f} s)")
        rows.append(row)
    return Evaluation(
        split,
        seed,
        bootstrap,
        len(task.users),
        len(task.train.items),
        task.train_events,
        task.test_events,
        tuple(rows),
    )


def _try(
    task: Trial, name: str, parameters: Parameters, seed: int, threads: int, bootstrap: int
) -> tuple[ModelRow, float]:
    began = time.perf_counter()
    model = kind_of(name).fit(task.train, parameters, seed=seed, threads=threads)
    trained = time.perf_counter() - began
    ndcg, recall, hit_rate, mrr = estimates(per_user(model, task), bootstrap=bootstrap, seed=seed)
    row = ModelRow(name, ndcg, recall, hit_rate, mrr, round(trained, 3))
    return row, time.perf_counter() - began


def per_user(model: Model, task: Trial) -> Measures:
    """The measures of each user of the trial, shape (users, 4)."""
    hits = np.zeros((len(task.users), DEPTH), dtype=np.bool_)
    for start in range(0, len(task.users), BLOCK):
        users = task.users[start : start + BLOCK]
        scores = model.score_rows(task.train.rows[users])
        for line, user in enumerate(users.tolist()):
            own = scores[line].astype(np.float64)
            own[task.train.row(user)] = -np.inf
            top = best(own, DEPTH)
            hits[start + line, : len(top)] = np.isin(top, items_of(task.relevant, user))
    counts = np.diff(task.relevant.indptr)[task.users].astype(np.int64)
    return measures(hits, counts)


def estimates(values: Measures, *, bootstrap: int, seed: int) -> tuple[Estimate, ...]:
    """Mean and percentile interval of each column of `values` (users, figures).

    Whoever has the same number of users and seed meets the same resamples.
    """
    rng = np.random.default_rng(seed)
    users = len(values)
    means = np.stack(
        [values[rng.integers(users, size=users)].mean(axis=0) for _ in range(bootstrap)]
    )
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    columns = zip(values.mean(axis=0).tolist(), low.tolist(), high.tolist(), strict=True)
    return tuple(Estimate(*column) for column in columns)
