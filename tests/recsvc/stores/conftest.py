"""Stores of every kind, and processes to share them with."""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recsvc.ports import SessionStore
from recsvc.stores.memory import MemorySessions
from recsvc.stores.records import Records, open_records
from recsvc.stores.redis.sessions import open_sessions
from recsvc.stores.sessions import SqliteSessions

Together = Callable[..., list[Any]]
KINDS = ("memory", "sqlite", "redis", "cluster")
PATIENCE = {"connect_s": 5.0, "answer_s": 5.0}


@pytest.fixture
def a_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], SessionStore]:
    """Makes an empty session store of a kind."""

    def make(kind: str) -> SessionStore:
        if kind == "memory":
            return MemorySessions()
        if kind == "sqlite":
            return SqliteSessions(tmp_path / "sessions.sqlite")
        if kind == "redis":
            server = request.getfixturevalue("redis_server")
            server.raw().flushall()
            return open_sessions(server.unix_url, **PATIENCE)
        cluster = request.getfixturevalue("redis_cluster")
        cluster.flush()
        return open_sessions(cluster.url, **PATIENCE)

    return make


@pytest.fixture(params=KINDS)
def sessions(
    request: pytest.FixtureRequest, a_store: Callable[[str], SessionStore]
) -> SessionStore:
    """An empty session store of each kind."""
    return a_store(request.param)


@pytest.fixture(params=["memory", "sqlite"])
def records(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Records]:
    """Empty books of each kind."""
    url = "memory:" if request.param == "memory" else f"sqlite:///{tmp_path}/records.sqlite"
    books = open_records(url)
    yield books
    books.close()


@pytest.fixture
def in_processes() -> Together:
    """Run a function of (number) in n processes that begin at the same moment; their answers."""

    def run(n: int, work: Callable[[int], Any]) -> list[Any]:
        context = multiprocessing.get_context("fork")
        start, answers = context.Barrier(n), context.Queue()

        def child(number: int) -> None:
            try:
                start.wait(10)
                answers.put((number, work(number), None))
            except BaseException:
                answers.put((number, None, traceback.format_exc()))

        children = [context.Process(target=child, args=(i,), daemon=True) for i in range(n)]
        for process in children:
            process.start()
        found = sorted((answers.get(timeout=30) for _ in children), key=lambda answer: answer[0])
        for process in children:
            process.join(10)
        faults = [fault for _, _, fault in found if fault]
        assert not faults, "\n".join(faults)
        return [answer for _, answer, _ in found]

    return run
