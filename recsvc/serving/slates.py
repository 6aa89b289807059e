"""The one use case: slates are asked for, decided, remembered and answered.

1. knobs from memory, the session from the store
2. a turn for each slate: inputs and decision          recsvc.preparation.turn
3. one compare-and-set for all, before the answer leaves; the loser of a race looks again
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from policies import Ask, Decision, SlateState
from policies.explain import mentioned
from recsvc.config.surfaces import Published, Surfaces
from recsvc.errors import Unavailable
from recsvc.ports import Catalogue, Item, PeopleBook
from recsvc.preparation.carrying import Carry
from recsvc.preparation.descriptions import describe
from recsvc.preparation.ledger import encode, entry_of
from recsvc.preparation.naming import slate_name
from recsvc.preparation.ruling import Past
from recsvc.preparation.turn import Preparation, Slate, Turn, Wish
from recsvc.preparation.visitor import Visitor
from recsvc.serving.history import Links, changes_since, onward
from recsvc.serving.memory import RACES, Memory, Remembered
from recsvc.serving.session import Session, slack

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SlateRequest:
    """One slate asked for; `session_id` None begins a session of its own.

    `explain` asks for the titles of what an explanation names; `since` is an epoch to which the
    changes told are to be relative.
    """

    surface: str
    session_id: str | None = None
    user_id: str | None = None
    k: int | None = None
    subject: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    explain: bool = False
    since: int | None = None


@dataclass(frozen=True)
class Answer:
    """The slate as decided, and what the door needs to show it.

    `told` is its state with the changes to tell; `before` is the epoch that was there when it was
    asked for, None where the slate begins.
    """

    request: SlateRequest
    session_id: str
    slate_id: str
    decision: Decision
    told: SlateState
    degraded_reason: str | None
    described: Mapping[str, Item]
    before: int | None

    def title(self, item_id: str) -> str:
        """What an item is called; its id where nobody said."""
        return self.described[item_id].title or item_id


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
        published = self.surfaces[request.surface]
        session_id = request.session_id or self.new_id()
        slate_id = slate_name(
            session_id,
            request.surface,
            request.subject,
            request.context,
            published.knobs.slate_key,
        )
        for _ in range(RACES):
            now = self.clock()
            before = self.memory.load(session_id, now)
            served = self._turn(before.session, request, published, slate_id, now)
            if self._remember(before, served, request, now):
                return self._answer(request, session_id, served)
        raise Unavailable("This session is asked for by too many requests at once; try again.")

    def _answer(self, request: SlateRequest, session_id: str, served: _Served) -> Answer:
        decision, before = served.turn.decision, served.turn.before
        told = served.told(request.since)
        shown = [seat.item_id for seat in told.seats]
        if request.explain:
            shown += [*mentioned(decision.state), *mentioned(told)]
        return Answer(
            request,
            session_id,
            served.slate_id,
            decision,
            told,
            served.turn.trouble,
            describe(shown, self.titles, self.catalogue),
            before=before.epoch if before else None,
        )

    def _turn(
        self,
        session: Session,
        request: SlateRequest,
        published: Published,
        slate_id: str,
        now: float,
    ) -> _Served:
        """One try at the decision, from one reading of the session."""
        knobs = published.knobs
        session = session.bound(request.user_id)
        visitor = self._visitor(session)
        if visitor.personal != session.personal:
            # Agreeing, and taking it back, are acts of the visitor like any other.
            session = replace(session, personal=visitor.personal, heard=session.heard + 1)
        state = session.slates.get(slate_id)
        showing, begun = session.showings.get(request.surface), session.started
        if now - session.seen > knobs.session_ttl_s + slack(knobs.session_ttl_s):
            state, showing, begun = None, None, now
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
        )
        wish = Wish(request.k, request.subject, request.exclude, request.context)
        turn = self.preparation.turn(self.preparation.known(visitor, now), slate, wish, knobs)
        links = onward(session.links.get(slate_id, ()), turn.before, turn.decision.state)
        return _Served(session.noted(request.surface, slate_id, turn.past), slate_id, turn, links)

    def _remember(
        self, before: Remembered, served: _Served, request: SlateRequest, now: float
    ) -> bool:
        """Write what must be kept; a held answer usually needs no write at all."""
        decision, session, slate_id = served.turn.decision, served.session, served.slate_id
        idle = now - session.seen
        stale = idle > slack(self.surfaces[request.surface].knobs.session_ttl_s)
        elsewhere = session.latest.get(request.surface) != slate_id
        if not (decision.moved_on or stale or elsewhere or session != before.session):
            return True
        asks = session.pending.get(slate_id, ())
        after = replace(
            session,
            seen=now,
            pending={**session.pending, slate_id: _unanswered(asks, decision)},
        )
        # Where nothing moved on, the state stays as it is: only the session was used.
        before_it = session.slates.get(slate_id)
        state = decision.state if decision.moved_on or before_it is None else before_it
        after = after.lift(slate_id, decision.lifted).served(
            request.surface, slate_id, state, served.links
        )
        entry = entry_of(
            served.turn,
            session_id=session.session_id,
            surface=request.surface,
            slate_id=slate_id,
        )
        line = None if entry is None else encode(entry)
        if not self.memory.save(before, after, now, entry=line):
            return False
        lifted = [item for item in decision.lifted if item not in after.dismissed_items()]
        if lifted and session.user_id is not None:
            self.people.undismiss(session.user_id, lifted)
        if served.turn.carry is not None:
            self._carry(served.turn.carry, now)
        return True

    def _carry(self, carry: Carry, now: float) -> None:
        """Keep a slate for the next visit, which begins afresh if it cannot be kept."""
        try:
            self.people.carry(carry.user_id, carry.name, carry.data, now)
        except Unavailable as error:
            log.warning("a slate is not carried over to the next visit: %s", error.detail)

    def _visitor(self, session: Session) -> Visitor:
        user = session.user_id
        of_user = self.people.consent(user) if user is not None else None
        return Visitor(session.session_id, user, of_user, session.consent)


@dataclass(frozen=True)
class _Served:
    """One try: the session to keep (without the slate), and the turn taken.

    `links` lead back from the slate's epoch to those before.
    """

    session: Session
    slate_id: str
    turn: Turn
    links: Links

    def told(self, since: int | None) -> SlateState:
        """The state to show, its changes relative to an epoch, or to the last one if that is too
        long ago."""
        state = self.turn.decision.state
        changes = None if since is None else changes_since(since, self.links, state)
        return state if changes is None else state._replace(changes_from=since, changes=changes)


def _unanswered(asks: tuple[Ask, ...], decision: Decision) -> tuple[Ask, ...]:
    """What was asked and is not shown yet, in its order."""
    rest = list(asks)
    for ask in decision.answered_asks:
        rest.remove(ask)
    return tuple(rest)
