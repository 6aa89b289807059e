"""The book of events: each once, in the order in which they were acknowledged."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from recsvc.ports import Event, Receipt
from recsvc.stores.book import Database
from recsvc.stores.schema import events as table

Key = tuple[str, str]

_NAMES = tuple(field.name for field in dataclasses.fields(Event))
_LATEST = (
    sa.select(*(table.c[name] for name in _NAMES))
    .order_by(table.c.timestamp.desc(), table.c.seq.desc())
    .limit(sa.bindparam("most"))
)
_OF_USER = _LATEST.where(table.c.user_id == sa.bindparam("whose")).where(
    table.c.timestamp > sa.bindparam("since")
)
_OF_SESSION = _LATEST.where(table.c.session_id == sa.bindparam("whose"))
_DONE = (table.c.type == sa.bindparam("type")) & table.c.item_id.is_not(None)
_ITEMS_OF_SESSION = sa.select(table.c.item_id).where(
    table.c.session_id == sa.bindparam("session"), _DONE
)
_ITEMS_OF_BOTH = _ITEMS_OF_SESSION.union(
    sa.select(table.c.item_id).where(table.c.user_id == sa.bindparam("user"), _DONE)
)
_RETIRE = (
    sa.update(table)
    .where(table.c.session_id == sa.bindparam("whose"))
    .values(session_id=sa.bindparam("name"))
)
_NUMBERS = sa.select(table.c.session_id, table.c.event_id, table.c.seq).where(
    table.c.session_id == sa.bindparam("whose"),
    table.c.event_id.in_(sa.bindparam("which", expanding=True)),
)


class SqlEvents:
    """`recsvc.ports.LastingEvents` on a database of record.

    Numbers rise in the order of writing; a repeat may leave a gap.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._insert = (
            database.insert(table)
            .on_conflict_do_nothing(index_elements=["session_id", "event_id"])
            .returning(table.c.session_id, table.c.event_id, table.c.seq)
        )

    def append(self, events: Sequence[Event]) -> tuple[Receipt, ...]:
        """Write all in one transaction, on disk when this returns; a repeat has its first number.

        Raises `BadInput` for a value beyond what the database can hold; nothing is written then.
        """
        if not events:
            return ()
        first: dict[Key, Event] = {}
        for event in events:
            first.setdefault((event.session_id, event.event_id), event)
        rows = [{name: getattr(event, name) for name in _NAMES} for event in first.values()]
        fresh, known = self._database.write(lambda connection: self._write(connection, rows))
        receipts = []
        for event in events:
            key = (event.session_id, event.event_id)
            # Of a batch that repeats itself only the first is new.
            new = first.pop(key, None) is not None and key in fresh
            receipts.append(Receipt(fresh[key] if key in fresh else known[key], new))
        return tuple(receipts)

    def of_user(self, user_id: str, *, since: float, limit: int) -> tuple[Event, ...]:
        """The user's latest events with a timestamp after `since`, oldest first."""
        rows = self._database.read(_OF_USER, {"whose": user_id, "since": since, "most": limit})
        return tuple(Event(*row) for row in reversed(rows))

    def of_session(self, session_id: str, *, limit: int) -> tuple[Event, ...]:
        """The session's latest events, oldest first."""
        rows = self._database.read(_OF_SESSION, {"whose": session_id, "most": limit})
        return tuple(Event(*row) for row in reversed(rows))

    def items(self, session_id: str, user_id: str | None, types: Collection[str]) -> frozenset[str]:
        """Every item on which the session, or the user, ever did one of these things."""
        statement = _ITEMS_OF_SESSION if user_id is None else _ITEMS_OF_BOTH
        owner = {"session": session_id} | ({} if user_id is None else {"user": user_id})
        # One statement a type: a list of types would be compiled anew for each request.
        rows = [
            row for kind in types for row in self._database.read(statement, owner | {"type": kind})
        ]
        return frozenset(row.item_id for row in rows)

    def retire(self, session_id: str, name: str) -> None:
        """Put a session's events under another name, where nobody finds them by the old one."""
        values = {"whose": session_id, "name": name}
        self._database.write(lambda connection: connection.execute(_RETIRE, values))

    def _write(
        self, connection: sa.Connection, rows: list[dict[str, Any]]
    ) -> tuple[dict[Key, int], dict[Key, int]]:
        """The numbers of what was written, and of what was there before."""
        fresh = {(s, e): seq for s, e, seq in connection.execute(self._insert, rows)}
        missing: dict[str, list[str]] = {}
        for row in rows:
            if (row["session_id"], row["event_id"]) not in fresh:
                missing.setdefault(row["session_id"], []).append(row["event_id"])
        known = {
            (s, e): seq
            for whose, which in missing.items()
            for s, e, seq in connection.execute(_NUMBERS, {"whose": whose, "which": which})
        }
        return fresh, known
