"""What visitors turn to: drawn in proportion to attraction while tastes move with every place.

The one place where a chance is computed; the draw and the answer key share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulations.scenario import Shelf
from simulations.shop.pace import ACCIDENTS, EVENT
from simulations.shop.plan import Plan
from simulations.shop.stays import BLOCKS, TASTE_GRID, WIDTH
from simulations.shop.streams import TURNS, Counts, Flags, Floats

# Focus: a place looked at adds so much (log-odds) to what it offers, and a tenth of the focus
# fades with every turn; five villas in a row make the next villa three to four times as likely.
# Assumed.
_FOCUS = {"destination": 0.3, "kind": 0.35, "band": 0.35, "flags": 0.25, "hidden": 0.1}
_KEEPS = 0.9
# After six turns in a hundred the visitor's mind changes: the focus is lost, another leaning takes
# its place (spread in log-odds; the same one should it happen twice in a visit). Assumed.
_MIND = 0.06
_LEANING = {"kind": 0.8, "band": 0.6, "flags": 0.5}

_CHUNK = 1_000  # visits drawn at once; bounds memory, changes no number


@dataclass(frozen=True, eq=False)
class Turns:
    """What v visits turned to.

    items: (v, TURNS) indices of places, -1 behind the last turn; accident: (v, TURNS);
    count: (v,) turns made, fewer than planned where no place was left to look at;
    tastes: (v, TURNS + 1, WIDTH) float32, before each turn and after the last.
    """

    items: Counts
    accident: Flags
    count: Counts
    tastes: NDArray[np.float32]

    def of(self, rows: Counts) -> Turns:
        """The turns of these visits only."""
        return Turns(self.items[rows], self.accident[rows], self.count[rows], self.tastes[rows])


def weights(tastes: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float32]:
    """(v, n) odds that visitors of these tastes (v, WIDTH) turn to places (n, WIDTH), before what
    is closed or was looked at is taken out."""
    return np.asarray(np.exp(tastes @ features.T))


def on_grid(tastes: Floats) -> NDArray[np.float32]:
    """Tastes as multiples of 1 / TASTE_GRID, so that their products with features are exact."""
    return np.asarray(np.round(tastes * TASTE_GRID) / TASTE_GRID, np.float32)


def take_turns(
    features: NDArray[np.float32],
    shelf: Shelf,
    plan: Plan,
    tastes: Floats,
) -> Turns:
    """All turns of all visits; tastes: (v, WIDTH) at the start of each."""
    visits, pace = plan.start.size, plan.pace
    turns = Turns(
        np.full((visits, TURNS), -1),
        (plan.draws.each("accident") < ACCIDENTS)[:, :TURNS] & pace.recorded[:, :TURNS],
        pace.turns.copy(),
        np.zeros((visits, TURNS + 1, WIDTH), np.float32),
    )
    shut = _Shut(shelf)
    for begin in range(0, visits, _CHUNK):
        _take(features, shut, plan, tastes, turns, begin)
    return turns


def _take(
    features: NDArray[np.float32],
    shut: _Shut,
    plan: Plan,
    tastes: Floats,
    turns: Turns,
    begin: int,
) -> None:
    """The turns of the chunk of visits that begins there, written into `turns`."""
    draws, at = plan.draws, plan.start[:, None] + plan.pace.at[..., EVENT]
    rows = np.arange(begin, min(begin + _CHUNK, plan.start.size))
    moves, mean = _by_block(_FOCUS), features.mean(axis=0, dtype=np.float64)
    changes, leaning = draws.each("mind") < _MIND, _by_block(_LEANING) * draws.vectors()[1]
    focus = np.zeros((rows.size, WIDTH))
    turns.tastes[rows, 0] = on_grid(tastes[rows])
    for turn in range(TURNS):
        rows = rows[turns.count[rows] > turn]
        odds = weights(turns.tastes[rows, turn], features)
        shut.take_out(odds, at[rows, turn])
        odds[np.arange(rows.size)[:, None], turns.items[rows, :turn]] = 0.0
        slips = turns.accident[rows, turn]
        odds[slips] = odds[slips] > 0.0
        steps = np.cumsum(odds, axis=1, dtype=np.float64)
        left = steps[:, -1] > 0.0
        turns.count[rows[~left]] = turn
        rows, steps, slips = rows[left], steps[left], slips[left]
        aim = draws.each("pick")[rows, turn] * steps[:, -1]
        items = np.minimum((steps <= aim[:, None]).sum(axis=1), len(features) - 1)
        turns.items[rows, turn] = items
        old = focus[rows - begin]
        new = np.where(
            changes[rows, turn, None],
            leaning[rows],
            _KEEPS * old + moves * (features[items] - mean),
        )
        focus[rows - begin] = np.where(slips[:, None], old, new)
        turns.tastes[rows, turn + 1] = on_grid(tastes[rows] + focus[rows - begin])


class _Shut:
    """Takes closed places out of odds; only those that open or close at all are looked at."""

    def __init__(self, shelf: Shelf) -> None:
        self.moving = np.flatnonzero((shelf.opens > 0.0) | np.isfinite(shelf.closes))
        self.opens, self.closes = shelf.opens[self.moving], shelf.closes[self.moving]

    def take_out(self, odds: NDArray[np.float32], at: Counts) -> None:
        """Set the odds (v, n) of what is closed at the times (v,) to nothing, in place."""
        times = at[:, None]
        odds[:, self.moving] *= (self.opens <= times) & (times < self.closes)


def _by_block(sizes: Mapping[str, float]) -> Floats:
    """(WIDTH,) a number for each block of columns, 0 for those not named."""
    vector = np.zeros(WIDTH)
    for name, size in sizes.items():
        vector[BLOCKS[name]] = size
    return vector
