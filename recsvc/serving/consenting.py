"""Consent: asked of users and of sessions, false until said otherwise, in force at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recsvc.ports import Consent, PeopleBook
from recsvc.serving.memory import Memory, StoreLost
from recsvc.serving.session import Session


@dataclass(frozen=True)
class Consenting:
    """What people agree to. A session's word lives as long as the session.

    A no is kept for longer: tokens may still tell a yes of before, also where the store has lost
    the session to which it was said and knows of nothing that is taken back.
    """

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
        now, name = self.clock(), said_in(session_id)

        def change(session: Session) -> Session:
            kept = self.people.consent(name)
            # Where nothing is kept, no token tells more than a full yes.
            if kept != consent and (kept is not None or consent != Consent(True, True)):
                self.people.put_consent(name, consent, now)
            return session._replace(consent=consent, seen=now)

        try:
            self.memory.change(session_id, now, change)
        except StoreLost:
            if not (consent.personalisation and consent.analytics):
                self.people.put_consent(name, consent, now)
            raise
        return consent


def said_in(session_id: str) -> str:
    """The name in the book of people for what was said in a session; no user has such a name."""
    return f"\x1fsession\x1f{session_id}"
