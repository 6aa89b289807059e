"""The answer key of the shop's world: what each visitor truly wants, kept apart from the events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.scenario import Shelf, Visit
from simulations.shop.records import eagerness, thought_over
from simulations.shop.streams import TURNS, Counts, Flags, Floats
from simulations.shop.turns import Turns, weights

# Places with a smaller chance are left out: all of them together have hardly one in a thousand.
_HARDLY = 1e-6


@dataclass(frozen=True, eq=False)
class Answers:
    """The truth of v visits in arrays that are read one after the other.

    rows: where a visit_id stands; features: (n, WIDTH) float32 of the shelf's places.
    begins: (v + 1,) where a visit's turns begin in tastes (t, WIDTH) float32, before each turn
    and after the last, in items (t,), what was turned to, -1 after the last, in accident (t,),
    whether for no reason of taste, and in recorded (t,), whether an event shows it.
    moments: (v + 1,) where its moments begin in turn (m,), the turn that is made next.
    """

    rows: Mapping[str, int]
    shelf: Shelf
    features: NDArray[np.float32]
    begins: Counts
    tastes: NDArray[np.float32]
    items: NDArray[np.int32]
    accident: Flags
    recorded: Flags
    moments: Counts
    turn: NDArray[np.int8]

    def worth(self, visit: Visit, number: int) -> Mapping[str, float]:
        """The chance of each place to be the next one that the visitor turns to.

        `number` counts from 0; where it is an event, its own turn is still to come. Closed places
        and those looked at in this visit have none. A booking is no turn: it ends them.
        """
        chances = self.chances(visit, number)
        likely = np.flatnonzero(chances > _HARDLY)
        ids = self.shelf.item_ids
        return dict(zip([ids[n] for n in likely.tolist()], chances[likely].tolist(), strict=True))

    def chances(self, visit: Visit, number: int) -> Floats:
        """The same for all places of the shelf: (n,), with sum 1, or 0 where nothing is left."""
        at, before = self._turn(visit, number), self.begins[self.rows[visit.visit_id]]
        odds = weights(self.tastes[at : at + 1], self.features)[0].astype(np.float64)
        now = visit.moments[number].at
        odds[(now < self.shelf.opens) | (now >= self.shelf.closes)] = 0.0
        odds[self.items[before:at]] = 0.0
        return np.asarray(odds / max(float(odds.sum()), np.finfo(np.float64).tiny))

    def decided(self, visit: Visit, number: int) -> Mapping[str, float]:
        """The chance of each place looked at to be booked, were the trip decided at that moment.

        It is small until a place is good; what is likely here is what a visitor comes back to.
        """
        at, before = self._turn(visit, number), self.begins[self.rows[visit.visit_id]]
        looked = self.items[before:at][self.recorded[before:at]]
        now = visit.moments[number].at
        looked = looked[(self.shelf.opens[looked] <= now) & (now < self.shelf.closes[looked])]
        liking = (self.features[looked] @ self.tastes[at]).astype(np.float64)
        weight = thought_over(liking)
        chances = weight / weight.sum() * eagerness(liking)
        ids = self.shelf.item_ids
        return dict(zip([ids[n] for n in looked.tolist()], chances.tolist(), strict=True))

    def by_accident(self, visit: Visit, number: int) -> bool:
        """Whether the event at that moment happened for no reason of taste."""
        return bool(self.accident[self._turn(visit, number)])

    def taste(self, visit: Visit, number: int) -> NDArray[np.float32]:
        """(WIDTH,) the visitor's tastes as of that moment, in the columns of BLOCKS."""
        return np.asarray(self.tastes[self._turn(visit, number)])

    def _turn(self, visit: Visit, number: int) -> int:
        row = self.rows[visit.visit_id]
        if not 0 <= number < len(visit.moments):
            raise IndexError(f"{visit.visit_id} has no moment {number}")
        return int(self.begins[row] + self.turn[self.moments[row] + number])


def answers_of(
    visit_ids: Sequence[str],
    shelf: Shelf,
    features: NDArray[np.float32],
    turns: Turns,
    recorded: Flags,
    slots: Sequence[Counts],
) -> Answers:
    """The truth of these visits; recorded: (v, TURNS or more), slots: of each visit's moments."""
    begins = np.concatenate([[0], np.cumsum(turns.count + 1)])
    kept = np.arange(TURNS + 1) <= turns.count[:, None]
    pad = np.full((len(turns.count), 1), -1)
    items = np.where(kept[:, 1:], turns.items, -1)
    return Answers(
        {visit_id: row for row, visit_id in enumerate(visit_ids)},
        shelf,
        features,
        begins,
        turns.tastes[kept],
        np.concatenate([items, pad], axis=1)[kept].astype(np.int32),
        np.concatenate([turns.accident, pad > 0], axis=1)[kept],
        np.concatenate([recorded[:, :TURNS], pad > 0], axis=1)[kept],
        np.cumsum([0, *map(len, slots)]),
        # The booking and the last look come after the turns.
        np.concatenate(
            [np.zeros(0, np.int64), *map(np.minimum, slots, turns.count.tolist())]
        ).astype(np.int8),
    )
