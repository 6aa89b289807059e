"""A study from beginning to end: scenarios, models, cells, figures, and what is written of them.

OUT/work/          models and finished cells; gone when all is done
OUT/records.parquet, OUT/results.json, OUT/report.html, OUT/frontier.svg, OUT/frontier.png
"""

from __future__ import annotations

import hashlib
import shutil
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from recsvc.data import Tables, data_hash
from recsvc.errors import BadData, Conflict, Unavailable
from simulations.cells import Cell, shares
from simulations.eras import train_models
from simulations.forms import Replay, Table
from simulations.replay import replay
from simulations.report import write_report
from simulations.results import FORMAT, results_of
from simulations.scenario import Scenario
from simulations.shop import make_world
from simulations.study import Study

ANSWERS_A_CELL = 250_000
"""Small enough that an interrupted run loses a minute, large enough to load the models for."""

Say = Callable[[str], None]
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Run:
    """Where a study runs, in how many processes, and who is told of it.

    `say` takes a line, `tell` the cells that are done and all there are.
    """

    study: Study
    tables: Tables | None
    out: Path
    jobs: int
    say: Say
    tell: Tell

    def go(self, *, resume: bool) -> dict[str, Any]:
        """Run what is not there yet; returns what is written to results.json.

        Raises `BadData` for what cannot be played and `Conflict` where another run lies in `out`,
        before any work starts.
        """
        scenarios = {}
        first = self.study.seeds[0]
        scenarios[first] = self._scenario(first)
        self._claim(resume=resume)
        done = self.out / "results.json"
        if done.is_file():
            self.say(f"{self.out} is complete already; its report is drawn anew.")
            found: dict[str, Any] = msgspec.json.decode(done.read_bytes())
            write_report(found, self.out)
            return found
        cells: list[Cell] = []
        for seed in self.study.seeds:
            scenario = scenarios.get(seed) or self._scenario(seed)
            scenarios[seed] = scenario
            cells += self._cells(scenario, seed)
        self._play([cell for cell in cells if not cell.part.is_file()], len(cells))
        self.say("measuring, drawing, writing")
        results = results_of(self.study, scenarios, cells)
        self._write(results, [cell.part for cell in cells])
        return results

    @property
    def work(self) -> Path:
        """What is needed while the study runs."""
        return self.out / "work"

    def _scenario(self, seed: int) -> Scenario:
        study = self.study
        if isinstance(study.source, Replay):
            if self.tables is None:
                raise BadData("This study replays a log: name it with --interactions FILE.")
            scenario = replay(self.tables, study.source, seed, retrain=study.retrain)
        else:
            of = study.source
            scenario = make_world(
                seed, users=of.users, items=of.items, days=of.days, test_days=of.test_days
            ).scenario()
            if not study.retrain:
                scenario = replace(scenario, retrain=None)
        events = scenario.tables.interactions
        known = events.loc[events["timestamp"] <= scenario.cut, "item_id"].nunique()
        if known < study.k:
            raise BadData(
                f"The slate has {study.k} seats, but only {known} items are known when the play "
                "begins. Lower k in [knobs], or use data with more items."
            )
        if len({visit.user_id for visit in scenario.visits}) < 2:
            raise BadData(
                "Fewer than two visitors are there to be played: no interval is possible."
            )
        return scenario

    def _claim(self, *, resume: bool) -> None:
        """The folder belongs to one study over one set of tables."""
        data = None if self.tables is None else data_hash(self.tables)
        made_of = [version("recsvc"), FORMAT, self.study, data]
        ours = hashlib.sha256(msgspec.json.encode(made_of, enc_hook=_told)).hexdigest()
        mark = self.out / "study.sha256"
        if mark.is_file():
            if mark.read_text().strip() != ours:
                raise Conflict(
                    f"{self.out} holds another run (another study, data or version). Name another "
                    "folder with --out, or remove that one."
                )
            if not resume:
                raise Conflict(
                    f"{self.out} holds this very run already. Go on with --resume, name another "
                    "folder with --out, or remove that one."
                )
        elif self.out.exists() and (not self.out.is_dir() or any(self.out.iterdir())):
            raise Conflict(f"{self.out} is there and not empty. Name another folder with --out.")
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            mark.write_text(ours + "\n")
        except OSError as error:
            raise Conflict(
                f"{self.out} cannot be written: {error.strerror}. Name another folder with --out."
            ) from error

    def _cells(self, scenario: Scenario, seed: int) -> list[Cell]:
        study, home = self.study, self.work / f"seed-{seed}"
        models = train_models(scenario, study.model, home, seed=seed, say=self.say)
        moments = sum(len(visit.moments) for visit in scenario.visits)
        count = -(-moments * len(study.policies) // ANSWERS_A_CELL)
        return [
            Cell(
                part=home / f"part-{number:03d}.parquet",
                seed=seed,
                policies=study.policies,
                judge=study.number(study.baseline),
                k=study.k,
                remembers=not isinstance(study.source, Replay)
                or study.source.remembers == "visitor",
                models=models,
                visits=visits,
                shelf=scenario.shelf,
                truth=scenario.truth,
            )
            for number, visits in enumerate(shares(scenario.visits, count))
        ]

    def _play(self, cells: Sequence[Cell], all_cells: int) -> None:
        done = all_cells - len(cells)
        if done:
            self.say(f"{done} of {all_cells} parts were played before")
        self.tell(done, all_cells)
        for _ in self._played(cells):
            done += 1
            self.tell(done, all_cells)

    def _played(self, cells: Sequence[Cell]) -> Iterator[int]:
        if self.jobs == 1 or len(cells) < 2:
            yield from (cell.run() for cell in cells)
            return
        workers = Parallel(n_jobs=self.jobs, return_as="generator_unordered", pre_dispatch="n_jobs")
        try:
            yield from workers(delayed(_play_apart)(cell) for cell in cells)
        except BrokenProcessPool as error:
            raise Unavailable(
                "A worker process was ended from outside (is there memory enough?). What was "
                "played so far is kept: go on with --resume, perhaps with fewer --jobs."
            ) from error

    def _write(self, results: dict[str, Any], parts: Sequence[Path]) -> None:
        """Records and report first: where results.json lies, everything is there."""
        with pq.ParquetWriter(
            self.out / "records.parquet", pq.read_schema(parts[0]), compression="zstd"
        ) as writer:
            for part in parts:
                writer.write_table(pq.read_table(part))
        write_report(results, self.out)
        beside = self.out / ".results.json"
        beside.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
        beside.replace(self.out / "results.json")
        shutil.rmtree(self.work)


def _play_apart(cell: Cell) -> int:
    """In a process of its own, which leaves Ctrl-C to the one that waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return cell.run()


def _told(value: object) -> object:
    """What msgspec does not encode by itself: a table of the study."""
    if isinstance(value, Table):
        return value.model_dump()
    raise TypeError(f"a {type(value).__name__} has no place in a study")
