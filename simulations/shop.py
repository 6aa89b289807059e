"""A generated travel shop: places to stay, guests with tastes, their visits over some weeks.

The same seed and sizes give the same tables, byte for byte.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsvc.data import Tables, tables_from_frames
from recsvc.errors import BadInput
from simulations.names import DESTINATIONS, KINDS, THEMES
from simulations.stays import (
    BANDS,
    FLAGS,
    HIDDEN_TASTES,
    Stays,
    make_stays,
    popularity_of_destinations,
    stream,
    themes_of_destinations,
)

END = 1_767_225_600  # 2026-01-01T00:00:00Z
DAY_S = 86_400
# How much an event says: a booking more than a click in a list, that more than a look.
WEIGHTS = {"view": 1.0, "click": 2.0, "purchase": 5.0}
PARTIES = ("solo", "couple", "family", "friends")
HOMES = ("Germany", "United Kingdom", "France", "Netherlands", "Sweden", "Spain", "Poland")

# Visits by hour of the day, UTC: quiet nights, a bump at noon, busy evenings.
_HOURS = np.array(
    [2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 10, 13, 12, 9, 9, 10, 12, 15, 19, 22, 20, 13, 6]
)
_SESSIONS_A_TRIP = 3
_MOST_LOOKS = 12
_CHUNK = 1_000  # sessions whose looks are drawn at once; bounds memory, changes no number


@dataclass(frozen=True, eq=False)
class Guests:
    """m guests as arrays, and the table of them.

    places: (m, destinations), kinds: (m, KINDS), flags: (m, FLAGS), hidden: (m, HIDDEN_TASTES)
    are added log-odds of looking at such a place; budget: (m,) on the scale of BANDS.
    """

    table: pd.DataFrame
    places: NDArray[np.float64]
    kinds: NDArray[np.float64]
    flags: NDArray[np.float64]
    hidden: NDArray[np.float64]
    budget: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sessions:
    """s sessions: whose, where to, when it starts (seconds since 1970), how many looks."""

    guest: NDArray[np.int64]
    destination: NDArray[np.int64]
    start: NDArray[np.int64]
    looks: NDArray[np.int64]


def generate(
    seed: int, users: int = 2000, items: int = 1200, days: int = 60, *, end: float | None = None
) -> Tables:
    """The shop's tables: `days` whole days of visits, up to the last midnight (UTC) by `end`.

    `end` is in epoch seconds, 2026-01-01 by default. Raises BadInput for sizes below 1 and for
    a time span that begins before 1970.
    """
    last = int(END if end is None else end) // DAY_S * DAY_S
    if min(users, items, days) < 1 or seed < 0 or last - days * DAY_S < 0:
        raise BadInput(
            "a shop needs at least one user, item and day, a seed of 0 or more and an end "
            f"{days} days or more after 1970; got {users=}, {items=}, {days=}, {seed=}, {end=}."
        )
    stays = make_stays(seed, items)
    guests = make_guests(seed, users)
    sessions = _sessions(seed, guests, days, last)
    return tables_from_frames(
        _events(seed, stays, guests, sessions, last), stays.table, guests.table
    )


def make_guests(seed: int, count: int) -> Guests:
    """`count` guests with tastes: themes, a few favourite destinations, kinds, budget, needs."""
    draw = stream(seed, "guests")
    themes = draw.normal(0.0, 0.8, (count, len(THEMES)))
    favourites = 2.5 * (draw.random((count, len(DESTINATIONS))) < 0.09)
    party = draw.choice(len(PARTIES), count, p=[0.2, 0.4, 0.27, 0.13])
    flags = draw.normal([0.5, 0.0, 0.2, 0.0, 0.2], 0.5, (count, len(FLAGS)))
    flags[:, FLAGS.index("family_friendly")] += np.where(
        party == PARTIES.index("family"), 1.5, -0.2
    )
    ids = [f"guest-{number:0{max(5, len(str(count)))}d}" for number in range(1, count + 1)]
    home = draw.integers(0, len(HOMES), count)
    table = pd.DataFrame(
        {
            "user_id": ids,
            "country": [HOMES[h] for h in home],
            "party": [PARTIES[p] for p in party],
        }
    )
    return Guests(
        table,
        places=favourites + themes @ themes_of_destinations().T,
        kinds=draw.normal(0.0, 1.1, (count, len(KINDS))),
        flags=flags,
        hidden=draw.normal(0.0, 0.35, (count, HIDDEN_TASTES)),
        budget=np.clip(draw.normal(1.2, 0.9, count), 0.0, len(BANDS) - 1.0),
    )


def attraction(stays: Stays, guests: Guests, who: NDArray[np.int64]) -> NDArray[np.float64]:
    """(len(who), stays): log-odds, up to a constant a row, that a guest looks at a place."""
    return np.asarray(
        stays.appeal
        + guests.places[who][:, stays.destination]
        + guests.kinds[who][:, stays.kind]
        + guests.flags[who] @ stays.flags.T
        + guests.hidden[who] @ stays.hidden.T
        - 0.9 * np.abs(guests.budget[who][:, None] - stays.band)
    )


def _sessions(seed: int, guests: Guests, days: int, last: int) -> Sessions:
    """Trips are planned over up to three sessions on different days, to one destination each."""
    draw = stream(seed, "sessions")
    count = len(guests.table)
    sizes = 1 + draw.poisson(draw.lognormal(1.0, 0.7, count))
    guest = np.repeat(np.arange(count), sizes)
    turn = np.arange(guest.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    first = turn % _SESSIONS_A_TRIP == 0
    trip = np.cumsum(first) - 1

    log_odds = guests.places[guest[first]] + np.log(popularity_of_destinations())
    destination = (log_odds + draw.gumbel(size=log_odds.shape)).argmax(axis=1)
    total = np.cumsum(np.where(first, 0, draw.integers(1, 4, guest.size)))
    later = total - total[first][trip]
    spans = np.maximum.reduceat(later, np.flatnonzero(first))
    begins = (draw.random(spans.size) * np.maximum(days - spans, 1)).astype(np.int64)
    day = np.minimum(begins[trip] + later, days - 1)
    hour = draw.choice(24, guest.size, p=_HOURS / _HOURS.sum())
    start = last - (days - day) * DAY_S + hour * 3600 + draw.integers(0, 3600, guest.size)
    looks = np.minimum(1 + draw.geometric(0.2, guest.size), _MOST_LOOKS)
    return Sessions(guest, destination[trip], start, looks)


def _looked_at(
    seed: int, stays: Stays, guests: Guests, sessions: Sessions
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(sessions, width) places in the order of looking, and how attractive each one was.

    Drawn without replacement in proportion to attraction: the largest after Gumbel noise.
    """
    draw = stream(seed, "looks")
    width = min(_MOST_LOOKS, len(stays.table))
    chosen, liking = [], []
    for begin in range(0, sessions.guest.size, _CHUNK):
        part = slice(begin, begin + _CHUNK)
        there = sessions.destination[part][:, None] == stays.destination
        log_odds = attraction(stays, guests, sessions.guest[part]) + 3.0 * there
        # In single precision: the shop is drawn in half the time and nobody sees the difference.
        exponential = draw.standard_exponential(log_odds.shape, dtype=np.float32)
        noise = -np.log(np.maximum(exponential, np.float32(1e-30)))
        order = np.argsort(-(log_odds + noise), axis=1, kind="stable")[:, :width]
        chosen.append(order)
        liking.append(np.take_along_axis(log_odds, order, axis=1))
    return np.concatenate(chosen), np.concatenate(liking)


