"""Session state and the ledger in one SQLite file, shared by all worker processes of a machine.

A compare-and-set is one statement, atomic by itself; only with an entry for the ledger it is a
transaction of two.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from recsvc.ports import LEDGER_KEPT, Stored
from recsvc.stores.connections import Connections
from recsvc.stores.sqlite import BUSY_S, in_words, transaction, wal

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS session (
         key TEXT NOT NULL PRIMARY KEY,
         version INTEGER NOT NULL, expires REAL NOT NULL, data BLOB NOT NULL
       )""",
    "CREATE INDEX IF NOT EXISTS session_by_expiry ON session (expires)",
    "CREATE TABLE IF NOT EXISTS ledger (seq INTEGER PRIMARY KEY, entry BLOB NOT NULL)",
)
_LOAD = "SELECT data, version FROM session WHERE key = ? AND expires > ?"
# A session begins with a random version, so that one which is dropped and begun again never
# accepts what was read before; 52 random bits leave room to count in what JSON numbers hold.
_CREATE = """
    INSERT INTO session (key, version, expires, data)
    VALUES (?1, random() & 4503599627370495, ?2, ?3)
    ON CONFLICT (key) DO UPDATE SET version = version + 1, expires = ?2, data = ?3
    WHERE expires <= ?4"""
_SWAP = """
    UPDATE session SET version = version + 1, expires = ?2, data = ?3
    WHERE key = ?1 AND version = ?5 AND expires > ?4"""
_DROP = "DELETE FROM session WHERE key = ?"
_SWEEP = "DELETE FROM session WHERE rowid IN (SELECT rowid FROM session WHERE expires <= ? LIMIT ?)"
_ENTER = "INSERT INTO ledger (entry) VALUES (?)"
_ENTRIES = "SELECT entry FROM ledger ORDER BY seq DESC LIMIT ?"
_TRIM = """
    DELETE FROM ledger WHERE seq IN (
      SELECT seq FROM ledger WHERE seq <= (SELECT max(seq) FROM ledger) - ?
      ORDER BY seq LIMIT ?)"""
# Writes a page and commits it, which a full disk or a read-only file refuses.
_PROBE = "PRAGMA user_version = 1"

SWEEP_BATCH = 200
"""Rows removed in one statement: others wait no longer than that takes."""


class SqliteSessions:
    """`recsvc.ports.SessionStore` on a SQLite file; nothing is opened before the first call.

    Safe across threads, processes and forks. A write survives the death of the process at once,
    and a loss of power up to the last checkpoint. Every failure is an `Unavailable`.
    """

    def __init__(self, path: Path | str, *, busy_s: float = BUSY_S) -> None:
        self._path = Path(path)
        self._busy_s = busy_s
        self._connections = Connections(
            self._open, (sqlite3.Error, OSError), lambda error: in_words(error, self._path.name)
        )

    def load(self, key: str, now: float) -> Stored | None:
        """The session, or None when there is none or its time is over (`now`: epoch seconds)."""
        row = self._connections.run(lambda c: c.execute(_LOAD, (key, now)).fetchone())
        return None if row is None else Stored(*row)

    def swap(
        self,
        key: str,
        data: bytes,
        *,
        expected: int | None,
        expires: float,
        now: float,
        entry: bytes | None = None,
    ) -> bool:
        """Write, with the entry, if the version is still `expected` (None: nothing live there)."""
        values: tuple[object, ...] = (key, expires, data, now)
        sql, values = (_CREATE, values) if expected is None else (_SWAP, (*values, expected))
        if entry is None:
            return self._change(sql, values) == 1

        def work(connection: sqlite3.Connection) -> bool:
            with transaction(connection):
                written = connection.execute(sql, values).rowcount == 1
                if written:
                    connection.execute(_ENTER, (entry,))
            return written

        return self._connections.write(work)

    def drop(self, key: str) -> None:
        """Forget a session."""
        self._change(_DROP, (key,))

    def entries(self, limit: int) -> tuple[bytes, ...]:
        """The latest entries of the ledger, oldest first."""
        rows = self._connections.run(lambda c: c.execute(_ENTRIES, (max(0, limit),)).fetchall())
        return tuple(row[0] for row in reversed(rows))

    def sweep(self, now: float) -> int:
        """Remove sessions that have expired, and old entries of the ledger; how many sessions.

        In small steps, that let others write in between.
        """
        while self._change(_TRIM, (LEDGER_KEPT, SWEEP_BATCH)):
            pass
        total = 0
        while count := self._change(_SWEEP, (now, SWEEP_BATCH)):
            total += count
        return total

    def ready(self) -> None:
        """Raise `Unavailable` when the file cannot be read and written."""
        self.load("", 0.0)
        self._change(_PROBE, ())

    def close(self) -> None:
        """Close what is open; the next call opens again."""
        self._connections.close()

    def _change(self, sql: str, values: tuple[object, ...]) -> int:
        def work(connection: sqlite3.Connection) -> int:
            return connection.execute(sql, values).rowcount

        return self._connections.write(work)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self._path, timeout=self._busy_s, isolation_level=None, check_same_thread=False
        )
        try:
            wal(connection, "NORMAL")
            for statement in _SCHEMA:
                connection.execute(statement).close()
        except BaseException:
            connection.close()
            raise
        return connection
