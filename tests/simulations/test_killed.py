"""A run that is killed, wherever that hits it, goes on and ends in the same bytes; no cell that
was finished is played again. On this machine's processes, and on a Dask cluster that loses one."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from recsvc.errors import Unavailable
from simulations.cluster import Cluster

ROUNDS = 30 if os.environ.get("RECSVC_TEST_FULL") else 6
STUDY = """
name = "killed"
seeds = [1, 2, 3, 4, 5]
bootstrap = 100
retrain = false

[world]
users = 80
items = 60
days = 20
test_days = 6

[policies.fresh]
preset = "fresh"
[policies.sticky]
preset = "sticky"
"""
CELLS = 5
SAME = ("results.json", "records.parquet", "report.html", "frontier.svg", "study.sha256")


def command(study: Path, out: Path, *more: str) -> list[str]:
    line = [sys.executable, "-m", "recsvc", "simulate", str(study), "--out", str(out)]
    return [*line, *more]


def digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in SAME}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "killed.toml"
    path.write_text(STUDY)
    return path


class Whole(NamedTuple):
    """What a run leaves that nobody stopped, and how many seconds it takes."""

    out: Path
    digests: dict[str, str]
    lasts: float


@pytest.fixture(scope="module")
def whole(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    out = tmp_path_factory.mktemp("whole") / "out"
    begun = time.monotonic()
    subprocess.run(command(study, out, "--jobs", "2"), check=True, capture_output=True)
    return Whole(out, digests(out), time.monotonic() - begun)


def finished(out: Path) -> dict[Path, tuple[int, int]]:
    """The cells that are done: which file it is, and since when it is what it is."""
    stats = {part: part.stat() for part in out.glob("work/seed-*/part-*.parquet")}
    return {part: (stat.st_ino, stat.st_mtime_ns) for part, stat in stats.items()}


def where(out: Path) -> str:
    """How far a run had come."""
    if (out / "results.json").is_file():
        return "done"
    if not (out / "study.sha256").is_file():
        return "before anything"
    count = len(finished(out))
    if count == CELLS:
        return "all played, not written"
    return "in the middle" if count else "before the first cell"


def test_killed_at_random_times_a_run_ends_in_the_same_bytes(
    study: Path, whole: Whole, tmp_path: Path
) -> None:
    expected, lasts = whole.digests, whole.lasts
    draw = random.Random(ROUNDS)
    out = tmp_path / "out"
    hit: Counter[str] = Counter()
    kept: dict[Path, tuple[int, int]] = {}
    for number in range(ROUNDS):
        process = subprocess.Popen(
            command(study, out, "--jobs", "2", "--resume"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        if number % 2:
            # The first process alone; whoever played for it goes on for a while.
            until_more_than(len(kept), out, process)
            time.sleep(draw.uniform(0, 0.1 * lasts))
            process.kill()
        else:
            time.sleep(draw.uniform(0, lasts))
            with suppress(ProcessLookupError):  # it was done before
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        hit[where(out)] += 1
        now = finished(out)
        if not (out / "results.json").is_file():
            again = {p.name for p, since in kept.items() if now.get(p, since) != since}
            assert not again, f"played twice: {again}"
            kept = now
        else:
            done = subprocess.run(command(study, out, "--resume"), capture_output=True, text=True)
            assert "complete already" in done.stderr
            assert digests(out) == expected
            shutil.rmtree(out)
            kept = {}
    assert hit["in the middle"] + hit["all played, not written"] >= 2, hit
    done = subprocess.run(
        command(study, out, "--jobs", "1", "--resume"), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert digests(out) == expected, hit
    assert not list(out.glob(".*")), "something is left behind"
    assert not (out / "work").exists()


def until_more_than(count: int, out: Path, process: subprocess.Popen[Any]) -> None:
    """Wait until so many cells and another one are done, or the process has ended."""
    end = time.monotonic() + 120
    while len(finished(out)) <= count and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)


def test_killed_before_it_had_a_name_a_run_begins_in_the_same_folder(
    study: Path, whole: Whole, tmp_path: Path
) -> None:
    (tmp_path / ".study.sha256").write_text("half a li")
    done = subprocess.run(command(study, tmp_path, "--jobs", "2"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert digests(tmp_path) == whole.digests


def test_killed_while_it_tidied_up_a_run_is_complete_and_tidies_up(
    study: Path, whole: Whole, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole.out, out)
    for left in ("work", ".work"):
        (out / left / "seed-1").mkdir(parents=True)
    done = subprocess.run(command(study, out, "--resume"), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in out.iterdir()} == {path.name for path in whole.out.iterdir()}
    assert digests(out) == whole.digests


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two worker processes of one thread each."""
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as made:
        yield made


def test_a_dask_cluster_that_loses_a_worker_gives_the_same_bytes(
    cluster: Any, tmp_path: Path
) -> None:
    study, out = tmp_path / "study.toml", tmp_path / "out"
    study.write_text(
        STUDY.replace("users = 80", "users = 400").replace("items = 60", "items = 200")
    )
    subprocess.run(command(study, tmp_path / "here"), check=True, capture_output=True)
    with cluster.get_client() as client:
        pids = client.run(os.getpid)
        assert len(set(pids.values())) == 2
        process = subprocess.Popen(
            command(study, out),
            env={**os.environ, "RECSVC_DASK": cluster.scheduler_address},
            stderr=subprocess.PIPE,
            text=True,
        )
        until_more_than(0, out, process)
        busy = [worker for worker, keys in client.processing().items() if keys]
        assert busy, "nothing was being played any more"
        os.kill(pids[busy[0]], signal.SIGKILL)
        assert 1 <= len(finished(out)) < CELLS
        _, told = process.communicate(timeout=180)
        assert process.returncode == 0, told
        assert pids[busy[0]] not in client.run(os.getpid).values(), "nobody was lost"
    assert digests(out) == digests(tmp_path / "here")


def test_a_cluster_that_is_not_there_is_told_before_any_work(study: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    line = command(study, out, "--dask", "tcp://127.0.0.1:1")
    done = subprocess.run(line, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "No Dask scheduler answers at tcp://127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_without_dask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(Unavailable, match=r"recsvc\[dask\]"):
        Cluster("tcp://127.0.0.1:1")
