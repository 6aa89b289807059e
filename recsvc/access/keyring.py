"""Which key is this? Answered from a copy of the book that is never older than a second."""

from __future__ import annotations

import hmac
import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from recsvc.access.keys import ANY_ORIGIN, FORM, digest
from recsvc.errors import Unavailable
from recsvc.ports import Key, KeyBook

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
"""How long a worker goes without asking the book: so long a revoked key may still open."""

TRUSTED_S: Final = 300.0
"""How long the copy counts while the book cannot be read. Keys that were live then still are."""


@dataclass(frozen=True)
class _Copy:
    """Live keys by digest, as of a revision of the book; times are of the ring's own clock."""

    live: Mapping[str, Key] = field(default_factory=dict)
    origins: frozenset[str] = frozenset()
    revision: int = -1
    looked: float = float("-inf")
    read: float = float("-inf")


class Keyring:
    """Live keys of a book. `clock` tells seconds that never go back.

    All keys are copied, not just those that were asked for: a key that nobody has then costs no
    look into the book, however many are tried.
    """

    def __init__(self, book: KeyBook, clock: Callable[[], float]) -> None:
        self._book = book
        self._clock = clock
        self._lock = threading.Lock()
        self._copy = _Copy()
        self.failures = 0

    def find(self, text: str) -> Key | None:
        """The live key that was handed out as this text.

        Digests are looked up, and compared in constant time: how long that takes tells nothing of
        a key, since nobody can choose the digest of what he tries. Raises `Unavailable`.
        """
        if not FORM.fullmatch(text):
            return None
        found = digest(text)
        key = self._current().live.get(found)
        return key if key is not None and hmac.compare_digest(key.digest, found) else None

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may use some live publishable key."""
        origins = self._current().origins
        return ANY_ORIGIN in origins or origin in origins

    def _current(self) -> _Copy:
        copy = self._copy
        if self._clock() - copy.looked < LOOK_EVERY_S:
            return copy
        with self._lock:
            now = self._clock()
            copy = self._copy
            if now - copy.looked >= LOOK_EVERY_S:
                self._copy = copy = self._looked(copy, now)
            return copy

    def _looked(self, copy: _Copy, now: float) -> _Copy:
        """The copy as of now. Fails open: for a while an old copy counts if the book is away."""
        try:
            revision = self._book.revision()
            if revision == copy.revision:
                return _Copy(copy.live, copy.origins, revision, now, now)
            keys = [key for key in self._book.listed() if key.revoked is None]
        except Unavailable as error:
            self.failures += 1
            if now - copy.read > TRUSTED_S:
                raise
            log.warning("the book of keys cannot be read, its copy counts: %s", error.detail)
            return _Copy(copy.live, copy.origins, copy.revision, now, copy.read)
        origins = (origin for key in keys if key.kind == "publishable" for origin in key.origins)
        return _Copy({key.digest: key for key in keys}, frozenset(origins), revision, now, now)
