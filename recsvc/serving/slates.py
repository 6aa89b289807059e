"""The one use case: slates are asked for, decided, remembered and answered.

1. knobs from memory, the session from the store, or from the page's token where that is lost
2. a turn for each slate: inputs and decision          recsvc.preparation.turn
3. one compare-and-set for all, before the answer leaves; the loser of a race looks again
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from policies import Decision, SlateState
from policies.explain import mentioned
from recsvc.config.surfaces import Published, Surfaces
from recsvc.errors import Unavailable
from recsvc.ports import Catalogue, Item, PeopleBook
from recsvc.preparation.asking import Slate, Wish
from recsvc.preparation.carrying import Carry
from recsvc.preparation.descriptions import describe
from recsvc.preparation.ledger import encode_all, entry_of
from recsvc.preparation.naming import slate_name
from recsvc.preparation.ruling import Past
from recsvc.preparation.turn import Known, Preparation, Turn
from recsvc.preparation.visitor import Visitor
from recsvc.serving.answers import Answer, SlateRequest
from recsvc.serving.apart import each_once, elsewhere
from recsvc.serving.behind import NOTHING, Behind
from recsvc.serving.history import changes_since
from recsvc.serving.memory import RACES, Memory, Remembered, StoreLost
from recsvc.serving.session import Session, slack
from recsvc.serving.tokens.uniting import follow, part

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Slates:
    """Serves slates. `clock` tells epoch seconds, `new_id` makes ids that nobody can guess."""

    surfaces: Surfaces
    memory: Memory
    preparation: Preparation
    people: PeopleBook
    catalogue: Catalogue
    titles: Mapping[str, Item]
    clock: Callable[[], float]
    new_id: Callable[[], str]

    def answer(self, request: SlateRequest) -> Answer:
        """The slate to show now. Raises `UnknownSurface`, `Conflict`, `Unavailable`."""
        return self.answers((request,))[0]

    def answers(
        self, requests: Sequence[SlateRequest], *, deduplicate: bool = False
    ) -> tuple[Answer, ...]:
        """Slates of one session, the first request's, from one reading of it and with one write.

        If they are to be deduplicated, what one shows counts as excluded for those after it.
        """
        session_id = requests[0].session_id or self.new_id()
        tokens = list(dict.fromkeys(token for one in requests for token in one.tokens))
        places = [self._place(session_id, request) for request in requests]
        each_once([place.slate_id for place in places])
        lost: Remembered | None = None
        for _ in range(RACES):
            now = self.clock()
            before = lost or self.memory.recall(session_id, tokens, now)
            served = self._turns(before, places, now, deduplicate=deduplicate)
            try:
                if self._remember(before, served, now):
                    return tuple(
                        self._answer(session_id, one, served[-1].session) for one in served
                    )
            except StoreLost as error:
                lost = error.doubted
        raise Unavailable("This session is asked for by too many requests at once; try again.")

    def _turns(
        self, before: Remembered, places: Sequence[_Place], now: float, *, deduplicate: bool
    ) -> list[_Served]:
        """One try at all slates, one after the other; the last one has the session to keep."""
        names = [place.slate_id for place in places]
        session, known = self._known(before.session, places[0].request.user_id, now)
        moment = _Moment(known, now - before.session.seen, before.lost, names)
        served: list[_Served] = []
        for place in places:
            decided = [one.turn.decision for one in served]
            away = elsewhere(names, session, decided) if deduplicate else ()
            served.append(self._turn(session, place, moment, away))
            session = served[-1].session
        # A held slate keeps its token, unless the store has just learnt from it, or may have what
        # this answer has not.
        learnt = before.unsure or (before.told and not before.lost)
        due = [one for one in served if one.written or learnt or one.unsigned(session)]
        if due:
            new = {one.place.slate_id: one.place.request.surface for one in due}
            session = self.memory.signed(session, new, now, lost=before.lost)
            served[-1] = served[-1]._replace(session=session)
        return served

    def _place(self, session_id: str, request: SlateRequest) -> _Place:
        published = self.surfaces[request.surface]
        key = published.knobs.slate_key
        name = slate_name(session_id, request.surface, request.subject, request.context, key)
        return _Place(request, published, name)

    def _answer(self, session_id: str, served: _Served, session: Session) -> Answer:
        request, turn = served.place.request, served.turn
        told = served.told(request.since)
        signed = session.signed.get(served.place.slate_id)
        shown = [seat.item_id for seat in told.seats]
        if request.explain:
            shown += [*mentioned(turn.decision.state), *mentioned(told)]
        return Answer(
            request,
            session_id,
            served.place.slate_id,
            turn.decision,
            told,
            turn.trouble,
            describe(shown, self.titles, self.catalogue),
            before=turn.before.epoch if turn.before else None,
            token=signed.text if signed else None,
            tails=served.behind.tails,
        )

    def _known(self, session: Session, user_id: str | None, now: float) -> tuple[Session, Known]:
        """The session with its user, and what is known of them."""
        session = session.bound(user_id)
        visitor = self.visitor(session)
        if visitor.personal != session.personal:
            # Agreeing, and taking it back, are acts of the visitor like any other.
            session = session._replace(personal=visitor.personal, heard=session.heard + 1)
        return session, self.preparation.known(visitor, now)

    def _turn(
        self, session: Session, place: _Place, moment: _Moment, away: tuple[str, ...]
    ) -> _Served:
        """One try at the decision on one slate; what is `away` is shown elsewhere."""
        (request, published, slate_id), (known, idle, lost, names) = place, moment
        knobs = published.knobs
        state, behind = session.slates.get(slate_id), session.behind.get(slate_id, NOTHING)
        showing, begun = session.showings.get(request.surface), session.started
        if idle > knobs.session_ttl_s + slack(knobs.session_ttl_s):
            state, showing, begun = None, None, known.now
        slate = Slate(
            state=state,
            heard=session.heard,
            version=published.version,
            asks=session.pending.get(slate_id, ()),
            dismissed=session.dismissed_items(),
            firm=session.dismissed_items(but_on=slate_id),
            surface=request.surface,
            begun=begun,
            past=Past(session.edges.get(slate_id), showing),
            picks=published.picks,
            lost=lost,
            filters=published.filters,
        )
        exclude = (*request.exclude, *away)
        wish = Wish(request.k, request.subject, exclude, request.context, request.offered)
        turn = self.preparation.turn(known, slate, wish, knobs)
        shown = session.shown.get(slate_id)
        if state is not None and shown is not None:
            turn = replace(turn, decision=follow(turn.decision, state.epoch, shown))
        if lost:
            turn = replace(turn, decision=part(turn.decision, turn.before, known.now))
        candidates = turn.offer.candidates if turn.offer else None
        behind = behind.onward(turn.before, turn.decision.state, candidates)
        noted = session.noted(request.surface, slate_id, turn.past)
        stale = idle > slack(knobs.session_ttl_s)
        other = session.latest.get(request.surface) != slate_id
        written = turn.decision.moved_on or stale or other or noted != session
        session = _after(noted, place, turn.decision, behind, names) if written else session
        return _Served(place, session, turn, behind, written)

    def _remember(self, before: Remembered, served: Sequence[_Served], now: float) -> bool:
        """Write what must be kept; a held answer usually needs no write at all."""
        session = served[-1].session
        if before.lost:
            for one in served:
                self._lift(one, session)
            return True
        if session == before.session and not before.told:
            return True
        entries = [
            entry_of(
                one.turn,
                session_id=session.session_id,
                surface=one.place.request.surface,
                slate_id=one.place.slate_id,
            )
            for one in served
        ]
        line = encode_all([entry for entry in entries if entry is not None])
        if not self.memory.save(before, session._replace(seen=now), now, entry=line):
            return False
        for one in served:
            self._outlive(one, session, now)
        return True

    def _outlive(self, served: _Served, session: Session, now: float) -> None:
        """What is told of people, and not of their sessions alone."""
        self._lift(served, session)
        if served.turn.carry is not None:
            self._carry(served.turn.carry, now)

    def _lift(self, served: _Served, session: Session) -> None:
        """An undo takes a user's dismissal back for all sessions."""
        there = session.dismissed_items()
        lifted = [item for item in served.turn.decision.lifted if item not in there]
        if lifted and session.user_id is not None:
            self.people.undismiss(session.user_id, lifted)

    def _carry(self, carry: Carry, now: float) -> None:
        """Keep a slate for the next visit, which begins afresh if it cannot be kept."""
        try:
            self.people.carry(carry.user_id, carry.name, carry.data, now)
        except Unavailable as error:
            log.warning("a slate is not carried over to the next visit: %s", error.detail)

    def visitor(self, session: Session) -> Visitor:
        """Whose session it is, with all that they agreed to."""
        user = session.user_id
        of_user = self.people.consent(user) if user is not None else None
        return Visitor(session.session_id, user, of_user, session.consent)


