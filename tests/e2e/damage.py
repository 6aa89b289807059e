"""Artifacts that cannot be used, one of each sort, made from a good one; and promotions by hand."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recsvc.recommenders.artifacts.manifest import NAME, entry_of
from recsvc.recommenders.artifacts.registry import live_file, promotion

Damage = Callable[[Path], object]


def _array(change: Callable[[np.ndarray], np.ndarray], *, owned: bool = True) -> Damage:
    """Change the items' factors; if `owned`, the manifest says that they were written so."""

    def damage(folder: Path) -> None:
        path = folder / "item_factors.npy"
        np.save(path, change(np.load(path)))
        if owned:
            _own(folder, path)

    return damage


def _manifest(**changes: Any) -> Damage:
    def damage(folder: Path) -> None:
        written = json.loads((folder / NAME).read_bytes())
        files = written["files"] | changes.get("files", {})
        (folder / NAME).write_text(json.dumps(written | changes | {"files": files}))

    return damage


def _ids(first: list[Any]) -> Damage:
    """Put other ids in the place of the first ones, owned by the manifest."""

    def damage(folder: Path) -> None:
        path = folder / "item_ids.parquet"
        ids = pq.read_table(path)["item_ids"].to_pylist()
        rest = [type(first[-1])(n) for n in range(len(ids) - len(first))]
        pq.write_table(pa.table({"item_ids": [*first, *rest]}), path)
        _own(folder, path)

    return damage


def _own(folder: Path, path: Path) -> None:
    entry = entry_of(path)
    _manifest(files={path.name: {"size": entry.size, "sha256": entry.sha256}})(folder)


def _with_nan(array: np.ndarray) -> np.ndarray:
    array.flat[3] = np.nan
    return array


SORTS: dict[str, Damage] = {
    "truncated": lambda f: os.truncate(f / "item_factors.npy", 99),
    "empty": lambda f: (f / "user_ids.parquet").write_bytes(b""),
    "missing file": lambda f: (f / "user_factors.npy").unlink(),
    "NaN": _array(_with_nan),
    "wrong shape": _array(lambda array: array[:-1].copy()),
    "wrong type": _array(lambda array: array.astype(np.float64)),
    "other bytes": _array(lambda array: array + 1, owned=False),
    "ids that are numbers": _ids([1, 2, 3]),
    "an id missing": _ids([None, "b"]),
    "newer format": _manifest(format=99),
    "foreign kind": _manifest(kind="oracle"),
    "half a manifest": lambda f: (f / NAME).write_bytes((f / NAME).read_bytes()[:99]),
    "no folder": shutil.rmtree,
}


def spoilt(home: Path, good: str, sort: str) -> str:
    """A model of that sort beside the good one; its id."""
    place = list(SORTS).index(sort)
    model = f"als-20200101T0000{place:02}Z-{good[-8:]}"
    folder = home / "models" / model
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(home / "models" / good, folder)
    _manifest(model_id=model)(folder)
    SORTS[sort](folder)
    return model


def point(home: Path, model: str) -> None:
    """Promote without looking, as somebody else's script might."""
    number = promotion(home).number + 1
    beside = live_file(home).with_name(".beside")
    beside.write_text(f"{model} {number}\n")
    beside.replace(live_file(home))
