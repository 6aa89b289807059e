"""A trained model on disk and in memory, with all that serving needs and nothing else.

Arrays are mapped: the workers of one machine share their pages.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsvc.errors import BadInput, Conflict
from recsvc.recommenders.artifacts.manifest import (
    NAME,
    FileEntry,
    Manifest,
    broken,
    check_files,
    encoded,
    entry_of,
    read_manifest,
)
from recsvc.recommenders.artifacts.registry import folder_of, models_folder, sync_folder
from recsvc.recommenders.kinds.named import KINDS
from recsvc.recommenders.kinds.popularity import Counts, distinct_users
from recsvc.recommenders.matrix import Matrix, rows_of
from recsvc.recommenders.models import Model, parameters_for
from recsvc.recommenders.scanning import ann
from recsvc.recommenders.scanning.scan import Factored
from recsvc.recommenders.threads import one_blas_thread_from_now_on
from recsvc.recommenders.vocabulary import Vocabulary

ROWS = ("rows_data", "rows_indices", "rows_indptr")
ACTS = "rows_acts"


@dataclass(frozen=True, eq=False)
class Artifact:
    """A loaded model. `popularity`: distinct users, shape (items,); `titles`: the items table.

    `index` finds the best items of a big catalogue, where one was built and can be used.
    """

    manifest: Manifest
    model: Model
    matrix: Matrix
    popularity: Counts
    titles: pd.DataFrame | None
    index: ann.Faiss | None = None

    @property
    def model_id(self) -> str:
        """The identity of this artifact."""
        return self.manifest.model_id


def write(
    home: Path,
    manifest: Manifest,
    model: Model,
    matrix: Matrix,
    titles: pd.DataFrame | None,
    index: ann.Faiss | None = None,
) -> Path:
    """Write `home/models/<model_id>`, complete or not at all; `manifest.files` is filled in here.

    Raises Conflict when that model is already there.
    """
    parent = models_folder(home)
    parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{manifest.model_id}.", dir=parent))
    try:
        if index is not None:
            ann.write(index, beside)
        files = _write_files(beside, model, matrix, titles)
        (beside / NAME).write_bytes(encoded(msgspec.structs.replace(manifest, files=files)))
        for path in beside.iterdir():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(beside)
        beside.chmod(0o755)
        beside.rename(parent / manifest.model_id)
    except OSError as error:
        if (parent / manifest.model_id).exists():
            raise Conflict(f"The model {manifest.model_id} is already there.") from error
        raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    sync_folder(parent)
    return parent / manifest.model_id


def _write_files(
    folder: Path, model: Model, matrix: Matrix, titles: pd.DataFrame | None
) -> dict[str, FileEntry]:
    rows = matrix.rows
    arrays = {"popularity": distinct_users(rows), **model.arrays()}
    arrays |= dict(zip(ROWS, (rows.data, rows.indices, rows.indptr), strict=True))
    arrays[ACTS] = matrix.acts
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
    for name, vocabulary in (("user_ids", matrix.users), ("item_ids", matrix.items)):
        pq.write_table(pa.table({name: list(vocabulary.ids)}), folder / f"{name}.parquet")
    if titles is not None:
        pq.write_table(pa.Table.from_pandas(titles, preserve_index=False), folder / "items.parquet")
    return {path.name: entry_of(path) for path in sorted(folder.iterdir())}


def load(home: Path, model_id: str, *, digests: bool = False) -> Artifact:
    """The artifact, checked: format, sizes, shapes, ranges, finite numbers; `digests`: every byte.

    Raises UnknownModel when it is not there and BadData when it cannot be used. Limits BLAS to one
    thread in this process.
    """
    folder = folder_of(home, model_id)
    manifest = read_manifest(folder)
    if manifest.kind not in KINDS:
        raise broken(folder, f"this version has no model of the kind {manifest.kind!r}")
    check_files(folder, manifest, digests=digests)
    one_blas_thread_from_now_on()
    try:
        return _loaded(folder, manifest)
    except (OSError, EOFError, ValueError, KeyError, pa.ArrowException, BadInput) as error:
        raise broken(
            folder, str(error).splitlines()[0] if str(error) else "a damaged file"
        ) from error


def _loaded(folder: Path, manifest: Manifest) -> Artifact:
    names = [Path(name).stem for name in manifest.files if name.endswith(".npy")]
    arrays = {name: _mapped(folder / f"{name}.npy") for name in names}
    users, items = _vocabulary(folder, "user_ids"), _vocabulary(folder, "item_ids")
    shape = (len(users), len(items))
    if shape != (manifest.users, manifest.items):
        raise ValueError(f"{shape} users and items, not {(manifest.users, manifest.items)}")
    data, indices, indptr = (arrays[name] for name in ROWS)
    rows = rows_of(data, indices, indptr, shape)
    rows.check_format(full_check=True)
    if data.dtype != np.float32 or (data.size and not data.min() == data.max() == 1):
        raise ValueError("trained rows hold something else than ones")
    acts = arrays[ACTS]
    if acts.shape != data.shape or acts.dtype != np.uint32:
        raise ValueError(f"acts are {acts.dtype} {acts.shape}")
    kind = KINDS[manifest.kind]
    parameters = parameters_for(kind, manifest.parameters)
    popularity = KINDS["popularity"].of(arrays, None, shape=shape).arrays()["popularity"]
    titles = (
        pd.read_parquet(folder / "items.parquet") if "items.parquet" in manifest.files else None
    )
    model = kind.of(arrays, parameters, shape=shape)
    matrix = Matrix(users, items, rows, manifest.types, acts)
    return Artifact(manifest, model, matrix, popularity, titles, _index(folder, manifest, model))


def _index(folder: Path, manifest: Manifest, model: Model) -> ann.Faiss | None:
    if manifest.index is None or not isinstance(model, Factored):
        return None
    return ann.opened(folder, manifest.index, model.item_factors.shape)


def _mapped(path: Path) -> npt.NDArray[Any]:
    """Copy on write: implicit refuses read-only arrays. Nobody writes, so pages are shared."""
    array = np.load(path, mmap_mode="c", allow_pickle=False)
    return np.asarray(array)  # a plain array over the same pages: np.memmap slows every slice


def _vocabulary(folder: Path, name: str) -> Vocabulary:
    column = pq.read_table(folder / f"{name}.parquet")[name]
    if not pa.types.is_string(column.type) or column.null_count:
        raise ValueError(f"{name} are {column.type}, {column.null_count} of them missing")
    return Vocabulary(tuple(column.to_pylist()))
