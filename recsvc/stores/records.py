"""The books of record of one database: events, people, catalogue, keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recsvc.ports import Catalogue, KeyBook, LastingEvents, PeopleBook
from recsvc.stores.book import Database
from recsvc.stores.catalogue import SqlCatalogue
from recsvc.stores.events import SqlEvents
from recsvc.stores.keys import SqlKeys
from recsvc.stores.memory import MemoryCatalogue, MemoryEvents, MemoryKeys, MemoryPeople
from recsvc.stores.people import SqlPeople
from recsvc.stores.sqlite import BUSY_S

MEMORY = "memory:"


@dataclass(frozen=True)
class Records:
    """The four books; `ready` raises `Unavailable` when they cannot be read and written."""

    events: LastingEvents
    people: PeopleBook
    catalogue: Catalogue
    keys: KeyBook
    ready: Callable[[], None]
    close: Callable[[], None]


def open_records(url: str, *, busy_s: float = BUSY_S) -> Records:
    """The books at a URL: `sqlite:///PATH`, `postgresql://…`, or `memory:` for this process alone.

    A write waits `busy_s` seconds for another writer of the same file, then fails.
    Nothing is touched before the first call; call `ready` to hear of trouble early. Raises
    `Misconfigured` for a URL that names no such database.
    """
    if url == MEMORY:
        return Records(
            MemoryEvents(), MemoryPeople(), MemoryCatalogue(), MemoryKeys(), _nothing, _nothing
        )
    database = Database(url, busy_s=busy_s)
    return Records(
        events=SqlEvents(database),
        people=SqlPeople(database),
        catalogue=SqlCatalogue(database),
        keys=SqlKeys(database),
        ready=database.ready,
        close=database.close,
    )


def _nothing() -> None:
    """Memory is always ready, and nothing of it is open."""
