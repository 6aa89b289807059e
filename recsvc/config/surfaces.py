"""Surfaces, their first knobs, editors' picks and filters, from `surfaces.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from policies import Knobs, Pick
from recsvc.config.filters import Filter, read_filters
from recsvc.config.knobs import read_knobs, with_nulls
from recsvc.config.picks import read_picks
from recsvc.errors import BadInput, Fault, Misconfigured, UnknownSurface


@dataclass(frozen=True)
class Published:
    """The knobs, editors' picks and filters in force on one surface, and the version of them."""

    surface: str
    knobs: Knobs
    version: int = 1
    picks: tuple[Pick, ...] = ()
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True)
class Surfaces:
    """Every surface by name."""

    by_name: Mapping[str, Published]

    def __getitem__(self, name: str) -> Published:
        """The surface's knobs; raises `UnknownSurface` with the names there are."""
        try:
            return self.by_name[name]
        except KeyError:
            known = ", ".join(sorted(self.by_name))
            detail = f"There is no surface {name[:60]!r}; there are: {known}."
            raise UnknownSurface(detail, [Fault("surface", f"is one of: {known}")]) from None

    def __contains__(self, name: object) -> bool:
        return name in self.by_name


DEFAULT = Surfaces({"home": Published("home", Knobs())})


def read_surfaces(home: Path, beside: Path) -> Surfaces:
    """`surfaces.toml` of `home`, else of `beside`, else one surface `home` with default knobs."""
    for folder in (home, beside):
        path = folder / "surfaces.toml"
        if path.is_file():
            return surfaces_of(path)
    return DEFAULT


def surfaces_of(path: Path) -> Surfaces:
    """The surfaces of one file; raises `Misconfigured` where it cannot be used."""
    return parse_surfaces(_toml(path), str(path))


def parse_surfaces(written: Mapping[str, Any], source: str) -> Surfaces:
    """Surfaces from the parsed file; raises `Misconfigured` with the faults of all surfaces."""
    tables = written.get("surfaces")
    if not isinstance(tables, Mapping) or not tables:
        raise Misconfigured(f"{source} names no surface; write a table like [surfaces.home].")
    faults: list[Fault] = [
        Fault(name, "is not known here; write [surfaces.NAME], [picks.NAME], [filters.NAME] tables")
        for name in written
        if name not in ("surfaces", "picks", "filters")
    ]
    read: dict[str, Published] = {}
    for name, table in tables.items():
        if not isinstance(table, Mapping):
            faults.append(Fault(f"surfaces.{name}", "must be a table of knobs"))
            continue
        try:
            read[name] = Published(name, read_knobs(with_nulls(table), f"surfaces.{name}"))
        except BadInput as error:
            faults.extend(error.faults)
    seats = {name: read[name].knobs.k if name in read else None for name in tables}
    picks, wrong = read_picks(written.get("picks", {}), seats)
    filters, amiss = read_filters(written.get("filters", {}), tables.keys())
    faults += [*wrong, *amiss]
    if faults:
        lines = "".join(f"\n  {fault.field}: {fault.message}" for fault in faults)
        raise Misconfigured(f"{source} cannot be used:{lines}", faults)
    return Surfaces(
        {
            name: replace(one, picks=picks.get(name, ()), filters=filters.get(name, ()))
            for name, one in read.items()
        }
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Misconfigured(f"{path} cannot be read as TOML: {error}") from error
