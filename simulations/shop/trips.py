"""The guests' trips: when they are planned, where they go, and what they must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulations.shop.guests import DAY_S
from simulations.shop.names import DESTINATIONS, KINDS
from simulations.shop.stays import BANDS, BLOCKS, FLAGS, WIDTH, popularity_of_destinations
from simulations.shop.streams import Counts, Draws, Flags, Floats, ordinals, pick

# Visits by hour of the day, UTC: quiet nights, a bump at noon, busy evenings. Assumed.
_HOURS = np.array(
    [2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 13, 12, 9, 9, 10, 12, 15, 19, 22, 20, 13, 6]
)
# A trip is planned in one to three visits, one to three days apart. Assumed.
_NEW_TRIP = 0.4
_MOST_OF_A_TRIP = 3
_MOST_GAP = 3
# Two visits of one guest are this far apart at least (seconds): a session's life in the contract.
_APART = 1800

# What the trip adds to tastes, in log-odds, such that nine looks in ten at a trip to one of the
# large destinations (100 places and more) are looks at places there; of a small one (below 25)
# the guests have soon seen what suits them, and half of the looks go elsewhere. A want counts
# nearly three times (e), and sixteen times once it is a filter.
_GOES_THERE = 5.2
_WANTED = 1.0
_FILTERED = 2.8
# How many trips want a kind, a band, one flag or more, two flags. Half of the visits of a trip
# with wants apply them as filters. Assumed.
_WANTS_KIND, _WANTS_BAND, _WANTS_FLAG, _WANTS_TWO = 0.35, 0.4, 0.6, 0.2
_APPLIES = 0.5


@dataclass(frozen=True, eq=False)
class Trips:
    """The trip of each of v visits. destination, kind, band: (v,) indices, kind and band -1 where
    it does not matter; flags: (v, FLAGS) wanted; applied: (v,) whether the wants are filters now;
    last: (v,) whether it is the trip's last visit.
    """

    destination: Counts
    kind: Counts
    band: Counts
    flags: Flags
    applied: Flags
    last: Flags

    def tastes(self) -> Floats:
        """(v, WIDTH) what the trips add to the tastes."""
        added = np.zeros((self.destination.size, WIDTH))
        rows = np.arange(self.destination.size)
        strength = _WANTED + (_FILTERED - _WANTED) * self.applied
        added[rows, BLOCKS["destination"].start + self.destination] = _GOES_THERE
        for name, wanted in (("kind", self.kind), ("band", self.band)):
            some = np.flatnonzero(wanted >= 0)
            added[some, BLOCKS[name].start + wanted[some]] = strength[some]
        added[:, BLOCKS["flags"]] = strength[:, None] * self.flags
        return added

    def context(self, row: int) -> Mapping[str, str]:
        """What the page can tell of a visit: the destination, and the filters that are applied."""
        told = {
            "destination": DESTINATIONS[self.destination[row]].name,
            "filters_applied": "true" if self.applied[row] else "false",
        }
        if self.applied[row]:
            if self.kind[row] >= 0:
                told["kind"] = KINDS[self.kind[row]]
            if self.band[row] >= 0:
                told["price_band"] = BANDS[self.band[row]]
            told |= {FLAGS[flag]: "true" for flag in np.flatnonzero(self.flags[row]).tolist()}
        return told


def trip_of_visits(draws: Draws) -> Counts:
    """(v,) numbers of trips, rising; a guest's visits come in the order of the trips."""
    turn = ordinals(draws.guest)
    runs = np.cumsum((turn == 0) | (draws.once("new_trip") < _NEW_TRIP))
    first = (turn == 0) | (ordinals(runs) % _MOST_OF_A_TRIP == 0)
    return np.asarray(np.cumsum(first) - 1)


def starts(draws: Draws, trip: Counts, length: Counts, days: int, last: int) -> Counts:
    """(v,) epoch seconds at which the visits of these lengths (seconds) start.

    No visit runs past midnight (UTC), one that would begins earlier: so the days can be cut at
    any midnight without cutting a visit.
    """
    opening = np.flatnonzero(ordinals(trip) == 0)
    gap = np.where(ordinals(trip) == 0, 0, 1 + (draws.once("gap") * _MOST_GAP).astype(np.int64))
    total = np.cumsum(gap)
    later = total - total[opening][trip]
    span = np.maximum.reduceat(later, opening)
    begin = (draws.once("begin")[opening] * np.maximum(days - span, 1)).astype(np.int64)
    day = np.minimum(begin[trip] + later, days - 1)
    hour = np.searchsorted(np.cumsum(_HOURS) / _HOURS.sum(), draws.once("hour"), side="right")
    second = hour * 3600 + 1 + (draws.once("second") * 3599).astype(np.int64)
    second = np.maximum(np.minimum(second, DAY_S - 1 - length), 1)
    return np.asarray(last - (days - day) * DAY_S + second)


def apart(guest: Counts, start: Counts, length: Counts) -> Counts:
    """Rows of visits in order of guest and time, without those that would begin before the same
    guest's visit before them is well over."""
    order = np.lexsort((start, guest))
    after = start[order][1:] - (start + length)[order][:-1] >= _APART
    kept = np.ones(order.size, bool)
    kept[1:] = after | (guest[order][1:] != guest[order][:-1])
    return order[kept]


def make_trips(draws: Draws, trip: Counts, core: Floats) -> Trips:
    """Destination and wants of each visit's trip, out of what the guest likes at heart.

    core: (v, WIDTH) of the visit's guest.
    """
    opening, turn = np.unique(trip, return_index=True, return_inverse=True)[1:]
    planned, heart = draws.of(opening), core[opening]
    liking = {name: np.exp(heart[:, block]) for name, block in BLOCKS.items()}
    chances = liking["destination"] * popularity_of_destinations()
    destination = pick(chances, planned.once("destination"))
    kind = pick(liking["kind"], planned.once("kind"))
    band = pick(liking["band"], planned.once("band"))
    many = planned.once("wants_flags")[:, None] < np.array([_WANTS_FLAG, _WANTS_TWO])
    chance = np.stack([planned.once(f"flag_{number}") for number in range(len(FLAGS))], axis=1)
    # The largest after Gumbel noise: drawn without replacement in proportion to exp(taste).
    keen = heart[:, BLOCKS["flags"]] - np.log(-np.log(np.maximum(chance, 1e-12)))
    coastal = np.array([place.coastal for place in DESTINATIONS])[destination]
    keen[~coastal, FLAGS.index("sea_view")] = -np.inf
    rank = np.argsort(np.argsort(-keen, axis=1), axis=1)
    wanted_flags = rank < many.sum(axis=1)[:, None]
    wanted_kind = np.where(planned.once("wants_kind") < _WANTS_KIND, kind, -1)
    wanted_band = np.where(planned.once("wants_band") < _WANTS_BAND, band, -1)
    wants = (wanted_kind >= 0) | (wanted_band >= 0) | wanted_flags.any(axis=1)
    ends = np.zeros(trip.size, bool)  # trips of a guest may overlap: the last row of each
    ends[trip.size - 1 - np.unique(trip[::-1], return_index=True)[1]] = True
    return Trips(
        destination[turn],
        wanted_kind[turn],
        wanted_band[turn],
        wanted_flags[turn],
        wants[turn] & (draws.once("applies") < _APPLIES),
        ends,
    )
