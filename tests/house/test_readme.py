"""A stranger can type the README's commands as they stand: each block of `sh` is run, in order."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workers import free_port

PROJECT = Path(__file__).resolve().parents[2]
DEMO = "make demo"
AS_IT_IS = "--old-file=.venv/.run"
"""An environment older than the project would be made anew, and run the copy from then on."""


def blocks(text: str) -> list[str]:
    """The fenced blocks that are commands to type; those of other kinds are not run."""
    return re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The project's own files elsewhere, with the environment that is already made."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT, capture_output=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.decode().split("\0")):
        if (PROJECT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(PROJECT / name, tmp_path / name)
    environment = Path(os.environ.get("VIRTUAL_ENV") or PROJECT / ".venv")
    if not (environment / ".run").exists():
        pytest.fail("make the environment with `make test` first")
    (tmp_path / ".venv").symlink_to(environment)
    return tmp_path


@pytest.fixture
def demo(copy: Path) -> Iterator[str]:
    """The demo as `make demo` starts it, on a free port; what it printed."""
    port = str(free_port())
    log = copy / "demo.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*DEMO.split(), AS_IT_IS], cwd=copy, stdout=out, stderr=out,
            env=os.environ | {"PORT": port},
            start_new_session=True,
        )  # fmt: skip
    try:
        end = time.monotonic() + 90
        while "Ctrl-C stops the service" not in log.read_text() and time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        yield port
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=30)
    told = log.read_text()
    assert "Stopped." in told
    assert "Traceback" not in told
    assert re.search(
        r"^While it ran, \d+ guests? visited: [1-9]\d* answers?, \d+ changed something, "
        r"the judge found 0 violations\.$",
        told,
        re.MULTILINE,
    ), told


def run(script: str, copy: Path, port: str) -> str:
    """The block as it stands, but for the port."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(":8000", f":{port}")],
        cwd=copy, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_every_command_of_the_readme_works_as_it_stands(copy: Path, demo: str) -> None:
    first, *others = blocks((PROJECT / "README.md").read_text())
    assert first.strip() == DEMO
    assert len(others) >= 3
    printed = [run(block, copy, demo) for block in others]
    assert '"session_start"' in printed[0]
    assert '"quiet"' in printed[0]
    assert '"accepted":1' in printed[1]
    assert '"hold"' in printed[1]
    assert "popularity" in printed[2]


@pytest.fixture
def short_rest(copy: Path) -> float:
    """Half a minute is a few seconds here."""
    surfaces = copy / "surfaces.toml"
    text, count = re.subn(r"^hold_s = 30\b", "hold_s = 5", surfaces.read_text(), flags=re.MULTILINE)
    assert count == 1
    surfaces.write_text(text)
    return 5.0


def test_the_commands_that_the_demo_prints_tell_the_story(
    copy: Path, short_rest: float, demo: str
) -> None:
    log = (copy / "demo.log").read_text()
    commands = re.findall(r"^  (curl .*(?:\n      .*)*)$", log, re.MULTILINE)
    assert len(commands) == 6
    stranger, consent, slate, views, again, dismissal = commands
    assert slate == again

    def answer(command: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(run(command, copy, demo))
        return told

    assert answer(stranger)["served_by"]["rung"] == "popularity"
    assert answer(consent)["personalisation"] is True
    first = answer(slate)
    assert first["served_by"]["rung"] == "primary"
    assert answer(views)["accepted"] == 2
    held = answer(again)
    assert held["consistency"]["trigger"] == "hold"
    assert held["items"] == first["items"]
    time.sleep(short_rest)
    step = answer(again)
    assert step["consistency"]["trigger"] == "step"
    assert 1 <= step["consistency"]["displaced"] <= step["consistency"]["allowed"] == 2
    assert {change["reason"] for change in step["changes"]} == {"displaced", "better_match"}
    item = step["items"][3]["item_id"]
    assert answer(dismissal.replace("…", item))["accepted"] == 1
    without = answer(again)
    assert {change["item_id"]: change["reason"] for change in without["changes"]}[
        item
    ] == "dismissed"
    before, after = ([each["item_id"] for each in told["items"]] for told in (step, without))
    assert [n for n in range(10) if before[n] != after[n]] == [3]

    page = re.search(r"^  file://(/\S+/study/report\.html)$", log, re.MULTILINE)
    assert page is not None
    assert "What consistency costs and gives" in Path(page[1]).read_text()


def test_ctrl_c_ends_the_demo_at_any_time_and_leaves_no_process(copy: Path) -> None:
    home, log = copy / "var", copy / "demo.log"
    command = [".venv/bin/recsvc", "demo", "--home", home, "--port", str(free_port())]
    for mark in ("[1/4]", "[2/4]", "[3/4]", "[4/4]", "Ctrl-C stops the service"):
        with log.open("wb") as out:
            process = subprocess.Popen(
                command, cwd=copy, stdout=out, stderr=out, start_new_session=True
            )
        end = time.monotonic() + 90
        while mark not in log.read_text() and time.monotonic() < end:
            assert process.poll() is None, log.read_text()
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=20)
        assert "Traceback" not in log.read_text(), mark
        assert "Stopped." in log.read_text(), mark
        assert running(str(home)) == []


def running(word: str) -> list[str]:
    """Command lines of processes that name it, other than zombies."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # it has just ended
        if word in line:
            found.append(line)
    return found


def test_the_korean_page_mirrors_commands_and_transcript() -> None:
    english, korean = ((PROJECT / name).read_text() for name in ("README.md", "README.ko.md"))
    assert blocks(korean) == blocks(english)
    fenced = re.compile(r"^```(?:text|console)\n( 1 .*?)^```", re.MULTILINE | re.DOTALL)
    assert fenced.findall(korean) == fenced.findall(english) != []
    assert korean.count("\n## ") == english.count("\n## ")
