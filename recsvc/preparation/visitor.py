"""What may be used about this visitor: nothing without a yes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from recsvc.ports import Consent, Event, EventBook, Profile

RECENT_EVENTS = 200
"""How many of a visitor's latest events shape the profile."""


@dataclass(frozen=True)
class Visitor:
    """Who asks, and what the visitor agreed to.

    A user's own word counts for the user's history; where the user never said anything, the
    session's word counts for what happens in the session.
    """

    session_id: str
    user_id: str | None
    of_user: Consent | None
    of_session: Consent

    @property
    def consent(self) -> Consent:
        """The word that counts."""
        return self.of_session if self.of_user is None else self.of_user

    @property
    def personal(self) -> bool:
        """Whether suggestions may be personal."""
        return self.consent.personalisation

    @property
    def known_user(self) -> str | None:
        """The user whose history may be used."""
        return self.user_id if self.of_user is not None and self.personal else None


@dataclass(frozen=True)
class Past:
    """A visitor's events that may be used: a profile, and items by type of event."""

    profile: Profile
    done: Mapping[str, frozenset[str]]

    def consumed(self, by: Collection[str]) -> frozenset[str]:
        """Items on which the visitor did one of these things."""
        return frozenset().union(*(self.done.get(kind, frozenset()) for kind in by))


def recall(
    visitor: Visitor, book: EventBook, weights: Mapping[str, float], trained_until: float
) -> Past:
    """The visitor's recent events from the book; nothing when the visitor did not agree.

    `trained_until` (epoch seconds) is where the model's own knowledge of the user ends.
    """
    if not visitor.personal:
        return Past(Profile(), {})
    events = list(book.of_session(visitor.session_id, limit=RECENT_EVENTS))
    if visitor.known_user is not None:
        here = {event.event_id for event in events}
        elsewhere = book.of_user(visitor.known_user, since=trained_until, limit=RECENT_EVENTS)
        events += [
            e
            for e in elsewhere
            if (e.session_id, e.event_id) not in {(visitor.session_id, i) for i in here}
        ]
    events.sort(key=lambda event: event.received)
    return Past(Profile(visitor.known_user, _tastes(events, weights)), _done(events))


def _tastes(events: Iterable[Event], weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Each item once, with its strongest event, in the order of the latest."""
    tastes: dict[str, float] = {}
    for event in events:
        weight = weights.get(event.type, 0.0)
        if event.item_id is not None and weight > 0:
            tastes[event.item_id] = max(weight, tastes.pop(event.item_id, 0.0))
    return tuple(tastes.items())


def _done(events: Iterable[Event]) -> dict[str, frozenset[str]]:
    done: dict[str, set[str]] = {}
    for event in events:
        if event.item_id is not None:
            done.setdefault(event.type, set()).add(event.item_id)
    return {kind: frozenset(items) for kind, items in done.items()}
