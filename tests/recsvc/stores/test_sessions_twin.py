"""The twin in memory, the file and Redis answer alike, whatever is done to them."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from redises import RedisServer

from recsvc.ports import SessionStore
from recsvc.stores.memory import MemorySessions
from recsvc.stores.redis.sessions import open_sessions
from recsvc.stores.sessions import SqliteSessions

keys = st.sampled_from(["a", "b"])
spans = st.sampled_from([0.0, 1.0, 2.5, 10.0])
acts = st.one_of(
    st.tuples(st.just("swap"), keys, st.integers(-1, 4), spans),
    st.tuples(st.just("drop"), keys, st.just(0), spans),
    st.tuples(st.just("sweep"), keys, st.just(0), spans),
    st.tuples(st.just("wait"), keys, st.just(0), spans),
)


def story(
    store: SessionStore, script: list[tuple[str, str, int, float]], *, counts: bool = True
) -> list[object]:
    """What a store answers; versions are told by the order in which they were first seen.

    `counts`: with what a sweep removed, of which there is nothing where a store forgets by itself.
    """
    seen: list[int] = []
    now = 1000.0
    told: list[object] = []
    for step, (act, key, which, span) in enumerate(script):
        if act == "swap":
            expected = None if which < 0 or not seen else seen[-1 - which % len(seen)]
            data = str(step).encode()
            told.append(store.swap(key, data, expected=expected, expires=now + span, now=now))
        elif act == "drop":
            store.drop(key)
        elif act == "sweep":
            swept = store.sweep(now)
            told.append(swept if counts else None)
        elif act == "wait":
            now += span
        for each in ("a", "b"):
            stored = store.load(each, now)
            if stored and stored.version not in seen:
                seen.append(stored.version)
            told.append(stored and (stored.data, seen.index(stored.version)))
    return told


@settings(max_examples=120, deadline=None)
@given(st.lists(acts, min_size=1, max_size=25))
def test_every_script_is_answered_alike(script: list[tuple[str, str, int, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = SqliteSessions(Path(folder) / "sessions.sqlite")
        assert story(file, script) == story(MemorySessions(), script)
        file.close()


@settings(max_examples=80, deadline=None)
@given(st.lists(acts, min_size=1, max_size=25))
def test_every_script_is_answered_alike_by_redis(
    redis_server: RedisServer, script: list[tuple[str, str, int, float]]
) -> None:
    redis_server.raw().flushall()
    store = open_sessions(redis_server.unix_url, connect_s=5, answer_s=5)
    assert story(store, script, counts=False) == story(MemorySessions(), script, counts=False)
    store.close()
