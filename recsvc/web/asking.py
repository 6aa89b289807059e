"""Who sends the request under way, and what the names in it mean to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Final

from flask import g, request

from recsvc.access import names
from recsvc.access.access import Access, Caller, Reached
from recsvc.errors import Fault, Forbidden
from recsvc.ports import Event
from recsvc.web.parsing import named
from recsvc.web.requests import UserPath

TOKEN: Final = "X-Recsvc-Token"
USER_TOKEN: Final = "X-Recsvc-User-Token"

NOT_SHOWN: Final = Fault(
    "session_id", "was not issued by this service, and no token shows that it is yours"
)

SESSIONS_OF_A_PAGE: Final = 16
"""Sessions in one batch of events that a publishable key sends."""
TOO_MANY_SESSIONS: Final = Fault(
    "session_id", f"is one of more than {SESSIONS_OF_A_PAGE}, which a page may name in one batch"
)

Owner = Callable[[Event], Event | list[Fault]]


@dataclass(frozen=True)
class Asking:
    """The caller of this request. Names come from the wire, and go on as they are kept."""

    access: Access
    caller: Caller

    def vouched(self, user_id: str | None, user_token: str | None = None) -> str | None:
        """The user who counts, as the wire knows them; the token may also stand in the header or
        the address. Raises `Forbidden`, `BadUserToken`."""
        token = user_token or request.headers.get(USER_TOKEN) or request.args.get("user_token")
        user = self.access.user(self.caller, user_id, token)
        return None if user is None else named(UserPath, user_id=user).user_id

    def kept_user(self, user: str | None) -> str | None:
        """A user who counts, as kept."""
        return None if user is None else names.kept(self.caller.owner, user)

    def user_of_path(self, user_id: str) -> str:
        """The user of a path, as kept. Raises `Forbidden` unless the caller may name them."""
        self.vouched(user_id)
        return names.kept(self.caller.owner, user_id)

    def session(
        self, session_id: str | None, user: str | None = None, token: str | None = None
    ) -> str | None:
        """A session to read, as kept; None lets the service name a new one. Raises `TooMany`."""
        reached = self._reached(session_id, user, tokens_sent(token))
        return None if reached is None else reached.session

    def session_to_write(self, session_id: str) -> str:
        """A session to write to, as kept. Raises `Forbidden` alike whether or not it is there."""
        return self._writable(session_id, guessable=True)

    def session_to_log_in(self, session_id: str) -> str:
        """A session that may become a user's, as kept: none that a page made up, as whoever
        guesses its id would see what is the user's. Raises `Forbidden`."""
        return self._writable(session_id, guessable=False)

    def owner_of_events(self, user: str | None, tokens: Sequence[str]) -> Owner:
        """Puts events of a batch under the names of this caller; `user` is one who counts.

        A session is reached once for the batch, however many of its events are in it. A page is
        one visitor's: each of its tokens is tried on each session, so it names a few at most.
        """
        reach = cache(lambda session_id: self._reached(session_id, user, tokens))
        met: set[str] = set()

        def owned(event: Event) -> Event | list[Fault]:
            faults = []
            met.add(event.session_id)
            if len(met) > SESSIONS_OF_A_PAGE and not self.caller.trusted:
                met.discard(event.session_id)
                return [TOO_MANY_SESSIONS]
            if event.user_id not in (None, user) and (user or not self.caller.trusted):
                faults.append(Fault("user_id", "counts only with a user_token of this user"))
            reached = reach(event.session_id)
            if reached is None or not reached.writable:
                faults.append(NOT_SHOWN)
            else:
                who = self.kept_user(event.user_id or user)
                event = replace(event, session_id=reached.session, user_id=who)
            return faults or event

        return owned

    def _writable(self, session_id: str, *, guessable: bool) -> str:
        reached = self._reached(session_id, None, tokens_sent())
        if guessable and reached is not None and not reached.writable:
            # Perhaps the page made it up for its user, who matters to no other session: whose
            # token is over can still log out.
            reached = self._reached(session_id, self.vouched(None), tokens_sent())
        if reached is None or not reached.writable or (reached.made_up and not guessable):
            raise Forbidden(
                "With a publishable key this needs a session whose id this service issued, or a "
                "token of one of its slates: ask for a slate without session_id, and keep the one "
                "that comes back.",
                [NOT_SHOWN],
            )
        return reached.session

    def _reached(
        self, session_id: str | None, user: str | None, tokens: Sequence[str]
    ) -> Reached | None:
        return self.access.session(self.caller, session_id, user, tokens)


def asking() -> Asking:
    """The caller of the request under way, whom the gate let in."""
    found: Asking = g.asking
    return found


def tokens_sent(*named: str | None) -> tuple[str, ...]:
    """Tokens of slates in this request, each once: those named in its body, and its own."""
    sent = (*named, request.headers.get(TOKEN), request.args.get("token"))
    return tuple(dict.fromkeys(token for token in sent if token))
