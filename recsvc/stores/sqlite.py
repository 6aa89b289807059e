"""What all SQLite files of the service share: how they are opened, and their failures in words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

BUSY_S = 2.0
"""Seconds that a write waits for another writer before it gives up."""

_WORDS = {
    "FULL": "the disk is full; free some space",
    "BUSY": "another process has kept it locked for too long; try again",
    "LOCKED": "it is locked; try again",
    "READONLY": "it may only be read; allow this user to write the file and its folder",
    "PERM": "this user may not use it; allow reading and writing of the file and its folder",
    "CORRUPT": "it is damaged; put a backup in its place, or move it away to begin anew",
    "NOTADB": "it is not a database; move it away to begin anew",
    "CANTOPEN": "it cannot be opened; it must be a file, in a folder where this user may write",
    "IOERR": "the disk failed to read or write it; look at the system's log",
}


def in_words(error: BaseException, name: str) -> str:
    """What became of the database file called `name`, and what to do, for any error of SQLite."""
    if isinstance(error, OSError):
        return f"The database {name} cannot be used: {error.strerror or error}."
    code = getattr(error, "sqlite_errorname", "")
    words = _WORDS.get(code.split("_")[1] if "_" in code else "")
    return f"The database {name} cannot be used: {words or error}."


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All of it or nothing; waits for other writers at its beginning, never in the middle."""
    connection.execute("BEGIN IMMEDIATE").close()
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK").close()
        raise
    connection.execute("COMMIT").close()


def wal(connection: sqlite3.Connection, synchronous: str) -> None:
    """Let readers and one writer work side by side.

    `synchronous` FULL is on disk at commit, NORMAL at the next checkpoint. Entering WAL needs
    the file for a moment alone and does not always wait by itself, so it is retried.
    """
    give_up = time.monotonic() + BUSY_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            break
        except sqlite3.OperationalError as error:
            busy = str(getattr(error, "sqlite_errorname", "")).startswith("SQLITE_BUSY")
            if not busy or time.monotonic() > give_up:
                raise
            time.sleep(0.01)
    connection.execute(f"PRAGMA synchronous={synchronous}").close()
