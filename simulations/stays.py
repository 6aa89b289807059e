"""The shop's places to stay: what they are, what they cost, how they are called."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulations.names import DESTINATIONS, KINDS, THEMES, TONGUES

BANDS = ("budget", "mid", "comfort", "luxury")
# The attributes that the shop offers as filters, beside destination, kind and price_band.
FLAGS = ("sea_view", "family_friendly", "pool", "pets_welcome", "breakfast")
HIDDEN_TASTES = 6

_NIGHT = np.array([38.0, 80.0, 140.0, 290.0])  # a night's price in the middle of each band
_KIND_SHARES = np.array([0.32, 0.2, 0.22, 0.1, 0.07, 0.09])
# Shares of the price bands by kind, in the order of KINDS.
_BAND_SHARES = np.array(
    [
        [0.20, 0.45, 0.27, 0.08],
        [0.35, 0.45, 0.17, 0.03],
        [0.10, 0.40, 0.35, 0.15],
        [0.00, 0.15, 0.45, 0.40],
        [0.85, 0.15, 0.00, 0.00],
        [0.25, 0.45, 0.25, 0.05],
    ]
)


@dataclass(frozen=True, eq=False)
class Stays:
    """n places as arrays, and the table that the shop shows of them.

    destination, kind, band: (n,) indices into DESTINATIONS, KINDS, BANDS; flags: (n, 5) 0/1;
    appeal: (n,) log of how often a place is looked at for reasons that concern everybody;
    hidden: (n, HIDDEN_TASTES) qualities that no attribute shows.
    """

    table: pd.DataFrame
    destination: NDArray[np.int64]
    kind: NDArray[np.int64]
    band: NDArray[np.int64]
    flags: NDArray[np.float64]
    appeal: NDArray[np.float64]
    hidden: NDArray[np.float64]


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers of one purpose; no purpose disturbs the numbers of another."""
    key = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    return np.random.default_rng([seed, key])


def popularity_of_destinations() -> NDArray[np.float64]:
    """Shares of DESTINATIONS, which are listed from the most to the least visited."""
    shares = np.arange(1, len(DESTINATIONS) + 1) ** -0.8
    return np.asarray(shares / shares.sum())


def themes_of_destinations() -> NDArray[np.float64]:
    """(destinations, THEMES) 0/1."""
    return np.array([[theme in place.themes for theme in THEMES] for place in DESTINATIONS], float)


def make_stays(seed: int, count: int) -> Stays:
    """`count` places; the table has unique titles and unique ids in ascending order."""
    draw = stream(seed, "stays")
    destination = draw.choice(len(DESTINATIONS), count, p=popularity_of_destinations())
    kind = draw.choice(len(KINDS), count, p=_KIND_SHARES)
    steps = _BAND_SHARES.cumsum(axis=1)[kind]
    band = (draw.random((count, 1)) > steps[:, :-1]).sum(axis=1)
    price = np.round(_NIGHT[band] * np.exp(draw.normal(0.0, 0.18, count)))
    coastal = np.array([place.coastal for place in DESTINATIONS], float)[destination]
    chances = np.stack(
        [
            0.45 * coastal,
            np.where(KINDS.index("hostel") == kind, 0.1, 0.5),
            np.array([0.05, 0.12, 0.3, 0.65])[band],
            np.full(count, 0.3),
            np.isin(kind, [KINDS.index("guesthouse"), KINDS.index("hotel")]) * 0.5 + 0.2,
        ],
        axis=1,
    )
    flags = (draw.random(chances.shape) < chances).astype(float)
    appeal = draw.normal(0.0, 1.0, count)
    hidden = draw.normal(0.0, 1.0, (count, HIDDEN_TASTES))
    ids = [f"stay-{number:0{_digits(count)}d}" for number in range(1, count + 1)]
    columns: dict[str, Any] = {
        "item_id": ids,
        "title": _titles(seed, destination, kind),
        "url": [f"/stays/{item_id}" for item_id in ids],
        "destination": [DESTINATIONS[d].name for d in destination],
        "country": [DESTINATIONS[d].country for d in destination],
        "kind": [KINDS[k] for k in kind],
        "price_band": [BANDS[b] for b in band],
        "price": price.astype(np.int64),
    }
    columns |= {name: flags[:, at] > 0 for at, name in enumerate(FLAGS)}
    return Stays(pd.DataFrame(columns), destination, kind, band, flags, appeal, hidden)


def _titles(seed: int, destination: NDArray[np.int64], kind: NDArray[np.int64]) -> list[str]:
    """A title for each place, such as "Casa do Mar, Lisbon"; a name used up gets a number."""
    draw = stream(seed, "titles")
    orders: dict[tuple[int, int], list[str]] = {}
    used: dict[tuple[int, int], int] = {}
    titles = []
    for key in zip(destination.tolist(), kind.tolist(), strict=True):
        if key not in orders:
            names = _names(*key)
            orders[key] = [names[at] for at in draw.permutation(len(names))]
        turn, at = divmod(used.get(key, 0), len(orders[key]))
        used[key] = used.get(key, 0) + 1
        number = f" {turn + 1}" if turn else ""
        titles.append(f"{orders[key][at]}{number}, {DESTINATIONS[key[0]].name}")
    return titles


def _names(destination: int, kind: int) -> list[str]:
    tongue = TONGUES[DESTINATIONS[destination].tongue]
    pairs = [(head, tail) for head in tongue.heads[kind] for tail in tongue.tails]
    return [tongue.pattern.format(head=head, tail=tail) for head, tail in pairs]


def _digits(count: int) -> int:
    return max(4, len(str(count)))
