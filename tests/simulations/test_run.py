"""A study from the command line: the same bytes with one job or two, stopped or not."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

STUDY = """
name = "small"
seeds = [1, 2, 3]
bootstrap = 100

[world]
users = 120
items = 90
days = 20
test_days = 6

[model.parameters]
regularisation = 0.1    # on so little data the usual one hardly learns

[policies.fresh]
preset = "fresh"
[policies.frozen]
preset = "frozen"
[policies.popularity]
preset = "fresh"
personal = false
[policies.sticky]
preset = "sticky"
[policies.limit]
preset = "fresh"
grid.churn_limit = [0.1, 0.3]
"""
FILES = {
    "results.json",
    "records.parquet",
    "report.html",
    "frontier.svg",
    "frontier.png",
    "knobs.json",
}


def command(study: Path, out: Path, *more: str) -> list[str]:
    line = [sys.executable, "-m", "recsvc", "simulate", str(study), "--out", str(out)]
    return [*line, *more]


def simulate(study: Path, out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(study, out, *more), capture_output=True, text=True, timeout=300)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study") / "small.toml"
    path.write_text(STUDY)
    return path


@pytest.fixture(scope="module")
def out(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one job made, without a stop."""
    folder = tmp_path_factory.mktemp("runs") / "one"
    done = simulate(study, folder, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    assert "Next: open" in done.stderr
    assert "knee" in done.stdout
    return folder


@pytest.fixture(scope="module")
def results(out: Path) -> Any:
    return json.loads((out / "results.json").read_text())


def figure(results: Any, policy: str, name: str) -> dict[str, float]:
    (row,) = [one for one in results["policies"] if one["name"] == policy]
    found: dict[str, float] = row["figures"][name]
    return found


def test_a_run_leaves_its_results_and_nothing_else(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == {*FILES, "study.sha256"}


def test_two_jobs_give_the_same_bytes_as_one(study: Path, out: Path, tmp_path: Path) -> None:
    done = simulate(study, tmp_path / "two", "--jobs", "2", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads((out / "results.json").read_text())
    for name in FILES:
        assert digest(tmp_path / "two" / name) == digest(out / name), name


def killed_in_the_middle(study: Path, folder: Path) -> dict[Path, int]:
    """Ends a run once its first part is there; the parts with the times at which they were done."""
    process = subprocess.Popen(
        command(study, folder, "--jobs", "1"), stderr=subprocess.DEVNULL, start_new_session=True
    )
    end = time.monotonic() + 120
    while not list(folder.glob("work/*/part-*.parquet")) and process.poll() is None:
        assert time.monotonic() < end, "no part was done in two minutes"
        time.sleep(0.01)
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return {p: p.stat().st_mtime_ns for p in folder.glob("work/*/part-*.parquet")}


def test_a_run_that_was_killed_goes_on_and_ends_alike(
    study: Path, out: Path, tmp_path: Path
) -> None:
    # On a busy machine a run may be over before anybody looks: then another one is killed.
    for number in range(5):
        folder = tmp_path / f"killed {number}"
        before = killed_in_the_middle(study, folder)
        if not (folder / "results.json").exists():
            break
    assert before, "killed before anything was done"
    assert not (folder / "results.json").exists(), "killed after all was done"
    refused = simulate(study, folder)
    assert refused.returncode == 1
    assert "--resume" in refused.stderr
    assert {p: p.stat().st_mtime_ns for p in before} == before, "a refusal loses nothing"
    done = simulate(study, folder, "--jobs", "1", "--resume")
    assert done.returncode == 0, done.stderr
    assert f"{len(before)} of 3 parts were played before" in done.stderr
    for name in FILES:
        assert digest(folder / name) == digest(out / name), name


def test_a_complete_run_is_told_and_left_alone(study: Path, out: Path) -> None:
    done = simulate(study, out, "--resume")
    assert done.returncode == 0
    assert "complete already" in done.stderr


def test_limits_hold_in_every_record(out: Path, results: Any) -> None:
    rows = pd.read_parquet(out / "records.parquet")
    names = [policy["name"] for policy in results["policies"]]
    largest = rows.groupby("policy")["largest"].max()
    assert largest[names.index("limit 0.1")] == 1
    assert largest[names.index("limit 0.3")] == 3
    assert largest[names.index("frozen")] == 0
    assert rows.groupby("policy").size().nunique() == 1, "all policies meet the same events"


def test_the_figures_say_what_the_policies_are(results: Any) -> None:
    churn = {p["name"]: p["figures"]["churn"]["mean"] for p in results["policies"]}
    assert churn["frozen"] == churn["popularity"] == 0.0
    assert 0 < churn["limit 0.1"] <= churn["limit 0.3"] <= churn["fresh"]
    assert (
        figure(results, "fresh", "truth")["mean"] > figure(results, "popularity", "truth")["mean"]
    )
    assert figure(results, "frozen", "refinding")["mean"] == 1.0
    assert figure(results, "frozen", "rbo")["mean"] > figure(results, "fresh", "rbo")["mean"]
    assert results["frontier"][0] == "frozen"


def test_every_visit_of_the_gallery_stays_within_the_limit(results: Any) -> None:
    assert 1 <= len(results["gallery"]) <= 5
    for visit in results["gallery"]:
        assert visit["policies"] == ["fresh", "sticky"]
        for row in visit["rows"]:
            assert set(row["slates"]) == {"fresh", "sticky"}
            assert len(row["slates"]["fresh"]) == 10
            assert row["changed"]["sticky"]["displaced"] <= 2


def log(path: Path, rows: list[tuple[str, str, int]]) -> str:
    pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"]).to_csv(path, index=False)
    return str(path)


REPLAY = STUDY.replace("[world]", "[replay]").split("users =")[0] + "\n[policies.fresh]\n"


@pytest.mark.parametrize(
    ("study", "rows", "words"),
    [
        (REPLAY + "churnlimit = 0.2\n", [], "policies.fresh.churnlimit"),
        (REPLAY, [("u", f"i{n}", 100) for n in range(40)], "nothing to play"),
        (REPLAY, [("u", f"i{n}", 100 + n) for n in range(40)], "at least two"),
        (
            REPLAY + "k = 50\n",
            [(f"u{n % 5}", f"i{n % 9}", 100 + n) for n in range(60)],
            "50 seats, but only 9 items",
        ),
    ],
    ids=["an unknown knob", "an empty period", "one user", "more seats than items"],
)
def test_an_impossible_study_ends_in_one_message_before_any_work(
    study: str, rows: list[tuple[str, str, int]], words: str, tmp_path: Path
) -> None:
    path, out = tmp_path / "study.toml", tmp_path / "out"
    path.write_text(study)
    table = log(tmp_path / "log.csv", rows or [("u", "i", 1)])
    done = simulate(path, out, "--interactions", table)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_a_folder_with_other_things_in_it_is_left_alone(study: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    done = simulate(study, tmp_path, "--resume")
    assert done.returncode == 1
    assert "not empty" in done.stderr
    assert (tmp_path / "mine.txt").read_text() == "keep"


@pytest.mark.parametrize(
    ("study", "more", "words"),
    [
        (STUDY, ["--interactions", "."], "makes up its own shop"),
        (REPLAY, [], "--interactions FILE"),
    ],
    ids=["a world needs no log", "a replay needs one"],
)
def test_a_log_belongs_to_a_replay(study: str, more: list[str], words: str, tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(study)
    done = simulate(path, tmp_path / "out", *more)
    assert done.returncode == 2
    assert words in done.stderr


def test_one_command_draws_the_frontiers_of_several_studies(out: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "several"
    results = str(out / "results.json")
    line = [sys.executable, "-m", "simulations.report", str(drawn), results, results]
    assert subprocess.run(line, capture_output=True, timeout=60).returncode == 0
    assert (tmp_path / "several.svg").read_text().count("fresh replaces") == 2
    assert (tmp_path / "several.png").read_bytes().startswith(b"\x89PNG")


def test_the_knobs_in_force_are_played_along(study: Path, tmp_path: Path) -> None:
    surfaces, out = tmp_path / "surfaces.toml", tmp_path / "out"
    surfaces.write_text("[surfaces.home]\nchurn_limit = 0.1\n[surfaces.narrow]\nk = 3\n")
    which = ("--surfaces", str(surfaces))
    several = simulate(study, out, *which)
    assert several.returncode == 2
    assert "home, narrow" in several.stderr
    assert simulate(study, out, "--surface", "home").returncode == 2
    narrow = simulate(study, out, *which, "--surface", "narrow")
    assert narrow.returncode == 1
    assert "surfaces.narrow.k: has 3 seats, but the study 10" in narrow.stderr
    assert not out.exists()
    done = simulate(study, out, *which, "--surface", "home", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    (row,) = [policy for policy in told["policies"] if policy["name"] == "in force"]
    assert row["knobs"] == {"churn_limit": 0.1}
    assert told["production"] == "in force"
