"""A service in one process that asks for keys, with keys of every kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from flask.testing import FlaskClient

from recsvc.access.access import Access
from recsvc.access.keyring import Keyring
from recsvc.access.keys import MAIN, mint
from recsvc.access.names import IssuedIds
from recsvc.access.users import UserTokens
from recsvc.ports import Key, KeyKind
from recsvc.stores.memory import MemoryKeys

SIGNING: Final = "host-" * 8
PAGE: Final = "https://shop.example"
NOW: Final = 1_800_000_000.0


def event(session: str | None, **more: Any) -> dict[str, Any]:
    """A batch of one event."""
    named = {} if session is None else {"session_id": session}
    one = {"event_id": "e", "type": "dismiss", "surface": "home", "item_id": "item-t"}
    return {"events": [one | named | more]}


def user_token(user: str, key: str = SIGNING) -> str:
    """What the host's server signs for a user."""
    return jwt.encode({"sub": user, "exp": NOW + 60}, key, "HS256")


@dataclass
class Gated:
    """A service behind keys, and the keys by what they are; `ids` issues its sessions."""

    world: Any
    book: MemoryKeys
    ids: IssuedIds
    clock: list[float]
    keys: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, kind: KeyKind, owner: str, *origins: str) -> tuple[str, Key]:
        """Make a key, and call it so."""
        text, key = mint(kind, name=name, owner=owner, origins=origins, now=0.0)
        self.book.add(key)
        self.keys[name] = text
        return text, key

    @property
    def client(self) -> FlaskClient:
        client: FlaskClient = self.world.client
        return client

    def headers(self, who: str, page: str | None = None) -> dict[str, str]:
        """What this caller sends: a key, and the page it asks from."""
        if who == "none":
            return {}
        if who == "another scheme":
            return {"Authorization": f"Basic {self.keys['secret']}"}
        name = "publishable" if who in ("no page", "wrong page") else who
        pages = {"publishable": PAGE, "wrong page": "https://evil.example"}
        origin = page or pages.get(who)
        told = {"Authorization": f"Bearer {self.keys[name]}"}
        return told | ({"Origin": origin} if origin else {})

    def slate(self, who: str, session: str | None, **query: str) -> dict[str, Any]:
        """A slate of `home`, which must be answered."""
        query = ({"session_id": session} if session else {}) | query
        answer = self.client.get("/v1/slates/home", query_string=query, headers=self.headers(who))
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json  # type: ignore[assignment]
        return told


def make(worlds: Any, **limits: Any) -> Gated:
    """A service with keys of all kinds; `worlds` makes it."""
    book, clock = MemoryKeys(), [0.0]
    ids = IssuedIds(b"x" * 32)
    users = UserTokens({MAIN: (SIGNING,)}, 3600.0, lambda: NOW)

    def may_write(session: str, token: str) -> bool:
        service = gated.world.service
        return bool(service.slates.memory.proves(session, token, service.clock()))

    access = Access(users, Keyring(book, lambda: clock[0]), ids, may_write, **limits)
    gated = Gated(worlds(access=access), book, ids, clock)
    gated.keys |= {"malformed": "Bearer", "unknown": f"recsvc_sec_{'A' * 43}"}
    gated.add("publishable", "publishable", MAIN, PAGE)
    secret, _ = gated.add("secret", "secret", MAIN)
    gated.keys["cut off"] = secret[:-1]
    gated.add("secret of another owner", "secret", "other")
    gated.add("publishable of another owner", "publishable", "other", PAGE)
    _, ended = gated.add("revoked", "secret", MAIN)
    book.revoke(ended.key_id, 1.0)
    return gated
