"""The stores in memory, for one process: what they promise is what the durable ones promise.

Safe across threads; nothing survives the process, and nothing crosses to another one.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from threading import Lock

from recsvc.ports import CARRIED_KEPT, LEDGER_KEPT, Consent, Event, Item, Key, Receipt, Stored


class MemorySessions:
    """`recsvc.ports.SessionStore`; versions count up through the life of the store."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._versions = itertools.count(1)
        self._sessions: dict[str, tuple[Stored, float]] = {}
        self._ledger: deque[bytes] = deque(maxlen=LEDGER_KEPT)

    def load(self, key: str, now: float) -> Stored | None:
        """The session, or None when there is none or its time is over (`now`: epoch seconds)."""
        stored, expires = self._sessions.get(key, (None, 0.0))
        return stored if expires > now else None

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
        with self._lock:
            live = self.load(key, now)
            if (None if live is None else live.version) != expected:
                return False
            self._sessions[key] = (Stored(bytes(data), next(self._versions)), expires)
            if entry is not None:
                self._ledger.append(entry)
            return True

    def drop(self, key: str) -> None:
        """Forget a session."""
        with self._lock:
            self._sessions.pop(key, None)

    def entries(self, limit: int) -> tuple[bytes, ...]:
        """The latest entries of the ledger, oldest first."""
        with self._lock:
            return tuple(self._ledger)[-limit:] if limit > 0 else ()

    def sweep(self, now: float) -> int:
        """Remove sessions that have expired; how many."""
        with self._lock:
            over = [key for key, (_, expires) in self._sessions.items() if expires <= now]
            for key in over:
                del self._sessions[key]
            return len(over)

    def ready(self) -> None:
        """Memory is always ready."""


class MemoryEvents:
    """`recsvc.ports.LastingEvents`; events are numbered from 1."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._events: list[Event] = []
        self._numbers: dict[tuple[str, str], int] = {}

    def append(self, events: Sequence[Event]) -> tuple[Receipt, ...]:
        """Write all; a repeat returns its first number."""
        with self._lock:
            return tuple(self._write(event) for event in events)

    def of_user(self, user_id: str, *, since: float, limit: int) -> tuple[Event, ...]:
        """The user's latest events with a timestamp after `since`, oldest first."""
        with self._lock:
            mine = [e for e in self._events if e.user_id == user_id and e.timestamp > since]
        return _latest(mine, limit)

    def of_session(self, session_id: str, *, limit: int) -> tuple[Event, ...]:
        """The session's latest events, oldest first."""
        with self._lock:
            mine = [e for e in self._events if e.session_id == session_id]
        return _latest(mine, limit)

    def items(self, session_id: str, user_id: str | None, types: Collection[str]) -> frozenset[str]:
        """Every item on which the session, or the user, ever did one of these things."""
        with self._lock:
            return frozenset(
                event.item_id
                for event in self._events
                if event.item_id is not None
                and event.type in types
                and (event.session_id == session_id or event.user_id in {user_id} - {None})
            )

    def retire(self, session_id: str, name: str) -> None:
        """Put a session's events under another name, where nobody finds them by the old one."""
        with self._lock:
            for n, event in enumerate(self._events):
                if event.session_id == session_id:
                    number = self._numbers.pop((session_id, event.event_id))
                    self._numbers[name, event.event_id] = number
                    self._events[n] = dataclasses.replace(event, session_id=name)

    def _write(self, event: Event) -> Receipt:
        key = (event.session_id, event.event_id)
        if key in self._numbers:
            return Receipt(self._numbers[key], new=False)
        self._events.append(event)
        self._numbers[key] = len(self._events)
        return Receipt(len(self._events), new=True)


def _latest(events: list[Event], limit: int) -> tuple[Event, ...]:
    """The last by time; those of one moment in the order in which they were written."""
    ordered = sorted(events, key=lambda event: event.timestamp)
    return tuple(ordered[max(0, len(ordered) - limit) :])


