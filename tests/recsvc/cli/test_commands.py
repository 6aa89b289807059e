"""The commands as a person types them: what they print, and how they end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from recsvc.data import write_tables
from simulations.shop import generate


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(generate(3, users=200, items=120, days=20), folder)
    return folder


def recsvc(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "recsvc", *map(str, words)], cwd=cwd, capture_output=True, text=True
    )


def test_train_makes_a_live_model_that_the_doctor_finds_well(shop: Path, tmp_path: Path) -> None:
    sick = recsvc("doctor", cwd=tmp_path)
    assert sick.returncode == 1
    assert "recsvc train" in sick.stdout
    done = recsvc("train", "--interactions", shop, "--model", "cosine", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["live"] is True
    assert (tmp_path / "var" / "models" / told["model"] / "manifest.json").is_file()
    assert "Next: recsvc serve" not in done.stdout
    well = recsvc("doctor", "--json", cwd=tmp_path)
    assert well.returncode == 0
    assert {finding["state"] for finding in json.loads(well.stdout)} == {"ok"}


def test_doctor_warns_of_picks_that_neither_model_nor_catalogue_knows(
    shop: Path, tmp_path: Path
) -> None:
    recsvc("train", "--interactions", shop, "--model", "cosine", cwd=tmp_path)
    item = generate(3, users=200, items=120, days=20).interactions["item_id"].iloc[0]
    (tmp_path / "surfaces.toml").write_text(
        f"[surfaces.home]\n[picks.home]\n1 = '{item}'\n3 = 'nowhere'\n"
    )
    told = recsvc("doctor", cwd=tmp_path)
    assert told.returncode == 0
    assert "picks: nowhere (seat 3)\n" in told.stdout
    assert item not in told.stdout


def test_evaluate_always_prints_the_row_of_popularity(shop: Path, tmp_path: Path) -> None:
    words = ("evaluate", "--interactions", shop, "--model", "cosine", "--json", "out.json")
    done = recsvc(*words, "--bootstrap", "50", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "popularity" in done.stdout
    models = {row["model"] for row in json.loads((tmp_path / "out.json").read_text())["rows"]}
    assert models == {"cosine", "popularity"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("train", "--interactions", "nowhere"), "does not exist"),
        (("train", "--interactions", ".", "--column", "user"), "is not NAME=COLUMN"),
        (("serve",), "recsvc train"),
        (("serve", "--host", "0.0.0.0"), "this machine only"),
        (("serve", "--port", "0"), "port"),
        (("sing",), "There is no command 'sing'"),
        (("check-history", "nowhere.jsonl"), "cannot be judged"),
    ],
)
def test_a_mistake_ends_in_one_clear_message(
    words: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    done = recsvc(*words, cwd=tmp_path)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_model_is_told_which_there_are(shop: Path, tmp_path: Path) -> None:
    done = recsvc("train", "--interactions", shop, "--model", "crystal-ball", cwd=tmp_path)
    assert done.returncode == 1
    assert "als" in done.stderr
    assert "popularity" in done.stderr


def answer(t: float, epoch: int, *items: str) -> str:
    changes = [
        {"item_id": item, "from": None, "to": n, "reason": "session_start"}
        for n, item in enumerate(items, 1)
    ]
    body = {
        "slate_id": "sl",
        "surface": "home",
        "session_id": "s",
        "epoch": epoch,
        "items": [
            {"item_id": item, "position": n, "standing": "new", "pinned": False}
            for n, item in enumerate(items, 1)
        ],
        "changes_from": None,
        "changes": changes,
        "consistency": {"allowed": 0, "displaced": 0, "refilled": 0, "trigger": "session_start"},
        "served_by": {"rung": "primary", "model": "m", "degraded": False},
        "policy": {"version": 1},
    }
    request = {"method": "GET", "path": "/v1/slates/home", "query": {"session_id": "s"}}
    record = {"t": t, "kind": "answer", "session_id": "s", "request": request, "status": 200}
    return json.dumps(record | {"headers": {}, "body": body})


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ([answer(1, 5, "a", "b"), answer(2, 5, "a", "b")], 0),
        ([answer(1, 5, "a", "b"), answer(2, 5, "b", "a")], 2),
        ([answer(1, 5, "a", "b"), "{"], 1),
        ([], 0),
    ],
    ids=["clean", "violation", "unreadable", "empty"],
)
def test_check_history_ends_with_its_verdict(lines: list[str], status: int, tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_text("\n".join(lines))
    done = recsvc("check-history", "history.jsonl", cwd=tmp_path)
    assert done.returncode == status, done.stdout + done.stderr
    if status == 2:
        assert done.stdout.startswith("C1")
    assert "Traceback" not in done.stderr


def test_doctor_tells_the_rules_in_force_and_what_is_wrong_with_one(tmp_path: Path) -> None:
    surfaces = tmp_path / "surfaces.toml"
    surfaces.write_text("[surfaces.home]\nhold_when = [{ fact = 'context.busy', is = true }]\n")
    told = recsvc("doctor", cwd=tmp_path).stdout
    assert "ok       surface home: hold_when: context.busy == true\n" in told
    surfaces.write_text("[surfaces.home]\nhold_when = 'context.busy = true'\n")
    told = recsvc("doctor", cwd=tmp_path).stdout
    assert "WRONG    surfaces: " in told
    assert "surfaces.home.hold_when: line 1, column 14: write == to compare\n" in told
