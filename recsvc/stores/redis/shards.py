"""The shards that keys are spread over, and which server answers for each: one, or a cluster's.

A cluster is asked through a table of our own and not through redis-py's RedisCluster: that one
reads the whole topology again inside the request that met a dead server, one server after the
other, so that three servers that hang cost a request four times the timeout.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Protocol

from redis.connection import AbstractConnection
from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot
from redis.exceptions import AskError, MovedError

from recsvc.errors import Misconfigured, Unavailable
from recsvc.stores.redis.address import Address
from recsvc.stores.redis.breaker import PAUSE_S
from recsvc.stores.redis.server import LOST, Server, Word

log = logging.getLogger(__name__)

SHARDS: Final = 64
HOPS: Final = 3
"""Servers asked for one command at most, while a cluster moves its slots."""

Place = tuple[str, int]


def _even_tags() -> tuple[str, ...]:
    """A hash tag for each shard, so chosen that their slots lie evenly: so do servers' ranges."""
    tags: dict[int, str] = {}
    number = 0
    while len(tags) < SHARDS:
        tag = str(number)
        tags.setdefault(key_slot(tag.encode()) * SHARDS // REDIS_CLUSTER_HASH_SLOTS, tag)
        number += 1
    return tuple(tags[shard] for shard in range(SHARDS))


TAGS: Final = _even_tags()
SLOTS: Final = tuple(key_slot(tag.encode()) for tag in TAGS)


class Shards(Protocol):
    """Asks the server of a shard."""

    @property
    def reachable(self) -> bool:
        """Whether every server in use answered lately."""

    def ask(self, shard: int, *command: Word) -> Any:
        """The answer; raises as `Server.ask` does, but never `MovedError` or `AskError`."""

    def one_of_each(self) -> Iterable[int]:
        """A shard of every server."""

    def close(self) -> None:
        """Close what is open; the next call opens again."""


class OneServer:
    """Every shard on one server."""

    def __init__(self, address: Address) -> None:
        self._server = _server(address, address.options)

    @property
    def reachable(self) -> bool:
        """Whether the server answered lately."""
        return self._server.reachable

    def ask(self, shard: int, *command: Word) -> Any:  # noqa: ARG002 (there is one for all)
        """The server's answer."""
        return self._server.ask(*command)

    def one_of_each(self) -> Iterable[int]:
        """Any shard will do."""
        return (0,)

    def close(self) -> None:
        """Close what is open."""
        self._server.close()


class Cluster:
    """Shards on the primaries of a cluster, each with a breaker of its own.

    The table of shards is read when it is first needed, and again, at most once in PAUSE_S, after a
    server failed; all servers known are asked at the same time, and the first answer counts. Where
    none answers the cluster is lost until one does.
    """

    def __init__(self, address: Address, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._lock = threading.Lock()
        self._finding = threading.Lock()
        self._servers: dict[Place, Server] = {}
        self._places: tuple[Place, ...] = ()
        self._stale = True
        self._lost = False
        self._next = float("-inf")
        self._at(address.seeds[0])  # an option that is not known is told now

    @property
    def reachable(self) -> bool:
        """Whether the cluster's table could be read, and no server in it is lost."""
        return not self._lost and all(self._at(place).reachable for place in set(self._places))

    def ask(self, shard: int, *command: Word) -> Any:
        """The answer of the shard's server, wherever the cluster says that it is now."""
        if self._stale:
            self._find_out()
        place, asking = self._places[shard], False
        for _ in range(HOPS):
            try:
                return self._at(place).ask(*command, asking=asking)
            except MovedError as error:
                place, asking = (error.host, error.port), False
                self._moved(shard, place)
            except AskError as error:
                place, asking = (error.host, error.port), True
            except Unavailable:
                self._stale = True
                raise
        raise Unavailable(LOST)

    def one_of_each(self) -> Iterable[int]:
        """A shard of every primary that holds one."""
        if self._stale:
            self._find_out()
        return {place: shard for shard, place in enumerate(self._places)}.values()

    def close(self) -> None:
        """Close what is open."""
        for server in list(self._servers.values()):
            server.close()

    def _at(self, place: Place) -> Server:
        server = self._servers.get(place)
        if server is None:
            host, port = place
            server = _server(self._address, {**self._address.options, "host": host, "port": port})
            server = self._servers.setdefault(place, server)
        return server

    def _moved(self, shard: int, place: Place) -> None:
        with self._lock:
            places = list(self._places)
            places[shard] = place
            self._places = tuple(places)

    def _find_out(self) -> None:
        """Read the table anew if that is due, one thread at a time.

        The others go on with the table that there is; where there is none, they wait for the first.
        Raises `Unavailable` while the cluster is lost.
        """
        if self._finding.acquire(blocking=not self._places):
            try:
                if self._stale and self._clock() >= self._next:
                    self._next = self._clock() + PAUSE_S
                    self._found(self._asked_of_all())
            finally:
                self._finding.release()
        if self._lost or not self._places:
            raise Unavailable(LOST)

    def _found(self, places: tuple[Place, ...] | None) -> None:
        """Take a new table. Where nobody answered, nobody is asked before the next try."""
        with self._lock:
            self._lost = places is None
            self._places, self._stale = places or self._places, self._lost
        for place in set(self._servers) - set(self._places):
            self._servers.pop(place).close()

    def _asked_of_all(self) -> tuple[Place, ...] | None:
        answers: queue.SimpleQueue[tuple[Place, ...] | None] = queue.SimpleQueue()

        def ask(place: Place) -> None:
            table = None
            try:
                # A server of its own: who asks for the table must not wait for a breaker's pause.
                options = {**self._address.options, "host": place[0], "port": place[1]}
                server = _server(self._address, options)
                table = _table(server.ask("CLUSTER", "SLOTS"), place)
                server.close()
            except Exception as error:
                log.info("the cluster's table cannot be had from one server: %s", error)
            finally:
                answers.put(table)

        known = {*self._address.seeds, *self._places}
        for place in known:
            threading.Thread(target=ask, args=(place,), name="cluster-table", daemon=True).start()
        end = self._clock() + self._address.longest_s
        try:
            for _ in known:
                table = answers.get(timeout=max(0.0, end - self._clock()))
                if table is not None:
                    return table
        except queue.Empty:
            pass  # a name that does not resolve waits for longer than a request may
        return None


def _server(address: Address, options: Mapping[str, Any]) -> Server:
    kind: type[AbstractConnection] = address.kind
    try:
        return Server(options, kind)
    except TypeError as error:
        raise Misconfigured(f"RECSVC_REDIS_URL has an option that is not known: {error}") from error


def _table(ranges: Any, asked: Place) -> tuple[Place, ...] | None:
    """The place of each shard, from an answer to CLUSTER SLOTS; None where it leaves a gap."""
    places: list[Place | None] = [None] * SHARDS
    for first, last, primary, *_ in ranges:
        host = primary[0].decode() if primary[0] else asked[0]
        for shard, slot in enumerate(SLOTS):
            if first <= slot <= last:
                places[shard] = (host, primary[1])
    return tuple(place for place in places if place is not None) if all(places) else None
