"""What the shop records of its visits: bookings, the table of events, and moments in time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulations.scenario import Moment, Shelf
from simulations.shop.pace import EVENT, LOOK
from simulations.shop.plan import Plan
from simulations.shop.streams import SLOTS, TURNS, Counts, Flags, Floats, Names, pick
from simulations.shop.turns import Turns

# How much an event says: a booking more than a click in a list, that more than a look.
WEIGHTS = {"view": 1.0, "click": 2.0, "purchase": 5.0}
VIEW, CLICK, PURCHASE = range(len(WEIGHTS))
# A place is reached by a click in a list a little more often than by a link or a search. Assumed.
_CLICKS = 0.55
# A booking ends the last visit of a trip, if at all. One of the places looked at is thought over,
# in proportion to the square of its odds, and booked with an even chance if it is as attractive as
# this (log-odds), such that a visit in seven ends with a booking. Assumed.
_EAGER = 18.0
_SHARPNESS = 2.0
# Of the visits six in ten end at the slate, the others at a place. Assumed.
_LAST_LOOK = 0.6


@dataclass(frozen=True, eq=False)
class Records:
    """What v visits left. item: (v, SLOTS) of the turns and of the booking; kind: (v, SLOTS)
    index into WEIGHTS; there: (v, SLOTS, 4) which looks, reloads and events happened, at the
    times of Pace.at.
    """

    item: Counts
    kind: Counts
    there: Flags

    @property
    def events(self) -> tuple[Counts, Counts]:
        """(e,) rows and (e,) slots of the events."""
        row, slot = np.nonzero(self.there[..., EVENT])
        return row, slot


def make_records(features: NDArray[np.float32], shelf: Shelf, plan: Plan, turns: Turns) -> Records:
    """Everything that happened: the turns that are recorded, a booking perhaps, the last look."""
    draws, pace = plan.draws, plan.pace
    rows, count = np.arange(plan.start.size), turns.count
    item = np.full((rows.size, SLOTS), -1)
    item[:, :TURNS] = turns.items
    kind = np.where(draws.each("click") < _CLICKS, CLICK, VIEW)
    booked = _booked(features, shelf, plan, turns)
    item[rows, count], kind[rows, count] = booked, PURCHASE
    books, looks = booked >= 0, draws.once("last_look") < _LAST_LOOK
    there = pace.there & (np.arange(SLOTS) < count[:, None])[..., None]
    there[..., EVENT] &= pace.recorded
    there[rows, count] = pace.there[rows, count] & books[:, None]
    there[rows, count, LOOK] = books | looks
    there[rows, count + 1, LOOK] = books & looks
    return Records(item, kind, there)


def thought_over(liking: Floats) -> Floats:
    """Weights of looked-at places of this attraction (log-odds) when it comes to a decision."""
    return np.asarray(np.exp(_SHARPNESS * liking))


def eagerness(liking: Floats) -> Floats:
    """The chance that a place of this attraction (log-odds) is booked once it is thought over."""
    return np.asarray(1.0 / (1.0 + np.exp(_EAGER - liking)))


def _booked(features: NDArray[np.float32], shelf: Shelf, plan: Plan, turns: Turns) -> Counts:
    """(v,) the place that a visit books, -1 for none."""
    draws, pace = plan.draws, plan.pace
    rows = np.arange(plan.start.size)
    at = plan.start + pace.at[rows, turns.count, EVENT]
    looked = pace.recorded[:, :TURNS] & (np.arange(TURNS) < turns.count[:, None])
    looked &= (shelf.opens[turns.items] <= at[:, None]) & (at[:, None] < shelf.closes[turns.items])
    tastes = turns.tastes[rows, turns.count]
    liking = np.einsum("vtw,vw->vt", features[turns.items], tastes).astype(np.float64)
    place = pick(np.where(looked, thought_over(liking), 0.0), draws.once("booked"))
    eager = draws.once("books") < eagerness(liking[rows, place])
    books = plan.trips.last & looked[rows, place] & eager
    return np.where(books, turns.items[rows, place], -1)


def events_frame(
    records: Records,
    plan: Plan,
    user_ids: Names,
    item_ids: Names,
    visit_ids: Names,
) -> pd.DataFrame:
    """The events of all visits in order of time; user_ids and visit_ids: (v,), item_ids: (n,)."""
    row, slot = records.events
    kind = records.kind[row, slot]
    frame = pd.DataFrame(
        {
            "user_id": user_ids[row],
            "item_id": item_ids[records.item[row, slot]],
            "timestamp": plan.start[row] + plan.pace.at[row, slot, EVENT],
            "weight": np.array(list(WEIGHTS.values()), np.float32)[kind],
            "session_id": visit_ids[row],
            "event": np.array(list(WEIGHTS), object)[kind],
        }
    )
    # Equal seconds of different guests need an order of their own.
    return frame.sort_values(["timestamp", "session_id"], kind="stable", ignore_index=True)


def moments_of(
    records: Records, plan: Plan, item_ids: tuple[str, ...], row: int
) -> tuple[tuple[Moment, ...], Counts]:
    """The moments of one visit, and the slot of each."""
    slots, parts = np.nonzero(records.there[row])
    times = (plan.start[row] + plan.pace.at[row, slots, parts]).tolist()
    names = list(WEIGHTS)
    moments = tuple(
        Moment(float(at))
        if part != EVENT
        else Moment(float(at), names[records.kind[row, slot]], item_ids[records.item[row, slot]])
        for slot, part, at in zip(slots.tolist(), parts.tolist(), times, strict=True)
    )
    return moments, slots
