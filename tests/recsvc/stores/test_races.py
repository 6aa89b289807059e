"""Many writers at once: no update is lost, no event is written twice, tables are made once."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from recsvc.ports import Consent, Event, Item, SessionStore
from recsvc.stores.records import Records, open_records
from recsvc.stores.sessions import SqliteSessions

T0 = 1_800_000_000.0
RACERS, ROUNDS = 4, 150
Together = Callable[..., list[Any]]


def count_carefully(store: SessionStore) -> None:
    """Add one to the session, again from the start when the race is lost."""
    while True:
        stored = store.load("s", T0)
        data = b"1" if stored is None else str(int(stored.data) + 1).encode()
        version = None if stored is None else stored.version
        if store.swap("s", data, expected=version, expires=T0 + 60, now=T0):
            return


def count_naively(store: SessionStore) -> None:
    """The planted fault: what was read is written back whatever the version has become."""
    stored = store.load("s", T0)
    data = b"1" if stored is None else str(int(stored.data) + 1).encode()
    time.sleep(0.0001)
    while True:
        latest = store.load("s", T0)
        version = None if latest is None else latest.version
        if store.swap("s", data, expected=version, expires=T0 + 60, now=T0):
            return


def race(
    store: SessionStore, count: Callable[[SessionStore], None], kind: str, in_processes: Together
) -> int:
    def many(_: int) -> None:
        for _ in range(ROUNDS):
            count(store)

    if kind == "processes":
        in_processes(RACERS, many)
    else:
        with ThreadPoolExecutor(RACERS) as pool:
            list(pool.map(many, range(RACERS)))
    stored = store.load("s", T0)
    assert stored is not None
    return int(stored.data)


KINDS = [("memory", "threads")] + [
    (store, kind) for store in ("sqlite", "redis", "cluster") for kind in ("threads", "processes")
]
Store = Callable[[str], SessionStore]


@pytest.mark.parametrize(("store", "kind"), KINDS)
def test_no_update_is_lost(store: str, kind: str, a_store: Store, in_processes: Together) -> None:
    assert race(a_store(store), count_carefully, kind, in_processes) == RACERS * ROUNDS


@pytest.mark.parametrize(("store", "kind"), KINDS)
def test_the_race_is_hard_enough_to_see_lost_updates(
    store: str, kind: str, a_store: Store, in_processes: Together
) -> None:
    assert race(a_store(store), count_naively, kind, in_processes) < RACERS * ROUNDS


@pytest.mark.parametrize("kind", ["sqlite", "redis", "cluster"])
def test_of_many_processes_that_begin_one_session_one_wins(
    kind: str, a_store: Store, in_processes: Together
) -> None:
    store = a_store(kind)

    def begin(number: int) -> list[bool]:
        return [
            store.swap(f"s{i}", b"%d" % number, expected=None, expires=T0 + 60, now=T0)
            for i in range(50)
        ]

    wins = in_processes(RACERS, begin)
    assert [sum(of_one) for of_one in zip(*wins, strict=True)] == [1] * 50


def event(event_id: str = "e1", session_id: str = "s1") -> Event:
    return Event(event_id, "click", session_id, "home", T0, T0, item_id="a")


def test_a_hundred_parallel_repeats_of_one_event_are_one_event(records: Records) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: records.events.append([event()])[0], range(100)))
    assert sum(answer.new for answer in answers) == 1
    assert len({answer.seq for answer in answers}) == 1
    assert len(records.events.of_session("s1", limit=10)) == 1


def test_repeats_from_several_processes_are_one_event(
    tmp_path: Path, in_processes: Together
) -> None:
    books = open_records(f"sqlite:///{tmp_path}/records.sqlite")
    answers = in_processes(RACERS, lambda _: [books.events.append([event()])[0] for _ in range(25)])
    flat = [answer for some in answers for answer in some]
    assert sum(answer.new for answer in flat) == 1
    assert len({answer.seq for answer in flat}) == 1
    with sqlite3.connect(tmp_path / "records.sqlite") as raw:
        assert raw.execute("SELECT count(*) FROM event").fetchone() == (1,)


@pytest.mark.parametrize("attempt", range(3))
def test_processes_that_start_at_once_all_find_their_tables(
    tmp_path: Path, in_processes: Together, attempt: int
) -> None:
    folder = tmp_path / "new" / str(attempt)

    def start(number: int) -> int:
        books = open_records(f"sqlite:///{folder}/records.sqlite")
        books.ready()
        store = SqliteSessions(folder / "sessions.sqlite")
        store.ready()
        return books.events.append([event(session_id=f"s{number}")])[0].seq

    assert sorted(in_processes(6, start)) == [1, 2, 3, 4, 5, 6]


def test_other_processes_see_a_withdrawal_a_consent_and_a_dismissal_at_once(
    tmp_path: Path, in_processes: Together
) -> None:
    books = open_records(f"sqlite:///{tmp_path}/records.sqlite")
    books.catalogue.put(Item("a"))
    assert books.catalogue.withdrawn() == frozenset()

    def elsewhere(_: int) -> None:
        books.catalogue.put(Item("a", available=False))
        books.people.put_consent("u", Consent(True, True), T0)
        books.people.dismiss("u", "b", T0 + 5)

    in_processes(1, elsewhere)
    assert books.catalogue.withdrawn() == {"a"}
    assert books.people.consent("u") == Consent(True, True)
    assert books.people.dismissals("u", T0) == {"b": T0 + 5}


def open_files(folder: Path) -> list[str]:
    links = [f"/proc/self/fd/{fd}" for fd in os.listdir("/proc/self/fd")]
    return [t for t in (os.readlink(n) for n in links if os.path.exists(n)) if str(folder) in t]


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="asks Linux for its open files")
def test_no_connection_crosses_a_fork_not_even_another_threads(
    tmp_path: Path, in_processes: Together
) -> None:
    store = SqliteSessions(tmp_path / "sessions.sqlite")
    books = open_records(f"sqlite:///{tmp_path}/records.sqlite")
    used, done = threading.Event(), threading.Event()

    def other_thread() -> None:
        store.ready()
        books.ready()
        used.set()
        done.wait(20)

    thread = threading.Thread(target=other_thread)
    thread.start()
    try:
        assert used.wait(5)
        store.swap("s", b"parent", expected=None, expires=T0 + 60, now=T0)
        books.people.put_consent("u", Consent(), T0)
        assert open_files(tmp_path), "nothing was open before the fork: this would show nothing"
        assert in_processes(1, lambda _: open_files(tmp_path)) == [[]]
    finally:
        done.set()
        thread.join()
    stored = store.load("s", T0)
    assert stored is not None
    assert stored.data == b"parent"


def test_where_a_fork_went_unnoticed_the_parents_connection_is_neither_used_nor_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Spy] = []

    class Spy(sqlite3.Connection):
        closed = False

        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            opened.append(self)

        def close(self) -> None:
            self.closed = True
            super().close()

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *a, **k: connect(*a, factory=Spy, **k))
    store = SqliteSessions(tmp_path / "sessions.sqlite")
    store.ready()
    monkeypatch.setattr(os, "getpid", lambda: -1)
    store.ready()
    assert len(opened) == 2
    assert not opened[0].closed
