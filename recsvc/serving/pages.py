"""The ranking behind an epoch, page by page: stored with the epoch, read without changing anything.

A cursor names the slate, the epoch and how far a client has come. It is looked up in the session
that asks and in no other, so that it opens nothing whoever made it.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Collection
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from policies import Candidates, SlateState
from recsvc.errors import BadInput, Fault

BEHIND_AT_MOST: Final = 200
"""Items of a ranking that are kept behind a slate."""
TAILS_KEPT: Final = 3
"""Epochs of a slate whose ranking is kept: a dismissal while somebody scrolls ends nothing."""
_MARK: Final = 6
"""Bytes by which a cursor that was cut or mixed up is told from one that is too old."""


class Tail(NamedTuple):
    """What came behind the slate in the ranking of an epoch, best first.

    `seats` were before it. `items` are packed: only a request for a page reads them.
    """

    epoch: int
    seats: int
    reason: str
    items: bytes


Tails = tuple[Tail, ...]
"""Those of the latest epochs of a slate, oldest first."""


class Cursor(NamedTuple):
    """Where the next page begins: so many items of the tail are behind it, at such a position."""

    slate_id: str
    epoch: int
    offset: int
    position: int


def onward(
    tails: Tails, before: SlateState | None, after: SlateState, candidates: Candidates | None
) -> Tails:
    """The tails to keep beside `after`, which follows `before`: that of a new epoch is added.

    An epoch keeps the ranking that it began with.
    """
    if before is not None and before.epoch == after.epoch:
        return tails
    kept = tails if before is not None else ()
    shown = {seat.item_id for seat in after.seats}
    if candidates is None or candidates.names <= shown:
        return kept
    ids = candidates.item_ids
    order = (-candidates.scores).argsort(kind="stable").tolist()
    behind = [ids[n] for n in order if ids[n] not in shown][:BEHIND_AT_MOST]
    tail = Tail(after.epoch, len(after.seats), candidates.reason, msgspec.msgpack.encode(behind))
    return (*kept, tail)[-TAILS_KEPT:]


def first(session_id: str, surface: str, slate_id: str, tails: Tails, epoch: int) -> str | None:
    """The cursor of the page that follows the slate; None where nothing follows."""
    for tail in tails:
        if tail.epoch == epoch:
            return write(session_id, surface, Cursor(slate_id, epoch, 0, tail.seats))
    return None


def following(
    tail: Tail, cursor: Cursor, most: int, away: Collection[str]
) -> tuple[tuple[str, ...], Cursor | None]:
    """At most so many items of a tail, but those that are `away`; and where the next page begins,
    if there is one."""
    items = _ITEMS.decode(tail.items)
    able = [n for n in range(cursor.offset, len(items)) if items[n] not in away]
    page, rest = able[:most], able[most:]
    found = tuple(items[n] for n in page)
    onwards = cursor._replace(offset=rest[0], position=cursor.position + most) if rest else None
    return found, onwards


def write(session_id: str, surface: str, cursor: Cursor) -> str:
    """A cursor as clients have it."""
    inside = msgspec.msgpack.encode(cursor)
    return urlsafe_b64encode(_mark(session_id, surface, inside) + inside).rstrip(b"=").decode()


def read(session_id: str, surface: str, text: str) -> Cursor:
    """The cursor that a client sends. Raises `BadInput` for one of another session or surface."""
    try:
        packed = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        mark, inside = packed[:_MARK], packed[_MARK:]
        if mark == _mark(session_id, surface, inside):
            cursor = _CURSOR.decode(inside)
            if 0 <= cursor.offset <= BEHIND_AT_MOST and 0 <= cursor.position < 1_000:
                return cursor
    except (binascii.Error, UnicodeEncodeError, ValueError, msgspec.DecodeError):
        pass
    message = "is not a cursor of this session and surface; use `next` of an answer as it is"
    raise BadInput("The cursor cannot be used.", [Fault("cursor", message)])


def _mark(session_id: str, surface: str, inside: bytes) -> bytes:
    whose = msgspec.msgpack.encode((session_id, surface))
    return blake2b(inside, key=blake2b(whose).digest(), digest_size=_MARK).digest()


_ITEMS: Final = msgspec.msgpack.Decoder(list[str])
_CURSOR: Final = msgspec.msgpack.Decoder(Cursor)
