"""Which words of a page's context filter a surface's items, and by what; faults at their fields."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from recsvc.errors import Fault

LONGEST: Final = 256


class Filter(NamedTuple):
    """What the page sends as `context.NAME` must be the item's value of `attribute`."""

    name: str
    attribute: str


Filters = dict[str, tuple[Filter, ...]]


def read_filters(written: Any, surfaces: Collection[str]) -> tuple[Filters, list[Fault]]:
    """Filters by surface, and what is wrong with those that cannot be used."""
    if not isinstance(written, Mapping):
        return {}, [Fault("filters", "must be tables like [filters.home]")]
    filters: Filters = {}
    faults: list[Fault] = []
    for surface, table in written.items():
        field = f"filters.{surface}"
        if surface not in surfaces:
            faults.append(
                Fault(field, f"is not a surface; there are: {', '.join(sorted(surfaces))}")
            )
        elif not isinstance(table, Mapping):
            faults.append(Fault(field, 'must be a table like destination = "city"'))
        else:
            faults += [
                Fault(f"{field}.{name}", "must be the name of an attribute of items, as text")
                for name, attribute in table.items()
                if not isinstance(attribute, str) or not 1 <= len(attribute) <= LONGEST
            ]
            filters[surface] = tuple(Filter(name, table[name]) for name in sorted(table))
    return filters, faults
