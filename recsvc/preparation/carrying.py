"""The last slate of a known user, kept from one session to the next (`carry_over`).

Kept are items with why they are there, and what the last step knew; no pins, for these belong to
the session, and no scores, for those of two models are never compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from policies import Carried, SlateState
from recsvc.preparation.naming import slate_name

SCHEMA: Final = 1


@dataclass(frozen=True)
class Carry:
    """What is to be written down after an answer: whose slate it is, its name, the slate."""

    user_id: str
    name: str
    data: bytes


def users_slate(
    surface: str, subject: str | None, context: Mapping[str, str], slate_key: tuple[str, ...]
) -> str:
    """The name of a slate over all sessions of a user."""
    return slate_name("", surface, subject, context, slate_key)


def carry_of(user_id: str, name: str, before: SlateState | None, after: SlateState) -> Carry | None:
    """What to write down; None where the next session would begin with the same as before."""
    now = _kept(after)
    if not now.seats or (before is not None and _kept(before) == now):
        return None
    return Carry(user_id, name, _ENCODER.encode((SCHEMA, now)))


def recalled(data: bytes | None) -> Carried | None:
    """What was written down; None when it is nothing, or of another schema."""
    if data is None:
        return None
    try:
        schema, carried = _DECODER.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return carried if schema == SCHEMA else None


def _kept(state: SlateState) -> Carried:
    seats = tuple(s._replace(score=None, standing="kept", pinned=False) for s in state.seats)
    return Carried(seats, state.rung, state.model, state.seen.policy_version, state.seen.at)


_DECODER: Final = msgspec.msgpack.Decoder(tuple[int, Carried])
_ENCODER: Final = msgspec.msgpack.Encoder()
