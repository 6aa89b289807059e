"""The promise of every session store, whatever it keeps sessions in."""

from __future__ import annotations

import pytest

from recsvc.ports import SessionStore, Stored
from recsvc.stores.memory import MemorySessions
from recsvc.stores.redis.sessions import RedisSessions

T0 = 1_800_000_000.0
ALL_BYTES = bytes(range(256)) * 20


def begin(
    store: SessionStore, key: str = "s1", data: bytes = b"one", expires: float = T0 + 60
) -> Stored:
    assert store.swap(key, data, expected=None, expires=expires, now=T0)
    stored = store.load(key, T0)
    assert stored is not None
    return stored


def test_a_session_that_was_never_written_is_not_there(sessions: SessionStore) -> None:
    assert sessions.load("s1", T0) is None


@pytest.mark.parametrize("data", [b"", b"\0", ALL_BYTES], ids=["empty", "nul", "all"])
def test_bytes_come_back_as_they_were_written(sessions: SessionStore, data: bytes) -> None:
    assert begin(sessions, data=data).data == data


@pytest.mark.parametrize(
    "key", ["é", "e\u0301", "名前", "🙂", "a b", "a\0b", "%_'\"", "K" * 10_000]
)
def test_a_key_is_any_text_and_is_that_text_only(sessions: SessionStore, key: str) -> None:
    begin(sessions, key, b"mine")
    for other in ("a", "a\0", "É", "é ", key + "x", key.swapcase() + "-"):
        assert sessions.load(other, T0) is None
    stored = sessions.load(key, T0)
    assert stored is not None
    assert stored.data == b"mine"


def test_create_if_absent_refuses_a_live_session_and_leaves_it(sessions: SessionStore) -> None:
    first = begin(sessions)
    assert not sessions.swap("s1", b"two", expected=None, expires=T0 + 90, now=T0)
    assert sessions.load("s1", T0) == first


def test_of_two_who_read_the_same_version_the_second_loses(sessions: SessionStore) -> None:
    seen = begin(sessions).version
    assert sessions.swap("s1", b"winner", expected=seen, expires=T0 + 60, now=T0)
    assert not sessions.swap("s1", b"loser", expected=seen, expires=T0 + 60, now=T0)
    stored = sessions.load("s1", T0)
    assert stored is not None
    assert stored.data == b"winner"
    assert stored.version != seen


def test_a_swap_cannot_begin_a_session_that_is_not_there(sessions: SessionStore) -> None:
    assert not sessions.swap("s1", b"x", expected=1, expires=T0 + 60, now=T0)
    assert not sessions.swap("s1", b"x", expected=0, expires=T0 + 60, now=T0)
    assert sessions.load("s1", T0) is None


def test_a_session_is_gone_at_the_moment_its_time_is_over(sessions: SessionStore) -> None:
    seen = begin(sessions, expires=T0 + 60).version
    assert sessions.load("s1", T0 + 59.999) is not None
    assert sessions.load("s1", T0 + 60) is None
    assert not sessions.swap("s1", b"late", expected=seen, expires=T0 + 90, now=T0 + 60)
    assert sessions.load("s1", T0 + 60) is None


def test_a_swap_sets_a_new_end_even_an_earlier_one(sessions: SessionStore) -> None:
    seen = begin(sessions, expires=T0 + 60).version
    assert sessions.swap("s1", b"two", expected=seen, expires=T0 + 10, now=T0)
    assert sessions.load("s1", T0 + 9) is not None
    assert sessions.load("s1", T0 + 10) is None


@pytest.mark.parametrize("end", ["dropped", "expired", "swept"])
def test_a_session_begun_anew_never_accepts_what_was_read_of_the_old_one(
    sessions: SessionStore, end: str
) -> None:
    old: set[int] = set()
    now = T0
    for _ in range(50):
        assert sessions.swap("s1", b"first", expected=None, expires=now + 60, now=now)
        stored = sessions.load("s1", now)
        assert stored is not None
        assert stored.version not in old
        for version in old:
            assert not sessions.swap("s1", b"x", expected=version, expires=now + 60, now=now)
        assert sessions.swap("s1", b"second", expected=stored.version, expires=now + 60, now=now)
        second = sessions.load("s1", now)
        assert second is not None
        old |= {stored.version, second.version}
        now += 10 if end == "dropped" else 100
        if end == "dropped":
            sessions.drop("s1")
        elif end == "swept":
            assert sessions.sweep(now) == of_these(sessions, 1)


def test_drop_of_a_session_that_is_not_there_is_silent(sessions: SessionStore) -> None:
    sessions.drop("s1")
    assert sessions.load("s1", T0) is None


def test_drop_forgets_this_session_only(sessions: SessionStore) -> None:
    begin(sessions, "s1")
    begin(sessions, "s2")
    sessions.drop("s1")
    assert sessions.load("s1", T0) is None
    assert sessions.load("s2", T0) is not None


def of_these(store: SessionStore, expired: int) -> int:
    """How many a sweep finds: none where the store forgets by itself."""
    return 0 if isinstance(store, RedisSessions) else expired


def test_sweep_removes_exactly_what_has_expired_and_counts_it(sessions: SessionStore) -> None:
    for i in range(450):
        begin(sessions, f"old{i}", expires=T0 + 10)
    for i in range(7):
        begin(sessions, f"new{i}", expires=T0 + 11)
    assert sessions.sweep(T0 + 9.9) == 0
    assert sessions.sweep(T0 + 10) == of_these(sessions, 450)
    assert sessions.sweep(T0 + 10) == 0
    assert all(sessions.load(f"new{i}", T0 + 10) for i in range(7))


def test_versions_fit_in_the_whole_numbers_of_json(sessions: SessionStore) -> None:
    assert all(0 <= begin(sessions, f"s{i}").version < 2**53 for i in range(200))


def test_a_fresh_store_is_ready_and_readiness_leaves_no_session(sessions: SessionStore) -> None:
    sessions.ready()
    assert sessions.sweep(float("inf")) == 0


def test_the_ledger_holds_the_entries_of_writes_that_won(sessions: SessionStore) -> None:
    soon = {"expires": T0 + 60, "now": T0}
    assert sessions.swap("s1", b"one", expected=None, entry=b"first", **soon)
    stored = sessions.load("s1", T0)
    assert stored is not None
    assert not sessions.swap("s1", b"loser", expected=None, entry=b"never", **soon)
    assert not sessions.swap("s1", b"loser", expected=stored.version + 1, entry=b"never", **soon)
    assert sessions.swap("s1", b"two", expected=stored.version, entry=ALL_BYTES, **soon)
    assert sessions.swap("s2", b"no entry", expected=None, **soon)
    assert sessions.entries(10) == (b"first", ALL_BYTES)
    assert sessions.entries(1) == (ALL_BYTES,)
    assert sessions.entries(0) == ()


def test_the_ledger_outlives_its_sessions_and_is_bounded(
    sessions: SessionStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsvc.stores.sessions.LEDGER_KEPT", 5)
    monkeypatch.setattr("recsvc.stores.memory.LEDGER_KEPT", 5)
    monkeypatch.setattr("recsvc.stores.redis.sessions.LEDGER_KEPT", 5)
    if isinstance(sessions, MemorySessions):
        sessions = MemorySessions()
    for n in range(12):
        sessions.swap(f"s{n}", b"x", expected=None, expires=T0 + 1, now=T0, entry=b"%d" % n)
    assert sessions.sweep(T0 + 2) == of_these(sessions, 12)
    assert sessions.entries(100) == tuple(b"%d" % n for n in range(7, 12))