class _Place(NamedTuple):
    """A slate that is asked for, and the knobs in force on its surface."""

    request: SlateRequest
    published: Published
    slate_id: str


class _Moment(NamedTuple):
    """What is known, for how many seconds the session was idle, whether its store is lost, and
    the slates that are asked for together."""

    known: Known
    idle: float
    lost: bool
    names: Sequence[str]


class _Served(NamedTuple):
    """One try at one slate: the session after it, the turn taken, what lies behind the slate.

    `written` says that the slate must be kept.
    """

    place: _Place
    session: Session
    turn: Turn
    behind: Behind
    written: bool

    def unsigned(self, session: Session) -> bool:
        """Whether the slate's token is still to be signed."""
        signed = session.signed.get(self.place.slate_id)
        return signed is None or signed.text == ""

    def told(self, since: int | None) -> SlateState:
        """The state to show, its changes relative to an epoch, or to the last one if that is too
        long ago."""
        state = self.turn.decision.state
        changes = None if since is None else changes_since(since, self.behind.links, state)
        return state if changes is None else state._replace(changes_from=since, changes=changes)


def _after(
    session: Session, place: _Place, decision: Decision, behind: Behind, names: Sequence[str]
) -> Session:
    """The session with this slate as it is served now."""
    slate_id = place.slate_id
    waiting = list(session.pending.get(slate_id, ()))
    for ask in decision.answered_asks:
        waiting.remove(ask)
    session = session._replace(pending={**session.pending, slate_id: tuple(waiting)})
    # Where nothing moved on, the state stays as it is: only the session was used.
    before = session.slates.get(slate_id)
    state = decision.state if decision.moved_on or before is None else before
    session = session.lift(slate_id, decision.lifted)
    return session.served(place.request.surface, slate_id, state, behind, names)
