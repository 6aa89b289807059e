"""The one use case: a slate is asked for, decided, remembered and answered.

1. knobs from memory, the session from the store
2. may it be answered as it stands?     policies.held: the recommender is not even asked
3. otherwise candidates                 recsvc.preparation.ladder
4. the decision                         policies.decide
5. one compare-and-set, before the answer leaves; the loser of a race looks again
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import msgspec

from policies import Ask, Decision, Facts, SlateState, decide, held
from recsvc.config.surfaces import Published, Surfaces
from recsvc.errors import Conflict, Fault, Unavailable
from recsvc.ports import Catalogue, EventBook, Item, PeopleBook, Profile
from recsvc.preparation.descriptions import describe
from recsvc.preparation.eligibility import Gone
from recsvc.preparation.ladder import Ladder, shortlist
from recsvc.preparation.visitor import Visitor, recall
from recsvc.serving.memory import RACES, Memory, Remembered
from recsvc.serving.session import Session, slack


@dataclass(frozen=True)
class SlateRequest:
    """One slate asked for; `session_id` None begins a session of its own."""

    surface: str
    session_id: str | None = None
    user_id: str | None = None
    k: int | None = None
    subject: str | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The slate as decided, and what the door needs to show it."""

    request: SlateRequest
    session_id: str
    slate_id: str
    decision: Decision
    degraded_reason: str | None
    described: Mapping[str, Item]


