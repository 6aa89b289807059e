"""One turn: what is known of the visitor, the recommender where it is needed, the decision.

The service and the simulator take their turns here, so that both decide on the same inputs:

1. what is known            profile, what may not be shown; read when first needed
2. do rules apply?          recsvc.preparation.ruling
3. may the slate rest?      policies.held: the recommender is not even asked
4. otherwise candidates     recsvc.preparation.ladder
5. the decision             policies.decide
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from functools import cached_property

from policies import (
    Candidates,
    Carried,
    Decision,
    Facts,
    Knobs,
    SlateState,
    decide,
    held,
)
from recsvc.config.filters import Filter
from recsvc.ports import EventBook, Profile
from recsvc.preparation.asking import Slate, Wish
from recsvc.preparation.carrying import Carry, carry_of, recalled, users_slate
from recsvc.preparation.eligibility import Gone, Outside
from recsvc.preparation.ladder import Ladder, Offer, shortlist
from recsvc.preparation.offering import offer_of
from recsvc.preparation.ruling import (
    NO_PAST,
    NO_RULES,
    Moment,
    Past,
    Ruled,
    RuleFailures,
    Showing,
    rule_on,
)
from recsvc.preparation.visitor import RECENT_EVENTS, Visitor, recall

Decide = Callable[[Knobs, SlateState | None, Candidates | None, Facts, float], Decision]
Filtering = Callable[[Sequence[Filter], Mapping[str, str], Iterable[str]], Outside | None]
Held = Callable[[Knobs, SlateState | None, Facts, float], Decision | None]


@dataclass(frozen=True)
class Turn:
    """The decision at a moment and what it was made of; without an `offer` it was held.

    `past` is what rules need at the next answer, `carry` is to be kept for the next session.
    """

    now: float
    before: SlateState | None
    facts: Facts
    offer: Offer | None
    decision: Decision
    past: Past = NO_PAST
    carry: Carry | None = None

    @property
    def trouble(self) -> str | None:
        """Why the answer is degraded; None when it is not."""
        if not self.decision.degraded:
            return None
        if self.facts.store_lost:
            return "store_lost"
        if self.offer is None:
            return "slate_of_a_lower_rung"
        return self.offer.trouble or ("nobody_answered" if not self.offer.candidates else None)


@dataclass(frozen=True)
class Known:
    """What is known of a visitor at one moment, read from the books once and when first needed."""

    room: Preparation
    visitor: Visitor
    now: float

    @cached_property
    def profile(self) -> Profile | None:
        """The visitor's own; None without consent."""
        if not self.visitor.personal:
            return None
        return recall(self.visitor, self.room.events, self.room.weights, self.room.trained_until)

    @cached_property
    def dismissed(self) -> frozenset[str]:
        """What a known user dismissed in any session."""
        user = self.visitor.known_user
        if user is None:
            return frozenset()
        return frozenset(self.room.dismissals(user, self.now))

    @cached_property
    def withdrawn(self) -> Collection[str]:
        """What nobody may be shown now."""
        return self.room.withdrawn(self.now)

    def acted_since(self, at: float) -> bool:
        """Whether a known user did anything since then that tells of a taste."""
        user, room = self.visitor.known_user, self.room
        if user is None:
            return False
        events = room.events.of_user(user, since=at, limit=RECENT_EVENTS)
        return any(room.weights.get(event.type, 0.0) > 0 for event in events)

    def consumed(self, by: tuple[str, ...]) -> frozenset[str]:
        """What the visitor has had already, by events of these types."""
        if by not in self._consumed:
            self._consumed[by] = self._had(by)
        return self._consumed[by]

    @cached_property
    def _consumed(self) -> dict[tuple[str, ...], frozenset[str]]:
        return {}

    def _had(self, by: tuple[str, ...]) -> frozenset[str]:
        if not self.visitor.personal:
            return frozenset()
        user = self.visitor.known_user
        heard = self.room.events.items(self.visitor.session_id, user, by)
        return heard | self.room.ladder.consumed(user, by)


