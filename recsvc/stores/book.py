"""The door of a database of record: opens it, makes its tables once, reads, and writes for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DataError, SQLAlchemyError

from recsvc.errors import Misconfigured
from recsvc.stores.connections import Connections
from recsvc.stores.remembered import Remembered
from recsvc.stores.schema import metadata, revisions
from recsvc.stores.sqlite import BUSY_S, in_words, wal

T = TypeVar("T")
CONNECTIONS_KNOWN = 64
"""Connections whose answers are remembered; closed ones are among them until it begins anew."""
# What begins a transaction that no other one of its kind runs beside.
_ALONE = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(7291340)"}


class Database:
    """A database of record by its URL; nothing is opened before the first call.

    Safe across threads, processes and forks; what `write` returns from is on disk. Every failure
    is an `Unavailable`.
    """

    def __init__(self, url: str, *, busy_s: float = BUSY_S) -> None:
        self._url = _checked(url)
        self.dialect = self._url.get_backend_name()
        self._file = Path(self._url.database or "")
        self._read: dict[int, Remembered] = {}
        try:
            # Connections are kept by thread, so there is nothing left to pool.
            self._engine = sa.create_engine(
                self._url, poolclass=sa.NullPool, **self._options(busy_s)
            )
        except (ImportError, ArgumentError) as error:
            raise Misconfigured(f"install the driver of this database: {error}") from error
        if self.dialect == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare)
        self._connections = Connections(
            self._open,
            (SQLAlchemyError, sqlite3.Error, OSError),
            self._explain,
            refusals=(DataError,),
        )

    def read(self, statement: sa.Executable, values: Mapping[str, object]) -> Sequence[sa.Row[Any]]:
        """All rows of one statement; nothing is asked again while nobody has written."""
        key = (statement, *values.values())

        def work(connection: sa.Connection) -> Sequence[sa.Row[Any]]:
            known = self._remembered(connection)
            rows: Sequence[sa.Row[Any]] | None = known.of(key)
            if rows is None:
                rows = connection.execute(statement, values).all()
                connection.rollback()
                known.keep(key, rows, len(rows))
            return rows

        return self._connections.run(work)

    def scalar(self, sql: str) -> Any:
        """One value by plain SQL without parameters, for what every request asks."""

        def work(connection: sa.Connection) -> Any:
            driver = connection.connection
            cursor = driver.cursor()
            cursor.execute(sql)
            row = cursor.fetchone()
            cursor.close()
            driver.rollback()
            return None if row is None else row[0]

        return self._connections.run(work)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Do the work in one transaction, which is on disk when this returns."""

        def transaction(connection: sa.Connection) -> T:
            if self.dialect == "sqlite":
                # A transaction that begins by reading could not become a writing one later on.
                connection.exec_driver_sql(_ALONE["sqlite"])
            self._forget(connection)
            result = work(connection)
            connection.commit()
            return result

        if self.dialect == "sqlite":
            return self._connections.write(transaction)
        return self._connections.run(transaction)

    def insert(self, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
        """An insert that can say what to do on conflict, which both dialects spell alike."""
        insert = sqlite.insert if self.dialect == "sqlite" else postgresql.insert
        return insert(table)

    def upsert(self, table: sa.Table, values: Iterable[str]) -> sa.Executable:
        """Insert a row, or replace the named columns of the one with its primary key."""
        insert = self.insert(table)
        return insert.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={name: insert.excluded[name] for name in values},
        )

    def ready(self) -> None:
        """Raise `Unavailable` when the database cannot be read and written."""
        probe = self.upsert(revisions, ("number",))
        self.write(lambda connection: connection.execute(probe, {"topic": "ready", "number": 1}))

    def close(self) -> None:
        """Close what is open; the next call opens again."""
        self._connections.close()

    def _remembered(self, connection: sa.Connection) -> Remembered:
        """What this connection has read since anybody wrote last."""
        known = self._read.get(id(connection))
        if known is None or known.connection is not connection:
            if len(self._read) > CONNECTIONS_KNOWN:
                self._read.clear()
            known = self._read[id(connection)] = Remembered(connection, self.dialect == "sqlite")
        known.look()
        return known

    def _forget(self, connection: sa.Connection) -> None:
        # SQLite tells a connection of the writes of others, not of its own.
        self._read.pop(id(connection), None)

    def _options(self, busy_s: float) -> dict[str, Any]:
        if self.dialect != "sqlite":
            return {}
        return {"connect_args": {"timeout": busy_s, "check_same_thread": False}}

    def _open(self) -> sa.Connection:
        if self.dialect == "sqlite":
            self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = self._engine.connect()
        try:
            if metadata.tables.keys() - set(sa.inspect(connection).get_table_names()):
                connection.rollback()
                # Of several processes that start at once, one makes the tables; the rest wait.
                connection.exec_driver_sql(_ALONE[self.dialect])
                metadata.create_all(connection)
                connection.commit()
            connection.rollback()
        except BaseException:
            connection.close()
            raise
        return connection

    def _explain(self, error: Exception) -> str:
        cause = getattr(error, "orig", None) or error
        if self.dialect == "sqlite":
            return in_words(cause, self._file.name)
        return "The database of record cannot be reached or refused the work; try again later."


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    # Python's own transactions would begin late and only for some statements.
    connection.isolation_level = None
    wal(connection, "FULL")


def _checked(text: str) -> sa.URL:
    # A URL may hold a password: it is never repeated in a message.
    try:
        url = sa.make_url(text)
    except ArgumentError as error:
        raise Misconfigured(
            "the database URL cannot be read; it is like sqlite:///var/records.sqlite"
        ) from error
    dialect, name = url.get_backend_name(), url.database or ":memory:"
    if dialect not in _ALONE:
        raise Misconfigured(f"{dialect} databases are not supported; use sqlite or postgresql")
    if dialect == "sqlite" and (name == ":memory:" or name.startswith("file:")):
        raise Misconfigured("threads cannot share that; use sqlite:///PATH, or memory: for tests")
    return url
