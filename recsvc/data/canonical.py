"""Raw interactions into the canonical table: every row is kept or counted out by cause."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recsvc.data.parsing import EARLIEST, LATEST, Floats, missing, numbers, texts, times
from recsvc.data.tables import OPTIONAL, REQUIRED, Mask, Raw, Report, Sieve
from recsvc.errors import BadData, Fault


def renamed(raw: Raw, columns: Mapping[str, str], wanted: tuple[str, ...]) -> Raw:
    """The columns of `raw` under their canonical names.

    `columns` maps canonical names to those of the file. Raises BadData that names every column
    of `wanted`, and every mapped one, that is not there.
    """
    sources = {name: columns.get(name, name) for name in dict.fromkeys((*wanted, *columns))}
    absent = {name: source for name, source in sources.items() if source not in raw.names}
    if absent:
        listed = ", ".join(dict.fromkeys(absent.values()))
        example = next(iter(absent))
        raise BadData(
            f"{raw.source}: missing column(s): {listed}. Found: {', '.join(raw.names)}. "
            f"Rename them in the file, or say what they are called there "
            f"(--column {example}=NAME of recsvc train and evaluate).",
            [Fault(name, f"no column {source!r}") for name, source in absent.items()],
        )
    table = raw.table
    for name, source in sources.items():
        if name != source:
            column = raw.column(source)
            if name in table.column_names:
                table = table.set_column(table.column_names.index(name), name, column)
            else:
                table = table.append_column(name, column)
    mapped = {source for name, source in sources.items() if name != source} - set(sources)
    return Raw(
        raw.source,
        table.drop_columns(sorted(mapped)),
        raw.typed,
        raw.malformed,
        raw.drops,
        raw.notes,
    )


def interactions_of(raw: Raw, columns: Mapping[str, str]) -> tuple[pd.DataFrame, Report]:
    """Check the rows of interactions. Raises BadData where columns or all rows are unusable."""
    raw = renamed(raw, columns, REQUIRED)
    sieve = Sieve(raw.table.num_rows, raw.malformed)
    for cause, mask in raw.drops:
        sieve.drop(cause, mask)
    notes = list(raw.notes)
    ids = {name: texts(raw.column(name)) for name in ("user_id", "item_id")}
    sieve.drop("missing user", missing(ids["user_id"]))
    sieve.drop("missing item", missing(ids["item_id"]))
    seconds = _checked_times(raw, sieve, notes)
    weight = _checked_weights(raw, sieve, notes)
    if not sieve.keep.any():
        raise BadData(f"{raw.source}: no usable row. {_causes(sieve)} Correct the file.")

    kept = np.flatnonzero(sieve.keep)
    order = kept[np.argsort(seconds[kept], kind="stable")]
    frame: dict[str, Any] = {name: _taken(column, order) for name, column in ids.items()}
    frame["timestamp"] = whole_if_whole(seconds[order])
    frame["weight"] = weight[order]
    for name in ("session_id", "event"):
        if name in raw.names:
            column = _taken(texts(raw.column(name)), order)
            if column.notna().any():
                frame[name] = column
    notes += _remarks(raw, ids, seconds[order])
    return pd.DataFrame(frame), Report(sieve.rows_read, kept.size, sieve.dropped, tuple(notes))


def whole_if_whole(seconds: Floats) -> Floats | np.typing.NDArray[np.int64]:
    """Seconds as int64 where all are whole, else as they are."""
    whole = seconds.astype(np.int64)
    return whole if bool(np.all(whole == seconds)) else seconds


def _checked_times(raw: Raw, sieve: Sieve, notes: list[str]) -> Floats:
    column = raw.column("timestamp")
    seconds, in_milliseconds = times(column)
    if in_milliseconds:
        notes.append("times are so large that they were read as milliseconds, not seconds")
    none = missing(column)
    if len(column) and not np.isfinite(seconds).any():
        shown = next((str(v) for v in column.filter(pc.is_valid(column)).slice(0, 1)), "nothing")
        raise BadData(
            f"{raw.source}: no time in column timestamp can be understood (the first is "
            f"{shown!r}). Write seconds since 1970 or ISO 8601 such as 2026-05-31T18:30:00Z."
        )
    sieve.drop("missing time", none)
    sieve.drop("time not understood", ~np.isfinite(seconds))
    sieve.drop("time before 1970", seconds < EARLIEST)
    sieve.drop("time after 2100", seconds >= LATEST)
    return seconds


def _checked_weights(raw: Raw, sieve: Sieve, notes: list[str]) -> np.typing.NDArray[np.float32]:
    if "weight" not in raw.names:
        return np.ones(raw.table.num_rows, dtype=np.float32)
    column = raw.column("weight")
    none = missing_weight(column)
    with np.errstate(over="ignore"):
        weight = np.where(none, 1.0, numbers(column)).astype(np.float32)
    sieve.drop("weight not a finite number", ~np.isfinite(weight))
    sieve.drop("weight not above zero", weight <= 0)
    empty = int(np.count_nonzero(none & sieve.keep))
    if empty:
        notes.append(f"{empty:,} rows without a weight count as 1")
    return weight


def missing_weight(column: Any) -> Mask:
    """Where there is no weight at all; a nan that was written as one is a bad weight."""
    return np.asarray(pc.is_null(column).to_numpy(), dtype=np.bool_)


def _taken(column: Any, order: np.typing.NDArray[np.intp]) -> pd.Series[Any]:
    return pd.Series(column.take(pa.array(order)).to_pandas()).astype("str")


def _causes(sieve: Sieve) -> str:
    listed = ", ".join(f"{cause}: {count:,}" for cause, count in sieve.dropped.items())
    return f"Of {sieve.rows_read:,} rows read all are left out ({listed or 'there are none'})."


def _remarks(raw: Raw, ids: Mapping[str, Any], seconds: Floats) -> list[str]:
    """What a reader of the report should know of the rows that were kept."""
    first, last = (f"{datetime.fromtimestamp(t, UTC):%Y-%m-%d %H:%M}" for t in seconds[[0, -1]])
    remarks = [f"times run from {first} to {last} UTC"]
    if raw.typed is False:
        remarks += [
            f'every {name} ends in ".0": they may be whole numbers written as decimals'
            for name, column in ids.items()
            if pc.all(pc.ends_with(column, ".0")).as_py()
        ]
    unused = [name for name in raw.names if name not in REQUIRED + OPTIONAL]
    if unused:
        hint = "; a rating is not a weight unless mapped to it" if "rating" in unused else ""
        remarks.append(f"columns of interactions not used: {', '.join(unused)}{hint}")
    return remarks
