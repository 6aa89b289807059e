"""The artifacts themselves, tried on events later than all that either was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from recsvc.recommenders.comparison.figures import Accuracy, Gain, Window
from recsvc.recommenders.comparison.lists import SEATS, Rungs
from recsvc.recommenders.comparison.paired import Pairs, difference
from recsvc.recommenders.comparison.people import Person, drawn, known_to_both, person
from recsvc.recommenders.comparison.windows import Period, all_of
from recsvc.recommenders.evaluation.metrics import measures

Met = Mapping[str, list[str]]


@dataclass
class _Heard:
    """A person, and the items met since both were trained."""

    person: Person
    since: list[str] = field(default_factory=list)


def later_than_both(a: Rungs, b: Rungs, interactions: pd.DataFrame) -> pd.DataFrame:
    """The events that neither was trained on, by people whom both know."""
    last = max(a.artifact.manifest.last, b.artifact.manifest.last)
    found = interactions[interactions["timestamp"] > last]
    known = set(known_to_both(a.artifact, b.artifact))
    return found[found["user_id"].isin(known)].sort_values("timestamp", kind="stable")


def try_on(
    a: Rungs,
    b: Rungs,
    later: pd.DataFrame,
    *,
    windows: int,
    most: int,
    seed: int,
    tell: Callable[[str], None],
) -> tuple[Accuracy, Gain | None] | None:
    """Window by window; before each, both are told what came in those before it.

    Relevant are items new to the person that A or B knows: who does not know it, misses it. None
    where fewer than two people turned to one.
    """
    asked = drawn(list(dict.fromkeys(later["user_id"])), most, seed)
    heard = {user: _Heard(person(a.artifact, b.artifact, user, None)) for user in asked}
    after = max(a.artifact.manifest.last, b.artifact.manifest.last)
    periods = all_of(later["timestamp"], after, windows) if len(later) else ()
    found: list[tuple[Period, Pairs]] = []
    for n, period in enumerate(periods, 1):
        times = later["timestamp"]
        events = later[(times > period.after) & (times <= period.until)]
        met = {
            str(user): list(dict.fromkeys(items))
            for user, items in events.groupby("user_id")["item_id"]
        }
        pairs = _tried(a, b, heard, met)
        tell(f"later events: window {n} of {len(periods)}, {len(pairs.who):,} people")
        if len(pairs.who) > 1:
            found.append((period, pairs))
        for user, items in met.items():
            if user in heard:
                heard[user].since += [item for item in items if item not in heard[user].since]
    if not found:
        return None
    pooled = Pairs.pooled([pairs for _, pairs in found])
    accuracy = Accuracy(
        how="later events",
        same_recipe=False,
        pooled=difference(pooled),
        windows=tuple(Window(*period, difference(pairs)) for period, pairs in found),
    )
    active = np.array([heard[who].person.state == "active" for who in pooled.who.tolist()])
    gap = b.artifact.manifest.last - a.artifact.manifest.last
    if gap <= 0:
        return accuracy, None
    gained = difference(Pairs(pooled.who[active], pooled.a[active], pooled.b[active]))
    return accuracy, Gain(how="later events", gap_s=gap, active=gained, of_a=None)


def _tried(a: Rungs, b: Rungs, heard: Mapping[str, _Heard], met: Met) -> Pairs:
    who, hits, counts = [], [], []
    for user, items in met.items():
        one = heard.get(user)
        if one is None:
            continue
        gone = one.person.consumed.union(one.since)
        new = {item for item in items if item not in gone and (_knows(a, item) or _knows(b, item))}
        if not new:
            continue
        who.append(user)
        counts.append(len(new))
        since = tuple((item, 1.0) for item in one.since)
        for rungs, told in ((a, one.person.events_a), (b, one.person.events_b)):
            top = rungs.offers(user, told + since, gone, SEATS)
            hits.append([item in new for item in top] + [False] * (SEATS - len(top)))
    shaped = np.array(hits, dtype=np.bool_).reshape(-1, 2, SEATS)
    relevant = np.array(counts, dtype=np.int64)
    values = [measures(shaped[:, n], relevant)[:, 0] if counts else np.zeros(0) for n in (0, 1)]
    return Pairs(np.array(who, dtype=np.str_), *values)


def _knows(rungs: Rungs, item: str) -> bool:
    return item in rungs.artifact.matrix.items.index
