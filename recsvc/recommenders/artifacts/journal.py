"""What became live when, and why: `models/promotions.jsonl`, to which lines are only ever added."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

NAME = "promotions.jsonl"

Act = Literal["promote", "rollback"]


class Entry(msgspec.Struct, frozen=True, kw_only=True, rename={"before": "from", "after": "to"}):
    """One model taking the place of another. `time` is in epoch seconds, `number` that of the
    promotion; `verdict` is the gate's, `failed` the limits that it named."""

    time: float
    number: int
    act: Act
    before: str | None
    after: str
    verdict: str | None = None
    failed: tuple[str, ...] = ()
    reason: str | None = None


def entries(folder: Path) -> tuple[Entry, ...]:
    """All entries, oldest first. Lines that cannot be read are passed over: a torn one among them
    is of a promotion that did not come about."""
    try:
        lines = (folder / NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    found = []
    for line in lines:
        try:
            found.append(msgspec.json.decode(line, type=Entry))
        except msgspec.DecodeError:
            continue
    return tuple(found)


@contextmanager
def written(folder: Path) -> Iterator[int]:
    """A descriptor to `add` to; nobody else writes meanwhile."""
    descriptor = os.open(folder / NAME, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def add(descriptor: int, entry: Entry) -> None:
    """Put an entry at the end, on disk when this returns."""
    size = os.fstat(descriptor).st_size
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    os.write(descriptor, b"\n" * torn + msgspec.json.encode(entry) + b"\n")
    os.fsync(descriptor)


def line(found: Sequence[Entry], now: str | None) -> tuple[str, ...]:
    """The models that led to the live one, `now`, oldest first: what was rolled back is not among
    them. `now` is the last of them where it is known, whatever the journal says."""
    path: list[str] = []
    for entry in found:
        if not path and entry.before is not None:
            path.append(entry.before)
        if entry.act == "rollback" and entry.after in path:
            del path[_last(path, entry.after) + 1 :]
        elif path[-1:] != [entry.after]:
            path.append(entry.after)
    if now is not None and now in path:
        del path[_last(path, now) + 1 :]
    elif now is not None:
        path.append(now)
    return tuple(path)


def _last(path: Sequence[str], name: str) -> int:
    return max(n for n, one in enumerate(path) if one == name)
