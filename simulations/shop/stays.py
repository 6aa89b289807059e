"""The shop's places to stay: what they are, what they cost, how they are called."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simulations.draws import stream
from simulations.scenario import Shelf
from simulations.shop.names import DESTINATIONS, KINDS, THEMES, TONGUES
from simulations.shop.streams import Counts, Floats

BANDS = ("budget", "mid", "comfort", "luxury")
# The attributes that the shop offers as filters, beside destination, kind and price_band.
FLAGS = ("sea_view", "family_friendly", "pool", "pets_welcome", "breakfast")
_HIDDEN = 6  # assumed: as many dimensions of style and mood as people can tell apart

_SIZES = {
    "destination": len(DESTINATIONS),
    "kind": len(KINDS),
    "band": len(BANDS),
    "flags": len(FLAGS),
    "hidden": _HIDDEN,
    "appeal": 1,
}
_ENDS = list(accumulate(_SIZES.values()))
# The columns of a vector of tastes and of what a place offers: their product is the attraction.
BLOCKS = {name: slice(end - _SIZES[name], end) for name, end in zip(_SIZES, _ENDS, strict=True)}
WIDTH = _ENDS[-1]

# Log-appeal's spread, such that the tenth of the places most looked at gets 36 % of the
# events; in Online Retail II the tenth of the items most bought gets half, but a guest house has
# fewer beds than a wholesaler has tea towels.
_APPEAL = 1.3
# Qualities are multiples of 2^-8 and tastes of 2^-10: their products and sums are exact in single
# precision (below 64), in whatever order a processor adds them up.
_QUALITY_GRID = 256.0
TASTE_GRID = 1024.0

# Shares of the catalogue that open or close for good within the days, at any second. In a year of
# Online Retail II 31 % of the items appear after the first tenth and 24 % are gone for the last
# fifth; two months are shorter.
_LATE = 0.15
_CLOSING = 0.10

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
    features: (n, WIDTH) float32, what a place offers, in the columns of BLOCKS: destination, kind
    and band as 0/1, the flags, hidden qualities that no attribute shows, and its appeal: log of
    how often it is looked at for reasons that concern everybody.
    """

    table: pd.DataFrame
    destination: Counts
    kind: Counts
    band: Counts
    flags: Floats
    features: NDArray[np.float32]


def popularity_of_destinations() -> Floats:
    """Shares of DESTINATIONS, which are listed from the most to the least visited."""
    shares = np.arange(1, len(DESTINATIONS) + 1) ** -0.8
    return np.asarray(shares / shares.sum())


def themes_of_destinations() -> Floats:
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
    qualities = draw.normal(0.0, [_APPEAL, *[1.0] * _HIDDEN], (count, 1 + _HIDDEN))
    qualities = np.round(np.clip(qualities, -4.0, 4.0) * _QUALITY_GRID) / _QUALITY_GRID
    one_hot = (np.eye(_SIZES["destination"])[destination], np.eye(len(KINDS))[kind])
    features = np.concatenate(
        [*one_hot, np.eye(len(BANDS))[band], flags, qualities[:, 1:], qualities[:, :1]], axis=1
    ).astype(np.float32)
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
    return Stays(pd.DataFrame(columns), destination, kind, band, flags, features)


def make_shelf(seed: int, item_ids: tuple[str, ...], first: float, last: float) -> Shelf:
    """When each place can be booked, with some that open and some that close between the two
    times (epoch seconds); of the same catalogue the same ones, whatever the times."""
    draw = stream(seed, "shelf")
    order = draw.permutation(len(item_ids))
    moments = first + np.floor(draw.random(len(item_ids)) * (last - first))
    late, closing = (int(share * len(item_ids)) for share in (_LATE, _CLOSING))
    opens, closes = np.zeros(len(item_ids)), np.full(len(item_ids), np.inf)
    opens[order[:late]] = moments[order[:late]]
    closes[order[late : late + closing]] = moments[order[late : late + closing]]
    return Shelf(item_ids, opens, closes)


def _titles(seed: int, destination: Counts, kind: Counts) -> list[str]:
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
