"""What is Redis's own: keys in one slot, expiry by itself, moved slots, errors in plain words."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from redis._parsers import _HiredisParser
from redis.crc import key_slot
from redises import RedisCluster, RedisServer, wait_for

from recsvc.bootstrap import sessions_of
from recsvc.config.settings import Settings, read_settings
from recsvc.errors import BadInput, Misconfigured, Unavailable
from recsvc.stores.redis.address import address_of
from recsvc.stores.redis.sessions import RedisSessions, open_sessions
from recsvc.stores.redis.shards import SHARDS, SLOTS, OneServer
from recsvc.stores.sessions import SqliteSessions

T0 = 1_800_000_000.0
PATIENCE = {"connect_s": 5.0, "answer_s": 5.0}


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    redis_server.raw().flushall()
    return redis_server


@pytest.fixture
def store(server: RedisServer) -> RedisSessions:
    return open_sessions(server.unix_url, **PATIENCE)


def begin(store: RedisSessions, key: str = "s", entry: bytes | None = b"entry") -> None:
    assert store.swap(key, b"data", expected=None, expires=T0 + 60, now=T0, entry=entry)


def commands(server: RedisServer, work: Callable[[], object]) -> Counter[str]:
    """What the server was asked while the work was done, scripts and what they call included."""
    raw = server.raw()
    raw.config_resetstat()
    work()
    counts = raw.info("commandstats")
    return Counter({name.removeprefix("cmdstat_"): c["calls"] for name, c in counts.items()})


def test_reading_is_one_command_and_writing_one_script(
    server: RedisServer, store: RedisSessions
) -> None:
    begin(store)
    asked = commands(server, lambda: store.load("s", T0))
    del asked["config|resetstat"], asked["info"]
    assert asked == {"get": 1}
    stored = store.load("s", T0)
    assert stored is not None
    asked = commands(
        server,
        lambda: store.swap(
            "s", b"two", expected=stored.version, expires=T0 + 60, now=T0, entry=b"e"
        ),
    )
    del asked["config|resetstat"], asked["info"]
    assert asked == {"evalsha": 1, "getrange": 1, "time": 1, "xadd": 1, "set": 1}
    asked = commands(
        server,
        lambda: store.swap("s", b"lost", expected=1, expires=T0 + 60, now=T0, entry=b"e"),
    )
    del asked["config|resetstat"], asked["info"]
    assert asked == {"evalsha": 1, "getrange": 1}, "the loser writes nothing"


def test_a_server_that_forgot_its_scripts_is_taught_again(
    server: RedisServer, store: RedisSessions
) -> None:
    begin(store)
    server.raw().script_flush()
    begin(store, "other")
    assert store.entries(5) == (b"entry", b"entry")


def test_a_session_and_its_share_of_the_ledger_lie_in_one_slot(
    server: RedisServer, store: RedisSessions
) -> None:
    for number in range(200):
        server.raw().flushall()
        begin(store, f"s}}{{{number}")
        keys = server.raw().keys("*")
        assert len(keys) == 2
        assert len({key_slot(key) for key in keys}) == 1


def test_shards_lie_evenly_over_the_slots() -> None:
    for servers in range(2, 17):
        shares = Counter(slot * servers // 16384 for slot in SLOTS)
        assert max(shares.values()) - min(shares.values()) <= 2
    assert len(set(SLOTS)) == SHARDS


def test_a_session_expires_by_itself_a_little_after_its_time(server: RedisServer) -> None:
    address = address_of(server.unix_url, connect_s=5, answer_s=5)
    store = RedisSessions(OneServer(address), slack_s=0.2)
    assert store.swap("s", b"x", expected=None, expires=T0 + 0.1, now=T0)
    raw = server.raw()
    (name,) = raw.keys("*")
    assert 100 < raw.pttl(name) <= 300
    assert store.load("s", T0 + 0.099) is not None
    assert store.load("s", T0 + 0.1) is None, "by the caller's clock, not by Redis's"
    wait_for(lambda: not raw.exists(name), lambda: "it does not expire", 2)


def test_sessions_that_are_over_stay_for_a_minute_and_no_longer(
    server: RedisServer, store: RedisSessions
) -> None:
    for number, span in enumerate((-5.0, 0.0, 1800.0, 1e12)):
        assert store.swap(f"s{number}", b"x", expected=None, expires=T0 + span, now=T0)
    lives = sorted(server.raw().pttl(key) for key in server.raw().keys("*"))
    assert lives[0] <= lives[1] <= 60_000
    assert 1_859_000 < lives[2] <= 1_860_000
    assert lives[3] < 11 * 366 * 86_400_000


def test_a_session_takes_few_bytes_beyond_its_data(
    server: RedisServer, store: RedisSessions
) -> None:
    data = b"x" * 3000
    assert store.swap("s" * 24, data, expected=None, expires=T0 + 60, now=T0)
    (name,) = server.raw().keys("*")
    assert server.raw().memory_usage(name) < len(data) + 200


def test_the_ledger_is_bounded_as_it_is_written(
    server: RedisServer, store: RedisSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsvc.stores.redis.sessions.LEDGER_KEPT", 200)
    begin(store)
    for _ in range(1000):
        stored = store.load("s", T0)
        assert stored is not None
        assert store.swap(
            "s", b"x", expected=stored.version, expires=T0 + 60, now=T0, entry=b"later"
        )
    assert 200 <= len(store.entries(10_000)) <= 400


def test_a_sweep_leaves_the_latest_entries_of_all_shards(
    store: RedisSessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(300):
        begin(store, f"s{number}", b"%d" % number)
    monkeypatch.setattr("recsvc.stores.redis.sessions.LEDGER_KEPT", 100)
    store.sweep(T0)
    assert store.entries(1000) == tuple(b"%d" % number for number in range(200, 300))


def test_hiredis_reads_the_answers(store: RedisSessions) -> None:
    shards: Any = store._shards
    line = shards._server._open()
    assert isinstance(line._connection._parser, _HiredisParser)
    assert line._connection.retry._retries == 0
    line.close()


def test_a_moved_slot_is_followed_and_remembered(redis_cluster: RedisCluster) -> None:
    redis_cluster.flush()
    store = open_sessions(redis_cluster.url, **PATIENCE)
    begin(store)
    shards: Any = store._shards
    places = shards._places
    shards._places = places[::-1]  # as if every slot had been moved since the table was read
    for number in range(200):
        begin(store, f"s{number}")
    assert shards._places == places
    assert store.reachable
    assert len(store.entries(1000)) == 201


def test_a_session_is_read_and_written_while_its_slot_is_moved(redis_cluster: RedisCluster) -> None:
    redis_cluster.flush()
    store = open_sessions(redis_cluster.url, **PATIENCE)
    begin(store)
    shards: Any = store._shards
    source = next(n for n in redis_cluster.nodes if n.raw().keys("*"))
    target = next(n for n in redis_cluster.nodes if n is not source)
    (name,) = source.raw().keys("*:s")
    slot = key_slot(name)
    ids = [str(node.raw().execute_command("CLUSTER MYID").decode()) for node in (source, target)]
    target.raw().execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ids[0])
    source.raw().execute_command("CLUSTER SETSLOT", slot, "MIGRATING", ids[1])
    try:
        assert store.load("s", T0) is not None, "still where it was"
        source.raw().execute_command("MIGRATE", "127.0.0.1", target.port, name, 0, 5000)
        stored = store.load("s", T0)
        assert stored is not None, "asked of the server that it is moved to"
        soon = {"expires": T0 + 60, "now": T0}
        assert store.swap("s", b"two", expected=stored.version, entry=b"lacking", **soon)
        assert not store.swap("s", b"late", expected=stored.version, entry=b"never", **soon)
        moved = store.load("s", T0)
        assert moved is not None
        assert moved.data == b"two"
        assert store.unledgered == 2
        assert shards._places[SLOTS.index(slot)][1] == source.port
    finally:
        for node in (source, target):
            node.raw().execute_command("CLUSTER SETSLOT", slot, "STABLE")


def test_no_connection_crosses_a_fork(
    store: RedisSessions, redis_cluster: RedisCluster, in_processes: Callable[..., list[Any]]
) -> None:
    redis_cluster.flush()
    for each in (store, open_sessions(redis_cluster.url, **PATIENCE)):
        begin(each)

        def elsewhere(number: int, each: RedisSessions = each) -> bool:
            return all(
                each.load("s", T0) is not None
                and each.swap(f"{number}-{n}", b"%d" % n, expected=None, expires=T0 + 60, now=T0)
                and getattr(each.load(f"{number}-{n}", T0), "data", None) == b"%d" % n
                for n in range(200)
            )

        assert in_processes(4, elsewhere) == [True] * 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--requirepass", "secret"), "refuses the name or the password"),
        (("--maxmemory", "1", "--maxmemory-policy", "noeviction"), "memory is full"),
        (("--replicaof", "127.0.0.1", "1"), "may only be read"),
    ],
    ids=["password", "memory", "replica"],
)
def test_a_refusal_is_told_in_plain_words(
    tmp_path: Path, options: tuple[str, ...], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "--requirepass" in options:
        monkeypatch.setattr(RedisServer, "raw", lambda self: _Never(self.socket))
    refusing = RedisServer(tmp_path, *options).start()
    try:
        store = open_sessions(refusing.unix_url, **PATIENCE)
        for call in (store.ready, lambda: begin(store)):
            with pytest.raises(Unavailable) as caught:
                call()
            assert words in caught.value.detail
            assert str(tmp_path) not in caught.value.detail
            assert caught.value.__cause__ is not None
        if "--requirepass" not in options:
            assert store.load("s", T0) is None, "reading goes on"
            assert store.reachable
    finally:
        refusing.kill()


class _Never:
    """In place of a client: the server is there when its socket is."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    def ping(self) -> bool:
        return self._socket.exists()


