"""A cell: some visitors of one seed, before every policy. Cells are independent of each other.

What a cell gives depends on nothing but what it is handed, so cells may run anywhere, in any
order, and a run that was stopped goes on with the cells that are missing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from policies.batch.columns import Names
from policies.reasons import EXITS
from simulations.audiences import audience_of, in_step
from simulations.columns import records
from simulations.eras import Era, Trained
from simulations.lockstep import Lockstep
from simulations.log import Column, Log
from simulations.measures import COLUMNS, Measuring, Row
from simulations.play import Look, Player
from simulations.pooling import OutOfStepError
from simulations.scenario import Shelf, Truth, Visit
from simulations.study import Policy
from simulations.walks import Walk, walks
from simulations.watch import Watch

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
        frame = _frame(self.columns(), self.seed)
        beside = self.part.with_name(f".{self.part.name}.{os.getpid()}")
        pq.write_table(
            pa.Table.from_pandas(frame, preserve_index=False), beside, compression="zstd"
        )
        beside.replace(self.part)
        return len(frame) // len(self.policies)

    def columns(self) -> Mapping[str, Column]:
        """The records, by the names of COLUMNS: in lockstep where that is possible."""
        eras = [one.era() for one in self.models]
        try:
            return self._together(eras) if any(map(in_step, self.policies)) else self.one_by_one()
        except OutOfStepError:
            return self.one_by_one()

    def one_by_one(self) -> Mapping[str, Column]:
        """The same, every answer by itself."""
        eras = [one.era() for one in self.models]
        player = Player(self.policies, eras, self.shelf, self.remembers)
        rows: list[Row] = []
        for _, visits in groupby(self.visits, key=lambda visit: visit.user_id):
            measuring = Measuring(self.k, self.judge, self.truth)
            rows += measuring.rows(player.play(list(visits)))
        return {name: np.array([getattr(row, name) for row in rows]) for name in COLUMNS}

    def _together(self, eras: Sequence[Era]) -> Mapping[str, Column]:
        every = list(walks(self.visits, eras, remembers=self.remembers))
        names = Names.of(item for era in eras for item in era.artifact.matrix.items.ids)
        mine = [audience_of(policy) for policy in self.policies]
        audiences = list(dict.fromkeys(mine))
        looks = sum(len(walk.stops) for walk in every)
        audience = np.array([audiences.index(one) for one in mine])
        log = Log.of(looks, len(mine), self.k, audience, dict(names.number))
        watch = Watch(
            log,
            k=self.k,
            judge=int(audience[self.judge]),
            knows=[era.ladder.knows for era in eras],
            truth=self.truth,
        )
        stepping = np.array([in_step(policy) for policy in self.policies])
        places, others = np.flatnonzero(stepping), np.flatnonzero(~stepping)
        chosen = [self.policies[n] for n in places.tolist()]
        Lockstep(chosen, eras, self.shelf, names, audiences).play(every, log, watch, places)
        if len(others):
            rest = [self.policies[n] for n in others.tolist()]
            _play_beside(Player(rest, eras, self.shelf, self.remembers), every, log, others)
        return records(log, every)


def _play_beside(player: Player, walks: Sequence[Walk], log: Log, places: Column) -> None:
    """Write the answers of a player, one by one, into the log."""
    for _, mine in groupby(walks, key=lambda walk: walk.visit.user_id):
        several = list(mine)
        looks = iter([walk.first + n for walk in several for n in range(len(walk.stops))])
        for one in player.play([walk.visit for walk in several]):
            if isinstance(one, Look):
                _enter(one, next(looks), log, places)


def _enter(look: Look, at: int, log: Log, places: Column) -> None:
    number = log.number
    for place, turn in zip(places.tolist(), look.turns, strict=True):
        state = turn.decision.state
        for seat, item in enumerate(state.seats):
            log.slates[at, place, seat] = number.setdefault(item.item_id, len(number))
        log.step[at, place] = turn.decision.trigger == "step"
        log.anew[at, place] = turn.before is None and look.number != 0
        if turn.before is not None and state.epoch == turn.before.epoch:
            continue
        log.displaced[at, place] = state.displaced
        log.forced[at, place] = sum(c.after is None and c.reason in EXITS for c in state.changes)


def _frame(columns: Mapping[str, Column], seed: int) -> pd.DataFrame:
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