@dataclass(frozen=True)
class Preparation:
    """The sources from which every input of a decision is made; times are epoch seconds.

    `dismissals` tells what a user dismissed that still holds at a time, `withdrawn` what nobody
    may be shown then; `weights` say what an event tells of a taste; `trained_until` is where the
    model's own knowledge ends. `zone` is that of rules which ask the time of day; `failures`
    counts rules that failed; `carried` recalls a user's slate of an earlier session by its name;
    `outside` tells what a surface's filters leave out.
    `decide` and `held` are those of `policies`, but where a study compares others with them.
    """

    events: EventBook
    dismissals: Callable[[str, float], Collection[str]]
    withdrawn: Callable[[float], Collection[str]]
    ladder: Ladder
    weights: Mapping[str, float]
    trained_until: float
    zone: tzinfo = UTC
    failures: RuleFailures = field(default_factory=RuleFailures)
    carried: Callable[[str, str], bytes | None] = lambda _user, _name: None
    outside: Filtering = lambda _filters, _context, _also: None
    decide: Decide = decide
    held: Held = held

    def known(self, visitor: Visitor, now: float) -> Known:
        """What is known of this visitor now."""
        return Known(self, visitor, now)

    def turn(self, known: Known, slate: Slate, wish: Wish, knobs: Knobs) -> Turn:
        """Decide on one slate at the moment of `known`."""
        normal = _normal(known.visitor, wish, slate.state, self.ladder.by_subject)
        ruled = self._ruled(known, slate, wish, knobs)
        subject = () if wish.subject is None else (wish.subject,)
        excluded = frozenset((*wish.exclude, *subject))
        dismissed = slate.dismissed | known.dismissed
        outside = self._outside(slate, wish)
        firm = slate.firm | excluded
        if outside is not None:
            firm |= dismissed - outside.matching
        facts = Facts(
            heard=slate.heard,
            model=wish.offered.model if wish.offered else self.ladder.model_of(normal),
            policy_version=slate.version,
            normal=normal,
            k=wish.k,
            gone=Gone(
                withdrawn=known.withdrawn,
                consumed=known.consumed(knobs.consumed_by),
                dismissed=dismissed,
                excluded=excluded,
                outside=outside,
            ),
            # Of two reasons one is told; an undo of the dismissal must not lift the other.
            firm=firm,
            asks=slate.asks,
            hold_rule=ruled.hold,
            refresh_rule=ruled.refresh,
            store_lost=slate.lost,
            picks=slate.picks,
            carried=self._carried(known, slate, wish, knobs),
            model_version=0 if wish.offered else self.ladder.version(),
        )
        kept = self.held(knobs, slate.state, facts, known.now)
        turn = (
            self._decided(known, slate.state, wish, knobs, facts)
            if kept is None
            else Turn(known.now, slate.state, facts, None, kept)
        )
        if ruled is not NO_RULES:
            turn = replace(turn, past=ruled.after(slate.state, turn.decision))
        user = known.visitor.known_user
        if knobs.carry_over and user is not None and turn.decision.moved_on:
            name = users_slate(slate.surface, wish.subject, wish.context, knobs.slate_key)
            turn = replace(turn, carry=carry_of(user, name, slate.state, turn.decision.state))
        return turn

    def _outside(self, slate: Slate, wish: Wish) -> Outside | None:
        if not slate.filters or not wish.context:
            return None
        offered = wish.offered.item_ids if wish.offered else ()
        seats = (*slate.state.seats, *slate.state.tail) if slate.state else ()
        also = (*offered, *(seat.item_id for seat in seats if seat))
        return self.outside(slate.filters, wish.context, also)

    def _carried(self, known: Known, slate: Slate, wish: Wish, knobs: Knobs) -> Carried | None:
        """What a slate that begins goes on with."""
        user = known.visitor.known_user
        if slate.state is not None or user is None or not knobs.carry_over:
            return None
        name = users_slate(slate.surface, wish.subject, wish.context, knobs.slate_key)
        found = recalled(self.carried(user, name))
        return found and found._replace(due=known.acted_since(found.at))

    def _ruled(self, known: Known, slate: Slate, wish: Wish, knobs: Knobs) -> Ruled:
        if knobs.hold_when is None and knobs.refresh_when is None:
            return NO_RULES
        begun = known.now if slate.begun is None else slate.begun
        moment = Moment(
            now=known.now,
            surface=slate.surface,
            context=wish.context,
            k=wish.k or knobs.k,
            known=known.visitor.known_user is not None,
            events=lambda: len(known.profile.events) if known.profile else 0,
            showing=slate.past.showing or Showing(begun),
            zone=self.zone,
        )
        edge = slate.past.edge if slate.state is not None else None
        return rule_on(knobs, moment, edge, self.failures)

    def _decided(
        self, known: Known, state: SlateState | None, wish: Wish, knobs: Knobs, facts: Facts
    ) -> Turn:
        profile = known.profile
        if wish.subject is not None:
            profile = Profile(events=((wish.subject, 1.0),))
        there = (*state.seats, *state.tail) if state else ()
        if facts.carried is not None:
            there = facts.carried.seats
        n, incumbents = shortlist(wish.k or knobs.k), [seat.item_id for seat in there if seat]
        if wish.offered is not None:
            offer = offer_of(wish.offered, n, incumbents=incumbents, without=facts.gone)
        else:
            offer = self.ladder.ask(
                profile,
                n,
                incumbents=incumbents,
                without=facts.gone,
                deadline_s=knobs.deadline_ms / 1000,
                subject=wish.subject is not None,
            )
        facts = replace(facts, normal=offer.normal, model=offer.model)
        decision = self.decide(knobs, state, offer.candidates, facts, known.now)
        return Turn(known.now, state, facts, offer, decision)


def _normal(visitor: Visitor, wish: Wish, state: SlateState | None, by_subject: str) -> str:
    """The rung that should serve this visitor, as far as is known without asking it.

    Where a higher one had nothing to say of the visitor the last time, and nothing new was heard,
    it still has nothing to say.
    """
    if wish.offered is not None:
        return wish.offered.rung
    if state is not None and state.normal in ("neighbours", "popularity"):
        return state.normal
    if wish.subject is not None:
        return by_subject
    return "primary" if visitor.personal else "popularity"
