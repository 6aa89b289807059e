"""The model that answers in this process: replaced as a whole when another one is promoted.

Whoever answers takes `now` once and uses it throughout. `look` is called from time to time in the
background, so that no request pays for a new model; what cannot be used is refused, and the model
before it answers on, from memory where its files are gone.
"""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import pyarrow as pa

from recsvc.errors import RecsvcError
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.artifacts.registry import (
    Promotion,
    before_live,
    live_file,
    models_folder,
    promotion,
)

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.25
"""Seconds between two looks: with the time to load, a promotion is noticed within a second."""

Ready = TypeVar("Ready")
Mark = tuple[object, ...]
NO_MARK: Mark = ()


class Refusal(NamedTuple):
    """A promotion that was not followed: which model, why in plain words."""

    model: str
    why: str


class Watch(Generic[Ready]):
    """Looks at `models/live` of a home. `make` turns an artifact and the number of its promotion
    into what answers, warmed; it raises where that cannot answer.

    The first model is loaded at once, and where it cannot be used, the one that was live before it:
    a worker that starts anew must not end for what the others refuse. Raises UnknownModel, BadData,
    or what `make` raises, where there is none.
    """

    def __init__(self, home: Path, make: Callable[[Artifact, int], Ready]) -> None:
        self._home = home
        self._make = make
        self._pointer, self._files = _mark(live_file(home)), NO_MARK
        self.refused: Refusal | None = None
        self.swaps = 0
        self.refusals = 0
        self._live = Promotion("", 0)
        self.now: Ready
        try:
            self._live = promotion(home)
            self._files = _files(home, self._live.model_id)
            self.now = self._made()
        except Exception as error:
            self._go_back(error)
        give_back()

    def look(self) -> bool:
        """Follow the latest promotion if there is a new one; whether another model answers now.

        A model that was refused is tried again when its files have changed.
        """
        pointer = _mark(live_file(self._home))
        refused = self.refused
        if pointer == self._pointer and (
            refused is None or self._files == _files(self._home, refused.model)
        ):
            return False
        # Marks are older than what is read: a change in between is another one, and looked at.
        self._pointer, self._files = pointer, NO_MARK
        before, latest = self._live, None
        try:
            latest = promotion(self._home)
            if latest == before:
                self.refused = None
                return False
            self._files = _files(self._home, latest.model_id)
            self._live = latest
            self.now = self._made()
        except Exception as error:
            self._live = before
            self._refuse(latest.model_id if latest else "", _why(error))
            return False
        finally:
            give_back()
        self.refused = None
        self.swaps += 1
        log.info("the model %s answers now, after %s", latest.model_id, before.model_id)
        return True

    def _go_back(self, error: Exception) -> None:
        """Answer from the last model before that can be used; raises the error if there is none."""
        latest = self._live
        for model in before_live(self._home):
            self._live = Promotion(model, max(0, latest.number - 1))
            with suppress(Exception):
                self.now = self._made()
                self._refuse(latest.model_id, _why(error))
                return
        raise error

    def _made(self) -> Ready:
        artifact = load(self._home, self._live.model_id, digests=True)
        return self._make(artifact, self._live.number)

    def _refuse(self, model: str, why: str) -> None:
        self.refused = Refusal(model, why)
        self.refusals += 1
        log.warning("the model %s answers on; a promotion is refused: %s", self._live.model_id, why)


def give_back() -> None:
    """Return to the system what reading a model took, where its C library can.

    It lies between what is still used, and each worker would keep some 40 MB of it for good.
    """
    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _why(error: Exception) -> str:
    if isinstance(error, RecsvcError):
        return error.detail
    return f"{type(error).__name__}: {error}".splitlines()[0]


def _mark(path: Path) -> Mark:
    """Changes whenever the file is replaced or written."""
    try:
        found = path.stat()
    except OSError:
        return NO_MARK
    return found.st_ino, found.st_mtime_ns, found.st_size


def _files(home: Path, model: str) -> Mark:
    """Changes whenever a file of the model does, or comes or goes."""
    folder = models_folder(home) / model
    try:
        paths = sorted(folder.iterdir()) if model else []
    except OSError:
        return NO_MARK
    return tuple((path.name, _mark(path)) for path in paths)
