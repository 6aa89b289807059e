"""The plan of all visits: whose, when, at what pace and for which trip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulations.shop.guests import DAY_S, Guests
from simulations.shop.pace import LOOK, Pace, make_pace
from simulations.shop.streams import Counts, Draws, ordinals
from simulations.shop.trips import Trips, make_trips

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


@dataclass(frozen=True, eq=False)
class Plan:
    """v visits, sorted by guest and start; start: (v,) epoch seconds, draws: their raw numbers."""

    start: Counts
    pace: Pace
    trips: Trips
    draws: Draws


def make_plan(guests: Guests, days: int, last: int) -> Plan:
    """The visits of the `days` before `last`, a midnight (epoch seconds)."""
    pace, trip = make_pace(guests.draws), _trip_of_visits(guests.draws)
    # From the first look to the last one, should there be a booking.
    length = pace.at[np.arange(trip.size), pace.turns + 1, LOOK]
    start = _starts(guests.draws, trip, length, days, last)
    rows = _apart(guests.draws.guest, start, length)
    draws = guests.draws.of(rows)
    trips = make_trips(draws, trip[rows], guests.core[draws.guest])
    return Plan(start[rows], pace.of(rows), trips, draws)


def _trip_of_visits(draws: Draws) -> Counts:
    """(v,) numbers of trips, rising; a guest's visits come in the order of the trips."""
    turn = ordinals(draws.guest)
    runs = np.cumsum((turn == 0) | (draws.once("new_trip") < _NEW_TRIP))
    first = (turn == 0) | (ordinals(runs) % _MOST_OF_A_TRIP == 0)
    return np.asarray(np.cumsum(first) - 1)


def _starts(draws: Draws, trip: Counts, length: Counts, days: int, last: int) -> Counts:
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


def _apart(guest: Counts, start: Counts, length: Counts) -> Counts:
    """Rows of visits in order of guest and time, without those that would begin before the same
    guest's visit before them is well over."""
    order = np.lexsort((start, guest))
    after = start[order][1:] - (start + length)[order][:-1] >= _APART
    kept = np.ones(order.size, bool)
    kept[1:] = after | (guest[order][1:] != guest[order][:-1])
    return order[kept]
