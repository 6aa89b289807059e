"""Tokens of sessions: given with answers, kept beside the slate, and taken in when they come back.

The text is kept, so that an answer which repeats a slate signs nothing, and a page which sends back
what it was given last costs a comparison.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from recsvc.serving.session import Session, Signed
from recsvc.serving.tokens.signing import Signer
from recsvc.serving.tokens.told import Told
from recsvc.serving.tokens.uniting import unite

_STEP: Final = 1 << 10


@dataclass(frozen=True)
class Tokens:
    """Gives tokens, and takes them in."""

    signer: Signer

    @classmethod
    def of_this_process(cls) -> Tokens:
        """With a key of its own, that nobody else knows."""
        return cls(Signer((secrets.token_bytes(32),)))

    def given(
        self,
        session: Session,
        surfaces: Mapping[str, str],
        now: float,
        lives_s: float,
        *,
        apart: bool,
    ) -> Session:
        """The session with new tokens of these slates.

        A token that is signed `apart` from the store keeps the number of the one before it.
        """
        # Numbers go up, and not by one: two requests that go on from the same session differ.
        turn = session.turn if apart else session.turn + 1 + secrets.randbelow(_STEP)
        signed = {name: one for name, one in session.signed.items() if name in session.slates}
        for slate_id, surface in surfaces.items():
            number = signed[slate_id].number if apart and slate_id in signed else turn
            slate = {slate_id: session.slates[slate_id]}
            about = session._replace(seen=now, slates=slate)
            told = Told(about, slate_id, surface, number, math.ceil(lives_s), apart)
            signed[slate_id] = Signed(surface, number, self.signer.sign(told))
        return session._replace(turn=turn, signed=signed)

    def taken_in(self, session: Session, text: str, now: float, *, fresh: bool) -> Session | None:
        """The session with what a token tells; None where that is nothing new, or not trusted.

        `fresh` is true of a session that the store knows nothing of.
        """
        if any(text == one.text for one in session.signed.values()):
            return None
        told = self.signer.open(text, session.session_id, now)
        if told is None:
            return None
        return unite(session, told, text, fresh=fresh)

    def shown(self, session_id: str, text: str, now: float) -> float | None:
        """When whoever has this token was served this session; None for no token of it."""
        told = self.signer.open(text, session_id, now)
        return None if told is None else told.session.seen
