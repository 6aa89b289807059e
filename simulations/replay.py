"""A real log as something to play: the events of the last part of time, one by one, in visits.

The log tells what happened; it does not tell when somebody only looked. So a visit begins with a
look at the slate, each event is followed by one, and reloads are drawn in between. Events of one
visit that carry the same time (the lines of an invoice) have no order of their own: it is drawn,
and so are the moments, a few seconds apart. Knobs that count seconds are better judged in a world.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from recsvc.data import Tables
from recsvc.errors import BadData
from simulations.draws import stream
from simulations.scenario import Moment, Scenario, Visit
from simulations.study import Replay

VISIT_GAP_S = 1800.0
"""Without sessions in the log, a pause of half an hour ends a visit: what web analytics use."""

_GAP_MEDIAN_S, _GAP_SPREAD, _GAP_MOST_S = 25.0, 0.9, 600.0
_LOOK_AFTER_S = 1.0
_LOOK_BEFORE_S = 5.0


def replay(tables: Tables, source: Replay, seed: int, *, retrain: bool) -> Scenario:
    """The scenario of a log. Raises `BadData`, saying why, when nothing can be played."""
    events = tables.interactions
    times = events["timestamp"]
    cut = float(times.quantile(source.start, interpolation="lower"))
    later = events[times > cut]
    if later.empty:
        raise BadData(
            f"No event lies after the {source.start:g} quantile of time, so there is nothing to "
            "play. Are all timestamps equal? Name an earlier `from`, or data with times."
        )
    users = _drawn(later["user_id"].unique(), source.visitors, seed)
    if len(users) < 2:
        raise BadData(
            f"Only {len(users)} visitor has events after the {source.start:g} quantile of time; "
            "an interval needs at least two. Name an earlier `from`, or use more data."
        )
    played = later[later["user_id"].isin(set(users))]
    visits = [
        visit
        for user, mine in played.groupby("user_id", sort=True)
        for visit in _visits(str(user), mine, source, seed)
    ]
    middle = float(later["timestamp"].quantile(0.5, interpolation="lower")) if retrain else None
    return Scenario(tables, tuple(visits), cut, middle)


def _drawn(users: np.ndarray[tuple[int], np.dtype[np.object_]], most: int, seed: int) -> list[str]:
    names = sorted(str(user) for user in users)
    if not most or most >= len(names):
        return names
    return sorted(stream(seed, "visitors").permutation(names)[:most].tolist())


def _visits(user: str, mine: pd.DataFrame, source: Replay, seed: int) -> Iterator[Visit]:
    draw = stream(seed, "visits", user)
    mine = mine.iloc[np.lexsort((draw.random(len(mine)), mine["timestamp"].to_numpy()))]
    at = mine["timestamp"].to_numpy(dtype=np.float64)
    if "session_id" in mine.columns and mine["session_id"].notna().all():
        label = mine["session_id"].astype(str).to_numpy()
    else:
        numbers = np.cumsum(np.diff(at, prepend=at[0]) > VISIT_GAP_S)
        label = np.array([f"{user}/{number + 1}" for number in numbers])
    items = mine["item_id"].to_numpy()
    types = np.full(len(mine), source.event)
    if "event" in mine.columns:
        types = mine["event"].fillna(source.event).to_numpy()
    # Visits in the order of their beginning: the sessions of one person may overlap in a log.
    for name in dict.fromkeys(label.tolist()):
        rows = np.flatnonzero(label == name)
        yield Visit(name, user, _moments(at[rows], types[rows], items[rows], source.reloads, draw))


def _moments(
    told: np.ndarray[tuple[int], np.dtype[np.float64]],
    types: np.ndarray[tuple[int], np.dtype[np.object_]],
    items: np.ndarray[tuple[int], np.dtype[np.object_]],
    reloads: float,
    draw: np.random.Generator,
) -> tuple[Moment, ...]:
    """Looks, reloads and events; what the log gives at one time is spread out from there."""
    count = len(told)
    gaps = np.minimum(_GAP_MEDIAN_S * np.exp(_GAP_SPREAD * draw.normal(size=count)), _GAP_MOST_S)
    extra = draw.poisson(reloads, count)
    moments = [Moment(round(float(told[0]) - _LOOK_BEFORE_S, 3))]
    now = float(told[0]) - _LOOK_BEFORE_S
    for n in range(count):
        begins = now
        now = max(float(told[n]), now + float(gaps[n]))
        for share in np.sort(draw.random(extra[n])).tolist():
            moments.append(Moment(round(begins + share * (now - begins), 3)))
        moments.append(Moment(round(now, 3), str(types[n]), str(items[n])))
        now += _LOOK_AFTER_S
        moments.append(Moment(round(now, 3)))
    return tuple(moments)
