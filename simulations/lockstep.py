"""Many visits at once: at each round every visit in play is at its next look.

What is known of a visitor is made once for all policies, by `recsvc.preparation` as in the service;
all policies decide for all visitors of the round together, by `policies.batch.many`. The answers
are those of `simulations.play`, one by one, which remains the measure and plays what is out of the
ordinary: rules, slates that are carried over, recommenders of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from policies import Candidates, Facts, decide
from policies.batch.columns import NOBODY, Column, Names
from policies.batch.many import Bench, Pool, Requests, Single
from policies.batch.slots import RUNGS, Slots
from recsvc.ports import Consent
from recsvc.preparation.turn import Known, Preparation
from simulations.audiences import Audience, Here, audience_of, gone_of, known_of, room_of
from simulations.eras import Era
from simulations.log import Log
from simulations.pooling import Pooling
from simulations.scenario import Shelf
from simulations.study import Policy
from simulations.walks import Stop, Walk
from simulations.watch import Watch

SLOTS = 1024
CELLS = 32_000_000
"""Visits in play at once, and of numbers that tell where each item is among the candidates."""
_AGREED, _ASKED = Consent(personalisation=True), Consent()


@dataclass(eq=False)
class _Seat:
    """A visit in play and where it is."""

    walk: Walk
    rooms: Sequence[Preparation]
    next: int = 0


class Lockstep:
    """Plays visits before policies, which are all `in_step` and have k seats."""

    def __init__(
        self,
        policies: Sequence[Policy],
        eras: Sequence[Era],
        shelf: Shelf,
        names: Names,
        audiences: Sequence[Audience],
    ) -> None:
        self._eras = eras
        # All that a visitor is to the audiences is asked of the same moment.
        self._withdrawn = lru_cache(maxsize=8)(shelf.withdrawn)
        self._names = names
        self._bench = Bench([policy.knobs for policy in policies])
        self._audiences = audiences
        self._audience = np.array([audiences.index(audience_of(policy)) for policy in policies])
        self._policies = [np.flatnonzero(self._audience == n) for n in range(len(audiences))]
        self._ttl = np.array([policy.knobs.session_ttl_s for policy in policies], float)
        self._ttls = sorted(set(self._ttl.tolist()))
        firsts = {audience_of(policy): policy for policy in policies}
        self._first = [firsts.get(audience, policies[0]) for audience in audiences]
        self._personal = np.array([policy.personal for policy in policies])

    def play(self, walks: Sequence[Walk], log: Log, watch: Watch, places: Column) -> None:
        """Write the answers into the log, at the `places` of these policies.

        Raises `OutOfStepError` where a recommender answers in a way that is not played here.
        """
        waiting = sorted(walks, key=lambda walk: len(walk.stops))
        count = min(len(walks), SLOTS, max(16, CELLS // max(1, len(self._names.ids))))
        self._slots = Slots.none(len(self._ttl), count, self._bench.k)
        deadlines = [policy.knobs.deadline_ms / 1000 for policy in self._first]
        self._pooling = Pooling(self._audience, dict(self._names.number), self._slots, deadlines)
        seats: dict[int, _Seat] = {}
        while True:
            for slot in range(count):
                if slot not in seats and waiting:
                    seats[slot] = self._seat(waiting.pop())
            if not seats:
                return
            self._round(seats, log, watch, places)
            for slot, seat in list(seats.items()):
                if seat.next == len(seat.walk.stops):
                    del seats[slot]

    def _seat(self, walk: Walk) -> _Seat:
        return _Seat(walk, [room_of(era, self._withdrawn, walk) for era in self._eras])

    def _round(self, seats: Mapping[int, _Seat], log: Log, watch: Watch, places: Column) -> None:
        slots = np.array(list(seats))
        stops = [seat.walk.stops[seat.next] for seat in seats.values()]
        self._wake(slots, stops)
        anew_possible = np.array([stop.number != 0 for stop in stops])
        # One by one a session counts from its own beginning. Only what is new matters.
        heard = np.where(self._personal[:, None], [stop.heard for stop in stops], 0)
        known = self._here(seats, slots, stops)
        asks = Requests(
            slots,
            np.array([stop.at for stop in stops]),
            heard,
            self._left(slots, known),
            self._guess(slots, known),
        )
        held = self._bench.held(self._slots, asks)
        pool = self._pooling.pool(asks, held, known)

        def one(policy: int, visitor: int, place: int) -> Single:
            return self._one(asks, known[visitor], pool, (policy, visitor, place))

        answers = self._bench.decide(self._slots, asks, held, pool, one)
        looks = np.array([seat.walk.first + seat.next for seat in seats.values()])
        at = (looks[:, None], places)
        log.slates[at] = self._slots.items[:, slots].transpose(1, 0, 2)
        log.displaced[at] = answers.displaced.T
        log.forced[at] = answers.forced.T
        log.step[at] = answers.step.T
        log.anew[at] = (answers.begins & anew_possible).T
        for seat, here, look in zip(seats.values(), known, looks.tolist(), strict=True):
            watch.see(seat.walk, here.stop, look, here.gone)
            seat.walk.hear(here.stop)
            seat.next += 1

    def _wake(self, slots: Column, stops: Sequence[Stop]) -> None:
        """Visits begin; a session idle for too long is over."""
        first = slots[[stop.number == 0 for stop in stops]]
        every = np.arange(len(self._ttl))[:, None]
        self._slots.reset(every, first)
        idle = np.array([stop.idle for stop in stops])
        for ttl in self._ttls:
            over = slots[idle > ttl]
            if len(over):
                self._slots.reset(np.flatnonzero(self._ttl == ttl)[:, None], over)

    def _here(self, seats: Mapping[int, _Seat], slots: Column, stops: Sequence[Stop]) -> list[Here]:
        shown = [self._shown(slots, policies) for policies in self._policies]
        found = []
        for n, (seat, stop) in enumerate(zip(seats.values(), stops, strict=True)):
            room = seat.rooms[stop.era]
            visit = seat.walk.visit
            guises: dict[bool, Known] = {}
            known, gone, away = [], [], []
            for audience, items in zip(self._audiences, shown, strict=True):
                mine = guises.get(audience.personal)
                if mine is None:
                    mine = guises[audience.personal] = known_of(
                        room, visit, stop.at, personal=audience.personal
                    )
                out = gone_of(mine, audience)
                known.append(mine)
                gone.append(out)
                away.append(out.among(items[n]) if items[n] else {})
            here = [items[n] for items in shown]
            found.append(Here(seat.walk, stop, room, known, gone, here, away))
        return found

    def _shown(self, slots: Column, policies: Column) -> list[set[str]]:
        """The items on the slates of these policies, by visitor."""
        ids = self._names.ids
        items = self._slots.items[policies[:, None], slots].transpose(1, 0, 2)
        items = np.sort(items.reshape(len(slots), -1), axis=1)
        if not items.shape[1]:
            return [set() for _ in slots]
        first = np.ones(items.shape, bool)
        first[:, 1:] = items[:, 1:] != items[:, :-1]
        first &= items != NOBODY
        ends = np.cumsum(first.sum(1)).tolist()
        every = [ids[n] for n in items[first].tolist()]
        return [set(every[a:b]) for a, b in zip([0, *ends], ends, strict=False)]

    def _left(self, slots: Column, known: Sequence[Here]) -> Column:
        items = self._slots.items[:, slots]
        left = np.zeros(items.shape, bool)
        number = self._names.number
        for n, here in enumerate(known):
            for policies, away in zip(self._policies, here.away, strict=True):
                for item in away:
                    left[policies, n] |= items[policies, n] == number[item]
        return left

    def _guess(self, slots: Column, known: Sequence[Here]) -> Column:
        rungs = {
            id(here.room): [self._pooling.model(here.room.ladder.model_of(rung)) for rung in RUNGS]
            for here in known
        }
        by_rung = np.array([rungs[id(here.room)] for here in known])
        lower = (self._slots.normal[:, slots] == 1) & self._slots.begun[:, slots]
        return np.where(lower, by_rung[:, 1], by_rung[:, 0])

    def _one(self, asks: Requests, here: Here, pool: Pool, at: tuple[int, int, int]) -> Single:
        """A decision by itself."""
        policy, visitor, place = at
        ids, slot = self._names.ids, int(asks.slots[visitor])
        models = list(self._pooling.models)
        there = pool.items[place] != NOBODY
        model = models[int(pool.model[place])]
        rung = RUNGS[int(pool.normal[place])]
        candidates = Candidates(
            tuple(ids[n] for n in pool.items[place][there].tolist()),
            pool.scores[place][there],
            rung,
            model,
            known_events=int(pool.known[place]),
        )
        facts = Facts(
            heard=int(asks.heard[policy, visitor]),
            model=model,
            policy_version=1,
            normal=rung,
            gone=here.away[int(self._audience[policy])],
        )
        state = None
        if self._slots.begun[policy, slot]:
            state = self._slots.state(policy, slot, ids, models)
        now = float(asks.now[visitor])
        after = decide(self._bench.knobs[policy], state, candidates, facts, now).state
        number = self._names.number
        fresh = state is not None and after.epoch != state.epoch
        return Single(
            [number[seat.item_id] for seat in after.seats],
            after.displaced if fresh else 0,
            fresh and any(change.reason == "moved" for change in after.changes),
        )
