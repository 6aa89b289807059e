"""Columns into values: ids as text, numbers, times in seconds since 1970; nan where it fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recsvc.data.tables import Mask

Floats = NDArray[np.float64]

EARLIEST = 0.0
LATEST = 4_102_444_800.0  # 2100-01-01T00:00:00Z
MILLISECONDS_FROM = 1e11  # as seconds this is the year 5138, as milliseconds 1973

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_ISO = r"^[0-9]{4}-[0-9]"


def is_text(column: Any) -> bool:
    """Whether an Arrow column holds text."""
    kind = column.type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def texts(column: Any) -> Any:
    """The column as trimmed text (large_string); whole floats lose their ".0", "" is missing."""
    kind = column.type
    if pa.types.is_nested(kind):
        return pa.chunked_array([pa.array(_joined(column), pa.large_string())])
    if pa.types.is_floating(kind):
        column = _whole_floats_as_ints(column)
    return without_empty(pc.utf8_trim_whitespace(column.cast(pa.large_string())))


def without_empty(column: Any) -> Any:
    """A text column in which "" is missing, as it is in CSV."""
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, column.type), column)


def missing(column: Any) -> Mask:
    """Where the column has no value."""
    return np.asarray(pc.is_null(column, nan_is_null=True).to_numpy(), dtype=np.bool_)


def numbers(column: Any) -> Floats:
    """The column as float64; nan where there is no number."""
    try:
        floats = column.cast(pa.float64(), safe=False)
    except pa.ArrowNotImplementedError:  # a type that holds no numbers, such as a list
        return np.full(len(column), np.nan)
    except pa.ArrowInvalid:  # one bad value is enough; only then is each one looked at
        column = pc.utf8_trim_whitespace(column)
        ok = pc.match_substring_regex(column, _NUMBER)
        floats = pc.if_else(ok, column, pa.scalar(None, column.type)).cast(pa.float64())
    return np.array(pc.fill_null(floats, np.nan).to_numpy(), dtype=np.float64)


def times(column: Any) -> tuple[Floats, bool]:
    """Seconds since 1970 UTC, nan where unparsable; and whether numbers were milliseconds.

    Numbers are seconds, unless their median is above 1e11. Text may be numbers or ISO 8601,
    which without an offset means UTC.
    """
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        return _seconds(column.cast(pa.timestamp("us"), safe=False)), False
    seconds = numbers(column)
    finite = seconds[np.isfinite(seconds)]
    in_milliseconds = finite.size > 0 and float(np.median(finite)) > MILLISECONDS_FROM
    if in_milliseconds:
        seconds = seconds / 1000.0
    if is_text(column) and finite.size < len(column):
        seconds = np.where(np.isnan(seconds), _iso_times(column), seconds)
    return seconds, in_milliseconds


def _iso_times(column: Any) -> Floats:
    iso = pc.fill_null(pc.match_substring_regex(column, _ISO), False)
    where = np.flatnonzero(np.asarray(iso.to_numpy(), dtype=np.bool_))
    seconds = np.full(len(column), np.nan)
    if where.size:
        values = pd.Series(column.filter(iso).to_pandas())
        parsed = pd.to_datetime(values, format="ISO8601", utc=True, errors="coerce")
        seconds[where] = _seconds(pa.array(parsed).cast(pa.timestamp("us"), safe=False))
    return seconds


def _seconds(stamps: Any) -> Floats:
    """Seconds of an Arrow column of microseconds; nan where missing."""
    micros = pc.fill_null(stamps.cast(pa.int64()).cast(pa.float64(), safe=False), np.nan)
    return np.array(micros.to_numpy(zero_copy_only=False), dtype=np.float64) / 1e6


def _whole_floats_as_ints(column: Any) -> Any:
    """Ids stored as floats because some are missing: 13085.0 is 13085."""
    column = pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    whole = pc.equal(pc.floor(column), column)
    if pc.all(whole).as_py() is not False and (pc.max(pc.abs(column)).as_py() or 0) < 2**53:
        return column.cast(pa.int64())
    return column


def _joined(column: Any) -> list[str | None]:
    """Lists as text joined by "|", other nested values as their own text."""
    return [
        "|".join(map(str, value))
        if isinstance(value, list)
        else None
        if value is None
        else str(value)
        for value in column.to_pylist()
    ]