class MemoryPeople:
    """`recsvc.ports.PeopleBook`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._consents: dict[str, Consent] = {}
        self._dismissals: dict[str, dict[str, float]] = {}
        self._carried: dict[str, dict[str, tuple[float, bytes]]] = {}

    def consent(self, user_id: str) -> Consent | None:
        """What the user said last; None when nothing was ever said."""
        return self._consents.get(user_id)

    def put_consent(self, user_id: str, consent: Consent, now: float) -> None:  # noqa: ARG002
        """Write what the user says now; what is carried over ends with the consent."""
        with self._lock:
            self._consents[user_id] = consent
            if not consent.personalisation:
                self._carried.pop(user_id, None)

    def dismissals(self, user_id: str, now: float) -> Mapping[str, float]:
        """Items the user dismissed, with the time until which that holds."""
        with self._lock:
            mine = self._dismissals.get(user_id, {})
            return {item_id: until for item_id, until in mine.items() if until > now}

    def dismiss(self, user_id: str, item_id: str, until: float) -> None:
        """Write a dismissal; the last word on an item holds."""
        with self._lock:
            self._dismissals.setdefault(user_id, {})[item_id] = until

    def undismiss(self, user_id: str, item_ids: Iterable[str]) -> None:
        """Take dismissals back."""
        with self._lock:
            for item_id in item_ids:
                self._dismissals.get(user_id, {}).pop(item_id, None)

    def carry(self, user_id: str, slate: str, data: bytes, now: float) -> None:
        """Keep a slate, by its name, for the user's next session: the latest ones of the user."""
        with self._lock:
            if self._consents.get(user_id, Consent()).personalisation:
                mine = self._carried.setdefault(user_id, {})
                mine[slate] = (now, data)
                latest = sorted(mine, key=lambda name: (-mine[name][0], name))
                for name in latest[CARRIED_KEPT:]:
                    del mine[name]

    def carried(self, user_id: str, slate: str) -> bytes | None:
        """The slate of that name as last kept."""
        with self._lock:
            found = self._carried.get(user_id, {}).get(slate)
        return None if found is None else found[1]


class MemoryCatalogue:
    """`recsvc.ports.Catalogue`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._items: dict[str, Item] = {}
        self._revision = 0
        self._changed: dict[str, int] = {}
        self._withdrawn: frozenset[str] = frozenset()

    def put(self, item: Item) -> None:
        """Write or replace an item; one that was deleted comes back as it is put."""
        with self._lock:
            self._write(item)

    def delete(self, item_id: str) -> None:
        """Withdraw an item, also one that was never put; its description stays."""
        with self._lock:
            if item_id in self._items:
                self._write(dataclasses.replace(self._items[item_id], available=False))
            self._withdrawn |= {item_id}

    def describe(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Those of the items that were ever put, as last put, also when withdrawn."""
        return {item_id: item for item_id in item_ids if (item := self._items.get(item_id))}

    def changed_since(self, revision: int) -> tuple[int, Mapping[str, Item]]:
        """How many changes there were, and the items that changed after an earlier one."""
        with self._lock:
            after = [item for item, number in self._changed.items() if number > revision]
            return self._revision, {item: self._items[item] for item in after}

    def withdrawn(self) -> frozenset[str]:
        """Every item that may not be shown."""
        return self._withdrawn

    def _write(self, item: Item) -> None:
        self._items[item.item_id] = item
        self._revision += 1
        self._changed[item.item_id] = self._revision
        gone = {item.item_id}
        self._withdrawn = self._withdrawn - gone if item.available else self._withdrawn | gone


class MemoryKeys:
    """`recsvc.ports.KeyBook`."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[str, Key] = {}
        self._secrets: dict[str, bytes] = {}
        self._revision = 0

    def add(self, key: Key) -> None:
        """Write a new key."""
        with self._lock:
            self._keys[key.key_id] = key
            self._revision += 1

    def revoke(self, key_id: str, now: float) -> Key | None:
        """End a key for good and return it; None for an unknown one. The first time stands."""
        with self._lock:
            key = self._keys.get(key_id)
            if key is not None and key.revoked is None:
                key = self._keys[key_id] = dataclasses.replace(key, revoked=now)
                self._revision += 1
            return key

    def listed(self) -> tuple[Key, ...]:
        """All keys, the oldest first."""
        with self._lock:
            return tuple(sorted(self._keys.values(), key=lambda key: (key.created, key.key_id)))

    def revision(self) -> int:
        """Grows with each change of a key."""
        return self._revision

    def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret of this name, which is `fresh` if there was none."""
        with self._lock:
            return self._secrets.setdefault(name, fresh)
