"""The guests' trips: where they go, and what they must have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulations.shop.names import DESTINATIONS, KINDS
from simulations.shop.stays import BANDS, BLOCKS, FLAGS, WIDTH, popularity_of_destinations
from simulations.shop.streams import Counts, Draws, Flags, Floats, pick

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
