"""What the service asks of its surroundings: a recommender, a session store, books of record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from policies.candidates import Candidates

Owner = Literal["user", "session"]

LEDGER_KEPT = 10_000
"""Entries of the ledger that a store holds at least; older ones may go."""

CARRIED_KEPT = 16
"""Slates of one user that are carried over to the next session; older ones are forgotten."""


@dataclass(frozen=True)
class Profile:
    """What may be used about a visitor: nothing without consent.

    `user_id` is set when the history in the training data may be used; `events` are
    (item_id, weight) pairs heard since, oldest first.
    """

    user_id: str | None = None
    events: tuple[tuple[str, float], ...] = ()


class Recommender(Protocol):
    """One source of candidates, loaded and ready; safe to call from several threads."""

    @property
    def model(self) -> str:
        """The identity of the model that answers; another model has another name."""

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the model's vocabulary."""

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        """The n best items but `without`, and the incumbents it can score, all from one model.

        None when nothing can be said of this visitor; the next rung is asked then.
        """


@dataclass(frozen=True)
class Stored:
    """A session as the store holds it: opaque bytes and the version to compare against."""

    data: bytes
    version: int


class SessionStore(Protocol):
    """Session state with a time to live; the only mutable thing between two requests."""

    def load(self, key: str, now: float) -> Stored | None:
        """The session, or None when there is none or its time is over (`now`: epoch seconds)."""

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
        """Write if the version is still `expected` (None: nothing live is there); else False.

        `entry` goes into the ledger with the write, or not at all.
        """

    def drop(self, key: str) -> None:
        """Forget a session."""

    def entries(self, limit: int) -> tuple[bytes, ...]:
        """The latest entries of the ledger, oldest first; only so many are kept."""

    def sweep(self, now: float) -> int:
        """Remove sessions that have expired, and old entries of the ledger; how many sessions.

        None are left to remove where a store forgets them by itself.
        """

    def ready(self) -> None:
        """Raise `Unavailable` when the store cannot be read and written."""


@dataclass(frozen=True)
class Event:
    """One thing that a visitor did, as reported. Times are epoch seconds."""

    event_id: str
    type: str
    session_id: str
    surface: str
    timestamp: float
    received: float
    user_id: str | None = None
    slate_id: str | None = None
    epoch: int | None = None
    position: int | None = None
    item_id: str | None = None
    alternative_id: str | None = None
    value: float | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Receipt:
    """What became of an appended event: its number in the book, and whether it was new."""

    seq: int
    new: bool


@dataclass(frozen=True)
class Consent:
    """What a visitor agreed to; both are false until said otherwise."""

    personalisation: bool = False
    analytics: bool = False


class EventBook(Protocol):
    """Events, durable once appended, each (session_id, event_id) once."""

    def append(self, events: Sequence[Event]) -> tuple[Receipt, ...]:
        """Write all in one transaction, on disk at return; a repeat returns its first number."""

    def of_user(self, user_id: str, *, since: float, limit: int) -> tuple[Event, ...]:
        """The user's latest events with a timestamp after `since`, oldest first."""

    def of_session(self, session_id: str, *, limit: int) -> tuple[Event, ...]:
        """The session's latest events, oldest first."""

    def items(self, session_id: str, user_id: str | None, types: Collection[str]) -> frozenset[str]:
        """Every item on which the session, or the user, ever did one of these things."""


class LastingEvents(EventBook, Protocol):
    """Events that outlive their sessions."""

    def retire(self, session_id: str, name: str) -> None:
        """Put a session's events under another name, where nobody finds them by the old one."""


class PeopleBook(Protocol):
    """What is known of users for certain: consents, and dismissals and slates that outlive a
    session."""

    def consent(self, user_id: str) -> Consent | None:
        """What the user said last; None when nothing was ever said."""

    def put_consent(self, user_id: str, consent: Consent, now: float) -> None:
        """Write what the user says now; on disk when this returns.

        Who does not agree to personal suggestions any more is carried nothing over.
        """

    def dismissals(self, user_id: str, now: float) -> Mapping[str, float]:
        """Items the user dismissed, with the time until which that holds, if after `now`."""

    def dismiss(self, user_id: str, item_id: str, until: float) -> None:
        """Write a dismissal; on disk when this returns."""

    def undismiss(self, user_id: str, item_ids: Iterable[str]) -> None:
        """Take dismissals back."""

    def carry(self, user_id: str, slate: str, data: bytes, now: float) -> None:
        """Keep a slate, by its name, for the user's next session: the latest ones of the user.

        Nothing is kept of who has not agreed to personal suggestions.
        """

    def carried(self, user_id: str, slate: str) -> bytes | None:
        """The slate of that name as last kept."""


@dataclass(frozen=True)
class Item:
    """One thing that can be suggested; `attributes` are whatever the catalogue says of it."""

    item_id: str
    title: str | None = None
    url: str | None = None
    image: str | None = None
    available: bool = True
    attributes: Mapping[str, str | float | bool] = field(default_factory=dict)


class Catalogue(Protocol):
    """Items as the host describes them now; what it does not mention is described by the model."""

    def put(self, item: Item) -> None:
        """Write or replace an item; on disk when this returns."""

    def delete(self, item_id: str) -> None:
        """Withdraw an item for good."""

    def describe(self, item_ids: Iterable[str]) -> Mapping[str, Item]:
        """Those of the items that were ever put, as last put, also when withdrawn; as cheap."""

    def changed_since(self, revision: int) -> tuple[int, Mapping[str, Item]]:
        """The revision of now, and the items put or withdrawn after an earlier one; 0 for all.

        Cheap where nothing changed, and true of other processes' writes too. A revision below the
        one that was asked about is another catalogue's.
        """

    def withdrawn(self) -> frozenset[str]:
        """Every item that may not be shown; cheap, and true of other processes' writes too."""


KeyKind = Literal["publishable", "secret"]


@dataclass(frozen=True)
class Key:
    """A key as it is kept: what was handed out is known by its `digest` and last four characters.

    Whatever is said under one key of an `owner` is there for its other keys, and for nobody else.
    `origins` are the pages that may use a publishable key; `scopes` are kept for operators' keys.
    """

    key_id: str
    kind: KeyKind
    name: str
    owner: str
    digest: str
    tail: str
    created: float
    origins: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    revoked: float | None = None


class KeyBook(Protocol):
    """Keys, and the service's own secrets; keys stay listed when they are revoked."""

    def add(self, key: Key) -> None:
        """Write a new key; on disk when this returns."""

    def revoke(self, key_id: str, now: float) -> Key | None:
        """End a key for good and return it; None for an unknown one. The first time stands."""

    def listed(self) -> tuple[Key, ...]:
        """All keys, the oldest first."""

    def revision(self) -> int:
        """Grows with each change of a key, also by another process; cheap."""

    def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret of this name, which is `fresh` if there was none; the same to everybody."""
