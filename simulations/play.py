"""The loop: one visitor's visits, played before every policy at once.

All policies meet the same person, moments, draws and models. What a decision is made of comes
from `recsvc.preparation`, and the decision from `policies`, as in the service; nothing of the
simulator's own stands in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from policies import SlateState
from recsvc.config.events import EVENT_WEIGHTS
from recsvc.ports import Consent, Event, Profile
from recsvc.preparation.asking import Slate, Wish
from recsvc.preparation.carrying import Carry
from recsvc.preparation.ruling import NO_PAST, Past
from recsvc.preparation.turn import Known, Preparation, Turn
from recsvc.preparation.visitor import Visitor
from simulations.diary import Diary
from simulations.eras import Era
from simulations.scenario import Moment, Shelf, Visit
from simulations.study import Policy
from simulations.variants.decisions import checked, decision_of

SURFACE = "home"
_WISH = Wish()
Carried = dict[tuple[str, str], bytes]
"""Slates for the next session, by user and name."""


Way = tuple[str, str | None]
"""A recommender, and the policy whose own decision is asked."""


@dataclass(frozen=True)
class Look:
    """What every policy answered when the visitor looked; `turns` run parallel to the policies.

    `number` is the moment's place in the visit; `known` how many items are known of the visitor.
    """

    visit: Visit
    number: int
    era: Era
    known: int
    turns: tuple[Turn, ...]


@dataclass(frozen=True)
class Done:
    """An event of the visitor, after the look before it."""

    visit: Visit
    number: int
    moment: Moment


@dataclass
class _Seat:
    """Where one policy stands in the visit."""

    policy: Policy
    state: SlateState | None = None
    heard_before: int = 0
    begun: float | None = None
    past: Past = NO_PAST

    def wake(self, heard: int, idle_s: float, moment: Moment) -> None:
        """A session idle for too long is over; a new one begins, with nothing heard in it yet."""
        if idle_s > self.policy.knobs.session_ttl_s:
            self.state, self.heard_before = None, heard - 1
            self.begun, self.past = None, NO_PAST
        # What somebody does who did not agree is not kept, and begins no session.
        if self.begun is None and (moment.look or self.policy.personal):
            self.begun = moment.at

    def slate(self, heard: int) -> Slate:
        """Before an answer."""
        heard = heard - self.heard_before if self.policy.personal else 0
        return Slate(
            self.state,
            heard,
            version=1,
            surface=self.policy.name,
            begun=self.begun,
            past=self.past,
        )

    def keep(self, turn: Turn) -> None:
        """After it: what moved on is kept, as the service keeps it."""
        if turn.decision.moved_on:
            self.state = turn.decision.state
        self.past = turn.past


@dataclass(frozen=True)
class Player:
    """Plays visitors before policies. `eras` come in order of time.

    `remembers` tells whether a visit knows of the visits played before it.
    """

    policies: Sequence[Policy]
    eras: Sequence[Era]
    shelf: Shelf
    remembers: bool = True

    def play(self, visits: Sequence[Visit]) -> Iterator[Look | Done]:
        """All visits of one user, in their order: each look with its answers, and each event."""
        diary = Diary()
        carried: Carried = {}
        rooms = [self._rooms(era, diary, carried) for era in self.eras]
        known_items: list[set[str]] = [set(era.met(visits[0].user_id)) for era in self.eras]
        for visit in visits:
            if not self.remembers:
                diary.forget()
                carried.clear()
                known_items = [set(era.met(visit.user_id)) for era in self.eras]
            # Agreeing to personal suggestions is the first thing that is heard of anybody.
            heard = 1
            seats = [_Seat(policy) for policy in self.policies]
            seen = visit.start
            for number, moment in enumerate(visit.moments):
                live = self._live(moment.at)
                for seat in seats:
                    seat.wake(heard, moment.at - seen, moment)
                seen = moment.at
                if moment.look:
                    guises = {
                        name: _Guises(room, visit, moment.at) for name, room in rooms[live].items()
                    }
                    profile = next(iter(guises.values())).profile
                    self.eras[live].scene.move(visit, number, profile)
                    turns = _look(guises, seats, heard)
                    carried |= {(one.user_id, one.name): one.data for one in _carries(turns)}
                    yield Look(visit, number, self.eras[live], len(known_items[live]), turns)
                    continue
                yield Done(visit, number, moment)
                diary.append([event_of(visit, number, moment)])
                if EVENT_WEIGHTS.get(moment.type, 0.0) > 0:
                    heard += 1
                    for items in known_items:
                        items.add(str(moment.item_id))

    def _rooms(self, era: Era, diary: Diary, carried: Carried) -> dict[Way, Preparation]:
        """A room for each recommender that a policy asks, and for each decision of its own."""
        plain = {
            name: Preparation(
                events=diary,
                dismissals=lambda _user, _now: (),
                withdrawn=self.shelf.withdrawn,
                ladder=era.ladders[name],
                weights=EVENT_WEIGHTS,
                trained_until=era.trained_until,
                carried=lambda user, name: carried.get((user, name)),
            )
            for name in {policy.recommender: None for policy in self.policies}
        }
        rooms: dict[Way, Preparation] = {}
        for policy in self.policies:
            room = plain[policy.recommender]
            if policy.decide is not None:
                own = decision_of(policy.decide, dict(policy.given))
                mine = checked(own, policy.name, era.scene)
                # A decision of one's own is asked at every look: it may know causes of its own.
                room = replace(room, decide=mine, held=lambda *_: None)
            rooms[_way(policy)] = room
        return rooms

    def _live(self, now: float) -> int:
        """The era of that time: the latest that has begun."""
        return max((n for n, era in enumerate(self.eras) if now >= era.begins), default=0)


def _way(policy: Policy) -> Way:
    return policy.recommender, policy.name if policy.decide is not None else None


@dataclass(frozen=True)
class _Guises:
    """The visitor at one moment before one recommender: as somebody who agreed, and as somebody
    who did not."""

    room: Preparation
    visit: Visit
    now: float

    @cached_property
    def known(self) -> Known:
        yes = Consent(personalisation=True)
        visitor = Visitor(self.visit.visit_id, self.visit.user_id, yes, Consent())
        return self.room.known(visitor, self.now)

    def profile(self) -> Profile | None:
        """What is known of somebody who agreed."""
        return self.known.profile

    @cached_property
    def stranger(self) -> Known:
        visitor = Visitor(self.visit.visit_id, self.visit.user_id, None, Consent())
        return self.room.known(visitor, self.now)


def _look(guises: Mapping[Way, _Guises], seats: Sequence[_Seat], heard: int) -> tuple[Turn, ...]:
    """The answers of all policies to one look."""
    turns = []
    for seat in seats:
        mine = guises[_way(seat.policy)]
        known = mine.known if seat.policy.personal else mine.stranger
        slate = seat.slate(heard)
        turn = mine.room.turn(known, slate, _WISH, seat.policy.knobs)
        seat.keep(turn)
        turns.append(turn)
    return tuple(turns)


def _carries(turns: Sequence[Turn]) -> Iterator[Carry]:
    """What the next session goes on with."""
    return (turn.carry for turn in turns if turn.carry is not None)


def event_of(visit: Visit, number: int, moment: Moment) -> Event:
    """The event of a visit as the service would be told."""
    return Event(
        event_id=f"{visit.visit_id}/{number}",
        type=moment.type,
        session_id=visit.visit_id,
        surface=SURFACE,
        timestamp=moment.at,
        received=moment.at,
        user_id=visit.user_id,
        item_id=moment.item_id,
    )