def test_a_password_with_odd_characters_is_understood(tmp_path: Path) -> None:
    server = RedisServer(tmp_path).start()
    try:
        server.raw().execute_command("ACL", "SETUSER", "worker", "on", ">p@s:s/#", "~*", "+@all")
        login = "worker:p%40s%3As%2F%23"
        store = open_sessions(f"redis://{login}@127.0.0.1:{server.port}/2", **PATIENCE)
        begin(store)
        assert server.raw().info("keyspace")["db2"]["keys"] == 2
    finally:
        server.kill()


def test_a_key_that_is_no_text_is_bad_input(store: RedisSessions) -> None:
    with pytest.raises(BadInput):
        store.load("\ud800", T0)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://h", "must begin with one of redis://"),
        ("redis+cluster://", "needs host:port"),
        ("redis+cluster://h:x", "Port could not be cast"),
        ("redis://h:x", "Port could not be cast"),
        ("redis://h?socket_timeout=x", "socket_timeout"),
        ("redis://h?colour=red", "colour"),
        ("redis+cluster://a,b?colour=red", "colour"),
    ],
)
def test_an_address_that_cannot_be_used_is_told_at_the_start(url: str, words: str) -> None:
    with pytest.raises(Misconfigured) as caught:
        open_sessions(url, connect_s=1, answer_s=1)
    assert words in caught.value.detail
    assert "RECSVC_REDIS_URL" in caught.value.detail


