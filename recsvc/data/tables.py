"""The types of this package: the canonical tables, the report on their making, a file as read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

REQUIRED = ("user_id", "item_id", "timestamp")
OPTIONAL = ("weight", "session_id", "event")

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Report:
    """What became of the rows of interactions: `rows_read == rows_kept + sum(dropped.values())`.

    `dropped` counts rows by cause; a row with several faults counts once, under the first.
    `notes` are remarks in plain words, on items and users as well.
    """

    rows_read: int
    rows_kept: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """The report for a terminal or a log, one remark a line."""
        left_out = self.rows_read - self.rows_kept
        head = f"{self.rows_read:,} rows read, {self.rows_kept:,} kept, {left_out:,} left out"
        causes = [f"  {count:,} left out: {cause}" for cause, count in self.dropped.items()]
        return [head, *causes, *(f"  note: {note}" for note in self.notes)]


@dataclass(frozen=True, eq=False)
class Tables:
    """Checked canonical tables; treat the frames as read-only.

    interactions: user_id, item_id (text), timestamp (seconds since 1970, UTC; int64 where all are
    whole, else float64), weight (float32, > 0), optional session_id, event (text or missing);
    sorted by timestamp, equal times in the order of the file.
    items: item_id, title, optional url, image, then attributes; sorted by item_id, unique.
    users: user_id, then attributes; sorted by user_id, unique.
    """

    interactions: pd.DataFrame
    items: pd.DataFrame | None
    users: pd.DataFrame | None
    report: Report


@dataclass(frozen=True, eq=False)
class Raw:
    """One file as it was read, before any check.

    `typed` says that the file knows its columns' types (Parquet); otherwise every column is text.
    `malformed` counts lines that could not be split into columns; `drops` are rows that the
    form of the file itself rules out, as (cause, mask over the rows of `table`).
    """

    source: str
    table: pa.Table
    typed: bool
    malformed: int = 0
    drops: tuple[tuple[str, Mask], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        """The names of the columns, in the order of the file."""
        return [str(name) for name in self.table.column_names]

    def column(self, name: str) -> Any:
        """One column as a pyarrow ChunkedArray of plain values."""
        column = self.table.column(name)
        if pa.types.is_dictionary(column.type):
            return column.cast(column.type.value_type)
        return column


class Sieve:
    """Counts rows out by cause; each row falls at most once, under its first cause."""

    def __init__(self, rows: int, malformed: int) -> None:
        self.keep: Mask = np.ones(rows, dtype=np.bool_)
        self.dropped: dict[str, int] = {}
        self.rows_read = rows + malformed
        if malformed:
            self.dropped["wrong number of columns"] = malformed

    def drop(self, cause: str, bad: Mask) -> None:
        """Take out the rows of `bad` that are still in."""
        count = int(np.count_nonzero(self.keep & bad))
        if count:
            self.dropped[cause] = self.dropped.get(cause, 0) + count
            self.keep &= ~bad
