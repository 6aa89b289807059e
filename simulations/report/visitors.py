"""Visitors on the page: what each policy does to them by the behaviour model, and what of that
hangs on the numbers of the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from recsvc.errors import BadData
from simulations.report.numerals import (
    NONE,
    change_interval,
    clean,
    count,
    decimals,
    percent,
    short,
    tenths,
)
from simulations.report.results import Figure

_SECONDS = "seconds_again"


class Policy(msgspec.Struct, frozen=True):
    """One policy: its figures, and their paired differences to the baseline."""

    policy: str
    figures: dict[str, Figure | None] = {}
    against: dict[str, Figure | None] = {}


class Flip(msgspec.Struct, frozen=True, rename={"before": "from", "after": "to"}):
    """Where another policy becomes the best one."""

    at: float
    before: str
    after: str


class Number(msgspec.Struct, frozen=True):
    """One number of the model, and the best policy at both ends of its range."""

    parameter: str
    means: str = ""
    source: str | None = None
    low: float = 0.0
    standard: float = 0.0
    high: float = 0.0
    best_low: str = ""
    best_high: str = ""
    flips: tuple[Flip, ...] = ()
    baseline_flips: tuple[Flip, ...] = ()


class Visitors(msgspec.Struct, frozen=True):
    """What `results.json` holds under `visitors`."""

    policies: tuple[Policy, ...] = ()
    baseline: str = "fresh"
    best: str = ""
    sure: bool = False
    sensitivity: tuple[Number, ...] = ()
    visits: int | None = None
    visitors: int | None = None
    looks: int | None = None
    sought: int | None = None


@dataclass(frozen=True)
class Line:
    """One policy in the table; figures with their intervals."""

    name: str
    cells: tuple[tuple[str, str], ...]
    best: bool


@dataclass(frozen=True)
class Turn:
    """One number of the model in the table."""

    name: str
    means: str
    standard: str
    span: str
    source: str
    other: str
    baseline: str


@dataclass(frozen=True)
class Section:
    """All of it."""

    words: tuple[str, ...]
    sample: str
    columns: tuple[str, ...]
    lines: tuple[Line, ...]
    turns: tuple[Turn, ...]


COLUMNS = (
    "come back, against the baseline",
    "come back",
    "satisfaction",
    "found again",
    "seconds to find again",
    "changed before their eyes",
)


def read_visitors(told: Mapping[str, Any]) -> Visitors:
    """What `results.json` holds under `visitors`; BadData says what cannot be read."""
    try:
        return msgspec.convert(told, Visitors)
    except msgspec.ValidationError as error:
        raise BadData(f"the figures on visitors cannot be read: {error}") from None


def section(told: Mapping[str, Any]) -> Section | None:
    """The section; None where no visitors were looked at."""
    found = read_visitors(told)
    if not found.policies:
        return None
    rows = sorted(found.policies, key=lambda row: -(_mean(row.figures.get("returns")) or 0.0))
    return Section(
        tuple(_sentences(found)),
        f"{count(found.visits)} visits of {count(found.visitors)} visitors, drawn by chance; "
        f"{count(found.looks)} looks, {count(found.sought)} things sought.",
        COLUMNS,
        tuple(_line(row, found) for row in rows),
        tuple(_turn(number) for number in found.sensitivity),
    )


def _sentences(found: Visitors) -> list[str]:
    """What the figures say, and no more."""
    best, base = clean(found.best), clean(found.baseline)
    lead = next((r.against.get("returns") for r in found.policies if r.policy == found.best), None)
    if found.best == found.baseline:
        first = (
            f"By the standard numbers of the model no policy brings more visitors back than {base}."
        )
    elif lead is None or lead.mean is None:
        first = f"By the standard numbers of the model {best} brings most visitors back."
    else:
        points = f"{tenths(lead.mean, plus=True)} points {change_interval(lead)}".strip()
        first = (
            f"By the standard numbers of the model {best} brings most visitors back: {points} "
            f"against {base}."
        )
        if not found.sure:
            first += " That is too little to tell the two apart with so few visitors."
    if not found.sensitivity or found.best == found.baseline:
        return [first]
    behind = [n for n in found.sensitivity if n.baseline_flips]
    if not behind:
        return [first, f"Within its range no single number of the model lets {base} catch up."]
    names = _listed([clean(number.parameter) for number in behind])
    return [first, f"Whether {base} would do better hangs on {names}: see below."]


def _listed(names: Sequence[str]) -> str:
    *most, last = [name.replace("_", " ") for name in names]
    return f"{', '.join(most)} and {last}" if most else last


def _line(row: Policy, found: Visitors) -> Line:
    lead = row.against.get("returns")
    own = row.policy == found.baseline
    if own or lead is None or lead.mean is None:
        ahead = (NONE, "")
    else:
        ahead = (f"{tenths(lead.mean, plus=True)} points", change_interval(lead))
    cells = [
        _cell(row.figures.get(name), name)
        for name in ("returns", "satisfaction", "found_again", _SECONDS, "changed")
    ]
    return Line(short(row.policy, 48), (ahead, *cells), row.policy == found.best)


def _cell(figure: Figure | None, name: str) -> tuple[str, str]:
    """A figure and its interval; a dash where there is none."""
    if figure is None or figure.mean is None:
        return NONE, ""
    seconds = name == _SECONDS
    mean = decimals(figure.mean, 2) if seconds else percent(figure.mean)
    if figure.low is None or figure.high is None:
        return mean, ""
    ends = [decimals(v, 2) if seconds else tenths(v) for v in (figure.low, figure.high)]
    return mean, f"[{ends[0]}, {ends[1]}]"


def _turn(number: Number) -> Turn:
    return Turn(
        clean(number.parameter).replace("_", " "),
        clean(number.means),
        _plain(number.standard),
        f"{_plain(number.low)} to {_plain(number.high)}",
        clean(number.source) if number.source else "assumed",
        _told(number.flips),
        _told(number.baseline_flips),
    )


def _told(flips: Sequence[Flip]) -> str:
    """Where the answer changes, by rising value."""
    if not flips:
        return "no"
    first = f"{clean(flips[0].before)} up to {_plain(flips[0].at)}"
    return ", then ".join([first, *(_stretch(flips, n) for n in range(len(flips)))])


def _stretch(flips: Sequence[Flip], number: int) -> str:
    after = clean(flips[number].after)
    last = number + 1 == len(flips)
    return after if last else f"{after} up to {_plain(flips[number + 1].at)}"


def _plain(value: float) -> str:
    return f"{value:.3g}"


def _mean(figure: Figure | None) -> float | None:
    return None if figure is None else figure.mean
