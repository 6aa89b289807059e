"""A travel shop with a known truth: its tables, its visits after a cut, and their answer key.

The same seed and sizes give the same world, byte for byte; it can be cut at any midnight.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recsvc.data import Tables, tables_from_frames
from recsvc.errors import BadInput
from simulations.scenario import Scenario, Shelf, Visit
from simulations.shop.answers import Answers, answers_of
from simulations.shop.guests import DAY_S, drifted, make_guests
from simulations.shop.plan import make_plan
from simulations.shop.records import events_frame, make_records, moments_of
from simulations.shop.stays import make_shelf, make_stays
from simulations.shop.streams import Counts, Names
from simulations.shop.turns import take_turns

END = 1_767_225_600  # 2026-01-01T00:00:00Z


@dataclass(frozen=True, eq=False)
class World:
    """Tables of all events; visits after `cut` (epoch seconds, a midnight), sorted by user and
    start; when places are open; and what the visitors truly want. `end` is the last midnight.
    """

    tables: Tables
    visits: tuple[Visit, ...]
    shelf: Shelf
    truth: Answers
    cut: float
    end: float

    def scenario(self) -> Scenario:
        """The test period as a play, with another model in the middle of it."""
        middle = (self.cut + self.end) / 2
        return Scenario(self.tables, self.visits, self.cut, middle, self.shelf, self.truth)


def make_world(
    seed: int,
    *,
    users: int = 2000,
    items: int = 1200,
    days: int = 60,
    test_days: int = 14,
    end: float | None = None,
) -> World:
    """A world of `days` whole days up to the last midnight (UTC) by `end`, the last `test_days`
    of which are to be played.

    `end` is in epoch seconds, 2026-01-01 by default. Tables do not depend on `test_days`, and a
    guest does not depend on how many others there are. Raises BadInput for sizes below 1, for
    test_days outside 0..days and for a time span that begins before 1970.
    """
    last = int(END if end is None else end) // DAY_S * DAY_S
    if min(users, items, days) < 1 or seed < 0 or last - days * DAY_S < 0:
        raise BadInput(
            "a shop needs at least one user, item and day, a seed of 0 or more and an end "
            f"{days} days or more after 1970; got {users=}, {items=}, {days=}, {seed=}, {end=}."
        )
    if not 0 <= test_days <= days:
        raise BadInput(f"test_days lies between 0 and days ({days}); got {test_days}.")
    stays, guests = make_stays(seed, items), make_guests(seed, users)
    item_ids = tuple(stays.table["item_id"].tolist())
    shelf = make_shelf(seed, item_ids, last - days * DAY_S, last)
    plan = make_plan(guests, days, last)
    drift = plan.draws.vectors()[0]
    tastes = drifted(guests.core, plan.draws.guest, plan.start, drift) + plan.trips.tastes()
    turns = take_turns(stays.features, shelf, plan, tastes)
    records = make_records(stays.features, shelf, plan, turns)

    visit_ids = _visit_ids(plan.start)
    user_ids = guests.table["user_id"].to_numpy(object)[plan.draws.guest]
    frame = events_frame(records, plan, user_ids, np.array(item_ids, object), visit_ids)
    cut = last - test_days * DAY_S
    visits, slots = [], []
    tested = np.flatnonzero(plan.start > cut)
    for row in tested.tolist():
        moments, of_moments = moments_of(records, plan, item_ids, row)
        visits.append(Visit(visit_ids[row], user_ids[row], moments, plan.trips.context(row)))
        slots.append(of_moments)
    names = [visit.visit_id for visit in visits]
    recorded = plan.pace.recorded[tested]
    return World(
        tables_from_frames(frame, stays.table, guests.table),
        tuple(visits),
        shelf,
        answers_of(names, shelf, stays.features, turns.of(tested), recorded, slots),
        float(cut),
        float(last),
    )


def _visit_ids(start: Counts) -> Names:
    """(v,) visits are numbered in order of time."""
    number = np.empty(start.size, np.int64)
    number[np.argsort(start, kind="stable")] = np.arange(1, start.size + 1)
    return np.array([f"visit-{n:06d}" for n in number.tolist()], object)
