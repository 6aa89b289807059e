"""Slices: the same figures for some of the visitors, or some of their events.

Who pays for consistency is not told by a mean over everybody. Visitors are sliced by what is known
of them at first, by how much they do, by how well known the things are that they turn to, and by
what the users table declares of them; a visitor is in one slice of each cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulations.events import Codes, Events, events_of
from simulations.figures import AXES, Tally
from simulations.scenario import Scenario

FEWEST = 20
"""Visitors below which nothing is said of a slice."""
VALUES_AT_MOST = 8
"""Values of one declared attribute that get a slice; the rarer ones are one slice together."""
OTHER = "any other"
_KNOWN = (0, 1, 6, 20, 50, 100)
_PLACES = (1, 2, 3, 6, 11, 21)
_ACTIVITY = (1, 2, 6, 21, 101)
_POPULARITY = ("among the best known", "in between", "little known")


@dataclass(frozen=True)
class Slice:
    """One slice: its name, its sums, and who is in it (a mask of all visitors)."""

    name: str
    tally: Tally
    visitors: NDArray[np.bool_]

    @property
    def told(self) -> bool:
        """Whether enough visitors are in it."""
        return int(self.visitors.sum()) >= FEWEST


@dataclass(frozen=True)
class Cut:
    """One way to slice; slices are in the order of their meaning."""

    name: str
    label: str
    slices: tuple[Slice, ...]


@dataclass(frozen=True)
class Sliced:
    """Cuts of visitors, and two of their events: by what was `known` of the visitor at that moment,
    and by how far the visit had gone, its `course`.

    Of an event, accuracy is that of the slate before it, and churn what is displaced after it.
    """

    visitors: tuple[Cut, ...]
    known: Cut
    course: Cut


def slices(
    parts: Sequence[Path],
    scenarios: Mapping[int, Scenario],
    visitors: Sequence[str],
    policies: int,
    *,
    pooled: bool,
) -> Sliced:
    """All slices of a run; `visitors` are named as in `figures.Sums`, whose order is kept."""
    shape = (len(visitors), policies)
    known, place, whole = _Sums(len(_KNOWN), shape), _Sums(len(_PLACES), shape), _Sums(1, shape)
    first = np.full(len(visitors), np.iinfo(np.int64).max)
    taken = np.zeros((len(visitors), len(_POPULARITY)))
    thirds = {seed: _Thirds(one) for seed, one in scenarios.items()}
    for events in events_of(parts, visitors, policies, pooled=pooled):
        whole.add(np.zeros_like(events.known), events)
        known.add(np.digitize(events.known, _KNOWN) - 1, events)
        place.add(np.digitize(events.place, _PLACES) - 1, events)
        np.minimum.at(first, events.visitor, events.known)
        np.add.at(taken, (events.visitor, thirds[events.seed].of(events)), 1)
    tally = whole.tally(0)
    told = "items known of the visitor"
    # Of a visitor whom only one of several seeds judges there is less than one event a seed.
    active = np.maximum(tally.judged / (len(scenarios) if pooled else 1), 1)
    by_visitor = (
        ("profile", f"{told} at first", np.digitize(first, _KNOWN) - 1, _ranges(_KNOWN)),
        ("activity", "judged events", np.digitize(active, _ACTIVITY) - 1, _ranges(_ACTIVITY)),
        ("popularity", "most of what they turn to is", taken.argmax(axis=1), _POPULARITY),
        *_declared(visitors, scenarios, pooled=pooled),
    )
    return Sliced(
        tuple(_by_visitor(name, label, tally, *codes) for name, label, *codes in by_visitor),
        Cut("known", told, known.slices(_ranges(_KNOWN))),
        Cut("place", "number of the event in the visit", place.slices(_ranges(_PLACES))),
    )


class _Sums:
    """Sums of the two axes by slice and visitor, grown part by part."""

    def __init__(self, count: int, shape: tuple[int, int]) -> None:
        self._values = np.zeros((count, *shape, 2))
        self._over = np.zeros((count, *shape, 2))
        self._judged = np.zeros((count, shape[0]))

    def add(self, codes: Codes, events: Events) -> None:
        """Add events, each to the slice of its code."""
        at = (codes, events.visitor)
        np.add.at(self._values[..., 0], at, events.churn)
        np.add.at(self._over[..., 0], at, events.followed)
        np.add.at(self._values[..., 1], at, events.accuracy)
        np.add.at(self._over[..., 1], at, 1.0)
        np.add.at(self._judged, at, 1.0)

    def tally(self, code: int) -> Tally:
        """The sums of one slice, of all visitors."""
        return Tally(AXES, self._values[code], self._over[code], self._judged[code])

    def slices(self, names: Sequence[str]) -> tuple[Slice, ...]:
        """Slices that anybody is in."""
        found = [(name, self.tally(code)) for code, name in enumerate(names)]
        return tuple(_slice(name, tally, tally.judged > 0) for name, tally in found)


def _slice(name: str, tally: Tally, mask: NDArray[np.bool_]) -> Slice:
    return Slice(name, tally.of(mask), mask)


class _Thirds:
    """How well known things are: items sorted by how often they were taken before the cut, in three
    parts that were taken equally often."""

    def __init__(self, scenario: Scenario) -> None:
        events = scenario.tables.interactions
        taken = events.loc[events["timestamp"] <= scenario.cut, "item_id"].value_counts()
        taken = taken.sort_index().sort_values(ascending=False, kind="stable")
        before = (taken.cumsum() - taken).to_numpy()
        thirds = np.minimum(3 * before // max(int(taken.sum()), 1), 2)
        self._third = dict(zip(taken.index.astype(str), thirds.tolist(), strict=True))
        self._item = {
            (visit.visit_id, number): str(moment.item_id)
            for visit in scenario.visits
            for number, moment in enumerate(visit.moments)
            if not moment.look
        }

    def of(self, events: Events) -> Codes:
        """The third of each event's item; what is new since the cut is little known."""
        keys = zip(events.visit.tolist(), events.number.tolist(), strict=True)
        return np.array([self._third.get(self._item[key], 2) for key in keys], dtype=np.int64)


