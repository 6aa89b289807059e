"""What is said of one route: its types, who opens it, and to which group it belongs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from recsvc.errors import RecsvcError

JSON: Final = "application/json"

SCHEMES: Final[dict[str, dict[str, Any]]] = {
    "publishable": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key for web pages: it opens slates, and sessions and users that the "
        "request proves to be its own.",
    },
    "secret": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key for servers: it opens every session and user of its owner.",
    },
    "beacon": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "A publishable key in the address, for `navigator.sendBeacon`.",
    },
}
"""Security schemes by name, as OpenAPI wants them. A service on its own machine may be open."""

KEYS: Final = ("publishable", "secret")
SERVERS: Final = ("secret",)

GROUPS: Final = {
    "slates": "What to show. A reload, a retry or a prefetch changes nothing.",
    "events": "What visitors did.",
    "consent": "Nothing personal without a yes.",
    "sessions": "Who a visitor is.",
    "items": "What the host says of its items.",
    "health": "For whoever keeps the service running.",
    "description": "This description.",
}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """One way in which all is well; `headers` are names of the document's table of headers.

    `instead` is another body that there may be.
    """

    status: int
    words: str
    body: type[Struct] | None = None
    example: Any = None
    media: str = JSON
    instead: type[Struct] | None = None
    headers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Operation:
    """One method of one path. `errors` are told as problems; `internal_error` is always one."""

    method: str
    path: str
    name: str
    group: str
    summary: str
    words: str
    answers: tuple[Answer, ...]
    errors: tuple[type[RecsvcError], ...] = ()
    named: type[Struct] | None = None
    query: type[Struct] | None = None
    headers: tuple[str, ...] = ()
    body: type[Struct] | None = None
    example: Any = None
    media: tuple[str, ...] = (JSON,)
    security: tuple[str, ...] = ()
    users: bool = False
    """Whether a user token counts here."""
