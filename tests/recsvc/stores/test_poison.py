"""Whatever lies under a session's key: nobody gets an error, nor anything of another session."""

from __future__ import annotations

import itertools
import logging
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from redises import RedisServer

from recsvc.ports import SessionStore
from recsvc.serving.session import SCHEMA, Session, decode, encode
from recsvc.stores.redis.sessions import open_sessions
from tests.recsvc.stores.visited import FULL, KNOBS, Visited, shown

BLOBS = 100_000 if FULL else 1_500
Store = Callable[[str], SessionStore]
KINDS = ("random", "truncated", "flipped", "foreign", "older", "lengthened", "spliced")


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """A line for every poisoned session would be what this is about, a hundred thousand times."""
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def lived(worker: Visited, session: str, seed: int) -> bytes:
    """The state of a session that looked, dismissed and looked again."""
    draw = random.Random(seed)
    for number in range(draw.randint(1, 4)):
        item = draw.choice(shown(worker.look(session))[1])
        worker.dismiss(session, item, f"{session} {number}")
    worker.look(session)
    stored = worker.memory.store.load(session, worker.slates.clock())
    assert stored is not None
    return stored.data


def poison(draw: random.Random, real: list[bytes], own: bytes) -> tuple[str, bytes]:
    """One blob; `own` is a real state of the session under whose key it is put."""
    kind = draw.choice(KINDS)
    if kind == "random":
        return kind, draw.randbytes(draw.choice((0, 1, 4, 5, 16, 17, 100, 3000)))
    if kind == "truncated":
        return kind, own[: draw.randrange(len(own))]
    if kind == "flipped":
        spoilt = bytearray(own)
        for _ in range(draw.choice((1, 1, 1, 2, 9))):
            spoilt[draw.randrange(len(spoilt))] ^= 1 << draw.randrange(8)
        return kind, bytes(spoilt) if spoilt != own else own[:-1]
    if kind == "foreign":
        return kind, draw.choice(real)
    if kind == "older":
        session = decode(own)
        assert isinstance(session, Session)
        other = draw.choice([n for n in range(SCHEMA + 3) if n != SCHEMA])
        return kind, encode(session._replace(schema=other))
    if kind == "lengthened":
        return kind, own + draw.randbytes(draw.randint(1, 9))
    other = draw.choice(real)
    cut = draw.randrange(1, min(len(own), len(other)))
    return kind, own[:cut] + other[cut:]


def served_after(
    worker: Visited, put: Callable[[str, bytes], None], blobs: int
) -> tuple[Counter[str], Counter[str]]:
    """Poison sessions one by one and look: how many of each kind, and what went wrong."""
    real = [lived(worker, f"other-{n}", n) for n in range(20)]
    own = lived(worker, "mine", 99)
    fresh = shown(worker.look("never seen"))[1]
    poisoned, wrong = Counter[str](), Counter[str]()
    draw = random.Random(5)
    while sum(poisoned.values()) < blobs:
        kind, blob = poison(draw, real, own)
        if blob == own:
            continue
        poisoned[kind] += 1
        put("mine", blob)
        try:
            answer = worker.look("mine")
        except Exception as error:
            wrong[f"{kind}: {type(error).__name__}"] += 1
            continue
        if answer.session_id != "mine" or shown(answer)[1] != fresh:
            wrong[f"{kind}: another slate"] += 1
        if answer.decision.trigger != "session_start":
            wrong[f"{kind}: taken for a state"] += 1
        if shown(worker.look("mine")) != shown(answer):
            wrong[f"{kind}: not mended"] += 1
    return poisoned, wrong


def through(store: SessionStore, worker: Visited) -> Callable[[str, bytes], None]:
    """Puts a blob where the store keeps the data of a session."""

    def put(key: str, blob: bytes) -> None:
        now = worker.slates.clock()
        stored = store.load(key, now)
        version = None if stored is None else stored.version
        assert store.swap(key, blob, expected=version, expires=now + 1800, now=now)

    return put


@pytest.mark.parametrize("kind", ["memory", "sqlite", "redis", "cluster"])
def test_a_poisoned_session_begins_anew_and_is_counted(
    kind: str, a_store: Store, worlds: Any
) -> None:
    store = a_store(kind)
    worker = Visited(worlds(home=KNOBS), store)
    poisoned, wrong = served_after(worker, through(store, worker), BLOBS)
    assert wrong == {}
    counts = worker.memory.quarantine.counts
    print(f"{kind}: {dict(poisoned)} poisoned, {dict(counts)} quarantined")
    assert poisoned.keys() == set(KINDS)
    assert sum(counts.values()) == sum(poisoned.values()) == BLOBS
    # A splice in the first bytes can be the other session whole, a flip another schema.
    assert counts["another_session"] >= poisoned["foreign"]
    assert counts["another_schema"] >= poisoned["older"]


def test_a_value_in_redis_that_is_no_session_is_neither_used_nor_an_error(
    redis_server: RedisServer, worlds: Any
) -> None:
    raw = redis_server.raw()
    raw.flushall()
    store = open_sessions(redis_server.unix_url, connect_s=5, answer_s=5)
    worker = Visited(worlds(home=KNOBS), store)
    turns = itertools.count()

    def put(key: str, blob: bytes) -> None:
        name = next(name for name in raw.scan_iter(f"*:{key}"))
        turn = next(turns) % 20
        raw.delete(name)
        if turn == 0:
            raw.hset(name, "a hash", blob)
        elif turn == 1:
            raw.rpush(name, b"a list")
        else:
            # With a header that says it is live, or with none at all.
            live = b"\xa1" + blob[:7].ljust(7, b"\0") + b"\x42\x00\x00\x00\x00\x00\x00\x00"
            raw.set(name, live + blob if turn % 2 else blob)

    poisoned, wrong = served_after(worker, put, BLOBS)
    assert wrong == {}
    counted = sum(worker.memory.quarantine.counts.values()) + store.foreign
    print(f"raw: {sum(poisoned.values())} poisoned, {counted} counted")
    # Where a layout's first byte is met by chance the end may be too, and then nothing is there.
    assert BLOBS * 0.99 <= counted <= BLOBS


def test_without_its_seal_a_poisoned_state_is_seen_to_be_used(
    worlds: Any, a_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = msgspec.msgpack.Decoder(Session)

    def trusting(data: bytes, _: str | None = None) -> Session | str:
        try:
            return plain.decode(memoryview(data)[5:])
        except msgspec.DecodeError:
            return "corrupt"

    monkeypatch.setattr("recsvc.serving.memory.decode", trusting)
    store = a_store("memory")
    worker = Visited(worlds(home=KNOBS), store)
    _, wrong = served_after(worker, through(store, worker), 300)
    found = {what.split(": ")[0] for what in wrong}
    print(dict(wrong))
    assert {"flipped", "foreign", "older"} <= found
    assert any("Error" in what for what in wrong)
