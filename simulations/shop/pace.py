"""The pace of a visit: when the visitor looks, turns to a place, comes back, reloads, pauses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simulations.shop.streams import SLOTS, TURNS, Counts, Draws, Flags, Floats

# Events of a visit beside a booking: 2 to 11, 5.4 on average.
_MOST_EVENTS = 11
_GOES_ON = 0.8
# Noise, assumed. The share of recorded turns that are accidents, to any place with equal chance: a
# slip of the finger, a child with the phone. And the share of true turns that no event shows: a
# blocked script, a friend's screen.
ACCIDENTS = 0.08
LOST = 0.1
# Reading and dwelling are log-normal: most are short and a few are long. Medians and spreads in
# seconds are assumed: 9 over a slate, 49 with a place.
_READ, _READ_SPREAD, _MOST_READ = 9.0, 0.7, 240.0
_DWELL, _DWELL_SPREAD, _MOST_DWELL = 49.0, 0.8, 900.0
# Every fifth slate is loaded again after some seconds, a third of these at once a second time.
_RELOADS, _AGAIN = 0.2, 0.35
_RELOAD, _RELOAD_SPREAD = 7.0, 0.6
# Now and then a pause of minutes, with the time at a place less than what ends a session.
_PAUSES, _PAUSE, _PAUSE_SPREAD, _MOST_PAUSE = 0.06, 240.0, 0.7, 840.0

# The columns of `Pace.at`.
LOOK, RELOAD, AGAIN, EVENT = range(4)


@dataclass(frozen=True, eq=False)
class Pace:
    """v visits as slots: turns, then the booking, then the last look.

    turns: (v,) how many turns there are; recorded: (v, SLOTS) whether an event shows the turn;
    at: (v, SLOTS, 4) seconds from the start of the visit of the look, two reloads and the event;
    there: (v, SLOTS, 4) whether there is a look before a turn, and which reloads there are.
    """

    turns: Counts
    recorded: Flags
    at: Counts
    there: Flags

    def of(self, rows: Counts) -> Pace:
        """The pace of these visits only."""
        return Pace(self.turns[rows], self.recorded[rows], self.at[rows], self.there[rows])


def make_pace(draws: Draws) -> Pace:
    """Times of all slots, whether or not the visit comes to them; all are whole seconds and every
    one lies after the one before."""
    turns, recorded = _turns(draws)
    paused = draws.each("pause") < _PAUSES
    pause = _seconds(_PAUSE, _PAUSE_SPREAD, draws.each_normal("pause"), _MOST_PAUSE)
    dwell = _seconds(_DWELL, _DWELL_SPREAD, draws.each_normal("dwell"), _MOST_DWELL)
    reloads = draws.each("reload") < _RELOADS
    again = reloads & (draws.each("again") < _AGAIN)
    gaps = np.zeros((*recorded.shape, 4), np.int64)
    # From the event before to the look: the time with the place, and perhaps a pause.
    gaps[:, 1:, LOOK] = (dwell + paused * pause)[:, :-1]
    slowly = _seconds(_RELOAD, _RELOAD_SPREAD, draws.each_normal("reload"), _MOST_READ)
    gaps[..., RELOAD] = reloads * slowly
    gaps[..., AGAIN] = again * (1 + np.floor(3 * draws.each("again") / _AGAIN).astype(np.int64))
    gaps[..., EVENT] = _seconds(_READ, _READ_SPREAD, draws.each_normal("read"), _MOST_READ)
    at = gaps.reshape(len(gaps), -1).cumsum(axis=1).reshape(gaps.shape)
    there = np.stack([np.ones_like(reloads), reloads, again, np.ones_like(reloads)], axis=-1)
    return Pace(turns, recorded, at, there)


def _turns(draws: Draws) -> tuple[Counts, Flags]:
    """How many turns a visit has, and which of them an event shows."""
    more = np.log(np.maximum(1.0 - draws.once("size"), 1e-12)) / np.log(_GOES_ON)
    events = np.minimum(2 + more.astype(np.int64), _MOST_EVENTS)
    # A turn that leaves no event comes after one that does: a visit's first turn leaves one.
    follows = draws.each("lost")[:, :_MOST_EVENTS] < (1.0 - ACCIDENTS) * LOST / (1.0 - LOST)
    order = np.arange(_MOST_EVENTS)
    position = order + np.cumsum(follows, axis=1) - follows
    wanted = order < events[:, None]
    turns = np.minimum(events + (follows & wanted).sum(axis=1), TURNS)
    recorded = np.zeros((len(events), SLOTS), bool)
    row, number = np.nonzero(wanted & (position < TURNS))
    recorded[row, position[row, number]] = True
    return turns, recorded


def _seconds(median: float, spread: float, normal: Floats, most: float) -> Counts:
    """Whole seconds, log-normal, at least one."""
    seconds = np.ceil(np.minimum(median * np.exp(spread * normal), most))
    return np.asarray(seconds, np.int64)
