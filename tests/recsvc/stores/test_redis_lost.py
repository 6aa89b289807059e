"""A lost Redis costs one request its timeout, the others nothing, and is found again by itself."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from redis.backoff import ConstantBackoff
from redis.connection import Connection
from redis.exceptions import ConnectionError
from redis.retry import Retry
from redises import RedisCluster, RedisServer, wait_for
from workers import free_port

from recsvc.errors import Unavailable
from recsvc.stores.redis.breaker import FAILURES, PAUSE_S, Breaker
from recsvc.stores.redis.server import Server
from recsvc.stores.redis.sessions import RedisSessions, open_sessions
from recsvc.stores.redis.shards import Cluster

T0 = 1_800_000_000.0
WAIT_S = 0.15
MARGIN_S = 0.1
FREE_S = 0.002
"""What a request may cost that asks nobody; it is some microseconds on a quiet machine."""


@dataclass
class Topology:
    """Servers that a test may stop, and a store over them that waits for WAIT_S."""

    servers: list[RedisServer]
    url: str

    def store(self) -> RedisSessions:
        return open_sessions(self.url, connect_s=WAIT_S, answer_s=WAIT_S)

    def freeze(self) -> None:
        for server in self.servers:
            server.freeze()

    def thaw(self) -> None:
        for server in self.servers:
            server.thaw()

    def kill(self) -> None:
        for server in self.servers:
            server.kill()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    server = RedisServer(tmp_path_factory.mktemp("lost"))
    try:
        yield Topology([server], server.start().url)
    finally:
        server.kill()


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Topology]:
    cluster = RedisCluster(tmp_path_factory.mktemp("lost-cluster"))
    try:
        cluster.start()
        yield Topology(cluster.nodes, cluster.url)
    finally:
        cluster.kill()


@pytest.fixture(params=["alone", "three"])
def topology(request: pytest.FixtureRequest) -> Topology:
    found: Topology = request.getfixturevalue(request.param)
    return found


def asked_for(store: RedisSessions, seconds: float) -> list[float]:
    """How long each of many requests took, one after the other, while none could be answered."""
    took = []
    end = time.monotonic() + seconds
    for number in itertools.count():
        began = time.monotonic()
        if began > end:
            return took
        with pytest.raises(Unavailable):
            store.load(f"s{number}", T0)
        took.append(time.monotonic() - began)
        time.sleep(0.001)
    raise AssertionError


def use(store: RedisSessions) -> None:
    """Reach every server once, so that connections to all of them are open."""
    for number in range(40):
        store.load(f"s{number}", T0)


def costs(took: list[float], seconds: float) -> None:
    """No request waits twice; besides the first few one waits in each half second."""
    assert len(took) > 100 * seconds
    slow = [one for one in took if one > FREE_S * 10]
    assert max(took) < 2 * WAIT_S + MARGIN_S  # connecting and asking are two waits of one request
    assert len([one for one in slow if one > WAIT_S + MARGIN_S]) == 0
    assert len(slow) <= FAILURES + seconds / PAUSE_S + 2
    assert sorted(took)[len(took) // 2] < FREE_S


def test_servers_that_take_connections_and_never_answer(topology: Topology) -> None:
    store = topology.store()
    use(store)
    topology.freeze()
    try:
        took = asked_for(store, 2.0)
        assert not store.reachable
    finally:
        topology.thaw()
    costs(took, 2.0)
    assert max(took) > WAIT_S * 0.8, "they did not hang: this would show nothing"
    wait_for(lambda: answers(store), lambda: "it is not found again", 3 * PAUSE_S + 1)
    assert store.reachable


def answers(store: RedisSessions) -> bool:
    """Whether all servers answer again."""
    try:
        use(store)
    except Unavailable:
        return False
    return True


def test_without_its_breaker_every_request_is_seen_to_wait(
    topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = topology.store()
    use(store)
    monkeypatch.setattr(Breaker, "admits", lambda _: True)
    monkeypatch.setattr(Cluster, "_find_out", lambda _: None)
    topology.freeze()
    try:
        took = asked_for(store, 1.0)
    finally:
        topology.thaw()
    with pytest.raises(AssertionError):
        costs(took, 1.0)


def test_with_retries_such_as_redis_py_makes_a_request_is_seen_to_wait(
    alone: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    ten = Retry(ConstantBackoff(0.1), 10)  # redis-py's own would wait for four seconds and more
    monkeypatch.setattr("recsvc.stores.redis.server.Retry", lambda _backoff, _retries: ten)
    closed = f"redis://127.0.0.1:{free_port()}"
    store = open_sessions(closed, connect_s=WAIT_S, answer_s=WAIT_S)
    began = time.monotonic()
    refused(store)
    assert time.monotonic() - began > 2 * WAIT_S + MARGIN_S


def test_ports_that_are_closed_from_the_start(
    topology: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    probes = counted(monkeypatch)
    url = topology.url
    for server in topology.servers:
        url = url.replace(str(server.port), str(free_port()))
    store = open_sessions(url, connect_s=WAIT_S, answer_s=WAIT_S)
    took = asked_for(store, 2.2)
    assert max(took) < WAIT_S + MARGIN_S  # nothing waits here; a busy machine may
    assert sorted(took)[len(took) // 2] < FREE_S
    assert not store.reachable
    # A cluster of which nobody answers is asked once from the start; its probes go to all three.
    count = len(topology.servers)
    first = FAILURES if count == 1 else count
    assert first + 3 * count <= len(probes) <= first + 5 * count, "one try in half a second"


def test_servers_that_are_killed_and_come_back_empty(topology: Topology) -> None:
    store = topology.store()
    use(store)
    assert store.swap("kept", b"x", expected=None, expires=T0 + 60, now=T0)
    topology.kill()
    took = asked_for(store, 1.2)
    assert max(took) < WAIT_S + MARGIN_S  # nothing waits here; a busy machine may
    assert sorted(took)[len(took) // 2] < FREE_S
    for server in topology.servers:
        server.start()
    wait_for(lambda: answers(store), lambda: "it is not found again", 15)
    assert store.load("kept", T0) is None
    assert store.swap("kept", b"anew", expected=None, expires=T0 + 60, now=T0)
    assert store.reachable


def counted(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moments at which somebody tried to connect."""
    tries: list[float] = []
    connect = Server._open

    def count(server: Server) -> object:
        tries.append(time.monotonic())
        return connect(server)

    monkeypatch.setattr(Server, "_open", count)
    return tries


