"""A comparison and its verdict for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec

from recsvc.config.launch_gate import LaunchGate
from recsvc.recommenders.comparison.figures import (
    Accuracy,
    Churn,
    Comparison,
    Coverage,
    Difference,
    Estimate,
    Gain,
    Group,
)
from recsvc.recommenders.comparison.verdict import Verdict, percent, signed

_MARKS: Final = {
    "passed": "passed     ",
    "failed": "FAILED     ",
    "cannot tell": "cannot tell",
    "not asked": "not asked  ",
}
_HOW: Final = {
    "later events": "the artifacts themselves, on events later than all that either was trained on",
    "backtest": "the recipes, not these artifacts: each was trained again at earlier times, on the "
    "same events",
}
_WHAT_HELPS: Final = {
    "answered": "both models must know the same users; look at the ids in the data",
    "idle_churn": "train with --from live, so that lists change only where the data did; "
    "--ensemble 3 steadies them further",
    "accuracy_loss": "more people help to see it: --interactions with later events, "
    "--windows 10, or --accuracy backtest; if it is there, keep the live model",
    "new_coverage": "train on data in which the new items were met, or cold, without --from",
}
DAY_S: Final = 86_400


def as_text(found: Comparison, verdict: Verdict) -> str:
    """All figures, and at the end the verdict."""
    lines = [f"A  {found.a}", f"B  {found.b}", ""]
    if found.churn is not None:
        sample = "" if found.people == found.known else f" of {found.known:,}, drawn at random"
        lines += [f"LAUNCH CHURN from A to B, top 10, {found.people:,} people{sample}"]
        lines += _churn(found.churn)
    if found.coverage is not None and found.people:
        lines += ["", "ITEMS", *_coverage(found.coverage)]
    if found.accuracy is not None:
        lines += ["", "ACCURACY, nDCG@10", *_accuracy(found.accuracy)]
    if found.gain is not None:
        lines += ["", *_gain(found.gain)]
    lines += [f"note: {note}" for note in found.notes]
    return "\n".join(lines) + "\n\n" + verdict_text(verdict) + "\n"


def as_json(found: Comparison, verdict: Verdict, gate: LaunchGate) -> str:
    """All figures at full precision, the verdict, and the limits that it goes by."""
    told = {"comparison": found, "verdict": verdict, "gate": gate.model_dump()}
    return msgspec.json.format(msgspec.json.encode(told), indent=2).decode() + "\n"


def what_helps(verdict: Verdict) -> Iterator[str]:
    """One line for each limit that was missed."""
    for name in verdict.missed:
        yield f"{name}: {_WHAT_HELPS[name]}"


def next_step(found: Comparison, verdict: Verdict, *, live: bool) -> Iterator[str]:
    """What to do; `live`: A is the live model."""
    if found.fault is None:
        yield from what_helps(verdict)
    if live and verdict.outcome == "passed":
        yield f"Next: recsvc models promote {found.b}"
    elif live and found.fault is None:
        yield f'To launch it all the same: recsvc models promote {found.b} --because "…"'


def verdict_text(verdict: Verdict) -> str:
    """The limits one by one, and what they come to."""
    lines = [f"  {_MARKS[limit.answer]}  {limit.name}: {limit.says}" for limit in verdict.limits]
    return "\n".join([f"THE GATE: {verdict.outcome}", *lines])


def _churn(churn: Churn) -> Iterator[str]:
    for name, group in (("all", churn.all), ("idle", churn.idle), ("active", churn.active)):
        yield f"  {name:<38}" + ("nobody" if group is None else _group(group))
    if churn.by_events is not None:
        yield (f"  {'  (their own events, before the launch)':<38} {_share(churn.by_events)}")
    yield "  by what is known of the person, all (idle)"
    idle = {group.name: group for group in churn.idle_by_activity}
    for group in churn.by_activity:
        quiet = idle.get(group.name)
        alone = "" if quiet is None else f"  ({percent(quiet.churn.mean)})"
        yield f"    {group.name:<36}{_group(group)}{alone}"
    yield "  by popularity of the item: share of A's seats, and how many of these change"
    for part in churn.by_popularity:
        yield f"    {part.name:<36}{percent(part.share):>8}  {percent(part.churn):>8}"
    yield (
        f"  seats whose item changed {percent(churn.position_churn)}; kept items moved "
        f"{churn.shift:.2f} seats on average; rank-biased overlap {churn.rbo:.3f}"
    )


def _group(group: Group) -> str:
    return f"{_share(group.churn)}  {group.people:,} people"


def _share(churn: Estimate) -> str:
    return f"{percent(churn.mean):>8} [{percent(max(0.0, churn.low))}, {percent(churn.high)}]"


def _coverage(coverage: Coverage) -> Iterator[str]:
    if coverage.new:
        yield (
            f"  {coverage.new:,} are new in B: {percent(coverage.new_top_10)} of them are in "
            f"somebody's top 10, {percent(coverage.new_top_100)} in somebody's top 100 (known "
            f"items met as often: {percent(coverage.alike)}); they have "
            f"{percent(coverage.seats)} of the seats"
        )
    yield (
        f"  in somebody's top 10: {percent(coverage.all_top_10_a)} of A's items, "
        f"{percent(coverage.all_top_10_b)} of B's"
    )


def _accuracy(accuracy: Accuracy) -> Iterator[str]:
    yield f"  measured: {_HOW[accuracy.how]}"
    if accuracy.same_recipe:
        yield "  A and B have the same recipe: made of the same events they would be the same"
    for window in accuracy.windows:
        days = f"{_day(window.after)} to {_day(window.until)}"
        yield f"  {days:<26}{_difference(window.difference, people=True)}"
    yield f"  {'pooled over the windows':<26}{_difference(accuracy.pooled, people=True)}"
    if accuracy.pooled.visible is not None:
        yield f"  a change below {percent(accuracy.pooled.visible)} these data may not show"


def _gain(gain: Gain) -> Iterator[str]:
    yield "GAIN FOR ACTIVE PEOPLE, nDCG@10 against A as it answers until then, told of their events"
    if gain.how == "backtest":
        yield f"  recipes; the A that answers is {gain.gap_s / DAY_S:.1f} days older"
    yield f"  B                         {_difference(gain.active, people=True)}"
    if gain.of_a is not None:
        yield f"  A trained anew            {_difference(gain.of_a, people=True)}"


def _difference(found: Difference, *, people: bool) -> str:
    many = f"  {found.people:,} people" if people else ""
    if found.change is None:
        return f"{found.a:.4f} -> {found.b:.4f}{many}"
    change = found.change
    return (
        f"{found.a:.4f} -> {found.b:.4f}  {signed(change.mean)} "
        f"[{signed(change.low)}, {signed(change.high)}]{many}"
    )


def _day(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
    except (OverflowError, ValueError, OSError):
        return "the start"
