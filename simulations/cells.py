"""A cell: some visitors of one seed, before every policy. Cells are independent of each other.

What a cell gives depends on nothing but what it is handed, so cells may run anywhere, in any
order, and a run that was stopped goes on with the cells that are missing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from simulations.eras import Trained
from simulations.measures import COLUMNS, Measuring, Row
from simulations.play import Player
from simulations.scenario import Shelf, Truth, Visit
from simulations.study import Policy

_SMALL = {"policy": "int16", "seed": "int32"}
_COUNTS = (
    "filled",
    "displaced",
    "forced",
    "largest",
    "answers",
    "steps",
    "restarts",
    "sought",
    "refound",
)


@dataclass(frozen=True)
class Cell:
    """All that is needed to play it; `part` is the file that it writes."""

    part: Path
    seed: int
    policies: tuple[Policy, ...]
    judge: int
    k: int
    remembers: bool
    models: tuple[Trained, ...]
    visits: tuple[Visit, ...]
    shelf: Shelf
    truth: Truth | None

    def run(self) -> int:
        """Play, and write the records, complete or not at all; the number of judged events."""
        player = Player(
            self.policies, [one.era() for one in self.models], self.shelf, self.remembers
        )
        frames = []
        for _, visits in groupby(self.visits, key=lambda visit: visit.user_id):
            measuring = Measuring(self.k, self.judge, self.truth)
            frames.append(_columns(list(measuring.rows(player.play(list(visits))))))
        frame = _frame(frames, self.seed)
        beside = self.part.with_name(f".{self.part.name}.{os.getpid()}")
        pq.write_table(
            pa.Table.from_pandas(frame, preserve_index=False), beside, compression="zstd"
        )
        beside.replace(self.part)
        return len(frame) // len(self.policies)


def _columns(rows: Sequence[Row]) -> dict[str, list[Any]]:
    """Rows as columns: a tenth of the memory, and a run may have millions."""
    return {name: [getattr(row, name) for row in rows] for name in COLUMNS}


def _frame(parts: Sequence[dict[str, list[Any]]], seed: int) -> pd.DataFrame:
    columns = {name: list(chain.from_iterable(part[name] for part in parts)) for name in COLUMNS}
    frame = pd.DataFrame(columns).assign(seed=seed)
    types = {**_SMALL, **dict.fromkeys(_COUNTS, "int32")}
    return frame.astype(types)


def shares(visits: Sequence[Visit], count: int) -> list[tuple[Visit, ...]]:
    """Visits in about `count` shares of equal work; a user's visits stay together."""
    total = sum(len(visit.moments) for visit in visits)
    found: list[list[Visit]] = [[]]
    done = 0
    for _, mine in groupby(visits, key=lambda visit: visit.user_id):
        if found[-1] and done >= total * len(found) / count:
            found.append([])
        for visit in mine:
            found[-1].append(visit)
            done += len(visit.moments)
    return [tuple(share) for share in found]
