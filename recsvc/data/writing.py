"""Canonical tables into a folder of Parquet files; the same tables give the same bytes."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from recsvc.data.tables import Tables
from recsvc.errors import BadData


def write_tables(tables: Tables, directory: Path | str) -> None:
    """Write interactions.parquet, and items and users where there are any (zstd).

    A table that these do not have is removed from the folder, so that the folder holds nothing
    else afterwards that `read_tables` would take for a part of them. Raises BadData.
    """
    folder = Path(directory)
    frames = {"interactions": tables.interactions, "items": tables.items, "users": tables.users}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, frame in frames.items():
            if frame is not None:
                _write(frame, folder / f"{name}.parquet")
                continue
            for suffix in (".parquet", ".csv", ".csv.gz"):
                (folder / f"{name}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise BadData(f"{folder}: cannot be written ({error.strerror}). Check the path.") from error


def _write(frame: pd.DataFrame, path: Path) -> None:
    # Metadata would carry the versions of libraries into the bytes.
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    partial = path.with_name(f".{path.name}.partial")
    pq.write_table(table, partial, compression="zstd")
    partial.replace(path)