def _declared(
    visitors: Sequence[str], scenarios: Mapping[int, Scenario], *, pooled: bool
) -> Iterator[tuple[str, str, Codes, Sequence[str]]]:
    """Each column of the users table as a cut; the seeds of a world have users of their own."""
    tables = [
        one.tables.users.set_index(
            ("" if pooled else f"{seed}/") + one.tables.users["user_id"].astype(str)
        )
        for seed, one in list(scenarios.items())[: 1 if pooled else None]
        if one.tables.users is not None
    ]
    if not tables:
        return
    told = pd.concat(tables).drop(columns="user_id").reindex(list(visitors))
    for name in told.columns:
        codes, names = _values(told[name])
        if len(names) > 1:
            yield f"users.{name}", str(name), codes, names


def _values(told: pd.Series[Any]) -> tuple[Codes, list[str]]:
    """Codes and names of an attribute: numbers of many values by thirds, else the commonest."""
    numeric = pd.api.types.is_numeric_dtype(told) and not pd.api.types.is_bool_dtype(told)
    if numeric and told.nunique() > VALUES_AT_MOST:
        numbers = told.to_numpy(dtype=np.float64)
        ends = np.unique(np.nanquantile(numbers, [1 / 3, 2 / 3]))
        codes = np.digitize(numbers, ends, right=True)
        names = [
            f"up to {ends[0]:g}",
            *(f"{a:g} to {b:g}" for a, b in pairwise(ends.tolist())),
            f"above {ends[-1]:g}",
        ]
        codes = np.where(np.isnan(numbers), len(names), codes)
        return codes.astype(np.int64), [*names, "not told"]
    text = told.astype("string").fillna("not told").astype(str)
    common = text.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    names = [str(name) for name in common.index[:VALUES_AT_MOST]]
    codes = pd.Index(names).get_indexer(pd.Index(text))
    more = [OTHER] if len(common) > len(names) else []
    return np.where(codes < 0, len(names), codes).astype(np.int64), [*names, *more]


def _by_visitor(name: str, label: str, tally: Tally, codes: Codes, names: Sequence[str]) -> Cut:
    masks = [codes == code for code in range(len(names))]
    found = [_slice(n, tally, m) for n, m in zip(names, masks, strict=True) if m.any()]
    return Cut(name, label, tuple(found))


def _ranges(starts: Sequence[int]) -> list[str]:
    """From 0, 1 to 5, 6 or more: names of bins by their first numbers."""
    names = [f"{a}" if b == a + 1 else f"{a}\N{EN DASH}{b - 1}" for a, b in pairwise(starts)]
    return [*names, f"{starts[-1]} or more"]
