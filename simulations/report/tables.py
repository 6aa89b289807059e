"""The rows of the page's tables, every number already in its form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from policies import Knobs
from simulations.report.knobs import all_words, written
from simulations.report.numerals import (
    NONE,
    change,
    change_interval,
    clean,
    count,
    interval,
    percent,
    short,
    shown,
)
from simulations.report.results import CONSISTENCY, Figure, Measure, Policy, Results
from simulations.report.words import known_words

NAME_LENGTH = 48


@dataclass(frozen=True)
class Cell:
    """One measure of one policy: the figure and its change against the baseline."""

    measure: str
    value: str
    bracket: str
    change: str
    change_bracket: str


@dataclass(frozen=True)
class Strip:
    """A relative change as a dot with its bar, in parts of the strip's width (0 to 1)."""

    dot: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """One policy in the tables; `off`: it lies left (-1) or right (1) of the strip."""

    name: str
    kind: str
    baseline: bool
    best: bool
    knee: bool
    largest: str
    cells: tuple[Cell, ...]
    strip: Strip | None
    off: int = 0
    in_force: bool = False
    free: bool = False


@dataclass(frozen=True)
class Table:
    """One table: its measures and a line for each policy, the calmest first."""

    measures: tuple[Measure, ...]
    lines: tuple[Line, ...]
    zero: float | None = None
    ends: tuple[str, str] = ("", "")


def calmest_first(results: Results) -> list[Policy]:
    """Policies by churn, those without a churn last."""

    def key(policy: Policy) -> tuple[bool, float, float, str]:
        churn, level = policy.mean("churn"), policy.mean(results.accuracy.name)
        return churn is None, churn or 0.0, -(level or 0.0), policy.name

    return sorted(results.policies, key=key)


def main_table(results: Results) -> Table:
    """Churn and the accuracy of the upright axis, with a strip of what the latter loses."""
    measures = [m for m in results.measures if m.name == "churn"] or [
        Measure("churn", "churn", "lower")
    ]
    return _table(results, (*measures, results.accuracy), strips=True)


def other_tables(results: Results) -> tuple[Table, Table]:
    """All measures that the main table leaves out: consistency and accuracy."""
    told = {"churn", results.accuracy.name}
    left = [m for m in results.measures if m.name not in told]
    calm = sorted(
        (m for m in left if m.name in CONSISTENCY), key=lambda m: CONSISTENCY.index(m.name)
    )
    return (
        _table(results, calm),
        _table(results, [m for m in left if m.name not in CONSISTENCY]),
    )


def _table(results: Results, measures: Sequence[Measure], strips: bool = False) -> Table:
    """A line per policy with a cell per measure."""
    ordered = calmest_first(results)
    span = _strip_span(results) if strips else None
    lines = tuple(_line(results, policy, measures, span) for policy in ordered)
    if span is None:
        return Table(tuple(measures), lines)
    low, high = span
    ends = (percent(low, True), percent(high, True))
    return Table(tuple(measures), lines, -low / (high - low), ends)


def _line(
    results: Results,
    policy: Policy,
    measures: Sequence[Measure],
    span: tuple[float, float] | None,
) -> Line:
    cost = None if policy is results.baseline else policy.change(results.accuracy.name)
    return Line(
        name=short(policy.name, NAME_LENGTH),
        kind=policy.kind if policy.kind != "grid" else "",
        baseline=policy.name == results.study.baseline,
        best=policy.name in results.frontier,
        knee=results.knee is not None and results.knee.policy == policy.name,
        largest=NONE if policy.largest_step is None else str(policy.largest_step),
        cells=tuple(_cell(results, policy, m.name) for m in measures),
        strip=_strip(cost, span),
        off=_off(cost, span),
        in_force=policy.name == results.production,
        free=results.free is not None and results.free.policy == policy.name,
    )


def _cell(results: Results, policy: Policy, measure: str) -> Cell:
    """A figure and its change; of the baseline against itself there is nothing to tell."""
    figure = policy.figure(measure)
    moved = None if policy is results.baseline else policy.change(measure)
    mean = policy.mean(measure)
    return Cell(
        measure,
        NONE if mean is None else shown(measure, mean),
        "" if figure is None else interval(measure, figure),
        "" if moved is None else change(moved),
        "" if moved is None else change_interval(moved),
    )


