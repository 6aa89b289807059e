"""Events: checked one by one, made durable, then applied to their sessions; repeats do nothing.

Observations are kept only with consent. Control events always work: without consent they live in
the session alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby

from policies import Ask
from recsvc.config.surfaces import Surfaces
from recsvc.errors import Fault
from recsvc.ports import Event, EventBook, PeopleBook, Receipt
from recsvc.preparation.visitor import Visitor
from recsvc.serving.checking import CONTROL, EventCheck, of_session, slate_of
from recsvc.serving.memory import Memory
from recsvc.serving.session import ACTS_KEPT, Session


@dataclass(frozen=True)
class Rejected:
    """An event that cannot be used, with every fault; `number` is its place in the batch."""

    number: int
    event_id: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Heard:
    """What became of a batch."""

    accepted: int = 0
    duplicate: int = 0
    discarded: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()


@dataclass(frozen=True)
class Hearing:
    """Takes events; `weights` are the observations taken, and what each says of a taste."""

    surfaces: Surfaces
    memory: Memory
    events: EventBook
    people: PeopleBook
    check: EventCheck
    weights: Mapping[str, float]
    clock: Callable[[], float]

    def hear(self, batch: Sequence[tuple[int, Event]]) -> Heard:
        """Take a batch of (place in the batch, event). After `Unavailable` all may be resent."""
        heard = Heard()
        ordered = sorted(batch, key=lambda one: one[1].session_id)
        for session_id, events in groupby(ordered, key=lambda one: one[1].session_id):
            heard = _sum(heard, self._of_session(session_id, list(events)))
        return replace(heard, rejected=tuple(sorted(heard.rejected, key=lambda r: r.number)))

    def _of_session(self, session_id: str, batch: list[tuple[int, Event]]) -> Heard:
        now = self.clock()
        session = self.memory.load(session_id, now).session
        taken: list[Event] = []
        rejected: list[Rejected] = []
        discarded: list[str] = []
        for number, event in batch:
            faults = self.check.of_fields(asdict(event), now)
            faults = faults or of_session(event, session, taken)
            if faults:
                rejected.append(Rejected(number, event.event_id, tuple(faults)))
                continue
            # The first user named is the session's, also for what follows in the same batch.
            session = replace(session, user_id=session.user_id or event.user_id)
            event = replace(event, user_id=session.user_id)
            if event.type in CONTROL or self._consented(event, session):
                taken.append(event)
            else:
                discarded.append(event.event_id)
        accepted = self._apply(session_id, session, taken, now) if taken else 0
        return Heard(accepted, len(taken) - accepted, tuple(discarded), tuple(rejected))

    def _apply(self, session_id: str, session: Session, taken: Sequence[Event], now: float) -> int:
        """Durable first, then the session; how many events were new."""
        durable = [self._signed(e, session) for e in taken if self._consented(e, session)]
        receipts = (
            dict(zip((e.event_id for e in durable), self.events.append(durable), strict=True))
            if durable
            else {}
        )
        fresh: list[Event] = []

        def change(session: Session) -> Session:
            fresh.clear()
            for event in taken:
                receipt = receipts.get(event.event_id)
                if _is_new(event, receipt, session):
                    fresh.append(event)
                    session = self._applied(session, event, receipt)
            return session if not fresh else replace(session, seen=max(session.seen, now))

        self.memory.change(session_id, now, change)
        for event in fresh:
            self._outlive(event, session, now)
        return len(fresh)

    def _applied(self, session: Session, event: Event, receipt: Receipt | None) -> Session:
        """The session after one event."""
        session = replace(
            session,
            user_id=session.user_id or event.user_id,
            applied=(*session.applied, event.event_id)[-ACTS_KEPT:],
            last_seq=max(session.last_seq, receipt.seq if receipt else 0),
        )
        item = event.item_id or ""
        if event.type in CONTROL:
            slate_id = slate_of(event, session)
            if event.type == "dismiss":
                session = replace(session, dismissed=(*session.dismissed, (item, slate_id)))
            if slate_id is None or slate_id not in session.slates:
                return session
            asks = (*session.pending.get(slate_id, ()), Ask(event.type, event.item_id))  # type: ignore[arg-type]
            return replace(session, pending={**session.pending, slate_id: asks})
        if self.weights[event.type] > 0 and self._visitor(event, session).personal:
            session = replace(session, heard=session.heard + 1)
        return session

    def _outlive(self, event: Event, session: Session, now: float) -> None:
        """A consented user's dismissal holds beyond the session."""
        user = self._visitor(event, session).known_user
        if event.type == "dismiss" and user is not None and event.item_id is not None:
            days = self.surfaces[event.surface].knobs.dismiss_days
            self.people.dismiss(user, event.item_id, now + days * 86_400.0)

    def _signed(self, event: Event, session: Session) -> Event:
        """The event as the book keeps it: it names a user only if that user said yes."""
        said = self._visitor(event, session).of_user is not None
        return event if said else replace(event, user_id=None)

    def _visitor(self, event: Event, session: Session) -> Visitor:
        user = session.user_id or event.user_id
        of_user = self.people.consent(user) if user is not None else None
        return Visitor(session.session_id, user, of_user, session.consent)

    def _consented(self, event: Event, session: Session) -> bool:
        consent = self._visitor(event, session).consent
        return consent.personalisation or consent.analytics


def _is_new(event: Event, receipt: Receipt | None, session: Session) -> bool:
    """Whether an event must still be applied, also one that got into the book but no further."""
    if event.event_id in session.applied:
        return False
    return receipt is None or receipt.new or receipt.seq > session.last_seq


def _sum(one: Heard, other: Heard) -> Heard:
    return Heard(
        one.accepted + other.accepted,
        one.duplicate + other.duplicate,
        one.discarded + other.discarded,
        one.rejected + other.rejected,
    )
