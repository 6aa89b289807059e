"""Tokens signed and opened: what was not signed here, for this session, is no token.

A token is base64url of: a byte that tells version, room and packing; contents, as much of them as
the room allows; and the first 16 bytes of an HMAC-SHA256 over the session's id and all before it.
The id itself is not in it.

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

from recsvc.serving.tokens.contents import Written, decode, encode
from recsvc.serving.tokens.slate import Room
from recsvc.serving.tokens.told import DISMISSALS_KEPT, Told

log = logging.getLogger(__name__)

VERSION: Final = 3
_ROOM: Final = 0x30
_ROOM_AT: Final = 4
_DEFLATED: Final = 0x80
"""The first byte: the version, and what is there of the contents, and how."""
_MAC: Final = 16
_PURPOSE: Final = b"recsvc slate token"
BASE: Final = 200
PER_ID_BYTE: Final = 1.5
"""A token is at most BASE characters, and so many for each byte of the ids it carries."""
LONGEST: Final = 8_000
"""Characters of a token; longer ones are neither given nor looked at."""
_UNPACKED: Final = 65_536
_PLAIN: Final = 256
"""Bytes of contents from which on they are deflated even where they would fit as they are."""
_WINDOW: Final = -13
"""Deflate without a header, looking back over 8 KiB: more than a token holds."""
_ROOMIEST_FIRST: Final = tuple(reversed(Room))


@dataclass(frozen=True)
class Signer:
    """Signs with the first of the `keys`, and takes what any of them signed."""

    keys: Sequence[bytes]

    def sign(self, told: Told) -> str | None:
        """The token; None where even the least of it would be too long to be sent back."""
        room, deflated, contents = _fitted(encode(told), _allowance(told))
        head = VERSION | room << _ROOM_AT | _DEFLATED * deflated
        text = self._sealed(told.session.session_id, bytes([head]) + contents)
        return text if len(text) <= LONGEST else None

    def open(self, text: str, session_id: str, now: float) -> Told | None:
        """What the token of this session says; None for all that is not to be trusted."""
        told = self._opened(text, session_id)
        return None if told is None or not now <= told.until else told

    def _sealed(self, session_id: str, signed: bytes) -> str:
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
        if not signed or signed[0] & ~(_DEFLATED | _ROOM) != VERSION:
            return None
        try:
            room = Room((signed[0] & _ROOM) >> _ROOM_AT)
            return decode(_unpacked(signed), room, session_id)
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
    if not inflate.eof or inflate.unused_data:
        raise ValueError("its contents do not end where it does")
    return contents


def _fitted(written: Written, most: float) -> tuple[Room, bool, bytes]:
    """The most of the contents that fits, else the least of it; and whether it is deflated."""
    room, packed = Room.LEAST, b""
    # Deflating costs as much as writing does, so it comes only where it decides. Mostly it does so
    # at the first try: all fits then.
    for room in _ROOMIEST_FIRST:
        if _characters(written.ends[room]) <= most:
            packed = b""
            break
        packed = _deflated(written.within(room))
        if _characters(len(packed)) <= most:
            break
    contents = written.within(room)
    if not packed and len(contents) > _PLAIN:
        packed = _deflated(contents)
    deflated = 0 < len(packed) < len(contents)
    return room, deflated, packed if deflated else contents


def _characters(size: int) -> int:
    """How long a token with so many bytes of contents is: six bits a character."""
    return -((1 + size + _MAC) * 8 // -6)


def _deflated(contents: bytes) -> bytes:
    # The usual 256 KiB of tables are often fresh memory, and to touch it takes up to eight times as
    # long as to deflate a token.
    deflate = zlib.compressobj(6, zlib.DEFLATED, _WINDOW, memLevel=5)
    return deflate.compress(contents) + deflate.flush()


def _allowance(told: Told) -> float:
    """Characters that the token may have: what it must carry counts, not what it may."""
    session, state = told.session, told.session.slates[told.slate_id]
    ids = {session.user_id or ""}
    ids.update([item_id for item_id, _ in session.dismissed[-DISMISSALS_KEPT:]])
    ids.update([seat.item_id for seat in state.seats])
    ids.update([seat.item_id for seat in state.tail if seat])
    ids.update([change.item_id for change in state.changes])
    return min(LONGEST, BASE + PER_ID_BYTE * len("".join(ids).encode()))
