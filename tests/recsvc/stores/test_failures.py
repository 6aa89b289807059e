"""Every failure of a database is one error in plain words, and the store recovers from it."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recsvc.errors import Unavailable
from recsvc.ports import Consent, Event, Item
from recsvc.stores.records import open_records
from recsvc.stores.sessions import SqliteSessions
from recsvc.stores.sqlite import wal

T0 = 1_800_000_000.0
BIG = b"x" * 200_000
GARBAGE = b"this is no database at all, " * 2000


class Door:
    """A store of either kind with the calls that read and the calls that write."""

    def __init__(self, kind: str, path: Path) -> None:
        self.path = path
        self.reads: list[Callable[[], Any]]
        self.writes: list[Callable[[], Any]]
        if kind == "sessions":
            store = SqliteSessions(path, busy_s=0.05)
            self.connections: Any = store._connections
            self.reads = [lambda: store.load("s", T0)]
            self.writes = [
                lambda: store.swap("s", b"x", expected=None, expires=T0 + 9, now=T0),
                lambda: store.swap("s", b"x", expected=5, expires=T0 + 9, now=T0),
                lambda: store.drop("s"),
                lambda: store.sweep(T0),
                store.ready,
            ]
            self.big_write: Callable[[], Any] = lambda: store.swap(
                "b", BIG, expected=None, expires=T0 + 9, now=T0
            )
        else:
            books = open_records(f"sqlite:///{path}", busy_s=0.05)
            self.connections = books.events._database._connections  # type: ignore[attr-defined]
            event = Event("e", "click", "s", "home", T0, T0)
            self.reads = [
                lambda: books.events.of_session("s", limit=1),
                lambda: books.events.of_user("u", since=0, limit=1),
                lambda: books.people.consent("u"),
                lambda: books.people.dismissals("u", T0),
                lambda: books.catalogue.describe(["new"]),
                books.catalogue.withdrawn,
            ]
            self.writes = [
                lambda: books.events.append([event]),
                lambda: books.people.put_consent("u", Consent(), T0),
                lambda: books.people.dismiss("u", "a", T0),
                lambda: books.people.undismiss("u", ["a"]),
                lambda: books.catalogue.put(Item("a")),
                lambda: books.catalogue.delete("a"),
                books.ready,
            ]
            self.big_write = lambda: books.catalogue.put(Item("b", title=BIG.decode()))

    def raw(self, sql: str) -> None:
        """Run a statement on the very connection that the next call will use."""

        def work(connection: Any) -> None:
            driver = getattr(connection, "connection", connection)
            driver.execute(sql).fetchall()

        self.connections.run(work)

    def fails(self, calls: list[Callable[[], Any]], words: str) -> None:
        for call in calls:
            with pytest.raises(Unavailable) as caught:
                call()
            assert words in caught.value.detail
            assert str(self.path.parent) not in caught.value.detail
            assert caught.value.__cause__ is not None

    def works(self) -> None:
        for call in self.writes + self.reads:
            call()


@pytest.fixture(params=["sessions", "records"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Door:
    return Door(request.param, tmp_path / "inner" / "store.sqlite")


def test_a_file_of_garbage_is_told_and_works_again_once_moved_away(door: Door) -> None:
    door.path.parent.mkdir()
    door.path.write_bytes(GARBAGE)
    door.fails(door.reads + door.writes, "not a database")
    assert door.path.read_bytes() == GARBAGE
    door.path.unlink()
    door.works()


def test_a_file_that_turns_to_garbage_is_told(door: Door) -> None:
    door.works()
    door.connections.close()
    door.path.write_bytes(GARBAGE)
    door.fails(door.reads + door.writes, "not a database")


def test_a_file_with_a_damaged_page_is_told(door: Door) -> None:
    door.works()
    door.connections.close()
    whole = door.path.read_bytes()
    door.path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    door.fails(door.reads + door.writes, "damaged")


def test_a_folder_in_place_of_the_file_is_told_and_works_again_once_gone(door: Door) -> None:
    door.path.mkdir(parents=True)
    door.fails(door.reads + door.writes, "cannot be opened")
    door.path.rmdir()
    door.works()


def test_a_file_in_place_of_the_folder_is_told(door: Door) -> None:
    door.path.parent.write_text("a file")
    door.fails(door.reads + door.writes, "cannot be used")


def test_who_finds_it_locked_gives_up_in_time_and_reading_goes_on(door: Door) -> None:
    door.works()
    other = sqlite3.connect(door.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    began = time.monotonic()
    door.fails(door.writes, "locked")
    assert time.monotonic() - began < 0.5 * len(door.writes)
    for call in door.reads:
        call()
    other.execute("ROLLBACK")
    other.close()
    door.works()


def test_who_finds_it_locked_waits_for_the_other_to_finish(tmp_path: Path) -> None:
    store = SqliteSessions(tmp_path / "s.sqlite")
    store.ready()
    other = sqlite3.connect(tmp_path / "s.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.2, lambda: other.execute("COMMIT"))
    timer.start()
    assert store.swap("s", b"x", expected=None, expires=T0 + 9, now=T0)
    timer.join()
    other.close()


@pytest.mark.parametrize(("times", "passes"), [(3, True), (10**9, False)])
def test_entering_wal_is_tried_again_while_the_file_is_busy_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, times: int, passes: bool
) -> None:
    class Busy(sqlite3.Connection):
        left = times

        def execute(self, sql: str, *values: Any) -> sqlite3.Cursor:
            if "journal_mode" in sql and self.left:
                self.left -= 1
                error = sqlite3.OperationalError("database is locked")
                error.sqlite_errorname = "SQLITE_BUSY"
                raise error
            return super().execute(sql, *values)

    monkeypatch.setattr("recsvc.stores.sqlite.BUSY_S", 0.1)
    connection = Busy(":memory:")
    if passes:
        wal(connection, "FULL")
        assert connection.left == 0
    else:
        with pytest.raises(sqlite3.OperationalError):
            wal(connection, "FULL")
    connection.close()


def test_a_file_that_may_only_be_read_is_told(door: Door) -> None:
    door.works()
    for call in door.writes:
        door.raw("PRAGMA query_only = 1")
        door.fails([call], "may only be read")
    door.works()


def test_a_full_disk_is_told_and_loses_nothing(door: Door) -> None:
    door.works()
    door.raw("PRAGMA max_page_count = 1")
    door.fails([door.big_write], "disk is full")
    door.works()


def test_an_error_of_the_callers_own_leaves_no_transaction_behind(tmp_path: Path) -> None:
    books = open_records(f"sqlite:///{tmp_path}/records.sqlite", busy_s=0.05)
    database = books.events._database  # type: ignore[attr-defined]

    def work(connection: Any) -> None:
        connection.exec_driver_sql("INSERT INTO revision VALUES ('half', 1)")
        raise KeyError("planted")

    with pytest.raises(KeyError):
        database.write(work)
    with sqlite3.connect(tmp_path / "records.sqlite", timeout=0) as raw:
        raw.execute("INSERT INTO revision VALUES ('other', 1)")
    assert database.scalar("SELECT count(*) FROM revision WHERE topic = 'half'") == 0