def test_addresses_of_every_form() -> None:
    waits = {"connect_s": 0.1, "answer_s": 0.2}
    tls = address_of("rediss+cluster://u:p@a:7000,b?ssl_ca_certs=/ca.pem", **waits)
    assert tls.seeds == (("a", 7000), ("b", 6379))
    assert tls.kind.__name__ == "SSLConnection"
    assert tls.options["ssl_ca_certs"] == "/ca.pem"
    assert (tls.options["username"], tls.options["password"]) == ("u", "p")
    one = address_of("redis://h/3", **waits)
    assert (one.options["host"], one.options["port"], one.options["db"]) == ("h", 6379, 3)
    assert one.options["socket_connect_timeout"] == 0.1
    assert one.options["socket_timeout"] == 0.2
    assert address_of("redis+cluster://[::1]:7000", **waits).seeds == (("::1", 7000),)


def test_without_an_address_sessions_are_in_sqlite_and_with_one_in_redis(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(sessions_of(Settings(home=tmp_path)), SqliteSessions)
    monkeypatch.setenv("RECSVC_REDIS_URL", server.unix_url)
    found = sessions_of(read_settings(home=tmp_path))
    assert isinstance(found, RedisSessions)
    begin(found)
    assert server.raw().dbsize() == 2
    assert list(tmp_path.iterdir()) == []


def test_the_address_is_not_shown_for_it_may_hold_a_password() -> None:
    settings = Settings(redis_url=SecretStr("redis://u:secret@h"))
    assert "secret" not in repr(settings)


def test_no_answer_waits_for_longer_than_the_settings_say(server: RedisServer) -> None:
    store = open_sessions(server.url, connect_s=0.1, answer_s=0.1)
    store.ready()
    began = time.monotonic()
    server.raw().execute_command("CLIENT", "PAUSE", 400, "ALL")
    with pytest.raises(Unavailable):
        store.load("s", T0)
    assert 0.08 < time.monotonic() - began < 0.3
    time.sleep(0.4)
