"""The session document: what is remembered between two requests, and nothing more."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Mapping, Sequence
from hashlib import blake2b
from typing import Final, Literal, NamedTuple

import msgspec

from policies import Ask, SlateState
from recsvc.errors import Conflict, Fault
from recsvc.ports import Consent
from recsvc.preparation.ruling import Edge, Past, Showing
from recsvc.serving.behind import NOTHING, Behind

SCHEMA: Final = 3
SLATES_KEPT: Final = 16
ACTS_KEPT: Final = 128
"""Event ids by which repeats are known that are in no book: acts of people without consent."""
LIFTED_KEPT: Final = 16
"""Dismissals that an undo took back; an older token may still tell of them."""
ROOM: Final = 16_384
"""Bytes of a document; longer ones are compressed."""
UNPACKED_AT_MOST: Final = 1_000_000
DISMISSED_AT_MOST: Final = 500
"""Dismissals in one session."""
WAITING_AT_MOST: Final = 100
"""Acts on one slate that wait to be shown."""


class Signed(NamedTuple):
    """A slate's token as it was given last: None where it would be too long, empty where it is
    still to be signed."""

    surface: str
    number: int
    text: str | None


class Session(NamedTuple):
    """One visitor's session. `heard` numbers what the visitor did that may move suggestions.

    `seen` is when the session was last used, to within `slack`; `dismissed` are (item, slate id)
    pairs, one for each dismissal that holds, `lifted` the latest that an undo took back; `applied`
    the latest event ids; `last_seq` the highest number in the book of events; `pending` what was
    asked of a slate and not shown yet, by slate id; `latest` the slate id last served on a surface.
    `signed` by slate id are tokens, `turn` numbers the latest; `united` are marks of tokens that
    were taken in after an outage, `shown` by slate id the epoch that a page shows of a slate that
    was united since; tokens from before `barred` do not count. `edges` by slate id and `showings`
    by surface are what rules need, kept for surfaces that have some. `behind` by slate id is what
    only some requests ask for.
    """

    session_id: str
    started: float
    seen: float
    schema: int = SCHEMA
    user_id: str | None = None
    consent: Consent = Consent()
    personal: bool = False
    heard: int = 0
    last_seq: int = 0
    slates: Mapping[str, SlateState] = {}
    latest: Mapping[str, str] = {}
    pending: Mapping[str, tuple[Ask, ...]] = {}
    dismissed: tuple[tuple[str, str | None], ...] = ()
    lifted: tuple[tuple[str, str | None], ...] = ()
    applied: tuple[str, ...] = ()
    turn: int = 0
    signed: Mapping[str, Signed] = {}
    united: tuple[str, ...] = ()
    shown: Mapping[str, int] = {}
    barred: float = 0.0
    edges: Mapping[str, Edge] = {}
    showings: Mapping[str, Showing] = {}
    behind: Mapping[str, Behind] = {}

    def bound(self, user_id: str | None) -> Session:
        """With its user; a session never passes from one person to another. Raises `Conflict`."""
        if user_id is None or user_id == self.user_id:
            return self
        if self.user_id is not None:
            raise Conflict(
                "This session belongs to another user; begin a new session for this one.",
                [Fault("session_id", "belongs to another user")],
            )
        return self._replace(user_id=user_id)

    def agreed(self, word: Consent | None) -> Session:
        """With what was last said of consent, if anything was."""
        return self if word is None else self._replace(consent=word)

    def knows(self, event_id: str) -> bool:
        """Whether an act was applied already, as far as is remembered."""
        return event_id in self.applied or mark(event_id) in self.applied

    def dismissed_items(self, *, but_on: str | None = None) -> frozenset[str]:
        """Items that are dismissed, leaving out the dismissals made on one slate."""
        return frozenset(item for item, slate in self.dismissed if slate != but_on or slate is None)

    def shown_items(self) -> frozenset[str]:
        """Items on any of the slates."""
        rows = self.slates.values()
        return frozenset(seat.item_id for state in rows for seat in state.seats)

    def lift(self, slate_id: str, items: Collection[str]) -> Session:
        """Without the dismissals of these items that were made on this slate."""
        if not items:
            return self
        rest = tuple(d for d in self.dismissed if d[1] != slate_id or d[0] not in items)
        gone = tuple(d for d in self.dismissed if d[1] == slate_id and d[0] in items)
        return self._replace(dismissed=rest, lifted=(*self.lifted, *gone)[-LIFTED_KEPT:])

    def dismiss(self, item_id: str, slate_id: str | None) -> Session:
        """With a dismissal that was made on this slate."""
        one = (item_id, slate_id)
        lifted = tuple(each for each in self.lifted if each != one)
        return self._replace(dismissed=(*self.dismissed, one), lifted=lifted)

    def noted(self, surface: str, slate_id: str, past: Past) -> Session:
        """With what rules need at the next answer."""
        session = self
        if past.edge is not None and session.edges.get(slate_id) != past.edge:
            session = session._replace(edges={**session.edges, slate_id: past.edge})
        if past.showing is not None and session.showings.get(surface) != past.showing:
            session = session._replace(showings={**session.showings, surface: past.showing})
        return session

    def served(
        self,
        surface: str,
        slate_id: str,
        state: SlateState,
        behind: Behind = NOTHING,
        together: Sequence[str] = (),
    ) -> Session:
        """With this slate as the latest one of its surface, and of all.

        Beyond SLATES_KEPT the oldest are forgotten, but not one that a surface showed last nor
        one of a page that is shown `together`.
        """
        latest = {**self.latest, surface: slate_id}
        slates = {name: kept for name, kept in self.slates.items() if name != slate_id}
        slates[slate_id] = state
        held = {*latest.values(), *together}
        old = [name for name in slates if name not in held]
        for name in old[: max(0, len(slates) - SLATES_KEPT)]:
            del slates[name]
        pending = {name: asks for name, asks in self.pending.items() if name in slates and asks}
        edges = {name: edge for name, edge in self.edges.items() if name in slates}
        kept = {**self.behind, slate_id: behind}
        kept = {name: one for name, one in kept.items() if name in slates and one != NOTHING}
        shown = {name: epoch for name, epoch in self.shown.items() if name in slates}
        shown.pop(slate_id, None)
        return self._replace(
            slates=slates,
            latest=latest,
            pending=pending,
            edges=edges,
            behind=kept,
            shown=shown,
        )


def mark(event_id: str) -> str:
    """By what a token knows an act again: it has no room for ids of any length."""
    return f"~{blake2b(event_id.encode(), digest_size=4).hexdigest()}"


def slack(ttl_s: float) -> float:
    """How stale `seen` may be: a session that is only read is not written at every answer."""
    return min(60.0, ttl_s / 20)


_DECODER: Final = msgspec.msgpack.Decoder(Session)
_ENCODER: Final = msgspec.msgpack.Encoder()
_SEAL: Final = struct.Struct(">BI")
"""Before the document: its schema, and its CRC-32.

