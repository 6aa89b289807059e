"""Whose session it is: a login keeps the slate, a logout leaves nothing of the user behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from recsvc.ports import LastingEvents
from recsvc.serving.memory import Memory
from recsvc.serving.session import Session


@dataclass(frozen=True)
class Identity:
    """Logins and logouts. `retired` makes names that nobody can ask for."""

    memory: Memory
    events: LastingEvents
    retired: Callable[[], str]
    clock: Callable[[], float]

    def login(self, session_id: str, user_id: str) -> None:
        """The session is this user's from now on. What is on the screen stays, as a login is a
        cause like any other: the limit holds. Raises `Conflict` where it is another user's."""

        def change(session: Session) -> Session:
            if session.user_id == user_id:
                return session
            return session.bound(user_id)._replace(heard=session.heard + 1)

        self.memory.change(session_id, self.clock(), change)

    def logout(self, session_id: str) -> None:
        """Forget the session: who names it afterwards begins anew, and finds nothing of the user.

        What the user did stays the user's, for the next login; the session's name leads there no
        more. Tokens that were given before do not count: they would bring it all back.
        """
        now = self.clock()
        self.events.retire(session_id, self.retired())
        # Tokens tell times in milliseconds, rounded up.
        begun = Session(session_id, started=now, seen=now, barred=now + 0.001)
        self.memory.change(session_id, now, lambda _: begun)
        # An event that was on its way may have come in under the old name meanwhile.
        self.events.retire(session_id, self.retired())
