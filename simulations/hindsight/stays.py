"""Visits as hindsight sees them: what every item was worth at every look, over the whole catalogue.

Policies see a shortlist. Here the recommender that answered them is asked once more at the same
moment, with the same profile, for all items that it may offer, so that nothing lies outside.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from policies import Candidates
from policies.candidates import RUNGS
from recsvc.ports import Profile, Recommender
from recsvc.preparation.ladder import Ladder
from recsvc.preparation.turn import Turn
from simulations.forms import OWN
from simulations.hindsight.program import Bools, Floats, Ints
from simulations.play import Done, Look, Player
from simulations.scenario import Truth, Visit

_ALL = 10**9


@dataclass(frozen=True)
class Stay:
    """One slate of one visit, from its start to the end of the session, before all policies.

    `belief` and `truth` (looks, items) are what an item on the slate is worth at a look, by the
    recommender's own scores and by what came; `eligible` (looks, items) is who may be shown.
    `slates` hold item numbers and `turns` the answers, by policy and look; `judged` counts events.
    """

    user: str
    belief: Floats
    truth: Floats
    eligible: Bools
    slates: tuple[tuple[tuple[int, ...], ...], ...]
    turns: tuple[tuple[Turn, ...], ...]
    judged: int

    @property
    def answers(self) -> int:
        """How often the visitor looked."""
        return len(self.belief)


@dataclass
class _Watch:
    """What the policies asked at this look."""

    asked: tuple[Recommender, Profile, Collection[str]] | None = None

    def everything(self) -> Candidates | None:
        """All that was to be had when they last asked; None when nobody asked since."""
        if self.asked is None:
            return None
        source, profile, without = self.asked
        self.asked = None
        return source.rank(profile, _ALL, without=without)


@dataclass(frozen=True)
class _Watched:
    """`recsvc.ports.Recommender` that lets a watch know what it answered."""

    source: Recommender
    watch: _Watch

    @property
    def model(self) -> str:
        return self.source.model

    def knows(self, item_id: str) -> bool:
        return self.source.knows(item_id)

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        found = self.source.rank(profile, n, incumbents=incumbents, without=without)
        if found is not None:
            self.watch.asked = (self.source, profile, without)
        return found


@dataclass(frozen=True)
class Watcher:
    """Plays visits before the policies of `player` and keeps what hindsight needs of them."""

    player: Player
    truth: Truth | None
    watch: _Watch

    @classmethod
    def of(cls, player: Player, truth: Truth | None) -> Watcher:
        """Beside a player, whose policies must all be `comparable`."""
        watch = _Watch()
        eras = [
            replace(era, ladders={**era.ladders, OWN: _watched(era.ladder, watch)})
            for era in player.eras
        ]
        return cls(replace(player, eras=eras), truth, watch)

    def stays(self, visits: Sequence[Visit], wanted: Collection[str]) -> Iterator[Stay]:
        """The stays of the visits whose ids are wanted; all `visits` are of one user, in order.

        Of what came before them only the events matter, so nobody looks in between.
        """
        mine = {visit.visit_id for visit in visits} & set(wanted)
        last = max(n for n, visit in enumerate(visits) if visit.visit_id in mine)
        played = [v if v.visit_id in mine else _abridged(v) for v in visits[: last + 1]]
        seen: list[tuple[Look, Candidates | None]] = []
        events: list[tuple[int, Done]] = []
        for one in self.player.play(played):
            if seen and one.visit is not seen[0][0].visit:
                yield from self._of_visit(seen, events)
                seen, events = [], []
            if one.visit.visit_id not in mine:
                continue
            if isinstance(one, Look):
                seen.append((one, self.watch.everything()))
            else:
                events.append((len(seen) - 1, one))
        yield from self._of_visit(seen, events)

    def _of_visit(
        self, seen: Sequence[tuple[Look, Candidates | None]], events: Sequence[tuple[int, Done]]
    ) -> Iterator[Stay]:
        """A stay for each time that the slate began anew."""
        looks = [look for look, _ in seen]
        table = _Table(len(looks))
        for number, (look, everything) in enumerate(seen):
            table.take(number, look, everything)
        for number, done in events:
            worth = _came(looks[number], done, self.player.policies[0].knobs.k, self.truth)
            table.credit(number, worth)
        begins = [n for n, look in enumerate(looks) if look.turns[0].before is None]
        for first, end in zip(begins, [*begins[1:], len(looks)], strict=True):
            yield table.stay(looks[first:end], first)


def _watched(ladder: Ladder, watch: _Watch) -> Ladder:
    primary, popularity = _Watched(ladder.primary, watch), _Watched(ladder.popularity, watch)
    return replace(ladder, primary=primary, popularity=popularity)


def _abridged(visit: Visit) -> Visit:
    return replace(visit, moments=(visit.moments[0], *(m for m in visit.moments if not m.look)))


def _came(look: Look, done: Done, k: int, truth: Truth | None) -> Mapping[str, float]:
    """What each item on the slate of this look was worth, as the event after it shows.

    The share of what the visitor turns to from here on that a slate can hold; where the answer
    key is known, the chance that this event is on the item. Nothing, where the event is not judged
    (`simulations.measures`).
    """
    gone, knows = look.turns[0].facts.gone, look.era.ladder.knows

    def shown(item: str) -> bool:
        return knows(item) and item not in gone

    if not shown(str(done.moment.item_id)):
        return {}
    if truth is not None:
        key = truth.worth(look.visit, look.number)
        return {item: chance for item, chance in key.items() if shown(item)}
    later = {str(m.item_id) for m in done.visit.moments[done.number :] if not m.look}
    rest = sorted(item for item in later if shown(item))
    return dict.fromkeys(rest, 1.0 / min(k, len(rest)))


class _Table:
    """Worths by look and item; items get a number when they are first met."""

    def __init__(self, looks: int) -> None:
        self._number: dict[str, int] = {}
        self._offers: list[tuple[Ints, Floats]] = []
        self._credits: list[list[tuple[int, float]]] = [[] for _ in range(looks)]
        self._judged = np.zeros(looks, dtype=np.int64)

    def take(self, number: int, look: Look, everything: Candidates | None) -> None:
        """What could be shown at a look; where nobody asked, what could be before and still can."""
        gone = look.turns[0].facts.gone
        if everything is None:
            there, scores = self._offers[number - 1]
            away = [self._number[item] for item in gone if item in self._number]
            stays = ~np.isin(there, away)
            there, scores = there[stays], scores[stays]
        else:
            there = self._numbers(everything.item_ids)
            # Scores of two rungs have different units: those of the lower one are not summed.
            scores = everything.scores * (everything.rung == RUNGS[0])
        shown = {self._at(s.item_id) for turn in look.turns for s in turn.decision.state.seats}
        # What the model cannot score is kept on the slate: it counts as little as the least.
        unscored = np.array(sorted(shown - set(there.tolist())), dtype=np.int64)
        least = np.full(len(unscored), scores.min(initial=0.0))
        self._offers.append((np.concatenate((there, unscored)), np.concatenate((scores, least))))

    def credit(self, number: int, worth: Mapping[str, float]) -> None:
        """What an event has shown of the look before it."""
        self._judged[number] += bool(worth)
        self._credits[number] += [(self._at(item), value) for item, value in worth.items()]

    def stay(self, looks: Sequence[Look], first: int) -> Stay:
        """The rows of these looks."""
        count = len(self._number)
        belief, truth = np.zeros((2, len(looks), count))
        eligible = np.zeros((len(looks), count), dtype=np.bool_)
        for row in range(len(looks)):
            there, scores = self._offers[first + row]
            eligible[row, there] = True
            belief[row, there] = scores
            for item, value in self._credits[first + row]:
                truth[row, item] += value
        by_policy = list(zip(*(look.turns for look in looks), strict=True))
        return Stay(
            looks[0].visit.user_id,
            belief,
            truth,
            eligible,
            tuple(tuple(self._slate(turn) for turn in turns) for turns in by_policy),
            tuple(by_policy),
            int(self._judged[first : first + len(looks)].sum()),
        )

    def _slate(self, turn: Turn) -> tuple[int, ...]:
        return tuple(self._number[seat.item_id] for seat in turn.decision.state.seats)

    def _numbers(self, items: Sequence[str]) -> Ints:
        """Nearly always all of them have one."""
        found = [*map(self._number.get, items)]
        if None in found:
            found = [self._at(item) for item in items]
        return np.array(found, dtype=np.int64)

    def _at(self, item: str) -> int:
        return self._number.setdefault(item, len(self._number))
