"""Who pays for consistency: the tables by slice, and the sentence above them."""

from __future__ import annotations

from dataclasses import dataclass

from simulations.report.free import told
from simulations.report.numerals import (
    NONE,
    change,
    change_interval,
    clean,
    count,
    interval,
    short,
    shown,
)
from simulations.report.results import Cut, Figure, Results, Slice, SlicePolicy

_NAMED = 4
_LONG = 40


@dataclass(frozen=True)
class SliceRow:
    """One slice: who is in it, what the policy changes there, and what is free there.

    Texts come with their intervals beside; `sure`: the change is no chance.
    """

    name: str
    visitors: str
    level: tuple[str, str]
    churn: tuple[str, str]
    accuracy: tuple[str, str]
    sure: bool
    free: str


@dataclass(frozen=True)
class SliceTable:
    """One cut; `left_out` tells of slices of too few visitors."""

    label: str
    rows: tuple[SliceRow, ...]
    left_out: str


@dataclass(frozen=True)
class Slices:
    """All tables, of one policy."""

    policy: str
    words: str
    tables: tuple[SliceTable, ...]


def slices(results: Results) -> Slices | None:
    """The slices of what the study recommends; None where there is nothing to tell."""
    name = _policy(results)
    cuts = [cut for cut in results.slices if cut.slices]
    if name is None or not cuts:
        return None
    tables = tuple(
        SliceTable(
            clean(cut.label),
            tuple(_row(results, one, policy) for one in cut.slices if (policy := _of(one, name))),
            _left_out(cut),
        )
        for cut in cuts
    )
    return Slices(short(name, _LONG), _payers(cuts, name), tables)


def _policy(results: Results) -> str | None:
    names = [
        policy.policy for cut in results.slices for one in cut.slices for policy in one.policies
    ]
    wanted = [results.recommended.policy] if results.recommended else []
    wanted += [name for name in names if name != results.study.baseline]
    return next((name for name in wanted if name in names and name != results.study.baseline), None)


def _of(one: Slice, name: str) -> SlicePolicy | None:
    return next((policy for policy in one.policies if policy.policy == name), None)


def _row(results: Results, one: Slice, policy: SlicePolicy) -> SliceRow:
    against, free = policy.against, one.free
    base = _of(one, results.study.baseline)
    level = base.accuracy if base is not None else None
    if free.policy is not None:
        words = f"{told(free.churn)} with {short(free.policy, _LONG)}"
    elif free.enough:
        words = "nothing"
    else:
        words = "too few visitors to tell"
    return SliceRow(
        short(one.slice, _LONG),
        count(one.visitors),
        _level(results.accuracy.name, level),
        _change(against.churn if against else None),
        _change(against.accuracy if against else None),
        policy.sure,
        words,
    )


def _change(figure: Figure | None) -> tuple[str, str]:
    return (NONE, "") if figure is None else (change(figure), change_interval(figure))


def _level(measure: str, figure: Figure | None) -> tuple[str, str]:
    if figure is None or figure.mean is None:
        return NONE, ""
    return shown(measure, figure.mean), interval(measure, figure)


def _left_out(cut: Cut) -> str:
    if not cut.left_out:
        return ""
    named = [f"{short(one.slice, _LONG)} ({count(one.visitors)})" for one in cut.left_out]
    return f"Left out, for too few visitors: {', '.join(named)}."


def _payers(cuts: list[Cut], name: str) -> str:
    """Who surely loses, the greatest loss first; or that nobody does."""
    every = [
        (cut.label, one.slice, policy.against.accuracy, policy.sure)
        for cut in cuts
        for one in cut.slices
        if (policy := _of(one, name)) and policy.against and policy.against.accuracy
    ]
    losing = sorted(
        (found.mean, label, place, found)
        for label, place, found, sure in every
        if sure and found.mean is not None and found.mean < 0
    )
    asked = f"corrected for asking {len(every)} times (Holm)"
    if not losing:
        return (
            f"Nobody surely pays for {clean(name)}: in none of {len(every)} slices is the loss of "
            f"accuracy more than chance would give, {asked}."
        )
    named = [f"{clean(label)} {clean(place)}: {told(found)}" for _, label, place, found in losing]
    more = f"; and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return (
        f"Who pays for {clean(name)}: in {len(losing)} of {len(every)} slices accuracy is surely "
        f"lower than without it, {asked}. Most of all: {'; '.join(named[:_NAMED])}{more}."
    )
