"""Sessions by id: read, change, and compare-and-set; the loser of a race begins again."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from recsvc.errors import Unavailable
from recsvc.ports import Consent, SessionStore, Stored
from recsvc.serving.bounds import packed
from recsvc.serving.session import Session, Spoilt, decode, slack
from recsvc.serving.tokens.keeping import Tokens

log = logging.getLogger(__name__)

RACES = 200
"""Lost races before giving up; each lost race is somebody else's progress, so of fifty who act at
once on one session none comes near it, but by twenty many did."""


@dataclass(frozen=True)
class Remembered:
    """A session as it was read: `version` is None when it begins now.

    What tokens tell is in it; `told` says that the store knows less. Of a `lost` one nothing can be
    written; `unsure` says that something may have been, a moment ago.
    """

    session: Session
    version: int | None
    told: bool = False
    lost: bool = False
    unsure: bool = False

    def doubted(self, after: Session) -> Remembered:
        """As it was before a write of `after`, of which nobody knows whether it was carried out.

        The tokens to give have the numbers that the write would have given them: if it was, they
        come after it, and if it was not, they come after what it should have replaced.
        """
        signed = {name: one._replace(text="") for name, one in after.signed.items()}
        session = self.session._replace(signed=signed)
        return replace(self, session=session, lost=True, unsure=True)


class StoreLost(Unavailable):
    """The session store cannot be reached just now; what tokens tell is all there is.

    `doubted` is the session to go on with, where it was being written.
    """

    def __init__(self, detail: str, doubted: Remembered | None = None) -> None:
        super().__init__(detail)
        self.doubted = doubted


class Quarantine:
    """Counts what was found in the store and not used, since this process began.

    The bytes are not kept: they may be another person's, and an erasure would not find them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[Spoilt] = Counter()

    def add(self, reason: Spoilt) -> None:
        """Count one."""
        with self._lock:
            self._counts[reason] += 1

    @property
    def counts(self) -> Mapping[Spoilt, int]:
        """How many, by reason."""
        with self._lock:
            return dict(self._counts)


@dataclass(frozen=True)
class Memory:
    """Session documents in a store. `ttl_s` is the longest idle time any surface allows.

    `last_word` recalls what was said of a session's consent, where some of it was taken back.
    """

    store: SessionStore
    ttl_s: float
    tokens: Tokens = field(default_factory=Tokens.of_this_process, compare=False)
    last_word: Callable[[str], Consent | None] = lambda _: None
    quarantine: Quarantine = field(default_factory=Quarantine, compare=False)

    def load(self, session_id: str, now: float) -> Remembered:
        """The session, or a new one. What cannot be read is set aside: the session begins anew."""
        stored = self._load(session_id, now)
        fresh = Session(session_id, started=now, seen=now)
        if stored is None:
            return Remembered(fresh, None)
        session = decode(stored.data, session_id)
        if not isinstance(session, Session):
            self.quarantine.add(session)
            log.warning("a stored session is not used (%s); it begins anew", session)
            return Remembered(fresh, stored.version)
        return Remembered(session, stored.version)

    def recall(self, session_id: str, tokens: Collection[str], now: float) -> Remembered:
        """The session, with what these tokens tell; also where the store cannot be reached."""
        try:
            stored = self.load(session_id, now)
        except StoreLost:
            fresh = Session(session_id, started=now, seen=now)
            stored = Remembered(fresh, None, lost=True)
        session, told = stored.session, False
        for text in tokens:
            fresh_still = stored.version is None and not told
            united = self.tokens.taken_in(session, text, now, fresh=fresh_still)
            session, told = united or session, told or united is not None
        if session.consent != stored.session.consent:
            # A token from before a consent was taken back must not give it again.
            session = session.agreed(self.last_word(session_id))
        return replace(stored, session=session, told=told) if told else stored

    def proves(self, session_id: str, text: str, now: float) -> bool:
        """Whether whoever has this token was served this session, and not one that a logout ended.

        While the store is lost nobody can see that it ended.
        """
        shown = self.tokens.shown(session_id, text, now)
        if shown is None:
            return False
        try:
            return shown > self.load(session_id, now).session.barred
        except StoreLost:
            return True

    def signed(
        self, session: Session, surfaces: Mapping[str, str], now: float, *, lost: bool = False
    ) -> Session:
        """With new tokens of these slates, whose surfaces are given; `lost`: none is written."""
        lives_s = self.ttl_s + slack(self.ttl_s)
        return self.tokens.given(session, surfaces, now, lives_s, apart=lost)

    def save(
        self, before: Remembered, after: Session, now: float, *, entry: bytes | None = None
    ) -> bool:
        """Write, with an entry for the ledger, unless somebody else has written since.

        False for the loser, of whose decision nothing is kept.
        """
        try:
            return self.store.swap(
                after.session_id,
                packed(after),
                expected=before.version,
                expires=now + self.ttl_s + slack(self.ttl_s),
                now=now,
                entry=entry,
            )
        except Unavailable as error:
            raise StoreLost(error.detail, before.doubted(after)) from error

    def change(
        self,
        session_id: str,
        now: float,
        change: Callable[[Session], Session],
        tokens: Collection[str] = (),
    ) -> Session:
        """Apply a pure change until it is written; returns the session as written.

        Raises `StoreLost`, and `Unavailable` when the session is contended beyond reason.
        """
        for _ in range(RACES):
            before = self.recall(session_id, tokens, now)
            if before.lost:
                raise StoreLost("The session store cannot be reached just now; try again.")
            after = change(before.session)
            same = after == before.session and not before.told
            if same or self.save(before, after, now):
                return after
        raise Unavailable("This session is changed by too many requests at once; try again.")

    def _load(self, session_id: str, now: float) -> Stored | None:
        try:
            return self.store.load(session_id, now)
        except Unavailable as error:
            raise StoreLost(error.detail) from error
