"""A stranger can type the README's commands as they stand: each block of `sh` is run, in order."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from workers import free_port

PROJECT = Path(__file__).resolve().parents[2]
DEMO = "make demo"


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
            DEMO.split(), cwd=copy, stdout=out, stderr=out, env=os.environ | {"PORT": port},
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
    assert "Stopped." in log.read_text()
    assert "Traceback" not in log.read_text()


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


def test_the_commands_that_the_demo_prints_work(copy: Path, demo: str) -> None:
    log = (copy / "demo.log").read_text()
    commands = re.findall(r"^  (curl .*(?:\n      .*)*)$", log, re.MULTILINE)
    assert len(commands) == 4
    slates = [run(command, copy, demo) for command in commands[:3]]
    assert '"primary"' in slates[2]
    item = re.search(r'"item_id":"([^"]+)"', slates[2])
    assert item is not None
    told = run(commands[3].replace("…", item[1]), copy, demo)
    assert '"accepted":1' in told
    again = run(commands[2], copy, demo)
    assert f'"item_id":"{item[1]}","from":' in again
    assert '"dismissed"' in again


def test_the_korean_page_mirrors_commands_and_transcript() -> None:
    english, korean = ((PROJECT / name).read_text() for name in ("README.md", "README.ko.md"))
    assert blocks(korean) == blocks(english)
    fenced = re.compile(r"^```(?:text|console)\n( 1 .*?)^```", re.MULTILINE | re.DOTALL)
    assert fenced.findall(korean) == fenced.findall(english) != []
    assert korean.count("\n## ") == english.count("\n## ")
