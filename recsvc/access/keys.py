"""What a key looks like, how one is made, and what of it is kept.

A key is 256 random bits, so nobody finds one by trying, however fast: a plain SHA-256 keeps it as
safe as a slow hash would, and is cheap enough to be taken at every request. Slow and salted hashes
are for passwords, which people choose and others can guess.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from recsvc.errors import BadInput, Fault
from recsvc.ports import Key, KeyKind

PREFIXES: Final[dict[KeyKind, str]] = {"publishable": "recsvc_pub_", "secret": "recsvc_sec_"}
"""Tells people and scanners of leaked secrets what they look at."""

FORM: Final = re.compile(r"recsvc_(?:pub|sec)_[A-Za-z0-9_-]{43}")
MAIN: Final = "main"
"""The owner of keys for which nobody said another one, and of what an open service is told."""

ANY_ORIGIN: Final = "*"
_OWNER: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_HOST: Final = re.compile(r"[a-z0-9._:-]{1,253}")
_PORTS: Final = {"http": 80, "https": 443}


def mint(
    kind: KeyKind, *, name: str, owner: str, origins: Sequence[str], now: float
) -> tuple[str, Key]:
    """A new key: the text to hand out, shown this once, and what is kept. Raises `BadInput`."""
    faults = []
    if not 1 <= len(name) <= 100 or not name.isprintable():
        faults.append(Fault("name", "must be 1 to 100 printable characters"))
    if not _OWNER.fullmatch(owner):
        faults.append(Fault("owner", "must be 1 to 32 small letters, digits and hyphens"))
    if origins and kind == "secret":
        faults.append(Fault("origin", "is for publishable keys; a secret key is for no page"))
    told = [(origin, normal_origin(origin)) for origin in origins]
    faults += [
        Fault(
            "origin", f"{origin[:100]!r} is not like https://shop.example or http://localhost:3000"
        )
        for origin, normal in told
        if normal is None
    ]
    if faults:
        words = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise BadInput(f"No key was made. {words}.", faults)
    text = PREFIXES[kind] + secrets.token_urlsafe(32)
    key = Key(
        key_id=f"key-{secrets.token_hex(4)}",
        kind=kind,
        name=name,
        owner=owner,
        digest=digest(text),
        tail=text[-4:],
        created=now,
        origins=tuple(dict.fromkeys(normal for _, normal in told if normal is not None)),
    )
    return text, key


def digest(text: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(text.encode()).hexdigest()


def normal_origin(origin: str) -> str | None:
    """The origin as browsers send it, `*` for any; None where it is no origin of a web page."""
    if origin == ANY_ORIGIN:
        return origin
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not _HOST.fullmatch(host or "") or "@" in parts.netloc:
        return None
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        return None
    host = f"[{host}]" if ":" in str(host) else host
    return f"{scheme}://{host}" + ("" if port in (None, _PORTS[scheme]) else f":{port}")
