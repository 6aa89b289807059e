"""Editors' picks as people write them: a seat and an item, every fault at its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from policies import Pick
from recsvc.errors import Fault

K_AT_MOST: Final = 100
LONGEST: Final = 256

Picks = dict[str, tuple[Pick, ...]]


def read_picks(written: Any, seats: Mapping[str, int | None]) -> tuple[Picks, list[Fault]]:
    """Picks by surface, by rising position, and what is wrong with those that cannot be used.

    `seats` are the surfaces there are, with the number of their seats where it is known.
    """
    if not isinstance(written, Mapping):
        return {}, [Fault("picks", "must be tables like [picks.home]")]
    picks: Picks = {}
    faults: list[Fault] = []
    for surface, table in written.items():
        field = f"picks.{surface}"
        if surface not in seats:
            faults.append(Fault(field, f"is not a surface; there are: {', '.join(sorted(seats))}"))
        elif not isinstance(table, Mapping):
            faults.append(Fault(field, 'must be a table of seats, like 1 = "item"'))
        else:
            k = seats[surface]
            picks[surface], wrong = _of_surface(field, table, K_AT_MOST if k is None else k)
            faults += wrong
    return picks, faults


def _of_surface(
    field: str, table: Mapping[str, Any], k: int
) -> tuple[tuple[Pick, ...], list[Fault]]:
    found: dict[str, str] = {}
    taken: dict[int, str] = {}
    picks, faults = [], []
    for key, item in table.items():
        where = f"{field}.{key}"
        position = int(key) if key.isascii() and key.isdigit() and len(key) < 4 else 0
        here = taken.setdefault(position, key) == key
        if not 1 <= position <= k:
            faults.append(Fault(where, f"must be a seat from 1 to {k}"))
        elif not here:
            faults.append(Fault(where, f"is the same seat as {field}.{taken[position]}"))
        if not isinstance(item, str) or not 1 <= len(item) <= LONGEST:
            faults.append(Fault(where, "must be the id of an item, as text"))
        elif item in found:
            faults.append(Fault(where, f"has the same item as {field}.{found[item]}"))
        else:
            found[item] = key
            picks.append(Pick(item, position))
    return tuple(sorted(picks, key=lambda pick: pick.position)), faults
