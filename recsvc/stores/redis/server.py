"""One Redis or Valkey server: connections that never wait for long, and a breaker before them.

redis-py's client retries ten times by default, which makes every request to a dead server wait for
seconds, and spends half its time on features that are not used here; so its connections (with the
parser of hiredis) are used directly. They wait for an answer once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final, Protocol

from redis._parsers import _HiredisParser
from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, Connection
from redis.exceptions import (
    AskError,
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,
    MovedError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TimeoutError,
    TryAgainError,
)
from redis.retry import Retry

from recsvc.errors import Unavailable
from recsvc.stores.connections import Connections
from recsvc.stores.redis.breaker import Breaker

log = logging.getLogger(__name__)

Word = str | bytes | int | float

_WORDS: Final[Mapping[type[Exception], str]] = {
    TimeoutError: "it did not answer in time",
    AuthenticationError: "it refuses the name or the password; look at RECSVC_REDIS_URL",
    AuthorizationError: "it refuses the name or the password; look at RECSVC_REDIS_URL",
    NoPermissionError: "this user may not do what is needed; look at its ACL",
    BusyLoadingError: "it is still reading its data; try again",
    ConnectionError: "it cannot be reached",
    ReadOnlyError: "it is a replica and may only be read",
    OutOfMemoryError: "its memory is full; raise maxmemory, or let it evict keys with a TTL",
    ClusterDownError: "its cluster is down",
}
_IDLE_S: Final = 0.05
_ONCE: Final = ("EVALSHA", "EVAL")
_FOR_THE_CALLER = (NoScriptError, MovedError, AskError, TryAgainError)


def in_words(error: BaseException) -> str:
    """What became of the server, and what to do, without names of machines or keys."""
    kind = next((each for each in type(error).__mro__ if each in _WORDS), None)
    words = _WORDS[kind] if kind is not None else "it cannot do what is needed"
    return f"The session store (Redis) cannot be used: {words}."


LOST: Final = "The session store (Redis) cannot be used: it does not answer just now."


class WrongType(Exception):
    """Something that is no session lies under a session's key."""


class _Wire(Protocol):
    """What is used of redis-py's connections, which say no types of these."""

    def connect(self) -> None: ...
    def send_command(self, *command: Word) -> None: ...
    def read_response(self) -> Any: ...
    def can_read(self, timeout: float) -> bool: ...
    def disconnect(self) -> None: ...


class _Line:
    """One connection. An error that the server answers with is an answer; no answer is an error."""

    def __init__(self, connection: _Wire) -> None:
        self._connection = connection
        self._used, self._answered = False, 0.0

    def ask(self, command: tuple[Word, ...], *, asking: bool) -> Any:
        # A server that was started again has closed what it had open, which is no failure: such a
        # connection is opened anew, once. A script is not sent twice, for it may have been carried
        # out; whether the connection was closed while it was idle is looked at before.
        if command[0] in _ONCE:
            idle = time.monotonic() - self._answered
            if self._used and idle > _IDLE_S and self._is_closed():
                self._connection.disconnect()
            return self._ask(command, asking)
        try:
            return self._ask(command, asking)
        except ConnectionError:
            if not self._used:
                raise
            self._used = False
            return self._ask(command, asking)

    def _is_closed(self) -> bool:
        try:
            # Anything that can be read before something was asked is as bad as the end.
            return bool(self._connection.can_read(0))
        except ConnectionError:
            return True

    def _ask(self, command: tuple[Word, ...], asking: bool) -> Any:
        connection = self._connection
        if asking:
            connection.send_command("ASKING")
            connection.read_response()
        connection.send_command(*command)
        try:
            answer = connection.read_response()
        except ResponseError as error:
            answer = error
        self._used, self._answered = True, time.monotonic()
        return answer

    def close(self) -> None:
        self._connection.disconnect()


class Server:
    """Asks one server. Safe across threads, processes and forks; every failure is `Unavailable`.

    `options` are those of redis-py's connection, `kind` its class (TCP, TLS, unix socket).
    """

    def __init__(
        self, options: Mapping[str, Any], kind: type[AbstractConnection] = Connection
    ) -> None:
        self._options = options
        self._kind = kind
        self._name = ":".join(
            str(options[part]) for part in ("path", "host", "port") if part in options
        )
        self._breaker = Breaker()
        self._connections = Connections(self._open, (RedisError, OSError), in_words)
        self._connection()  # an option that redis-py does not know is a TypeError now, not later

    @property
    def reachable(self) -> bool:
        """Whether it answered lately: false between its loss and the try that finds it again."""
        return self._breaker.closed

    def ask(self, *command: Word, asking: bool = False) -> Any:
        """The answer to one command.

        Raises `Unavailable`, at once while the server is lost; `WrongType`; and what the caller
        knows how to go on from: `NoScriptError`, `MovedError`, `AskError`, `TryAgainError`.
        """
        if not self._breaker.admits():
            raise Unavailable(LOST)
        try:
            answer = self._connections.run(lambda line: line.ask(command, asking=asking))
        except Unavailable as error:
            if self._breaker.failed():
                log.warning("Redis at %s is lost: %s", self._name, error.__cause__)
            raise
        if self._breaker.succeeded():
            log.warning("Redis at %s answers again", self._name)
        if isinstance(answer, ResponseError):
            raise self._told(answer)
        return answer

    def close(self) -> None:
        """Close what is open; the next call opens again."""
        self._connections.close()

    def _told(self, answer: RedisError) -> Exception:
        """The exception for an error that the server answers with."""
        if isinstance(answer, _FOR_THE_CALLER):
            return answer
        if str(answer).startswith("WRONGTYPE"):
            return WrongType()
        if isinstance(answer, ReadOnlyError):
            # Its name may by now lead to the server that took over; connect anew.
            self._connections.close()
        log.warning("Redis at %s answers: %s", self._name, answer)
        if "unauthenticated" in str(answer):  # what long commands are told before the password
            answer = AuthenticationError(str(answer))
        error = Unavailable(in_words(answer))
        error.__cause__ = answer
        return error

    def _open(self) -> _Line:
        connection = self._connection()
        connection.connect()
        return _Line(connection)

    def _connection(self) -> _Wire:
        return self._kind(
            **self._options,
            retry=Retry(NoBackoff(), 0),
            parser_class=_HiredisParser,
            driver_info=None,
        )