@dataclass(frozen=True)
class Slates:
    """Serves slates. `clock` tells epoch seconds, `new_id` makes ids that nobody can guess."""

    surfaces: Surfaces
    memory: Memory
    events: EventBook
    people: PeopleBook
    catalogue: Catalogue
    ladder: Ladder
    titles: Mapping[str, Item]
    weights: Mapping[str, float]
    trained_until: float
    clock: Callable[[], float]
    new_id: Callable[[], str]

    def answer(self, request: SlateRequest) -> Answer:
        """The slate to show now. Raises `UnknownSurface`, `Conflict`, `Unavailable`."""
        published = self.surfaces[request.surface]
        session_id = request.session_id or self.new_id()
        slate_id = slate_name(session_id, request, published.knobs.slate_key)
        for _ in range(RACES):
            now = self.clock()
            before = self.memory.load(session_id, now)
            turn = self._turn(before.session, request, published, slate_id, now)
            if self._remember(before, turn, request, now):
                shown = [seat.item_id for seat in turn.decision.state.seats]
                described = describe(shown, self.titles, self.catalogue)
                return Answer(request, session_id, slate_id, turn.decision, turn.trouble, described)
        raise Unavailable("This session is asked for by too many requests at once; try again.")

    def _turn(
        self,
        session: Session,
        request: SlateRequest,
        published: Published,
        slate_id: str,
        now: float,
    ) -> _Turn:
        """One try at the decision, from one reading of the session."""
        knobs = published.knobs
        session = self._bound(session, request)
        visitor = self._visitor(session)
        if visitor.personal != session.personal:
            # Agreeing, and taking it back, are acts of the visitor like any other.
            session = replace(session, personal=visitor.personal, heard=session.heard + 1)
        state = session.slates.get(slate_id)
        if state is not None and now - session.seen > knobs.session_ttl_s + slack(
            knobs.session_ttl_s
        ):
            state = None
        normal = self._normal(visitor, request, state)
        facts = Facts(
            heard=session.heard,
            model=self.ladder.model_of(normal),
            policy_version=published.version,
            normal=normal,
            k=request.k,
            gone=self._gone(session, visitor, request, published, now),
            firm=session.dismissed_items(but_on=slate_id),
            asks=session.pending.get(slate_id, ()),
        )
        kept = held(knobs, state, facts, now)
        if kept is not None:
            trouble = "slate_of_a_lower_rung" if kept.degraded else None
            return _Turn(session, state, slate_id, kept, trouble)
        return self._decided(session, visitor, request, published, slate_id, state, facts, now)

    def _decided(
        self,
        session: Session,
        visitor: Visitor,
        request: SlateRequest,
        published: Published,
        slate_id: str,
        state: SlateState | None,
        facts: Facts,
        now: float,
    ) -> _Turn:
        knobs = published.knobs
        profile = None
        if request.subject is not None:
            profile = Profile(events=((request.subject, 1.0),))
        elif visitor.personal:
            profile = recall(visitor, self.events, self.weights, self.trained_until)
        offer = self.ladder.ask(
            profile,
            shortlist(request.k or knobs.k),
            incumbents=[s.item_id for s in (*state.seats, *state.tail) if s] if state else [],
            without=facts.gone,
            deadline_s=knobs.deadline_ms / 1000,
        )
        facts = replace(facts, normal=offer.normal, model=offer.model)
        decision = decide(knobs, state, offer.candidates, facts, now)
        trouble = offer.trouble or ("nobody_answered" if offer.candidates is None else None)
        return _Turn(session, state, slate_id, decision, trouble if decision.degraded else None)

    def _remember(self, before: Remembered, turn: _Turn, request: SlateRequest, now: float) -> bool:
        """Write what must be kept; a held answer usually needs no write at all."""
        decision, session = turn.decision, turn.session
        idle = now - session.seen
        stale = idle > slack(self.surfaces[request.surface].knobs.session_ttl_s)
        elsewhere = session.latest.get(request.surface) != turn.slate_id
        if not (decision.moved_on or stale or elsewhere or session != before.session):
            return True
        asks = session.pending.get(turn.slate_id, ())
        after = replace(
            session,
            seen=now,
            pending={**session.pending, turn.slate_id: _unanswered(asks, decision)},
        )
        after = after.lift(turn.slate_id, decision.lifted).served(
            request.surface, turn.slate_id, decision.state
        )
        if not self.memory.save(before, after, now):
            return False
        lifted = [item for item in decision.lifted if item not in after.dismissed_items()]
        if lifted and session.user_id is not None:
            self.people.undismiss(session.user_id, lifted)
        return True

    def _bound(self, session: Session, request: SlateRequest) -> Session:
        """The session with its user; a session never passes from one person to another."""
        if request.user_id is None or request.user_id == session.user_id:
            return session
        if session.user_id is not None:
            raise Conflict(
                "This session belongs to another user; begin a new session for this one.",
                [Fault("session_id", "belongs to another user")],
            )
        return replace(session, user_id=request.user_id)

    def _visitor(self, session: Session) -> Visitor:
        of_user = self.people.consent(session.user_id) if session.user_id is not None else None
        return Visitor(session.session_id, session.user_id, of_user, session.consent)

    def _normal(self, visitor: Visitor, request: SlateRequest, state: SlateState | None) -> str:
        """The rung that should serve this visitor, as far as is known without asking it.

        Where the primary had nothing to say of the visitor the last time, and nothing new was
        heard, it still has nothing to say.
        """
        if state is not None and state.normal == "popularity":
            return "popularity"
        return "primary" if visitor.personal or request.subject is not None else "popularity"

    def _gone(
        self,
        session: Session,
        visitor: Visitor,
        request: SlateRequest,
        published: Published,
        now: float,
    ) -> Gone:
        dismissed = session.dismissed_items()
        consumed: frozenset[str] = frozenset()
        user, by = visitor.known_user, published.knobs.consumed_by
        if user is not None:
            dismissed |= self.people.dismissals(user, now).keys()
        if visitor.personal:
            consumed = self.events.items(session.session_id, user, by)
            consumed |= self.ladder.consumed(user, by)
        subject = () if request.subject is None else (request.subject,)
        return Gone(
            withdrawn=self.catalogue.withdrawn(),
            consumed=consumed,
            dismissed=dismissed,
            excluded=frozenset((*request.exclude, *subject)),
        )


@dataclass(frozen=True)
class _Turn:
    """One try: the session to keep (without the slate), and the decision."""

    session: Session
    state: SlateState | None
    slate_id: str
    decision: Decision
    trouble: str | None


def slate_name(session_id: str, request: SlateRequest, slate_key: tuple[str, ...]) -> str:
    """The slate's id: one for each session, surface, subject and values of the slate key."""
    values = [request.context.get(name) for name in slate_key]
    parts = [session_id, request.surface, request.subject, values]
    return "sl_" + blake2b(msgspec.json.encode(parts), digest_size=12).hexdigest()


def _unanswered(asks: tuple[Ask, ...], decision: Decision) -> tuple[Ask, ...]:
    """What was asked and is not shown yet, in its order."""
    rest = list(asks)
    for ask in decision.answered_asks:
        rest.remove(ask)
    return tuple(rest)
