"""The models of a home at a glance, and one of them in full."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from recsvc.errors import RecsvcError
from recsvc.recommenders.artifacts.journal import Entry, entries
from recsvc.recommenders.artifacts.manifest import Manifest, read_manifest
from recsvc.recommenders.artifacts.registry import folder_of, model_ids, models_folder, promotion


class Overview(NamedTuple):
    """One line of the list; times are UTC ISO 8601. Without a readable manifest `fault` says why,
    and what it would have told is None. `promoted` is the last time that it became live."""

    model: str
    live: bool
    fault: str | None = None
    kind: str | None = None
    created: str | None = None
    data_until: str | None = None
    events: int | None = None
    ndcg: tuple[float, float, float] | None = None
    promoted: str | None = None
    act: str | None = None
    verdict: str | None = None
    reason: str | None = None


def overview(home: Path) -> list[Overview]:
    """All models, oldest first."""
    live = _live(home)
    became = {entry.after: entry for entry in entries(models_folder(home))}
    found = [_of(home, name, live, became.get(name)) for name in model_ids(home)]
    if live is not None and live not in {one.model for one in found}:
        found.append(Overview(live, live=True, fault="it is live, and its files are gone"))
    return found


def as_line(one: Overview) -> str:
    """For people; * marks the live model."""
    head = f"{'*' if one.live else ' '} {one.model}"
    if one.fault is not None:
        return f"{head}  {one.fault}"
    told = [f"{one.events or 0:,} events until {(one.data_until or '')[:10]}"]
    if one.ndcg is not None:
        mean, low, high = one.ndcg
        told.append(f"nDCG@10 {mean:.4f} [{low:.4f}, {high:.4f}]")
    if one.promoted is not None:
        how = "back" if one.act == "rollback" else "live"
        why = ", ".join(filter(None, (one.verdict, one.reason and f"because: {one.reason}")))
        told.append(f"{how} {one.promoted}" + (f" ({why})" if why else ""))
    return f"{head}  " + "  ".join(told)


def details(home: Path, model_id: str) -> dict[str, Any]:
    """What it was made of, when it came and went, and what it was compared with.

    Raises UnknownModel, and BadData where its manifest cannot be read.
    """
    manifest = read_manifest(folder_of(home, model_id))
    journal = entries(models_folder(home))
    one = _told(manifest, _live(home), None)
    return {
        "model": model_id,
        "live": one.live,
        "kind": manifest.kind,
        "created": one.created,
        "data_from": _when(manifest.first),
        "data_until": one.data_until,
        "events": manifest.rows,
        "users": manifest.users,
        "items": manifest.items,
        "parameters": manifest.parameters,
        "seed": manifest.seed,
        "started_from": manifest.started_from or None,
        "metrics": manifest.metrics,
        "versions": manifest.versions,
        "bytes": sum(entry.size for entry in manifest.files.values()),
        "journal": [_line(entry) for entry in journal if model_id in (entry.before, entry.after)],
        "diffs": sorted(
            path.stem for path in (models_folder(home) / "diffs").glob(f"*{model_id}*.json")
        ),
    }


def _of(home: Path, name: str, live: str | None, entry: Entry | None) -> Overview:
    try:
        manifest = read_manifest(folder_of(home, name))
    except RecsvcError as error:
        return Overview(name, live=name == live, fault=error.detail)
    return _told(manifest, live, entry)


def _told(manifest: Manifest, live: str | None, entry: Entry | None) -> Overview:
    figures = [manifest.metrics.get(f"ndcg@10{end}") for end in ("", " low", " high")]
    mean, low, high = figures
    known = mean is not None and low is not None and high is not None
    return Overview(
        manifest.model_id,
        live=manifest.model_id == live,
        kind=manifest.kind,
        created=_when(manifest.created),
        data_until=_when(manifest.last),
        events=manifest.rows,
        ndcg=(mean, low, high) if known else None,  # type: ignore[arg-type]
        promoted=None if entry is None else _when(entry.time),
        act=None if entry is None else entry.act,
        verdict=None if entry is None else entry.verdict,
        reason=None if entry is None else entry.reason,
    )


def _line(entry: Entry) -> str:
    missed = f", missed {', '.join(entry.failed)}" if entry.failed else ""
    return (
        f"{_when(entry.time)} {entry.act} of {entry.after} after {entry.before or 'none'}: "
        f"{entry.verdict or 'no verdict'}{missed}"
        + ("" if entry.reason is None else f", because: {entry.reason}")
    )


def _live(home: Path) -> str | None:
    try:
        return promotion(home).model_id
    except RecsvcError:
        return None


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
