"""Judged events as tables, a row for each event and a column for each policy, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulations.figures import ACCURACY, units

Codes = NDArray[np.int64]
_COLUMNS = ("policy", "user", "visit", "number", "seed", "known", "displaced", "filled", "answers")


@dataclass(frozen=True)
class Events:
    """The judged events of one part, all of one seed; `churn`, `followed` and `accuracy` are
    (events, policies), all else is (events,).

    `number` is the moment's place in the visit, `place` the event's among the judged ones of the
    visit, from 1; `visitor` the place of the visitor among all of the run.
    """

    seed: int
    visit: NDArray[np.object_]
    number: Codes
    visitor: Codes
    known: Codes
    place: Codes
    churn: NDArray[np.float64]
    followed: NDArray[np.float64]
    accuracy: NDArray[np.float64]


def events_of(
    parts: Sequence[Path], visitors: Sequence[str], policies: int, *, pooled: bool
) -> Iterator[Events]:
    """The events of each part; `visitors` are named as in `figures.Sums`."""
    place_of: pd.Index[str] = pd.Index(list(visitors), dtype="object")
    for part in parts:
        rows = pd.read_parquet(part, columns=[*_COLUMNS, ACCURACY])
        if not rows.empty:
            yield _events(units(rows, pooled), place_of, policies)


def _events(rows: pd.DataFrame, place_of: pd.Index[str], policies: int) -> Events:
    rows = rows.sort_values(["visit", "number", "policy"], kind="stable")
    first = rows.iloc[::policies]
    table = (len(first), policies)

    def wide(column: pd.Series[Any]) -> NDArray[np.float64]:
        found: NDArray[np.float64] = column.to_numpy(dtype=np.float64)
        return found.reshape(table)

    followed = wide(rows["answers"] > 0)
    return Events(
        int(first["seed"].iloc[0]),
        first["visit"].to_numpy(),
        first["number"].to_numpy(dtype=np.int64),
        place_of.get_indexer(pd.Index(first["visitor"])).astype(np.int64),
        first["known"].to_numpy(dtype=np.int64),
        first.groupby("visit", sort=False).cumcount().to_numpy().astype(np.int64) + 1,
        wide(rows["churn"]) * followed,
        followed,
        wide(rows[ACCURACY]),
    )