def _events(seed: int, stays: Stays, guests: Guests, sessions: Sessions, last: int) -> pd.DataFrame:
    """Views, the clicks in a list that led to some of them, and now and then a booking."""
    chosen, liking = _looked_at(seed, stays, guests, sessions)
    draw = stream(seed, "events")
    seen = np.arange(chosen.shape[1]) < sessions.looks[:, None]
    dwell = np.round(draw.lognormal(3.9, 0.8, chosen.shape)).astype(np.int64) + 6
    at = np.cumsum(np.where(seen, dwell, 0), axis=1)
    clicked = seen & (draw.random(chosen.shape) < 0.55)
    # At most one booking a session, of what was liked best; likelier, the more it is liked.
    best = np.where(seen, liking + draw.gumbel(size=liking.shape), -np.inf).argmax(axis=1)
    rows = np.arange(sessions.guest.size)
    eager = 1.0 / (1.0 + np.exp(10.5 - liking[rows, best]))
    books = draw.random(rows.size) < eager
    booked_at = at[:, -1] + draw.integers(30, 400, rows.size)
    # A session that would run past the end begins earlier.
    start = np.minimum(sessions.start, last - 1 - booked_at)
    visit = np.empty_like(rows)
    visit[np.argsort(start, kind="stable")] = rows + 1

    view_row, view_seat = np.nonzero(seen)
    click_row, click_seat = np.nonzero(clicked)
    book_row = np.flatnonzero(books)
    row = np.concatenate([click_row, view_row, book_row])
    item = np.concatenate(
        [chosen[click_row, click_seat], chosen[view_row, view_seat], chosen[book_row, best[books]]]
    )
    offset = np.concatenate(
        [at[click_row, click_seat] - 2, at[view_row, view_seat], booked_at[books]]
    )
    event = np.repeat(["click", "view", "purchase"], [click_row.size, view_row.size, book_row.size])
    frame = pd.DataFrame(
        {
            "user_id": guests.table["user_id"].to_numpy()[sessions.guest[row]],
            "item_id": stays.table["item_id"].to_numpy()[item],
            "timestamp": start[row] + offset,
            "weight": np.array([WEIGHTS[name] for name in event.tolist()], dtype=np.float32),
            "session_id": [f"visit-{number:06d}" for number in visit[row].tolist()],
            "event": event,
        }
    )
    # Equal seconds of different guests need an order of their own.
    return frame.sort_values(["timestamp", "session_id", "event"], kind="stable")
