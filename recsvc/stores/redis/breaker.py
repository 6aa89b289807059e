"""A circuit breaker for one server: after a few failures in a row, one try in each half second.

pybreaker holds a lock while the call is under way, so that the threads of a process would queue at
the server (8 threads: 7 times slower); this one only asks before a call and is told after it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

FAILURES: Final = 3
"""Failures in a row after which a server counts as lost."""

PAUSE_S: Final = 0.5
"""Seconds between two tries of a lost server."""


class Breaker:
    """Closed: every call may go. Open: one call in each pause may, and closes it by success."""

    def __init__(
        self,
        *,
        failures: int = FAILURES,
        pause_s: float = PAUSE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failed = 0
        self._next: float | None = None

    @property
    def closed(self) -> bool:
        """Whether the server counts as reachable."""
        return self._next is None

    def admits(self) -> bool:
        """Whether a call may go now; of many who ask while it is open, one a pause."""
        if self._next is None:
            return True
        with self._lock:
            now = self._clock()
            if self._next is not None and now < self._next:
                return False
            if self._next is not None:
                self._next = now + self._pause_s
            return True

    def succeeded(self) -> bool:
        """A call was answered; whether that closed the breaker."""
        if not self._failed:
            return False
        with self._lock:
            opened, self._failed, self._next = self._next is not None, 0, None
            return opened

    def failed(self) -> bool:
        """A call was not answered; whether that opened the breaker."""
        with self._lock:
            self._failed += 1
            if self._next is not None or self._failed < self._allowed:
                return False
            self._next = self._clock() + self._pause_s
            return True
