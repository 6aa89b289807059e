"""How names of sessions and users are kept, so that those of different owners never meet.

On the wire a name is what the client calls it. Inside it carries its owner, and everything that
hangs on a session (slates, events, dismissals, consent) is kept apart with it: a name of another
owner is simply another name, found or not found in the same way and the same time.
"""

from __future__ import annotations

import hmac
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from recsvc.access.keys import MAIN

_BAR: Final = "\x1f"
"""Parts what is kept; names from the wire hold no control characters."""

_RANDOM: Final = 24
_MARK: Final = 16
"""Characters of an issued id: 144 random bits, and a mark of 96 bits."""


def kept(owner: str, name: str) -> str:
    """A name of an owner's server, or one that the service issued, as it is kept."""
    return name if owner == MAIN else f"{owner}{_BAR}{name}"


def made_up(owner: str, user: str | None, name: str) -> str:
    """A session id that a page made up, as it is kept: by whom it was named, a user or nobody."""
    return f"{owner}{_BAR}{user or ''}{_BAR}{name}"


def told(name: str) -> str:
    """A kept name as the wire knows it."""
    return name.rpartition(_BAR)[2]


def retired() -> str:
    """A name that nobody can ask for."""
    return f"{_BAR}{secrets.token_urlsafe(18)}"


@dataclass(frozen=True)
class IssuedIds:
    """Session ids that nobody can guess, and that show by themselves that they were issued.

    A page that names such an id was given it. The mark says so without a look into any store, so
    that an id which was issued and is idle or lost does not differ from one in use.
    """

    secret: bytes

    def new(self, owner: str) -> str:
        """A new id for a session of this owner."""
        random = secrets.token_urlsafe(_RANDOM * 3 // 4)
        return random + self._mark(owner, random)

    def issued(self, owner: str, session_id: str) -> bool:
        """Whether this service issued the id to this owner."""
        random, mark = session_id[:_RANDOM], session_id[_RANDOM:]
        if len(mark) != _MARK or not session_id.isascii():
            return False
        return hmac.compare_digest(mark, self._mark(owner, random))

    def _mark(self, owner: str, random: str) -> str:
        marked = blake2b(
            f"{owner}{_BAR}{random}".encode(), key=self.secret, digest_size=_MARK * 3 // 4
        )
        return urlsafe_b64encode(marked.digest()).decode()
