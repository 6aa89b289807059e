"""A real log as something to play: the events of the last part of time, one by one, in visits.

The log tells what happened; it does not tell when somebody only looked. So a visit begins with a
look at the slate, each event is followed by one, and reloads are drawn in between. Events of one
visit that carry the same time (the lines of an invoice) have no order of their own: it is drawn,
and so are the moments, a few seconds apart. From then on the play has one clock: also what a
second model learns is told by it. Knobs that count seconds are better judged in a world.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsvc.config.events import EVENT_WEIGHTS
from recsvc.data import Tables
from recsvc.errors import BadData
from simulations.draws import stream
from simulations.forms import Replay
from simulations.scenario import Moment, Scenario, Visit

VISIT_GAP_S = 1800.0
"""Without sessions in the log, a pause of half an hour ends a visit: what web analytics use."""

_GAP_MEDIAN_S, _GAP_SPREAD, _GAP_MOST_S = 25.0, 0.9, 600.0
_LEAST_GAP_S = 0.5
_LOOK_AFTER_S = 1.0
_LOOK_BEFORE_S = 5.0


def replay(tables: Tables, source: Replay, seed: int, *, retrain: bool) -> Scenario:
    """The scenario of a log. Raises `BadData`, saying why, when nothing can be played.

    The scenario's tables are those of the log, with every event named as the service names it, and
    with the played events at the times at which they are played.
    """
    events = _named(tables.interactions, source.event)
    cut = float(events["timestamp"].quantile(source.start, interpolation="lower"))
    later = events[events["timestamp"] > cut]
    if later.empty:
        raise BadData(
            f"No event lies after the {source.start:g} quantile of time, so there is nothing to "
            "play. Are all timestamps equal? Name an earlier `from`, or data with times."
        )
    # An impression says that something was shown, not that anybody turned to it.
    later = later[later["event"].map(EVENT_WEIGHTS) > 0]
    users = _drawn(later["user_id"].unique(), source.visitors, seed)
    if len(users) < 2:
        raise BadData(
            f"Only {len(users)} visitor has events after the {source.start:g} quantile of time; "
            "an interval needs at least two. Name an earlier `from`, or use more data."
        )
    played = later[later["user_id"].isin(set(users))]
    several = _shared_sessions(played)
    played_at: dict[int, float] = {}
    visits: list[Visit] = []
    for user, mine in played.groupby("user_id", sort=True):
        for one in _visits(str(user), mine, source, seed, cut, several):
            visits.append(one.visit)
            played_at |= zip(one.rows, one.at, strict=True)
    middle = float(np.quantile([*played_at.values()], 0.5, method="lower")) if retrain else None
    on_clock = pd.Series(played_at).reindex(events.index)
    times = on_clock.fillna(events["timestamp"].astype(np.float64))
    on_one_clock = events.assign(timestamp=times).sort_values("timestamp", kind="stable")
    return Scenario(replace(tables, interactions=on_one_clock), tuple(visits), cut, middle)


def _named(events: pd.DataFrame, otherwise: str) -> pd.DataFrame:
    """Every event with a type that the service knows; others are taken for `otherwise`."""
    told = events["event"] if "event" in events.columns else pd.Series(None, index=events.index)
    return events.assign(event=told.where(told.isin(list(EVENT_WEIGHTS)), otherwise).astype(str))


def _drawn(users: NDArray[np.object_], most: int, seed: int) -> list[str]:
    names = sorted(str(user) for user in users)
    if not most or most >= len(names):
        return names
    return sorted(stream(seed, "visitors").permutation(names)[:most].tolist())


def _shared_sessions(played: pd.DataFrame) -> frozenset[str]:
    """Sessions under whose name more than one person comes."""
    if "session_id" not in played.columns:
        return frozenset()
    people = played.groupby("session_id")["user_id"].nunique()
    return frozenset(people.index[people > 1])


@dataclass(frozen=True)
class _Played:
    """A visit, the rows of the log behind its events, and when each is played."""

    visit: Visit
    rows: list[int]
    at: list[float]


def _visits(
    user: str, mine: pd.DataFrame, source: Replay, seed: int, cut: float, several: frozenset[str]
) -> Iterator[_Played]:
    """The visits of one person, one after the other."""
    draw = stream(seed, "visits", user)
    mine = mine.iloc[np.lexsort((draw.random(len(mine)), mine["timestamp"].to_numpy()))]
    told = mine["timestamp"].to_numpy(dtype=np.float64)
    if "session_id" in mine.columns and mine["session_id"].notna().all():
        names = mine["session_id"].astype(str)
        label = names.where(~names.isin(several), f"{user}/" + names).to_numpy()
    else:
        numbers = np.cumsum(np.diff(told, prepend=told[0]) > VISIT_GAP_S)
        label = np.array([f"{user}/{number + 1}" for number in numbers])
    items, types = mine["item_id"].to_numpy(), mine["event"].to_numpy()
    free = cut
    # In the order of their beginning: where sessions of one person overlap, the later one waits.
    for name in dict.fromkeys(label.tolist()):
        rows = np.flatnonzero(label == name)
        begin = max(float(told[rows[0]]) - _LOOK_BEFORE_S, free + _LOOK_AFTER_S)
        events = list(zip(told[rows].tolist(), types[rows], items[rows], strict=True))
        moments = _moments(events, begin, source.reloads, draw)
        free = moments[-1].at
        at = [moment.at for moment in moments if moment.item_id is not None]
        yield _Played(Visit(name, user, moments), mine.index[rows].tolist(), at)


def _moments(
    events: list[tuple[float, str, str]], begin: float, reloads: float, draw: np.random.Generator
) -> tuple[Moment, ...]:
    """Looks, reloads and events (time told, type, item), from a first look at `begin` on.

    What the log gives at one time is spread out from there.
    """
    count = len(events)
    gaps = np.minimum(_GAP_MEDIAN_S * np.exp(_GAP_SPREAD * draw.normal(size=count)), _GAP_MOST_S)
    extra = draw.poisson(reloads, count)
    now, last = begin, -math.inf
    moments = [Moment(round(now, 3))]
    for n, (told, kind, item) in enumerate(events):
        gap = float(gaps[n]) if told == last else _LEAST_GAP_S
        before, now, last = now, max(told, now + gap), told
        for share in np.sort(draw.random(extra[n])).tolist():
            moments.append(Moment(round(before + share * (now - before), 3)))
        moments.append(Moment(round(now, 3), kind, item))
        now += _LOOK_AFTER_S
        moments.append(Moment(round(now, 3)))
    return tuple(moments)
