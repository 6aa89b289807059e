"""A database connection for each call that is under way in a process; none crosses a fork.

Connections wait in a pool, not in thread-local storage: a server's threads come and go, and what
such a thread holds is torn down when Python can no longer run, of which a worker dies. SQLite
counts its file locks by process: where a connection is inherited, even unused, the child's own
connections believe that they hold locks which they do not. So all are closed before a fork.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, Generic, Protocol, TypeVar

from recsvc.errors import BadInput, Unavailable

T = TypeVar("T")


class Closable(Protocol):
    """Anything that is opened and closed."""

    def close(self) -> None:
        """Give the resources back."""


C = TypeVar("C", bound=Closable)


class _Held(Generic[C]):
    """What one call holds; the lock is contended only while another thread forks or closes."""

    __slots__ = ("connection", "lock", "pid")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.connection: C | None = None
        self.pid = 0

    def close(self) -> None:
        connection, self.connection = self.connection, None
        if connection is None:
            return
        if self.pid != os.getpid():
            _inherited.append(connection)
            return
        try:
            connection.close()
        except Exception:  # a broken connection may fail to close; it is gone either way
            _inherited.append(connection)


class Connections(Generic[C]):
    """Opens as many as are used at once; `run` is the only way to a connection.

    `explain` turns an error of a type in `failures` into the sentence a person reads;
    `refusals` are the database's errors that blame the value.
    """

    def __init__(
        self,
        open_: Callable[[], C],
        failures: tuple[type[Exception], ...],
        explain: Callable[[Exception], str],
        refusals: tuple[type[Exception], ...] = (),
    ) -> None:
        self._open = open_
        self._failures = failures
        self._refusals: tuple[type[Exception], ...] = (
            UnicodeEncodeError,
            OverflowError,
            *refusals,
        )
        self._explain = explain
        self._all: list[_Held[C]] = []
        self._free: list[_Held[C]] = []
        self._joining = threading.RLock()
        self._writing = threading.RLock()
        _everywhere.add(self)

    def write(self, work: Callable[[C], T]) -> T:
        """Like `run`, one thread of the process at a time.

        Whoever waits for SQLite's lock sleeps and tries again, without a queue: of many threads
        that write at once one may never get its turn. So only processes compete there.
        """
        with self._writing:
            return self.run(work)

    def run(self, work: Callable[[C], T]) -> T:
        """Do the work on a connection that nobody else uses meanwhile.

        Raises `Unavailable` when the database fails, and then forgets the connection, so that the
        next call starts afresh; `BadInput` for a value that no database can hold.
        """
        held = self._taken()
        try:
            with held.lock:
                return self._done(held, work)
        finally:
            self._free.append(held)

    def _done(self, held: _Held[C], work: Callable[[C], T]) -> T:
        try:
            connection = held.connection
            if connection is None or held.pid != os.getpid():
                connection = self._reopen(held)
            return work(connection)
        except self._refusals as error:
            held.close()
            raise BadInput("a text or a number cannot be stored as it is") from error
        except self._failures as error:
            held.close()
            raise Unavailable(self._explain(error)) from error
        except BaseException:
            # Whatever it was, a half-done transaction must not wait for the next caller.
            held.close()
            raise

    def close(self) -> None:
        """Close all connections; the next use opens again."""
        with self._joining:
            for held in list(self._all):
                with held.lock:
                    held.close()

    def _taken(self) -> _Held[C]:
        """One that is free, the last one used first, or a new one."""
        with self._joining:
            if self._free:
                return self._free.pop()
            held: _Held[C] = _Held()
            self._all.append(held)
            return held

    def _reopen(self, held: _Held[C]) -> C:
        held.close()
        held.connection = connection = self._open()
        held.pid = os.getpid()
        return connection

    def _rest(self, taken: ExitStack) -> None:
        """Close all, and let nobody open until `taken` is closed."""
        taken.enter_context(self._writing)
        taken.enter_context(self._joining)
        for held in list(self._all):
            taken.enter_context(held.lock)
            held.close()


_everywhere: weakref.WeakSet[Connections[Any]] = weakref.WeakSet()
_forking = threading.RLock()
_resting = ExitStack()
# Connections of a parent process that forked without telling Python: kept, for closing them here
# would release what the parent still uses.
_inherited: list[Any] = []


def _rest_before_fork() -> None:
    _forking.acquire()
    for connections in list(_everywhere):
        connections._rest(_resting)


def _resume_after_fork() -> None:
    _resting.close()
    _forking.release()


os.register_at_fork(
    before=_rest_before_fork,
    after_in_parent=_resume_after_fork,
    after_in_child=_resume_after_fork,
)
