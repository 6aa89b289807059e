"""From tables to an artifact."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import msgspec
import pandas as pd

from recsvc.data import Tables, data_hash
from recsvc.errors import BadData, BadInput
from recsvc.recommenders import ann
from recsvc.recommenders.als import Als, AlsParameters, Start
from recsvc.recommenders.artifact import Artifact, write
from recsvc.recommenders.evaluation import evaluate
from recsvc.recommenders.kinds import kind_of
from recsvc.recommenders.manifest import FORMAT, Manifest
from recsvc.recommenders.matrix import Matrix, matrix_of
from recsvc.recommenders.models import Model, Parameters, parameters_for

Progress = Callable[[str], None]
LIBRARIES = ("implicit", "numpy", "scipy", "pandas", "pyarrow")


def train(
    tables: Tables,
    *,
    model: str,
    home: Path,
    seed: int,
    progress: Progress,
    parameters: Mapping[str, float] | None = None,
    threads: int = 0,
    measure: bool = True,
    now: datetime | None = None,
    start: Artifact | None = None,
    index: ann.Kind | None = "half",
) -> Path:
    """Learn, and write `home/models/<model_id>`; returns that folder. `promote` makes it live.

    The same tables, parameters and seed give the same numbers, whatever `threads` (0: one per
    core). `measure` first evaluates with the split global-time and notes the figures in the
    manifest; `now` (UTC, default the clock's) names the artifact.
    An ALS may `start` from the factors of an earlier one: users and items are found by name.
    A big catalogue gets an `index` where that makes its items be found faster.
    Raises UnknownModel, BadInput for parameters, BadData for tables without rows.
    """
    kind = kind_of(model)
    chosen = parameters_for(kind, parameters or {})
    matrix = matrix_of(tables.interactions)
    users, items = matrix.rows.shape
    progress(f"{len(tables.interactions):,} events: {users:,} users, {items:,} items")
    metrics = _measured(tables, model, seed, progress, parameters or {}) if measure else {}
    progress(f"training {model}, seed {seed}")
    began = time.perf_counter()
    learnt: Model
    if start is None:
        learnt = kind.fit(matrix, chosen, seed=seed, threads=threads)
    else:
        learnt = _warm(start, matrix, chosen, seed=seed, threads=threads)
    seconds = time.perf_counter() - began
    progress(f"trained in {seconds:.1f} s; writing")
    manifest = _manifest(
        tables, matrix, model, chosen, seed, seconds, metrics, now or datetime.now(UTC)
    )
    found_by = ann.indexed(learnt, index, progress) if index is not None else None
    if found_by is not None:
        manifest = msgspec.structs.replace(manifest, index=found_by.card)
    return write(home, manifest, learnt, matrix, tables.items, found_by)


def _warm(start: Artifact, matrix: Matrix, chosen: Parameters, *, seed: int, threads: int) -> Als:
    """An ALS that goes on from another. Raises BadInput for other models or numbers of factors."""
    before = start.model
    if not isinstance(before, Als) or not isinstance(chosen, AlsParameters):
        raise BadInput("Only als can start from another model's factors.")
    if before.parameters.factors != chosen.factors:
        raise BadInput(f"{start.model_id} has {before.parameters.factors} factors.")
    known = start.matrix
    return Als.fit(
        matrix,
        chosen,
        seed=seed,
        threads=threads,
        start=Start(
            before.user_factors,
            known.users.indices(pd.Series(matrix.users.ids)),
            before.item_factors,
            known.items.indices(pd.Series(matrix.items.ids)),
        ),
    )


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
) -> Manifest:
    fingerprint = data_hash(tables)
    settings = msgspec.to_builtins(parameters)
    times: pd.Series = tables.interactions["timestamp"]
    return Manifest(
        format=FORMAT,
        model_id=_model_id(kind, now, fingerprint, settings, seed),
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
        files={},
    )


def _model_id(
    kind: str, now: datetime, fingerprint: str, settings: Mapping[str, float], seed: int
) -> str:
    """Kind, time, and what it was made of: data, settings, seed and the moment itself."""
    made_of = msgspec.json.encode([kind, now.timestamp(), fingerprint, settings, seed])
    short = hashlib.sha256(made_of).hexdigest()[:8]
    return f"{kind}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{short}"
