"""The book of keys: who was given one and which were taken back, and the service's own secrets."""

from __future__ import annotations

import dataclasses

import sqlalchemy as sa

from recsvc.ports import Key
from recsvc.stores.book import Database
from recsvc.stores.schema import keys as table
from recsvc.stores.schema import revisions, secrets

_NAMES = tuple(field.name for field in dataclasses.fields(Key))
_ALL = sa.select(*(table.c[name] for name in _NAMES)).order_by(table.c.created, table.c.key_id)
_ONE = sa.select(*(table.c[name] for name in _NAMES)).where(table.c.key_id == sa.bindparam("which"))
_REVOKE = (
    sa.update(table)
    .where(table.c.key_id == sa.bindparam("which"), table.c.revoked.is_(None))
    .values(revoked=sa.bindparam("now"))
)
_SECRET = sa.select(secrets.c.value).where(secrets.c.name == sa.bindparam("which"))
_REVISION = "SELECT number FROM revision WHERE topic = 'key'"


class SqlKeys:
    """`recsvc.ports.KeyBook` on a database of record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        first = database.insert(revisions).values(topic="key", number=1)
        self._advance = first.on_conflict_do_update(
            index_elements=["topic"], set_={"number": revisions.c.number + 1}
        )
        self._insert_secret = database.insert(secrets).on_conflict_do_nothing(
            index_elements=["name"]
        )

    def add(self, key: Key) -> None:
        """Write a new key; on disk when this returns."""
        row = {name: getattr(key, name) for name in _NAMES}
        row |= {"origins": list(key.origins), "scopes": list(key.scopes)}

        def work(connection: sa.Connection) -> None:
            connection.execute(self._advance)
            connection.execute(sa.insert(table), row)

        self._database.write(work)

    def revoke(self, key_id: str, now: float) -> Key | None:
        """End a key for good and return it; None for an unknown one. The first time stands."""

        def work(connection: sa.Connection) -> Key | None:
            connection.execute(self._advance)
            connection.execute(_REVOKE, {"which": key_id, "now": now})
            row = connection.execute(_ONE, {"which": key_id}).one_or_none()
            return None if row is None else _key(row)

        return self._database.write(work)

    def listed(self) -> tuple[Key, ...]:
        """All keys, the oldest first."""
        return tuple(_key(row) for row in self._database.read(_ALL, {}))

    def revision(self) -> int:
        """Grows with each change of a key, also by another process."""
        return self._database.scalar(_REVISION) or 0

    def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret of this name, which is `fresh` if there was none; the same to everybody."""

        def work(connection: sa.Connection) -> bytes:
            connection.execute(self._insert_secret, {"name": name, "value": fresh})
            value: bytes = connection.execute(_SECRET, {"which": name}).scalar_one()
            return value

        return self._database.write(work)


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    fields = dict(row._mapping)
    return Key(**fields | {"origins": tuple(row.origins), "scopes": tuple(row.scopes)})
