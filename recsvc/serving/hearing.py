"""Events: checked one by one, made durable, then applied to their sessions; repeats do nothing.

Observations are kept only with consent. Control events always work: without consent they live in
the session alone, and in the token that comes back. While the session store is lost they act on the
session that the page's token tells of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from typing import Protocol

from policies import Ask
from recsvc.config.surfaces import Surfaces
from recsvc.errors import Fault
from recsvc.ports import Event, LastingEvents, PeopleBook, Receipt
from recsvc.preparation.visitor import Visitor
from recsvc.serving.checking import CONTROL, EventCheck, of_session, slate_of
from recsvc.serving.memory import Memory, Remembered, StoreLost
from recsvc.serving.session import ACTS_KEPT, Session, mark


class Change(Protocol):
    """A pure change of a session; `lost`: of one that is not written, but told by its tokens."""

    def __call__(self, session: Session, *, lost: bool = False) -> Session: ...


@dataclass(frozen=True)
class Rejected:
    """An event that cannot be used, with every fault; `number` is its place in the batch."""

    number: int
    event_id: str
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Heard:
    """What became of a batch; `tokens` by slate id are those of slates that it was about."""

    accepted: int = 0
    duplicate: int = 0
    discarded: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    tokens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hearing:
    """Takes events; `weights` are the observations taken, and what each says of a taste.

    `retired` makes names that nobody can ask for.
    """

    surfaces: Surfaces
    memory: Memory
    events: LastingEvents
    people: PeopleBook
    check: EventCheck
    weights: Mapping[str, float]
    retired: Callable[[], str]
    clock: Callable[[], float]

    def hear(self, batch: Sequence[tuple[int, Event]], tokens: Collection[str] = ()) -> Heard:
        """Take a batch of (place in the batch, event), with the `tokens` that the page has.

        After `Unavailable` all may be resent.
        """
        heard = Heard()
        ordered = sorted(batch, key=lambda one: one[1].session_id)
        for session_id, events in groupby(ordered, key=lambda one: one[1].session_id):
            heard = _sum(heard, self._of_session(session_id, list(events), tokens))
        return replace(heard, rejected=tuple(sorted(heard.rejected, key=lambda r: r.number)))

    def _of_session(
        self, session_id: str, batch: list[tuple[int, Event]], tokens: Collection[str]
    ) -> Heard:
        now = self.clock()
        before = self.memory.recall(session_id, tokens, now)
        session = before.session
        self._wait_for_store(before, [event for _, event in batch])
        taken: list[Event] = []
        rejected: list[Rejected] = []
        discarded: list[str] = []
        for number, event in batch:
            faults = self.check.of_fields(asdict(event), now, session.shown_items())
            faults = faults or of_session(event, session, taken)
            if faults:
                rejected.append(Rejected(number, event.event_id, tuple(faults)))
                continue
            # The first user named is the session's, also for what follows in the same batch.
            session = session._replace(user_id=session.user_id or event.user_id)
            event = replace(event, user_id=session.user_id)
            if event.type in CONTROL or self._consented(event, session):
                taken.append(event)
            else:
                discarded.append(event.event_id)
        heard = Heard(discarded=tuple(discarded), rejected=tuple(rejected))
        return self._apply(heard, replace(before, session=session), taken, tokens, now)

    def _wait_for_store(self, before: Remembered, events: Sequence[Event]) -> None:
        """Without store and token only what users who agreed do can be taken: the book keeps it.

        Raises `StoreLost` for all else.
        """
        if not before.lost or before.told:
            return
        for event in events:
            if event.type in CONTROL or not self._consented(event, before.session):
                raise StoreLost(
                    "The session store cannot be reached just now. Send the token of the slate, "
                    "and the event counts; or send it again later."
                )

    def _apply(
        self,
        heard: Heard,
        before: Remembered,
        taken: Sequence[Event],
        tokens: Collection[str],
        now: float,
    ) -> Heard:
        """Durable first, then the session."""
        if not taken:
            return heard
        session = before.session
        durable = [self._signed(e, session) for e in taken if self._consented(e, session)]
        receipts = (
            dict(zip((e.event_id for e in durable), self.events.append(durable), strict=True))
            if durable
            else {}
        )
        fresh: list[Event] = []

        ended = False

        def change(session: Session, *, lost: bool = False) -> Session:
            nonlocal ended
            fresh.clear()
            ended = session.barred > before.session.barred
            if ended:
                return session
            for event in taken:
                receipt = receipts.get(event.event_id)
                if _is_new(event, receipt, session):
                    fresh.append(event)
                    session = self._applied(session, event, receipt, lost=lost)
            if not fresh:
                return session
            session = session._replace(seen=max(session.seen, now))
            return self.memory.signed(session, _touched(session, fresh), now, lost=lost)

        after = self._changed(change, before, tokens, now)
        if ended:
            # A logout came in between: the next one who uses this name did none of it.
            self.events.retire(after.session_id, self.retired())
            ids = [event.event_id for event in taken]
            return replace(heard, discarded=(*heard.discarded, *ids))
        for event in fresh:
            self._outlive(event, session, now)
        known = {name: after.signed.get(name) for name in _touched(after, taken)}
        given = {name: one.text for name, one in known.items() if one and one.text}
        return replace(heard, accepted=len(fresh), duplicate=len(taken) - len(fresh), tokens=given)

    def _changed(
        self, change: Change, before: Remembered, tokens: Collection[str], now: float
    ) -> Session:
        """The session after a change, written unless the store is lost and a token stands in."""
        if before.lost:
            return change(before.session, lost=True)
        session_id = before.session.session_id
        try:
            return self.memory.change(session_id, now, change, tokens)
        except StoreLost as error:
            if not any(self.memory.proves(session_id, text, now) for text in tokens):
                raise
            return change((error.doubted or before).session, lost=True)

    def _applied(
        self, session: Session, event: Event, receipt: Receipt | None, *, lost: bool
    ) -> Session:
        """The session after one event; a token has room for a mark of it, and not for its id."""
        name = mark(event.event_id) if lost else event.event_id
        session = session._replace(
            user_id=session.user_id or event.user_id,
            applied=(*session.applied, name)[-ACTS_KEPT:],
            last_seq=max(session.last_seq, receipt.seq if receipt else 0),
        )
        item = event.item_id or ""
        if event.type in CONTROL:
            slate_id = slate_of(event, session)
            if event.type == "dismiss":
                session = session.dismiss(item, slate_id)
            if slate_id is None or slate_id not in session.slates:
                return session
            asks = (*session.pending.get(slate_id, ()), Ask(event.type, event.item_id))  # type: ignore[arg-type]
            return session._replace(pending={**session.pending, slate_id: asks})
        if self.weights[event.type] > 0 and self._visitor(event, session).personal:
            session = session._replace(heard=session.heard + 1)
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
    if session.knows(event.event_id):
        return False
    return receipt is None or receipt.new or receipt.seq > session.last_seq


def _touched(session: Session, events: Sequence[Event]) -> dict[str, str]:
    """The slates of the session, with their surfaces, whose tokens these events make old."""
    touched: dict[str, str] = {}
    for event in events:
        if event.type == "dismiss":
            touched |= {name: one.surface for name, one in session.signed.items()}
        slate_id = slate_of(event, session)
        if slate_id is not None and slate_id not in touched:
            known = session.signed.get(slate_id)
            touched[slate_id] = known.surface if known else event.surface
    return {name: surface for name, surface in touched.items() if name in session.slates}


def _sum(one: Heard, other: Heard) -> Heard:
    return Heard(
        one.accepted + other.accepted,
        one.duplicate + other.duplicate,
        one.discarded + other.discarded,
        one.rejected + other.rejected,
        {**one.tokens, **other.tokens},
    )