def test_to_a_server_that_never_answers_one_probe_goes_out_in_half_a_second() -> None:
    arrivals: list[float] = []
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as mute:
        mute.settimeout(5)

        def take() -> None:
            while True:
                try:
                    held.append(mute.accept()[0])
                except OSError:
                    return
                arrivals.append(time.monotonic())

        threading.Thread(target=take, daemon=True).start()
        url = f"redis://127.0.0.1:{mute.getsockname()[1]}"
        store = open_sessions(url, connect_s=WAIT_S, answer_s=WAIT_S)
        took = asked_for(store, 3.0)
    for connection in held:
        connection.close()
    costs(took, 3.0)
    probes = [later - one for one, later in itertools.pairwise(arrivals[FAILURES - 1 :])]
    assert 4 <= len(probes) <= 6
    assert all(gap > PAUSE_S * 0.9 for gap in probes)


def refused(store: RedisSessions) -> None:
    with pytest.raises(Unavailable):
        store.load("s", T0)


def test_threads_that_ask_at_once_do_not_wait_in_turn(alone: Topology) -> None:
    store = alone.store()
    alone.freeze()
    try:
        began = time.monotonic()
        with ThreadPoolExecutor(16) as pool:
            list(pool.map(refused, itertools.repeat(store, 16)))
        took = time.monotonic() - began
        assert WAIT_S * 0.8 < took < 2 * WAIT_S + MARGIN_S
    finally:
        alone.thaw()
    wait_for(lambda: answers(store), lambda: "it is not found again", 3 * PAUSE_S + 1)


