"""The shop's guests: who they are, what they like at heart, and how their tastes drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulations.draws import stream
from simulations.shop.names import DESTINATIONS, KINDS, THEMES
from simulations.shop.stays import BANDS, BLOCKS, FLAGS, WIDTH, themes_of_destinations
from simulations.shop.streams import Counts, Draws, Floats, draw_visits, ordinals

DAY_S = 86_400
PARTIES = ("solo", "couple", "family", "friends")
HOMES = ("Germany", "United Kingdom", "France", "Netherlands", "Sweden", "Spain", "Poland")

# Assumed: couples are the most, and most guests know a handful of destinations that they return
# to (three of 32 on average, each worth a factor of twelve).
_PARTY_STEPS = np.cumsum([0.2, 0.4, 0.27])
_FAVOURITE = 0.09
_FAVOURS = 2.5
# Spreads of tastes, in log-odds, assumed: kinds of places divide people most; what no attribute
# shows adds up to about as much as the flags do (0.35 times the root of six).
_THEMES, _KINDS, _FLAGS, _HIDDEN = 0.8, 1.1, 0.5, 0.35
# A band away from the budget costs a factor of 2.5; budgets lie around the middle band.
_BAND = -0.9
_BUDGET, _BUDGETS = 1.2, 0.9
# Log of visits beside the first, mean and spread: a mean of 3.5 in two months, as before drift
# was modelled; many guests come once or twice and a few every other day.
_VISITS, _VISITS_SPREAD, _MOST_VISITS = 1.0, 0.7, 40

# Drift: spread around the core by block, about half of that of the cores, so that a fifth to a
# quarter of what differs between people at a moment is of the moment. Assumed, as is that half of
# it is forgotten in two weeks (20 days to 1/e): holidays are thought over in weeks, not in years.
DRIFT_DAYS = 20.0
_DRIFT = {"destination": 0.6, "kind": 0.6, "band": 0.4, "flags": 0.3, "hidden": 0.2}


@dataclass(frozen=True, eq=False)
class Guests:
    """m guests. core: (m, WIDTH) log-odds of turning to what a place offers, in the columns of
    BLOCKS; draws: the raw numbers of all their visits.
    """

    table: pd.DataFrame
    core: Floats
    draws: Draws


def make_guests(seed: int, count: int) -> Guests:
    """`count` guests, each out of the stream of its own number."""
    themes, kinds, hidden = len(THEMES), len(KINDS), BLOCKS["hidden"]
    normal = np.empty((count, themes + kinds + len(FLAGS) + hidden.stop - hidden.start + 2))
    uniform = np.empty((count, len(DESTINATIONS) + 2))
    visits = []
    for guest in range(count):
        generator = stream(seed, "guest", number=guest + 1)
        normal[guest] = generator.standard_normal(normal.shape[1])
        uniform[guest] = generator.random(uniform.shape[1])
        rate = np.exp(_VISITS + _VISITS_SPREAD * normal[guest, -1])
        often = min(1 + int(generator.poisson(rate)), _MOST_VISITS)
        visits.append(draw_visits(generator, often, WIDTH))
    party = np.searchsorted(_PARTY_STEPS, uniform[:, -2])
    home = (uniform[:, -1] * len(HOMES)).astype(np.int64)
    core = np.zeros((count, WIDTH))
    by_theme, by_kind, by_flag, by_hidden = np.split(
        normal[:, :-2], np.cumsum([themes, kinds, len(FLAGS)]), axis=1
    )
    favourites = _FAVOURS * (uniform[:, : len(DESTINATIONS)] < _FAVOURITE)
    core[:, BLOCKS["destination"]] = favourites + _THEMES * by_theme @ themes_of_destinations().T
    core[:, BLOCKS["kind"]] = _KINDS * by_kind
    budget = np.clip(_BUDGET + _BUDGETS * normal[:, -2], 0.0, len(BANDS) - 1.0)
    core[:, BLOCKS["band"]] = _BAND * np.abs(budget[:, None] - np.arange(len(BANDS)))
    flags = np.array([0.5, 0.0, 0.2, 0.0, 0.2]) + _FLAGS * by_flag
    family = party == PARTIES.index("family")
    flags[:, FLAGS.index("family_friendly")] += np.where(family, 1.5, -0.2)
    core[:, BLOCKS["flags"]] = flags
    core[:, hidden] = _HIDDEN * by_hidden
    core[:, BLOCKS["appeal"]] = 1.0
    digits = max(5, len(str(count)))
    table = pd.DataFrame(
        {
            "user_id": [f"guest-{number:0{digits}d}" for number in range(1, count + 1)],
            "country": [HOMES[h] for h in home.tolist()],
            "party": [PARTIES[p] for p in party.tolist()],
        }
    )
    owner = np.repeat(np.arange(count), [len(numbers) for numbers, _ in visits])
    draws = Draws(
        owner,
        np.concatenate([numbers for numbers, _ in visits]),
        np.concatenate([numbers for _, numbers in visits]),
    )
    return Guests(table, core, draws)


def drifted(core: Floats, guest: Counts, start: Counts, steps: Floats) -> Floats:
    """(v, WIDTH) tastes at the start of each visit: a random walk that returns to the core.

    core: (m, WIDTH); guest, start (epoch seconds): (v,), visits of a guest in order of time;
    steps: (v, WIDTH) standard normal. An Ornstein-Uhlenbeck process, stationary from the first
    visit on.
    """
    spread = np.zeros(WIDTH)
    for name, size in _DRIFT.items():
        spread[BLOCKS[name]] = size
    kept = np.zeros(guest.size)
    kept[1:] = np.exp(-np.maximum(np.diff(start), 0) / (DRIFT_DAYS * DAY_S))
    turn = ordinals(guest)
    away = spread * steps
    for number in range(1, int(turn.max()) + 1):
        rows = np.flatnonzero(turn == number)
        share = kept[rows, None]
        away[rows] = share * away[rows - 1] + np.sqrt(1 - share**2) * away[rows]
    return core[guest] + away
