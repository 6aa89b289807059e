"""What a spared change costs, how sure a place on the frontier is, and the course of a visit."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from simulations.report.free import told
from simulations.report.numerals import NONE, clean, percent, short
from simulations.report.results import Cut, Figure, Profile, Results
from simulations.report.tables import calmest_first

_LONG = 48


@dataclass(frozen=True)
class CostLine:
    """One policy in a hundred events, each text with its interval, and its chance to be best."""

    name: str
    in_force: bool
    spared: tuple[str, str]
    missed: tuple[str, str]
    lost: tuple[str, str]
    each: tuple[str, str]
    front: str
    seeds: tuple[str, str]


def cost_lines(results: Results) -> tuple[CostLine, ...]:
    """A line for each policy that has a price, the calmest first."""
    lines = []
    for policy in calmest_first(results):
        price = policy.price
        if price is None:
            continue
        calm = policy.over_seeds.get("churn")
        cost = policy.over_seeds.get(results.accuracy.name)
        lines.append(
            CostLine(
                short(policy.name, _LONG),
                policy.name == results.production,
                _amount(price.spared, 1),
                _amount(price.missed, 2),
                _amount(price.lost, 2),
                _amount(price.each, 3),
                NONE if policy.on_front is None else percent(policy.on_front).replace(".0", ""),
                ("" if calm is None else told(calm), "" if cost is None else told(cost)),
            )
        )
    return tuple(lines)


def _amount(figure: Figure | None, places: int) -> tuple[str, str]:
    """A number with its interval; a minus is a true one."""
    if figure is None or figure.mean is None:
        return NONE, ""
    return _number(figure.mean, places), (
        ""
        if figure.low is None or figure.high is None
        else f"[{_number(figure.low, places)}, {_number(figure.high, places)}]"
    )


def _number(value: float, places: int) -> str:
    text = f"{value:.{places}f}"
    return text.replace("-", "\N{MINUS SIGN}") if float(text) else text.lstrip("-")


def price_words(results: Results) -> str:
    """The price of what is recommended, in plain words; nothing without one."""
    chosen = results.recommended
    policy = None if chosen is None else results.policy(chosen.policy)
    price = None if policy is None else policy.price
    if policy is None or price is None or price.spared is None or price.missed is None:
        return ""
    spared, missed = price.spared.mean, price.missed.mean
    if spared is None or missed is None:
        return ""
    name = clean(policy.name)
    text = f"In a hundred events {name} spares visitors {_number(spared, 1)} replacements"
    if missed > 0:
        text += f", and {_number(missed, 2)} times the next thing is not on the screen that would"
        text += f" have been there with {clean(results.study.baseline)}"
    elif missed < 0:
        text += f", and {_number(-missed, 2)} times more often the next thing is on the screen"
    if missed > 0 and spared > 0:
        text += f": one such miss for {spared / missed:,.0f} replacements spared"
    return text + "."


def in_force_words(results: Results) -> str:
    """Where the knobs in force lie; nothing where they were not played."""
    policy = None if results.production is None else results.policy(results.production)
    if policy is None:
        return ""
    base = clean(results.study.baseline)
    text = (
        f"The knobs in force now ({clean(policy.name)}): replacements "
        f"{told(policy.change('churn'))} and accuracy {told(policy.change(results.accuracy.name))} "
        f"beside {base}"
    )
    if policy.on_front is not None:
        text += f"; they are on the frontier in {percent(policy.on_front)} of the draws"
    return text + "."


def course_results(results: Results) -> Results:
    """The same results with the course of a visit in the place of the profiles, to be drawn."""
    cut = results.course or Cut("place")
    rows = [
        Profile(policy.policy, *ends, policy.churn, one.events)
        for one in cut.slices
        if (ends := _range(one.slice)) is not None
        for policy in one.policies
    ]
    return msgspec.structs.replace(results, profiles=tuple(rows))


def _range(name: str) -> tuple[int, int | None] | None:
    """First and last number of "3-5" or "21 or more"; None for what is no range of numbers."""
    found = re.fullmatch(r"(\d+)(?:\N{EN DASH}(\d+)| or more)?", name)
    if found is None:
        return None
    first, last = found[1], found[2]
    return int(first), None if name.endswith("more") else int(last or first)


@dataclass(frozen=True)
class CourseTable:
    """Churn and accuracy by the number of the event in the visit: heads, and rows by policy."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...]


def course_table(results: Results) -> CourseTable | None:
    """None without a course."""
    cut = results.course
    if cut is None or not cut.slices:
        return None
    rows = []
    for name in dict.fromkeys(policy.policy for one in cut.slices for policy in one.policies):
        mine = [
            next((policy for policy in one.policies if policy.policy == name), None)
            for one in cut.slices
        ]
        seats = tuple(
            _amount(policy.churn and _scaled(policy.churn, results.study.k * 100), 1)
            if policy
            else (NONE, "")
            for policy in mine
        )
        changes = tuple(
            (told(policy.against.accuracy), "") if policy and policy.against else (NONE, "")
            for policy in mine
        )
        rows.append((short(name, _LONG), "replacements in a hundred events", seats))
        if any(policy and policy.against for policy in mine):
            rows.append((short(name, _LONG), "accuracy against the baseline", changes))
    return CourseTable(tuple(one.slice for one in cut.slices), tuple(rows))


def _scaled(figure: Figure, unit: float) -> Figure:
    ends = [None if v is None else v * unit for v in (figure.mean, figure.low, figure.high)]
    return Figure(*ends)
