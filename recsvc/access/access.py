"""Who asks, and what they may reach.

open          whoever reaches the service, on its own machine: everything
secret        the owner's servers: every session and user of the owner, and what is shared
publishable   the owner's pages, and anybody who reads their source: slates, and the sessions
              and users that the request proves to be its own
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from recsvc.access import names
from recsvc.access.keyring import Keyring
from recsvc.access.keys import ANY_ORIGIN, MAIN
from recsvc.access.limits import Limit
from recsvc.access.names import IssuedIds
from recsvc.access.users import UserTokens
from recsvc.errors import Fault, Forbidden, TooMany, Unauthorized, WrongOrigin
from recsvc.ports import KeyKind

MayWrite = Callable[[str, str], bool]
"""Whether a slate's token (second) shows that its bearer was served this kept session (first)."""


def nothing_proven(session: str, token: str) -> bool:  # noqa: ARG001 (a MayWrite that nobody passes)
    """Where slates bear no tokens."""
    return False


@dataclass(frozen=True)
class Caller:
    """Who asks; `owner` is whose sessions and users they see."""

    kind: KeyKind | Literal["open"]
    owner: str = MAIN
    key_id: str | None = None

    @property
    def trusted(self) -> bool:
        """Whether what they say of users and sessions counts without proof."""
        return self.kind != "publishable"


OPEN = Caller("open")


@dataclass(frozen=True)
class Reached:
    """A session as it is kept, whether the caller may write to it, and whether a page made it up:
    then anybody may guess it."""

    session: str
    writable: bool
    made_up: bool = False


@dataclass(frozen=True)
class Access:
    """Decides. Without a `ring` the service is open; `per_key` and `per_session` may be absent."""

    users: UserTokens
    ring: Keyring | None = None
    ids: IssuedIds | None = None
    may_write: MayWrite = nothing_proven
    per_key: Limit | None = None
    per_session: Limit | None = None

    def caller(self, key: str | None, origin: str | None, *, in_address: bool = False) -> Caller:
        """Who sent this key from this page. Raises `Unauthorized`, `WrongOrigin`, `TooMany`.

        `in_address` says that the key stood in the address, where logs keep it: no secret key
        counts there.
        """
        if self.ring is None:
            return OPEN
        if key is None:
            raise Unauthorized("Send a key: Authorization: Bearer KEY.")
        found = self.ring.find(key)
        if found is None or (in_address and found.kind == "secret"):
            raise Unauthorized("This key opens nothing here.")
        publishable = found.kind == "publishable"
        if publishable and origin is not None and not {origin, ANY_ORIGIN} & {*found.origins}:
            raise WrongOrigin(
                f"Pages of {origin[:100]} may not use this key: it was made for other origins."
            )
        _take(self.per_key, found.key_id, "this key")
        return Caller(found.kind, found.owner, found.key_id)

    def allows(self, origin: str) -> bool:
        """Whether pages of this origin may read answers at all."""
        return self.ring is not None and self.ring.allows(origin)

    def user(self, caller: Caller, user_id: str | None, user_token: str | None) -> str | None:
        """The user who counts. Raises `Forbidden`, `BadUserToken`."""
        vouched = None if user_token is None else self.users.user(user_token, caller.owner)
        if user_id in (None, vouched):
            return vouched
        if vouched is not None or not caller.trusted:
            raise Forbidden(
                "A user counts only with a user_token that your server signed for this very user.",
                [Fault("user_id", "counts only with a user_token of this user")],
            )
        return user_id

    def session(
        self, caller: Caller, session_id: str | None, user: str | None, tokens: Sequence[str]
    ) -> Reached | None:
        """The session that this id means to this caller; None lets the service name a new one.

        `user` is one who counts, `tokens` are those of slates that were shown. An id that a page
        made up is nobody's, or the user's whom the host vouches for: it never leads to what a
        server, or the service, called by the same name.
        Raises `TooMany`.
        """
        if session_id is None:
            if self.ids is None:
                return None
            return Reached(names.kept(caller.owner, self.ids.new(caller.owner)), True)
        reached = self._reached(caller, session_id, user, tokens)
        _take(self.per_session, reached.session, "this session")
        return reached

    def _reached(
        self, caller: Caller, session_id: str, user: str | None, tokens: Sequence[str]
    ) -> Reached:
        known = names.kept(caller.owner, session_id)
        if caller.trusted or (self.ids and self.ids.issued(caller.owner, session_id)):
            return Reached(known, True)
        if any(self.may_write(known, token) for token in tokens):
            return Reached(known, True)
        own = names.made_up(caller.owner, user, session_id)
        return Reached(own, any(self.may_write(own, token) for token in tokens), made_up=True)


def _take(limit: Limit | None, name: str, what: str) -> None:
    wait = 0.0 if limit is None else limit.take(name)
    if wait > 0:
        raise TooMany(f"Too many requests of {what}; come again in {wait:.1f} seconds.", wait)