def test_a_server_that_was_started_again_costs_nobody_an_error(tmp_path: Path) -> None:
    server = RedisServer(tmp_path).start()
    try:
        store = open_sessions(server.url, connect_s=WAIT_S, answer_s=1)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda n: store.load(f"s{n}", T0), range(8)))
        server.kill()
        server.start()
        assert store.load("s", T0) is None
        assert store.swap("s", b"x", expected=None, expires=T0 + 9, now=T0), "the script is new"
        assert store.reachable
    finally:
        server.kill()


def test_of_a_cluster_with_one_lost_server_the_others_go_on(three: Topology) -> None:
    store = three.store()
    use(store)
    three.servers[1].freeze()
    try:
        answered, refused, slow = 0, 0, 0
        for number in range(600):
            began = time.monotonic()
            try:
                store.load(f"s{number}", T0)
                answered += 1
            except Unavailable:
                refused += 1
            slow += time.monotonic() - began > WAIT_S / 2
        assert answered > 300
        assert refused > 100
        assert slow <= FAILURES + 3
        assert not store.reachable
    finally:
        three.servers[1].thaw()
    wait_for(lambda: answers(store), lambda: "it is not found again", 3 * PAUSE_S + 2)


class Clock:
    """Time that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_breaker_opens_after_failures_in_a_row_and_lets_one_through_in_each_pause() -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(FAILURES - 1):
        assert not breaker.failed()
    assert not breaker.succeeded()
    for _ in range(FAILURES - 1):
        assert not breaker.failed()
    assert breaker.closed
    assert breaker.failed()
    assert not breaker.closed
    for _ in range(3):
        assert [breaker.admits() for _ in range(5)] == [False] * 5
        clock.now += PAUSE_S
        assert [breaker.admits() for _ in range(5)] == [True, False, False, False, False]
        assert not breaker.failed()
    clock.now += PAUSE_S
    assert breaker.admits()
    assert breaker.succeeded()
    assert [breaker.admits() for _ in range(5)] == [True] * 5


def test_of_many_threads_one_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    breaker = Breaker(clock=clock)
    for _ in range(FAILURES):
        breaker.failed()
    clock.now = PAUSE_S
    ask: Callable[[int], bool] = lambda _: breaker.admits()  # noqa: E731
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(400))) == 1


def test_a_script_that_may_have_been_carried_out_is_not_sent_twice(
    alone: Topology, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = alone.store()
    store.drop("once")
    assert store.load("once", T0) is None
    read = Connection.read_response

    def carried_out_and_gone(connection: Connection) -> object:
        read(connection)  # type: ignore[no-untyped-call]
        connection.disconnect()  # type: ignore[no-untyped-call]
        raise ConnectionError("planted: the answer is lost on its way")

    monkeypatch.setattr(Connection, "read_response", carried_out_and_gone)
    with pytest.raises(Unavailable):
        store.swap("once", b"x", expected=None, expires=T0 + 60, now=T0)
    monkeypatch.undo()
    assert store.load("once", T0) is not None


def test_of_a_closed_connection_neither_reading_nor_writing_takes_notice(alone: Topology) -> None:
    store = alone.store()
    raw = RedisServer.raw(alone.servers[0])
    for number in range(3):
        store.load("s", T0)
        raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        time.sleep(0.06)  # of a connection that was just used it is not looked at
        assert store.swap(f"w{number}", b"x", expected=None, expires=T0 + 60, now=T0)
        raw.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        assert store.load(f"w{number}", T0) is not None
        store.drop(f"w{number}")
