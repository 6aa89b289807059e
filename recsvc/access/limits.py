"""How often a name may ask: so many a second on average, and some more at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

BURST_S: Final = 10.0
"""What a name may ask at once: as much as this many seconds allow."""

NAMES_KEPT: Final = 20_000
"""More names than this are not remembered; the one that asked least lately goes first."""


ROUNDING_S: Final = 1e-6


class Limit:
    """A token bucket for each name, in this process. `rate` is a second; `clock` tells seconds.

    Kept as the generic cell rate algorithm: one number a name, the time at which its bucket will
    be full again.
    """

    def __init__(self, rate: float, clock: Callable[[], float]) -> None:
        self._each = 1.0 / rate
        self._most = max(1.0, rate * BURST_S) * self._each
        self._clock = clock
        self._full: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, name: str) -> float:
        """Zero if the name may ask now, and has then asked; else the seconds to wait."""
        with self._lock:
            now = self._clock()
            full = max(now, self._full.get(name, now)) + self._each
            wait = full - now - self._most
            # Whoever waited as told must not miss it by a rounding error.
            if wait > ROUNDING_S:
                return wait
            self._full[name] = full
            self._full.move_to_end(name)
            if len(self._full) > NAMES_KEPT:
                self._full.popitem(last=False)
            return 0.0
