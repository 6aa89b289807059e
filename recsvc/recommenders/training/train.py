"""From tables to an artifact."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd

from recsvc.data import Tables, data_hash
from recsvc.errors import BadData
from recsvc.recommenders.artifacts.artifact import Artifact, write
from recsvc.recommenders.artifacts.manifest import FORMAT, Manifest
from recsvc.recommenders.evaluation.evaluate import evaluate
from recsvc.recommenders.kinds.als import Start
from recsvc.recommenders.matrix import Matrix, matrix_of
from recsvc.recommenders.models import Parameters
from recsvc.recommenders.scanning import ann
from recsvc.recommenders.training.recipe import recipe
from recsvc.recommenders.training.warm import following, learn, starts, stayed

Progress = Callable[[str], None]
LIBRARIES = ("implicit", "numpy", "scipy", "pandas", "pyarrow")


def train(
    tables: Tables,
    *,
    model: str,
    home: Path,
    seed: int,
    progress: Progress,
    parameters: Mapping[str, Any] | None = None,
    threads: int = 0,
    measure: bool = True,
    now: datetime | None = None,
    start: Artifact | None = None,
    ensemble: int | None = None,
    figures: Mapping[str, float] | None = None,
    index: ann.Kind | None = "half",
) -> Path:
    """Learn, and write `home/models/<model_id>`; returns that folder. `promote` makes it live.

    The same tables, parameters and seed give the same numbers, whatever `threads` (0: one per
    core). `measure` first evaluates with the split global-time and notes the figures in the
    manifest; `now` (UTC, default the clock's) names the artifact.
    A model that `start`s from an earlier one keeps the indices of its users and items; an ALS goes
    on from its factors, too; `parameters` that are not given are the earlier ones. An `ensemble`
    is of so many als with seeds of their own.
    `figures` are noted beside what is measured, such as those of a search.
    A big catalogue gets an `index` where that makes its items be found faster.
    Raises UnknownModel, BadInput for parameters, BadData for tables without rows.
    """
    kind, chosen = recipe(
        model, parameters or {}, ensemble, None if start is None else start.manifest
    )
    settings = msgspec.to_builtins(chosen)
    matrix = matrix_of(tables.interactions)
    users, items = matrix.rows.shape
    progress(f"{len(tables.interactions):,} events: {users:,} users, {items:,} items")
    metrics = _measured(tables, kind.kind, seed, progress, settings) if measure else {}
    metrics |= figures or {}
    begin: tuple[Start, ...] = ()
    if start is not None:
        matrix = following(matrix, start.matrix)
        begin = starts(start.model, start.matrix, matrix, chosen)
        progress(f"{start.model_id}: {stayed(start.matrix, matrix)}")
        if not begin:
            progress(f"a {model} learns anew: only indices can go on from {start.model_id}")
    progress(f"training {kind.kind}, seed {seed}")
    began = time.perf_counter()
    learnt = learn(kind, matrix, chosen, begin, seed=seed, threads=threads)
    seconds = time.perf_counter() - began
    progress(f"trained in {seconds:.1f} s; writing")
    manifest = _manifest(
        tables, matrix, kind.kind, chosen, seed, seconds, metrics, now or datetime.now(UTC), start
    )
    found_by = ann.indexed(learnt, index, progress) if index is not None else None
    if found_by is not None:
        manifest = msgspec.structs.replace(manifest, index=found_by.card)
    return write(home, manifest, learnt, matrix, tables.items, found_by)


def _measured(
    tables: Tables, model: str, seed: int, progress: Progress, parameters: Mapping[str, float]
) -> dict[str, float]:
    """What the model reaches on the last tenth of time; {} on too little data."""
    try:
        evaluation = evaluate(
            tables,
            split="global-time",
            models=[model],
            seed=seed,
            progress=progress,
            bootstrap=200,
            parameters={model: parameters},
        )
    except BadData as error:
        progress(f"not measured: {error.detail}")
        return {}
    row, popularity = evaluation.row(model), evaluation.row("popularity")
    return {
        "ndcg@10": row.ndcg.mean,
        "ndcg@10 low": row.ndcg.low,
        "ndcg@10 high": row.ndcg.high,
        "recall@10": row.recall.mean,
        "hit rate@10": row.hit_rate.mean,
        "mrr@10": row.mrr.mean,
        "popularity ndcg@10": popularity.ndcg.mean,
        "test users": evaluation.users,
    }


def _manifest(
    tables: Tables,
    matrix: Matrix,
    kind: str,
    parameters: Parameters,
    seed: int,
    seconds: float,
    metrics: Mapping[str, float],
    now: datetime,
    start: Artifact | None,
) -> Manifest:
    fingerprint = data_hash(tables)
    settings = msgspec.to_builtins(parameters)
    before = "" if start is None else start.model_id
    times: pd.Series = tables.interactions["timestamp"]
    return Manifest(
        format=FORMAT,
        model_id=_model_id(kind, now, fingerprint, settings, seed, before),
        kind=kind,
        created=now.timestamp(),
        data_hash=fingerprint,
        rows=len(tables.interactions),
        users=len(matrix.users),
        items=len(matrix.items),
        pairs=int(matrix.rows.nnz),
        types=matrix.types,
        first=float(times.min()),
        last=float(times.max()),
        parameters=settings,
        seed=seed,
        versions={name: version(name) for name in LIBRARIES},
        training_seconds=round(seconds, 3),
        metrics=dict(metrics),
        started_from=before,
        files={},
    )


def _model_id(
    kind: str,
    now: datetime,
    fingerprint: str,
    settings: Mapping[str, float],
    seed: int,
    before: str,
) -> str:
    """Kind, time, and what it was made of: data, settings, seed, start and the moment itself."""
    made_of = msgspec.json.encode([kind, now.timestamp(), fingerprint, settings, seed, before])
    short = hashlib.sha256(made_of).hexdigest()[:8]
    return f"{kind}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{short}"
