"""What was acknowledged is there, however the process ends."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from recsvc.ports import Consent
from recsvc.stores.records import open_records
from recsvc.stores.sessions import SqliteSessions

T0 = 1_800_000_000.0
ROOT = Path(__file__).parents[3]

WRITER = """
import sys
from recsvc.ports import Event
from recsvc.stores.book import Database
from recsvc.stores.records import open_records
from recsvc.stores.sessions import SqliteSessions

folder, fault = sys.argv[1:]
books = open_records(f"sqlite:///{folder}/records.sqlite")
sessions = SqliteSessions(folder + "/sessions.sqlite")
books.ready()

def write_and_never_commit(database, work):
    def transaction(connection):
        if not connection.connection.driver_connection.in_transaction:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        return work(connection)
    return database._connections.run(transaction)

if fault:
    Database.write = write_and_never_commit
for i in range(100_000):
    batch = [Event(f"e{i}-{j}", "click", "s", "home", float(i), float(i), "u") for j in range(3)]
    receipts = books.events.append(batch)
    if not fault:
        books.people.dismiss("u", f"item{i}", 1e12)
        sessions.swap(f"s{i}", b"state", expected=None, expires=1e12, now=0.0)
    print(i, *[receipt.seq for receipt in receipts], flush=True)
"""


def killed_after(acknowledged: int, folder: Path, fault: str = "") -> list[list[int]]:
    """What a writer said it had written before it was killed: lines of (number, seq, seq, seq)."""
    command = [sys.executable, "-c", WRITER, str(folder), fault]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(acknowledged)]
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    return [[int(word) for word in line.split()] for line in lines if line.endswith("\n")]


def lost(acknowledged: list[list[int]], folder: Path) -> list[str]:
    with sqlite3.connect(folder / "records.sqlite") as raw:
        there = dict(raw.execute("SELECT event_id, seq FROM event"))
    return [
        f"e{i}-{j}"
        for i, *numbers in acknowledged
        for j, seq in enumerate(numbers)
        if there.get(f"e{i}-{j}") != seq
    ]


@pytest.mark.parametrize("after", [1, 2, 40])
def test_a_killed_process_loses_nothing_that_it_acknowledged(tmp_path: Path, after: int) -> None:
    acknowledged = killed_after(after, tmp_path)
    assert len(acknowledged) >= after
    assert lost(acknowledged, tmp_path) == []
    books = open_records(f"sqlite:///{tmp_path}/records.sqlite")
    sessions = SqliteSessions(tmp_path / "sessions.sqlite")
    dismissed = books.people.dismissals("u", T0)
    for i, *_ in acknowledged:
        assert f"item{i}" in dismissed
        assert sessions.load(f"s{i}", T0) is not None
    books.people.put_consent("u", Consent(), T0)


def test_an_event_book_that_never_commits_is_seen_to_lose(tmp_path: Path) -> None:
    acknowledged = killed_after(2, tmp_path, "never commits")
    assert len(lost(acknowledged, tmp_path)) >= 6


@pytest.mark.parametrize(("file", "level"), [("sessions", 1), ("records", 2)])
def test_events_are_on_disk_at_commit_and_sessions_soon_after(
    tmp_path: Path, file: str, level: int
) -> None:
    if file == "sessions":
        found = SqliteSessions(tmp_path / "f.sqlite")._connections.run(
            lambda c: (c.execute("PRAGMA synchronous").fetchone()[0], _journal(c))
        )
    else:
        books = open_records(f"sqlite:///{tmp_path}/f.sqlite")
        database = books.events._database  # type: ignore[attr-defined]
        found = (database.scalar("PRAGMA synchronous"), database.scalar("PRAGMA journal_mode"))
    assert found == (level, "wal")


def _journal(connection: sqlite3.Connection) -> object:
    return connection.execute("PRAGMA journal_mode").fetchone()[0]