def _strip_span(results: Results) -> tuple[float, float] | None:
    """From the greatest loss to the greatest gain, zero within. Anchors are let run off the strip:
    with them on it, nobody could see what the others lose."""
    tried = [p for p in results.policies if p.kind != "anchor"] or results.policies
    changes = [p.change(results.accuracy.name) for p in tried]
    values = [
        value
        for found in changes
        if found is not None
        for value in (found.mean, found.low, found.high)
        if value is not None
    ]
    if not values:
        return None
    low, high = min(0.0, *values), max(0.0, *values)
    room = (high - low) or 0.01
    return low - 0.03 * room, high + 0.03 * room


def _strip(found: Figure | None, span: tuple[float, float] | None) -> Strip | None:
    """None where there is nothing to show or it lies off the strip."""
    if found is None or found.mean is None or span is None or not span[0] <= found.mean <= span[1]:
        return None

    def part(value: float | None) -> float:
        at = found.mean if value is None else value
        assert at is not None
        return round(min(max((at - span[0]) / (span[1] - span[0]), 0.0), 1.0), 4)

    return Strip(part(found.mean), part(found.low), part(found.high))


def _off(found: Figure | None, span: tuple[float, float] | None) -> int:
    """On which side of the strip a change lies, 0 if within or unknown."""
    if found is None or found.mean is None or span is None:
        return 0
    return -1 if found.mean < span[0] else 1 if found.mean > span[1] else 0


@dataclass(frozen=True)
class Seats:
    """Re-finding and position churn of one policy as a visitor meets them."""

    name: str
    changed: float | None
    found: float | None


def seats(results: Results, names: Sequence[str]) -> tuple[Seats, ...]:
    """A row for each of these policies that has either figure."""
    rows = [
        Seats(short(p.name, NAME_LENGTH), p.mean("position_churn"), p.mean("refinding"))
        for name in names
        if (p := results.policy(name)) is not None
    ]
    return tuple(row for row in rows if row.changed is not None or row.found is not None)


@dataclass(frozen=True)
class ProfileTable:
    """Churn by what is known of the visitor: heads are buckets, one row of cells per policy."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    events: tuple[str, ...]


def profile_table(results: Results) -> ProfileTable | None:
    """None without profiles."""
    if not results.profiles:
        return None
    buckets = sorted(
        {(p.start, p.end) for p in results.profiles}, key=lambda b: (b[0], b[1] or 10**9)
    )
    names = list(dict.fromkeys(p.policy for p in results.profiles))
    found = {(p.policy, p.start, p.end): p for p in results.profiles}

    def cell(name: str, bucket: tuple[int, int | None]) -> Cell:
        profile = found.get((name, *bucket))
        churn = profile.churn if profile is not None else None
        if churn is None or churn.mean is None:
            return Cell("churn", NONE, "", "", "")
        return Cell("churn", shown("churn", churn.mean), interval("churn", churn), "", "")

    most = [
        max((p.events or 0 for p in results.profiles if (p.start, p.end) == b), default=0)
        for b in buckets
    ]
    return ProfileTable(
        tuple(known_words(*bucket) for bucket in buckets),
        tuple((short(n, NAME_LENGTH), tuple(cell(n, b) for b in buckets)) for n in names),
        tuple(count(number) for number in most),
    )


@dataclass(frozen=True)
class KnobLine:
    """The knobs of one policy, as a study writes them and in words."""

    name: str
    kind: str
    pairs: tuple[str, ...]
    words: str


def knob_lines(results: Results) -> tuple[KnobLine, ...]:
    """A line for each policy in the order of the tables."""
    return tuple(
        KnobLine(
            short(p.name, NAME_LENGTH),
            p.kind,
            tuple(f"{clean(name)} = {short(written(v), 120)}" for name, v in p.knobs.items()),
            all_words(p, results.study.k),
        )
        for p in calmest_first(results)
    )


def knob_meanings(results: Results) -> tuple[tuple[str, str, str], ...]:
    """Name, default and meaning of each knob that any policy sets."""
    used = {name for policy in results.policies for name in policy.knobs}
    table: dict[str, Any] = Knobs.__dataclass_fields__
    return tuple(
        (name, written(field.default), str(field.metadata.get("means", "")))
        for name, field in table.items()
        if name in used
    )
