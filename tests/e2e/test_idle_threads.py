"""A server's threads come and go; the worker they belong to stays.

granian ends a thread that had nothing to do for a while. What the thread held must not take the
worker with it, as database connections in thread-local storage did: with those every round here
ends both workers.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from workers import free_port

IDLE_S = 5  # the least that granian allows
AT_ONCE = 30


@pytest.fixture
def server(home: Path) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """Two workers whose idle threads end soon."""
    port = free_port()
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"]
    command += ["--port", str(port), "--workers", "2", "--blocking-threads", "5"]
    command += ["--blocking-threads-idle-timeout", str(IDLE_S), "--respawn-failed-workers"]
    command += ["--no-ws", "--log-level", "warning", "recsvc.app:create_app"]
    env = os.environ | {"RECSVC_HOME": str(home), "RECSVC_AUTH": "open"}
    process = subprocess.Popen(command, cwd=home, env=env)
    try:
        end = time.monotonic() + 30
        while not _asks(port, "/readyz") and time.monotonic() < end:
            time.sleep(0.1)
        yield port, process
    finally:
        process.terminate()
        process.wait(timeout=20)


def _asks(port: int, path: str) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _threads(pids: list[str]) -> set[str]:
    """By their numbers: while some end, others may begin."""
    return {task.name for pid in pids for task in Path(f"/proc/{pid}/task").iterdir()}


def test_workers_outlive_their_idle_threads(
    server: tuple[int, subprocess.Popen[bytes]],
) -> None:
    port, process = server
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    workers = children.read_text().split()
    with ThreadPoolExecutor(AT_ONCE) as crowd:
        paths = [f"/v1/slates/home?session_id=s{n}" for n in range(AT_ONCE)]
        answers = [crowd.submit(_asks, port, path) for path in paths]
        busy: set[str] = set()
        while not all(answer.done() for answer in answers):
            busy |= _threads(workers)
        assert all(answer.result() for answer in answers)
    end = time.monotonic() + 4 * IDLE_S
    time.sleep(IDLE_S + 2)
    while busy <= _threads(workers) and time.monotonic() < end:
        time.sleep(0.5)
    assert children.read_text().split() == workers, "a worker died and was replaced"
    assert not busy <= _threads(workers), "no thread ended, so nothing was tried"
    assert _asks(port, "/v1/slates/home?session_id=s0")
