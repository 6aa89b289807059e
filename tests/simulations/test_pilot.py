"""The estimate before a run: exact where the cost is what it supposes, and leaves nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from simulations import pilot
from simulations.cells import Cell
from simulations.pilot import Estimate, answers_of, by_length, sample
from simulations.scenario import Moment, Shelf, Visit
from simulations.study import Policy, parse_study

STUDY = {
    "name": "s",
    "world": {},
    "policies": {"fresh": {"preset": "fresh"}, "sticky": {"preset": "sticky"}},
}


def visits(count: int) -> tuple[Visit, ...]:
    """User n looks n + 1 times and does something as often."""
    found = []
    for n in range(count):
        moments = []
        for look in range(n + 1):
            moments += [Moment(float(look)), Moment(look + 0.5, "view", "i")]
        found.append(Visit(f"v{n}", f"u{n:04d}", tuple(moments)))
    return tuple(found)


def cell(tmp_path: Path, count: int) -> Cell:
    policies: tuple[Policy, ...] = parse_study(STUDY).policies
    part = tmp_path / "part.parquet"
    return Cell(part, 1, policies, 0, 10, True, (), visits(count), Shelf(), None)


def test_a_pilot_finds_the_cost_of_cells_answers_and_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    played = []

    def run(self: Cell) -> int:
        self.part.write_text("records")
        clock[0] += 0.25 + 0.001 * answers_of(self)
        played.append(len(self.visits))
        return 0

    def measure(one: Cell) -> None:
        assert one.part.is_file()
        clock[0] += 0.5 + 0.01 * len(one.visits)

    monkeypatch.setattr(Cell, "run", run)
    monkeypatch.setattr(pilot.time, "process_time", lambda: clock[0])
    whole = cell(tmp_path, 200)
    a_cell, an_answer, measuring = pilot.pilot(whole, measure)
    assert a_cell == pytest.approx(0.25)
    assert an_answer == pytest.approx(0.001)
    assert measuring == pytest.approx(0.5 + 0.01 * 200)
    assert max(played) < 60, "a pilot plays a few"
    assert not whole.part.exists()


def test_a_sample_stands_for_all() -> None:
    users = by_length(visits(100))
    lengths = [len(one.moments) for mine in sample(users, 10) for one in mine]
    assert len(lengths) == 10
    assert sum(lengths) / 10 == pytest.approx(101, rel=0.05)
    assert len(sample(users, 1000)) == 100
    assert len(sample(users[:1], 4)) == 1


def test_an_estimate_counts_what_jobs_can_share() -> None:
    one = Estimate(once=10.0, cell=1.0, answer=0.001, cells=3, answers=60_000, jobs=1)
    assert one.seconds == one.cpu_s == 73.0
    two = Estimate(once=10.0, cell=1.0, answer=0.001, cells=3, answers=60_000, jobs=2)
    assert two.seconds == pytest.approx(10 + 63 * 2 / 3), "three cells take two rounds"
    assert "about 52 s with 2 jobs: 60,000 answers" in two.words()


def test_asking_for_an_estimate_leaves_nothing(tmp_path: Path) -> None:
    study = tmp_path / "study.toml"
    study.write_text(
        'name = "s"\n[world]\nusers = 80\nitems = 60\ndays = 20\ntest_days = 6\n'
        '[policies.fresh]\npreset = "fresh"\n'
    )
    out = tmp_path / "out"
    line = [sys.executable, "-m", "recsvc", "simulate", str(study), "--out", str(out), "--estimate"]
    done = subprocess.run([*line, "--json"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"] > 100
    assert told["seconds"] > 0
    assert [path.name for path in tmp_path.iterdir()] == ["study.toml"]
