"""A study from beginning to end: scenarios, models, cells, figures, and what is written of them.

OUT/work/          models and finished cells; gone when all is done
OUT/records.parquet, OUT/results.json, OUT/report.html, OUT/frontier.svg, OUT/frontier.png
"""

from __future__ import annotations

import hashlib
import shutil
import signal
import tempfile
import time
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
from recsvc.errors import Conflict, Unavailable
from simulations.cells import Cell, shares
from simulations.cluster import Cluster
from simulations.eras import train_models
from simulations.forms import Replay, Table
from simulations.looking import cost_of_looking, looked_into
from simulations.pilot import Estimate, answers_of, pilot
from simulations.report import write_report
from simulations.results import FORMAT, results_of
from simulations.scenario import Scenario
from simulations.staging import scenario_of
from simulations.study import Study

ANSWERS_A_CELL = 250_000
"""Small enough that an interrupted run loses a minute, large enough to load the models for."""

MARK = "study.sha256"
"""The file that tells which study and data a folder belongs to."""

WORTH_A_PILOT = 500_000
"""Answers that take long enough for an estimate before them."""

Say = Callable[[str], None]
Tell = Callable[[int, int], None]


@dataclass(frozen=True)
class Run:
    """Where a study runs, in how many processes, and who is told of it.

    `say` takes a line, `tell` the cells that are done and all there are. `dask` is the address of
    a scheduler whose workers play in the place of `jobs` processes here.
    """

    study: Study
    tables: Tables | None
    out: Path
    jobs: int
    say: Say
    tell: Tell
    dask: str | None = None

    def go(self, *, resume: bool) -> dict[str, Any]:
        """Run what is not there yet; returns what is written to results.json.

        Raises `BadData` for what cannot be played and `Conflict` where another run lies in `out`,
        before any work starts.
        """
        first = self.study.seeds[0]
        scenarios = {first: scenario_of(self.study, self.tables, first)}
        cluster = Cluster(self.dask) if self.dask else None
        try:
            return self._go(scenarios, cluster, resume=resume)
        finally:
            if cluster is not None:
                cluster.close()

    def estimate(self) -> Estimate:
        """What the whole run would cost. Nothing is left behind, and `out` is not touched.

        Raises as `go` does.
        """
        seed = self.study.seeds[0]
        begun = time.process_time()
        scenario = scenario_of(self.study, self.tables, seed)
        with tempfile.TemporaryDirectory(prefix="recsvc-pilot-") as folder:
            cells = self._cells(scenario, seed, Path(folder))
            prepared = time.process_time() - begun
            return self._estimate(scenario, cells, prepared)

    def _estimate(
        self, scenario: Scenario, cells: Sequence[Cell], prepared: float, jobs: int | None = None
    ) -> Estimate:
        """From the cells of one seed; its scenario and models took `prepared` CPU seconds."""
        seeds = len(self.study.seeds)
        one = replace(self.study, seeds=self.study.seeds[:1], hindsight=0, visitors=0)
        whole = replace(
            cells[0], part=cells[0].part.with_name("pilot.parquet"), visits=scenario.visits
        )
        a_cell, an_answer, measuring = pilot(
            whole, lambda cell: results_of(one, {cell.seed: scenario}, [cell])
        )
        return Estimate(
            once=(prepared + measuring) * seeds
            + cost_of_looking(self.study, scenario, whole.models),
            cell=a_cell,
            answer=an_answer,
            cells=len(cells) * seeds,
            answers=answers_of(whole) * seeds,
            jobs=jobs or self.jobs,
        )

    def _go(
        self, scenarios: dict[int, Scenario], cluster: Cluster | None, *, resume: bool
    ) -> dict[str, Any]:
        self._claim(resume=resume)
        done = self.out / "results.json"
        if done.is_file():
            self.say(f"{self.out} is complete already; its report is drawn anew.")
            found: dict[str, Any] = msgspec.json.decode(done.read_bytes())
            write_report(found, self.out)
            self._clear()
            return found
        if cluster is not None:
            cluster.look_after(self.out / MARK)
        cells: list[Cell] = []
        for seed in self.study.seeds:
            begun = time.process_time()
            scenario = scenarios.get(seed) or scenario_of(self.study, self.tables, seed)
            scenarios[seed] = scenario
            mine = self._cells(scenario, seed, self.work)
            if not cells and not mine[0].part.is_file() and _long(mine, self.study):
                spent = time.process_time() - begun
                jobs = cluster.jobs if cluster else None
                self.say(self._estimate(scenario, mine, spent, jobs).words())
            cells += mine
        self._play([cell for cell in cells if not cell.part.is_file()], len(cells), cluster)
        self.say("measuring, drawing, writing")
        results = results_of(self.study, scenarios, cells)
        first, visits = self.study.seeds[0], self.study.hindsight + self.study.visitors
        if visits:
            self.say(f"looking into {visits:,} visits")
        results |= looked_into(self.study, scenarios[first], cells[0].models)
        self._write(results, [cell.part for cell in cells])
        return results

    @property
    def work(self) -> Path:
        """What is needed while the study runs."""
        return self.out / "work"

    def _claim(self, *, resume: bool) -> None:
        """The folder belongs to one study over one set of tables."""
        data = None if self.tables is None else data_hash(self.tables)
        made_of = [version("recsvc"), FORMAT, self.study, data]
        ours = hashlib.sha256(msgspec.json.encode(made_of, enc_hook=_told)).hexdigest()
        mark = self.out / MARK
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
        elif self.out.exists() and (not self.out.is_dir() or any(_foreign(self.out))):
            raise Conflict(f"{self.out} is there and not empty. Name another folder with --out.")
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            if not mark.is_file():
                beside = self.out / f".{MARK}"
                beside.write_text(ours + "\n")
                beside.replace(mark)
        except OSError as error:
            raise Conflict(
                f"{self.out} cannot be written: {error.strerror}. Name another folder with --out."
            ) from error

    def _cells(self, scenario: Scenario, seed: int, work: Path) -> list[Cell]:
        study, home = self.study, work / f"seed-{seed}"
        models = train_models(
            scenario, study.model, home, study.recommenders, seed=seed, say=self.say
        )
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

    def _play(self, cells: Sequence[Cell], all_cells: int, cluster: Cluster | None) -> None:
        done = all_cells - len(cells)
        if done:
            self.say(f"{done} of {all_cells} parts were played before")
        self.tell(done, all_cells)
        for _ in cluster.play(cells) if cluster else self._played(cells):
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
        self._clear()

    def _clear(self) -> None:
        """What is needed no more goes, under another name first: a worker that outlived a killed
        run finds no folder to write to."""
        gone = self.out / ".work"
        if gone.is_dir():
            shutil.rmtree(gone)
        if self.work.is_dir():
            self.work.rename(gone)
            shutil.rmtree(gone)


def _long(cells: Sequence[Cell], study: Study) -> bool:
    """Whether a run whose first seed has these cells takes long enough for a pilot."""
    return sum(map(answers_of, cells)) * len(study.seeds) >= WORTH_A_PILOT


def _foreign(folder: Path) -> Iterator[Path]:
    """What in the folder was not left by a run that was killed before it claimed the folder."""
    return (path for path in folder.iterdir() if path.name != f".{MARK}")


def _play_apart(cell: Cell) -> int:
    """In a process of its own, which leaves Ctrl-C to the one that waits for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return cell.run()


def _told(value: object) -> object:
    """What msgspec does not encode by itself: a table of the study."""
    if isinstance(value, Table):
        return value.model_dump()
    raise TypeError(f"a {type(value).__name__} has no place in a study")
