"""A fingerprint of tables that does not depend on the form of their files."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recsvc.data.tables import Tables

_VERSION = b"recsvc tables 1"


def data_hash(tables: Tables) -> str:
    """SHA-256 (64 hex digits) over names and values of all three tables, not over the report.

    The same content gives the same hash from CSV as from Parquet: numbers count by their value,
    attributes by their shortest spelling, their columns in order of name.
    """
    digest = hashlib.sha256(_VERSION)
    _hash_rows(digest, tables.interactions)
    for frame in (tables.items, tables.users):
        digest.update(b"\x00no table" if frame is None else f"\x00{len(frame)}".encode())
        if frame is not None:
            for name in sorted(frame.columns):
                digest.update(f"\x00{name}\x00".encode())
                _hash_texts(digest, pa.array(map(_spelled, frame[name]), pa.large_string()))
    return digest.hexdigest()


def _hash_rows(digest: Any, frame: pd.DataFrame) -> None:
    digest.update(f"\x00{len(frame)}".encode())
    digest.update(frame["timestamp"].to_numpy(dtype="<f8").tobytes())
    digest.update(frame["weight"].to_numpy(dtype="<f4").tobytes())
    for name in ("user_id", "item_id", "session_id", "event"):
        if name in frame:
            digest.update(f"\x00{name}\x00".encode())
            _hash_texts(digest, pa.array(frame[name], pa.large_string(), from_pandas=True))


def _hash_texts(digest: Any, column: Any) -> None:
    """Lengths, then bytes; a missing value has length -1."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    lengths = pc.fill_null(pc.binary_length(column), -1)
    digest.update(lengths.to_numpy(zero_copy_only=False).astype("<i8").tobytes())
    filled = pc.fill_null(column, "")
    offsets, data = filled.buffers()[1:3]
    if data is None:
        return
    ends = np.frombuffer(offsets, dtype=np.int64)[filled.offset : filled.offset + len(filled) + 1]
    digest.update(memoryview(data)[ends[0] : ends[-1]])


def _spelled(value: object) -> str | None:
    """One spelling for a value, whether it was stored as text, number or truth value."""
    if value is None or value is pd.NA or value is pd.NaT or value == "" or value != value:
        return None
    text = str(value)
    if text in ("True", "False"):
        return text.lower()
    try:
        number = float(text)
    except ValueError:
        return text
    # "007" and "1_0" are texts: only what a number would be written as counts as one.
    if text.lstrip("-")[:1].isdigit() and "_" not in text and not _leading_zero(text):
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else repr(number)
    return text


def _leading_zero(text: str) -> bool:
    digits = text.lstrip("-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
