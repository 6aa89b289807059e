"""The picture of churn by how much is known of the visitor: a line for each policy."""

from __future__ import annotations

from collections.abc import Sequence

from simulations.report.numerals import percent, short
from simulations.report.pictures import (
    BLUE,
    FAINT,
    GREY,
    INK,
    QUIET,
    RED,
    Frame,
    Spec,
    panel,
    ticks,
    whole,
)
from simulations.report.results import Results
from simulations.report.words import known_words

_MOST = 6
_LINE = 15.0


def profiles(results: Results, width: int = 560, height: int = 230) -> Spec | None:
    """None where there is nothing to draw: fewer than two buckets, or no churn at all."""
    buckets = sorted({(p.start, p.end) for p in results.profiles}, key=lambda b: b[0])
    names = list(dict.fromkeys(p.policy for p in results.profiles))[:_MOST]
    told = [p for p in results.profiles if p.policy in names and p.churn is not None]
    means = [p.churn.mean for p in told if p.churn is not None and p.churn.mean is not None]
    if len(buckets) < 2 or not means:
        return None
    highs = [p.churn.high for p in told if p.churn is not None and p.churn.high is not None]
    top = max(means + highs) or 0.01
    frame = Frame(width, height, (-0.3, len(buckets) - 0.7), (0.0, top * 1.05))
    lines: list[Spec] = []
    ends: list[tuple[float, str, str]] = []
    for number, name in enumerate(names):
        color = _color(results, name)
        nudge = (number - (len(names) - 1) / 2) * 0.025
        spots, bars = [], []
        for at, bucket in enumerate(buckets):
            found = next(
                (p.churn for p in told if p.policy == name and (p.start, p.end) == bucket), None
            )
            if found is None or found.mean is None:
                continue
            spots.append({"x": round(at + nudge, 6), "y": found.mean})
            if found.low is not None and found.high is not None:
                x = round(at + nudge, 6)
                bars.append({"x": x, "x2": x, "y": max(found.low, 0.0), "y2": found.high})
        if not spots:
            continue
        lines += [
            frame.layer({"type": "line", "color": color, "strokeWidth": 1.5}, spots),
            frame.rules(bars, color),
            frame.layer(
                {"type": "point", "filled": True, "size": 36, "opacity": 1, "color": color}, spots
            ),
        ]
        ends.append((frame.pixel(0, spots[0]["y"])[1] - 9, name, color))
    marks = ticks(0.0, frame.y[1], 4)
    grid = frame.rules([{"x": frame.x[0], "x2": frame.x[1], "y": y, "y2": y} for y in marks], FAINT)
    return whole([panel(frame, [grid, *lines, frame.texts(_texts(frame, marks, buckets, ends))])])


def _color(results: Results, name: str) -> str:
    if results.knee is not None and results.knee.policy == name:
        return RED
    policy = results.policy(name)
    return {"anchor": INK, "preset": BLUE}.get(policy.kind if policy else "", GREY)


def _texts(
    frame: Frame,
    marks: Sequence[float],
    buckets: Sequence[tuple[int, int | None]],
    ends: Sequence[tuple[float, str, str]],
) -> list[Spec]:
    """Ticks, titles, and names at their lines, pushed apart where they would touch."""
    rows: list[Spec] = [
        {
            **frame.value(-8, frame.pixel(0, y)[1]),
            "text": percent(y),
            "align": "right",
            "color": QUIET,
        }
        for y in marks
    ]
    rows += [
        {
            **frame.value(frame.pixel(at, 0)[0], frame.height + 16),
            "text": known_words(*bucket),
            "align": "center",
            "color": QUIET,
        }
        for at, bucket in enumerate(buckets)
    ]
    rows.append({**frame.value(-44, -20), "text": "churn: seats given to newcomers per event"})
    rows.append(
        {
            **frame.value(frame.width, frame.height + 38),
            "align": "right",
            "text": "items known of the visitor →",
        }
    )
    # Names stand at the beginning of the lines, where they are farthest apart.
    last = -1e9
    left = frame.pixel(0, 0)[0] + 10
    for y, name, color in sorted(ends):
        last = max(y, last + _LINE)
        rows.append(
            {
                **frame.value(left, last),
                "text": short(name, 22),
                "color": QUIET if color == GREY else color,
            }
        )
    return rows
