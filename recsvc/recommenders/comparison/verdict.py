"""A comparison before the gate: every limit with its answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import msgspec

from recsvc.config.launch_gate import LaunchGate
from recsvc.recommenders.comparison.figures import Accuracy, Comparison

FEWEST_NEW: Final = 3
"""New items that ought to reach somebody; of fewer nothing can be said."""

Answer = Literal["passed", "failed", "cannot tell", "not asked"]
Outcome = Literal["passed", "failed", "cannot tell"]


class Limit(msgspec.Struct, frozen=True):
    """One limit of the gate, what was found, and what to make of it."""

    name: str
    answer: Answer
    says: str


class Verdict(msgspec.Struct, frozen=True):
    """`failed` if any limit is, else `cannot tell` if any of them is open."""

    outcome: Outcome
    limits: tuple[Limit, ...]

    @property
    def missed(self) -> tuple[str, ...]:
        """The names of the limits that failed or are open."""
        return tuple(
            limit.name for limit in self.limits if limit.answer in ("failed", "cannot tell")
        )


def judge(found: Comparison, gate: LaunchGate) -> Verdict:
    """The verdict on B."""
    limits = tuple(_limits(found, gate))
    answers = {limit.answer for limit in limits}
    outcome: Outcome = "passed"
    if "failed" in answers:
        outcome = "failed"
    elif "cannot tell" in answers:
        outcome = "cannot tell"
    return Verdict(outcome, limits)


def _limits(found: Comparison, gate: LaunchGate) -> Iterator[Limit]:
    if found.fault is not None:
        yield Limit("answered", "failed", found.fault)
        return
    yield _answered(found, gate)
    yield _idle_churn(found, gate)
    yield _accuracy(found.accuracy, gate)
    yield _coverage(found, gate)


def _answered(found: Comparison, gate: LaunchGate) -> Limit:
    if not found.people:
        return Limit("answered", "cannot tell", "A and B know nobody in common")
    return Limit(
        "answered",
        "passed" if found.answered >= gate.answered else "failed",
        f"it loads, and {percent(found.answered)} of the people get a full list "
        f"(at least {percent(gate.answered)})",
    )


def _idle_churn(found: Comparison, gate: LaunchGate) -> Limit:
    name = "idle_churn"
    if found.churn is None:
        return Limit(name, "cannot tell", "A and B know nobody in common")
    if found.churn.idle is None:
        return Limit(name, "not asked", "nobody was idle: all have something new in B's data")
    share = found.churn.idle.churn.mean
    return Limit(
        name,
        "passed" if share <= gate.idle_churn else "failed",
        f"the launch changes {percent(share)} of the top 10 of people who did nothing "
        f"(at most {percent(gate.idle_churn)})",
    )


def _accuracy(found: Accuracy | None, gate: LaunchGate) -> Limit:
    """Not inferior if the interval lies above the limit, inferior if below it."""
    name, lost = "accuracy_loss", gate.accuracy_loss
    if found is None:
        return Limit(name, "cannot tell", "accuracy was not measured: give it --interactions FILE")
    if found.same_recipe:
        return Limit(name, "passed", "A and B are made by the same recipe")
    change, visible = found.pooled.change, found.pooled.visible
    if change is None:
        return Limit(name, "cannot tell", "too few people, or A is never right about them")
    says = (
        f"nDCG@10 changes by {signed(change.mean)} [{signed(change.low)}, {signed(change.high)}] "
        f"(at most {percent(lost)} may be lost)"
    )
    if change.low >= -lost:
        return Limit(name, "passed", says)
    if change.high < -lost:
        return Limit(name, "failed", says)
    return Limit(name, "cannot tell", f"{says}; {_too_little(found, visible, lost)}")


def _too_little(found: Accuracy, visible: float | None, lost: float) -> str:
    if visible is None or visible <= lost:
        return "the loss, if it is one, lies close to the limit"
    people = found.pooled.people
    needed = int(people * (visible / lost) ** 2)
    return (
        f"{people:,} people show a change of {percent(visible)} or more, about {needed:,} would "
        "be needed"
    )


def _coverage(found: Comparison, gate: LaunchGate) -> Limit:
    name, coverage = "new_coverage", found.coverage
    if coverage is None or not found.people:
        return Limit(name, "cannot tell", "A and B know nobody in common")
    if not coverage.new:
        return Limit(name, "not asked", "B knows no item that A does not")
    if coverage.alike * coverage.new < FEWEST_NEW:
        return Limit(
            name,
            "not asked",
            f"of items as rarely met as the {coverage.new:,} new ones, too few reach anybody",
        )
    reached = coverage.new_top_100 / coverage.alike
    return Limit(
        name,
        "passed" if reached >= gate.new_coverage else "failed",
        f"{percent(coverage.new_top_100)} of {coverage.new:,} new items are in somebody's top 100, "
        f"{percent(reached)} of what known items met as often reach "
        f"(at least {percent(gate.new_coverage)})",
    )


def percent(share: float) -> str:
    """A share for people; two digits that count."""
    value = share * 100
    return f"{value:.1f} %" if abs(value) >= 1 else f"{value:.2f} %"


def signed(share: float) -> str:
    """A change for people."""
    return ("+" if share >= 0 else "-") + percent(abs(share))
