"""The session document: what is remembered between two requests, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import msgspec

from policies import Ask, SlateState
from recsvc.ports import Consent

SCHEMA: Final = 1
SLATES_KEPT: Final = 16
ACTS_KEPT: Final = 128


@dataclass(frozen=True)
class Session:
    """One visitor's session. `heard` numbers what the visitor did that may move suggestions.

    `seen` is when the session was last used, to within `slack`; `done` are the latest
    (event type, item) observations; `applied` the latest event ids; `last_seq` the highest number
    in the book of events; `pending` what was asked of a slate and not shown yet, by slate id;
    `latest` the slate id last served on a surface.
    """

    session_id: str
    started: float
    seen: float
    schema: int = SCHEMA
    user_id: str | None = None
    consent: Consent = field(default_factory=Consent)
    personal: bool = False
    heard: int = 0
    last_seq: int = 0
    slates: Mapping[str, SlateState] = field(default_factory=dict)
    latest: Mapping[str, str] = field(default_factory=dict)
    pending: Mapping[str, tuple[Ask, ...]] = field(default_factory=dict)
    dismissed: tuple[str, ...] = ()
    done: tuple[tuple[str, str], ...] = ()
    applied: tuple[str, ...] = ()

    def consumed(self, by: tuple[str, ...]) -> frozenset[str]:
        """Items on which the visitor did one of these things, as the session remembers them."""
        return frozenset(item for kind, item in self.done if kind in by)

    def served(self, surface: str, slate_id: str, state: SlateState) -> Session:
        """With this slate as the latest one; the least recently changed ones are forgotten."""
        slates = {name: kept for name, kept in self.slates.items() if name != slate_id}
        slates[slate_id] = state
        kept = dict(list(slates.items())[-SLATES_KEPT:])
        return replace(
            self,
            slates=kept,
            latest={**self.latest, surface: slate_id},
            pending={name: asks for name, asks in self.pending.items() if name in kept and asks},
        )


def slack(ttl_s: float) -> float:
    """How stale `seen` may be: a session that is only read is not written at every answer."""
    return min(60.0, ttl_s / 20)


_DECODER: Final = msgspec.msgpack.Decoder(Session)
_ENCODER: Final = msgspec.msgpack.Encoder()


def encode(session: Session) -> bytes:
    """The session as stored."""
    return _ENCODER.encode(session)


def decode(data: bytes) -> Session | None:
    """The session from the store; None when the bytes are of another schema, or no session."""
    try:
        session = _DECODER.decode(data)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None
    return session if session.schema == SCHEMA else None
