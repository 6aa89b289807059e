"""Consent: asked of users and of sessions, false until said otherwise, in force at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from recsvc.ports import Consent, PeopleBook
from recsvc.serving.memory import Memory


@dataclass(frozen=True)
class Consenting:
    """What people agree to. A session's word lives as long as the session."""

    memory: Memory
    people: PeopleBook
    clock: Callable[[], float]

    def of_user(self, user_id: str) -> Consent:
        """What the user said last."""
        return self.people.consent(user_id) or Consent()

    def user_says(self, user_id: str, consent: Consent) -> Consent:
        """Keep what the user says now."""
        self.people.put_consent(user_id, consent, self.clock())
        return consent

    def of_session(self, session_id: str) -> Consent:
        """What was said in the session."""
        return self.memory.load(session_id, self.clock()).session.consent

    def session_says(self, session_id: str, consent: Consent) -> Consent:
        """Keep what is said in the session now."""
        now = self.clock()
        self.memory.change(
            session_id, now, lambda session: replace(session, consent=consent, seen=now)
        )
        return consent
