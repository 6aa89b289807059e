"""What may be used about this visitor: nothing without a yes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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


def recall(
    visitor: Visitor, book: EventBook, weights: Mapping[str, float], trained_until: float
) -> Profile:
    """The visitor's profile from the book of events; nothing when the visitor did not agree.

    `trained_until` (epoch seconds) is where the model's own knowledge of the user ends.
    """
    if not visitor.personal:
        return Profile()
    events = list(book.of_session(visitor.session_id, limit=RECENT_EVENTS))
    if visitor.known_user is not None:
        theirs = book.of_user(visitor.known_user, since=trained_until, limit=RECENT_EVENTS)
        events += [event for event in theirs if event.session_id != visitor.session_id]
    events.sort(key=lambda event: event.received)
    return Profile(visitor.known_user, _tastes(events, weights))


def _tastes(events: Iterable[Event], weights: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Each item once, with its strongest event, in the order of the latest."""
    tastes: dict[str, float] = {}
    for event in events:
        weight = weights.get(event.type, 0.0)
        if event.item_id is not None and weight > 0:
            tastes[event.item_id] = max(weight, tastes.pop(event.item_id, 0.0))
    return tuple(tastes.items())
