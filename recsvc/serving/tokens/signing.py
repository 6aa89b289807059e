"""Tokens signed and opened: what was not signed here, for this session, is no token.

A token is base64url of: version, contents (deflated where that is shorter), and the first 16 bytes
of an HMAC-SHA256 over the session's id and all before it. The id itself is not in it.

itsdangerous would fit the size as well; its base64 however leaves bits that no check looks at, so
that another text passes for the same token.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import logging
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recsvc.serving.session import Session
from recsvc.serving.tokens.contents import decode, encode
from recsvc.serving.tokens.slate import Room
from recsvc.serving.tokens.told import DISMISSALS_KEPT, Told

log = logging.getLogger(__name__)

VERSION: Final = 1
_DEFLATED: Final = 0x80
_MAC: Final = 16
_PURPOSE: Final = b"recsvc slate token"
BASE: Final = 200
PER_ID_BYTE: Final = 1.5
"""A token is at most BASE characters, and so many for each byte of the ids it carries."""
LONGEST: Final = 8_000
"""Characters of a token; longer ones are neither given nor looked at."""
_UNPACKED: Final = 65_536
_ROOMS: Final = (
    Room(),
    Room(why=False),
    Room(why=False, past=False),
    Room(why=False, past=False, tail=False),
)
"""What is left out first, where there is no room."""


@dataclass(frozen=True)
class Signer:
    """Signs with the first of the `keys`, and takes what any of them signed."""

    keys: Sequence[bytes]

    def sign(self, told: Told) -> str | None:
        """The token; None where even the least of it would be too long to be sent back."""
        text, most = "", _allowance(told)
        for room in _ROOMS:
            text = self._sealed(told.session.session_id, encode(told, room))
            if len(text) <= most:
                break
        return text if len(text) <= LONGEST else None

    def open(self, text: str, session_id: str, now: float) -> Told | None:
        """What the token of this session says; None for all that is not to be trusted."""
        told = self._opened(text, session_id)
        return None if told is None or not now <= told.until else told

    def _sealed(self, session_id: str, contents: bytes) -> str:
        packed = zlib.compress(contents, 6, -15) if len(contents) > 256 else contents
        shorter = len(packed) < len(contents)
        head = bytes([VERSION | _DEFLATED * shorter])
        signed = head + (packed if shorter else contents)
        mac = _mac(self.keys[0], session_id, signed)
        return base64.urlsafe_b64encode(signed + mac).rstrip(b"=").decode()

    def _opened(self, text: str, session_id: str) -> Told | None:
        if not _MAC < len(text) <= LONGEST or not text.isascii():
            return None
        try:
            sealed = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        # The last character may hold bits that no byte has: one text only is the token.
        if base64.urlsafe_b64encode(sealed).rstrip(b"=") != text.encode():
            return None
        signed, mac = sealed[:-_MAC], sealed[-_MAC:]
        if not any(hmac.compare_digest(mac, _mac(key, session_id, signed)) for key in self.keys):
            return None
        if not signed or signed[0] & ~_DEFLATED != VERSION:
            return None
        try:
            return decode(_unpacked(signed), session_id)
        except (ValueError, LookupError, zlib.error) as error:
            # It is signed, so this is a fault of ours, or a key that others use as well.
            log.warning("a signed token cannot be read: %s", error)
            return None


def _mac(key: bytes, session_id: str, signed: bytes) -> bytes:
    whose = session_id.encode(errors="surrogatepass")
    about = b"%b %d:%b" % (_PURPOSE, len(whose), whose)
    return hmac.digest(key, about + signed, "sha256")[:_MAC]


def _unpacked(signed: bytes) -> bytes:
    if not signed[0] & _DEFLATED:
        return signed[1:]
    inflate = zlib.decompressobj(-15)
    contents = inflate.decompress(signed[1:], _UNPACKED)
    if not inflate.eof:
        raise ValueError("its contents do not end")
    return contents


def _allowance(told: Told) -> float:
    """Characters that the token may have: what it must carry counts, not what it may."""
    ids = {told.session.user_id or "", *_dismissed(told.session)}
    state = told.session.slates[told.slate_id]
    ids.update(seat.item_id for seat in (*state.seats, *state.tail) if seat)
    ids.update(change.item_id for change in state.changes)
    return min(LONGEST, BASE + PER_ID_BYTE * sum(len(name.encode()) for name in ids))


def _dismissed(session: Session) -> list[str]:
    return [item_id for item_id, _ in session.dismissed[-DISMISSALS_KEPT:]]
