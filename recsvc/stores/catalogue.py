"""The catalogue: items as the host describes them, and which of them may not be shown.

Every request asks for both, so each process keeps a copy. Each change of an item bears a number;
the copy asks for the latest number alone, and fetches what changed since its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from recsvc.ports import Item
from recsvc.stores.book import Database
from recsvc.stores.schema import items, revisions

COPIED_MOST = 100_000
"""Descriptions kept in memory, also of items that have none; then the copy begins anew."""

_NAMES = tuple(field.name for field in dataclasses.fields(Item))
_DESCRIBED = sa.select(*(items.c[name] for name in _NAMES)).where(
    items.c.item_id.in_(sa.bindparam("which", expanding=True)), items.c.attributes.is_not(None)
)
_CHANGED = sa.select(items.c.item_id, items.c.available).where(
    items.c.revision > sa.bindparam("since")
)
_SINCE = sa.select(*(items.c[name] for name in _NAMES)).where(
    items.c.revision > sa.bindparam("since"), items.c.attributes.is_not(None)
)
_REVISION = "SELECT number FROM revision WHERE topic = 'item'"


@dataclasses.dataclass(frozen=True, eq=False)
class _Copy:
    """The catalogue as it was at a revision or a little later; `found` grows as items are asked."""

    revision: int
    withdrawn: frozenset[str]
    found: dict[str, Item | None]


_NOTHING = _Copy(0, frozenset(), {})


class SqlCatalogue:
    """`recsvc.ports.Catalogue` on a database of record."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.upsert(items, (*_NAMES[1:], "revision"))
        self._delete = database.upsert(items, ("available", "revision"))
        first = database.insert(revisions).values(topic="item", number=1)
        self._advance = first.on_conflict_do_update(
            index_elements=["topic"], set_={"number": revisions.c.number + 1}
        ).returning(revisions.c.number)
        self._copy = _NOTHING

    def put(self, item: Item) -> None:
        """Write or replace an item, on disk when this returns; a deleted one comes back as put."""
        row = {name: getattr(item, name) for name in _NAMES}
        self._change(self._put, row | {"attributes": dict(item.attributes)})

    def delete(self, item_id: str) -> None:
        """Withdraw an item, also one that was never put; its description stays."""
        self._change(self._delete, {"item_id": item_id, "available": False, "attributes": None})

    def describe(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Those of the items that were ever put, as last put, also when withdrawn."""
        wanted = tuple(item_ids)
        found = self._current().found
        missing = [item_id for item_id in wanted if item_id not in found]
        if missing:
            rows = self._database.read(_DESCRIBED, {"which": missing})
            found.update(dict.fromkeys(missing) | {row.item_id: Item(*row) for row in rows})
        return {item_id: item for item_id in wanted if (item := found.get(item_id))}

    def changed_since(self, revision: int) -> tuple[int, Mapping[str, Item]]:
        """The number of the latest change, and the items that changed after an earlier one."""
        now = self._current().revision
        if now <= revision:
            return now, {}
        rows = self._database.read(_SINCE, {"since": revision})
        return now, {row.item_id: Item(*row) for row in rows}

    def withdrawn(self) -> frozenset[str]:
        """Every item that may not be shown; one number is asked for when nothing changed."""
        return self._current().withdrawn

    def _current(self) -> _Copy:
        copy = self._copy
        revision = self._database.scalar(_REVISION) or 0
        if revision == copy.revision and len(copy.found) <= COPIED_MOST:
            return copy
        # A number that went back is another database in the place of the old one.
        if revision < copy.revision:
            copy = _NOTHING
        rows = self._database.read(_CHANGED, {"since": copy.revision})
        changed = {row.item_id: row.available for row in rows}
        gone = frozenset(item_id for item_id, available in changed.items() if not available)
        found = copy.found.copy() if len(copy.found) <= COPIED_MOST else {}
        # What other threads wrote into the old copy meanwhile is fresh, or among the changed.
        for item_id in changed:
            found.pop(item_id, None)
        self._copy = copy = _Copy(revision, copy.withdrawn.difference(changed) | gone, found)
        return copy

    def _change(self, statement: sa.Executable, row: dict[str, Any]) -> None:
        def work(connection: sa.Connection) -> None:
            # The number first: it keeps other changes out until this one is committed.
            number = connection.execute(self._advance).scalar_one()
            connection.execute(statement, row | {"revision": number})

        self._database.write(work)
