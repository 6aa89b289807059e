"""What happens in a visit, whoever serves: where the visitor looks, and what is known by then.

Policies change what is shown, and nothing that is played depends on it. So a visit can be played
without those before it: what they left in the diary is there from the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from recsvc.config.events import EVENT_WEIGHTS
from simulations.diary import Diary
from simulations.eras import Era
from simulations.play import event_of
from simulations.scenario import Moment, Visit


@dataclass(frozen=True, slots=True)
class Stop:
    """A look, as moment `number` of its visit, and the events (number, moment) until the next one.

    `known` items are known of the visitor; `heard` numbers the latest event. `idle` is the longest
    pause since the look before, in seconds.
    """

    number: int
    at: float
    era: int
    known: int
    heard: int
    idle: float
    events: tuple[tuple[int, Moment], ...]


@dataclass(frozen=True, eq=False)
class Walk:
    """A visit with its stops; `diary` holds what happened before it, `first` numbers its first
    stop among all."""

    visit: Visit
    stops: tuple[Stop, ...]
    diary: Diary
    first: int

    def hear(self, stop: Stop) -> None:
        """Write down what happened after a stop."""
        self.diary.append([event_of(self.visit, number, moment) for number, moment in stop.events])


def walks(visits: Sequence[Visit], eras: Sequence[Era], *, remembers: bool) -> Iterator[Walk]:
    """The walks of all visits, which are sorted by user and then by start."""
    first = 0
    for _, mine in groupby(visits, key=lambda visit: visit.user_id):
        diary = Diary()
        items: list[set[str]] | None = None
        for visit in mine:
            if items is None or not remembers:
                diary = Diary()
                items = [set(era.met(visit.user_id)) for era in eras]
            stops = tuple(_stops(visit, eras, items))
            walk = Walk(visit, stops, diary.copy(), first)
            yield walk
            first += len(stops)
            for stop in stops:
                diary.append([event_of(visit, number, moment) for number, moment in stop.events])


def _stops(visit: Visit, eras: Sequence[Era], items: Sequence[set[str]]) -> Iterator[Stop]:
    # Agreeing to personal suggestions is the first thing that is heard of anybody.
    heard, seen = 1, visit.start
    idle = 0.0
    looks = [n for n, moment in enumerate(visit.moments) if moment.look]
    for begin, end in zip(looks, [*looks[1:], len(visit.moments)], strict=True):
        look = visit.moments[begin]
        idle = max(idle, look.at - seen)
        seen = look.at
        era = live(eras, look.at)
        events = tuple((n, visit.moments[n]) for n in range(begin + 1, end))
        yield Stop(begin, look.at, era, len(items[era]), heard, idle, events)
        idle = 0.0
        for _, moment in events:
            idle = max(idle, moment.at - seen)
            seen = moment.at
            if EVENT_WEIGHTS.get(moment.type, 0.0) > 0:
                heard += 1
                for known in items:
                    known.add(str(moment.item_id))


def live(eras: Sequence[Era], now: float) -> int:
    """The era of that time: the latest that has begun."""
    return max((n for n, era in enumerate(eras) if now >= era.begins), default=0)