One bit that fell over may leave a document that can be read, with another item in it or an epoch
beyond all others; the checksum finds it.
"""

_COMPRESSED: Final = b"x"
"""How compressed documents begin, and no others: these are arrays."""

Spoilt = Literal["corrupt", "another_schema", "another_session"]
"""Why what was found under a session's key is not used."""


def encode(session: Session) -> bytes:
    """The session as stored."""
    document = _ENCODER.encode(session)
    if len(document) > ROOM - _SEAL.size:
        document = zlib.compress(document, 1)
    return _SEAL.pack(session.schema & 0xFF, zlib.crc32(document)) + document


def decode(data: bytes, session_id: str | None = None) -> Session | Spoilt:
    """The session from the store, or why it is none, or not the one asked for."""
    if len(data) < _SEAL.size:
        return "corrupt"
    schema, checksum = _SEAL.unpack_from(data)
    document = memoryview(data)[_SEAL.size :]
    if zlib.crc32(document) != checksum:
        return "corrupt"
    if schema != SCHEMA:
        return "another_schema"
    try:
        if bytes(document[:1]) == _COMPRESSED:
            document = memoryview(zlib.decompressobj().decompress(document, UNPACKED_AT_MOST))
        session = _DECODER.decode(document)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, zlib.error):
        return "corrupt"
    return session if session_id in (None, session.session_id) else "another_session"
