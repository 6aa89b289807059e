"""What a connection has read, for as long as nobody writes to its database.

SQLite counts, for each connection, the commits of all others, in this process and in any other;
to ask for the number costs a twentieth of a query. It is asked before every read: what was read
at an older number is forgotten, so nothing is ever older than the last commit.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable
from typing import Any, Final

import sqlalchemy as sa

ROWS_KEPT: Final = 20_000
"""Rows kept for one connection, an empty answer counting as one; then it begins anew."""


class Remembered:
    """The answers that one connection holds; other databases than SQLite keep none."""

    def __init__(self, connection: sa.Connection, counts: bool) -> None:
        self.connection = connection
        self._driver: Any = connection.connection.driver_connection if counts else None
        self._version: int | None = None
        self._answers: dict[Hashable, Any] = {}
        self._rows = 0

    def look(self) -> None:
        """Forget everything if anybody has written."""
        if self._driver is None:
            return
        driver: sqlite3.Connection = self._driver
        (version,) = driver.execute("PRAGMA data_version").fetchone()
        if version != self._version or self._rows > ROWS_KEPT:
            self._version, self._rows = version, 0
            self._answers.clear()

    def of(self, key: Hashable) -> Any:
        """The answer to this question; None when it is not known, or cannot be."""
        try:
            return self._answers.get(key)
        except TypeError:
            return None

    def keep(self, key: Hashable, answer: Any, rows: int) -> None:
        """Remember an answer of so many rows."""
        if self._driver is None:
            return
        try:
            self._answers[key] = answer
        except TypeError:
            return
        self._rows += max(1, rows)
