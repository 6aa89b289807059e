"""A generated travel shop: places to stay, guests with tastes that drift, their visits.

`generate` makes data to try a service with; `make_world` a world whose truth is known, to measure
what a policy costs and gains.
"""

from __future__ import annotations

from recsvc.data import Tables
from simulations.shop.world import World, make_world

__all__ = ["World", "generate", "make_world"]


def generate(
    seed: int, users: int = 2000, items: int = 1200, days: int = 60, *, end: float | None = None
) -> Tables:
    """The shop's tables: `days` whole days of visits, up to the last midnight (UTC) by `end`.

    `end` is in epoch seconds, 2026-01-01 by default. Raises BadInput for sizes below 1 and for
    a time span that begins before 1970.
    """
    return make_world(seed, users=users, items=items, days=days, test_days=0, end=end).tables
