"""The trials of one search, in a file of one JSON object a line that survives being killed."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import msgspec

from recsvc.errors import Conflict
from recsvc.recommenders.models import Parameters


class Tried(msgspec.Struct, frozen=True):
    """One trial: its settings and the nDCG@10 they reached, None where training failed."""

    number: int
    parameters: dict[str, Any]
    ndcg: float | None
    seconds: float
    failure: str = ""

    @property
    def worth(self) -> float:
        """The nDCG; less than any where there is none."""
        return -1.0 if self.ndcg is None else self.ndcg


class Notebook:
    """Trials of one search by their number; open for one process at a time.

    Raises Conflict while another one has it open.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO | None = None
        self._tried: dict[int, Tried] = {}

    def __enter__(self) -> Self:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = self.path.open("a+b")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise Conflict(
                f"The same search is running already ({self.path}): wait until it is done, or stop "
                "it."
            ) from error
        file.seek(0)
        whole = 0
        for line in file:
            try:
                tried = msgspec.json.decode(line, type=Tried)
            except msgspec.DecodeError:
                break
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            self._tried[tried.number] = tried
        file.truncate(whole)  # a kill in the midst of writing leaves half a line
        self._file = file
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    def known(self, number: int, parameters: Parameters) -> Tried | None:
        """The trial of that number, if it was made with just these settings."""
        tried = self._tried.get(number)
        if tried is None or tried.parameters != msgspec.to_builtins(parameters):
            return None
        return tried

    def note(self, tried: Tried) -> None:
        """Add one, on disk when this returns; a later one of that number counts."""
        assert self._file is not None
        self._file.write(msgspec.json.encode(tried) + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._tried[tried.number] = tried
