"""The picture of churn by how much is known of the visitor: a line for each policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from simulations.report.labels import Wish, place
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
from simulations.report.results import Profile, Results
from simulations.report.words import known_words

_MOST = 6


def profiles(
    results: Results,
    width: int = 560,
    height: int = 230,
    title: str = "items known of the visitor →",
) -> Spec | None:
    """None where there is nothing to draw: fewer than two buckets, or no churn at all."""
    buckets = sorted(
        {(p.start, p.end) for p in results.profiles}, key=lambda b: (b[0], b[1] or 10**9)
    )
    names = list(dict.fromkeys(p.policy for p in results.profiles))[:_MOST]
    told = [p for p in results.profiles if p.policy in names and p.churn is not None]
    means = [p.churn.mean for p in told if p.churn is not None and p.churn.mean is not None]
    if len(buckets) < 2 or not means:
        return None
    highs = [p.churn.high for p in told if p.churn is not None and p.churn.high is not None]
    top = max(means + highs) or 0.01
    frame = Frame(width, height, (-0.3, len(buckets) - 0.7), (0.0, top * 1.05))
    lines = [_line(results, told, buckets, names, number) for number in range(len(names))]
    lines = [line for line in lines if line.spots]
    marks = ticks(0.0, frame.y[1], 4)
    grid = frame.rules([{"x": frame.x[0], "x2": frame.x[1], "y": y, "y2": y} for y in marks], FAINT)
    layers = [grid, frame.texts(_texts(frame, marks, buckets, title))]
    for line in lines:
        layers += [
            frame.rules(line.pieces, line.color, strokeWidth=1.5),
            frame.rules(line.bars, line.color),
            frame.layer(
                {"type": "point", "filled": True, "size": 36, "opacity": 1, "color": line.color},
                line.spots,
            ),
        ]
    return whole([panel(frame, layers + _names(frame, lines))])


@dataclass(frozen=True)
class Line:
    """The churn of one policy over the buckets; `x` is set a little aside of other policies'."""

    name: str
    color: str
    spots: list[Spec]
    bars: list[Spec]

    @property
    def pieces(self) -> list[Spec]:
        """The line from spot to spot."""
        return [{**a, "x2": b["x"], "y2": b["y"]} for a, b in pairwise(self.spots)]


def _line(
    results: Results,
    told: Sequence[Profile],
    buckets: Sequence[tuple[int, int | None]],
    names: Sequence[str],
    number: int,
) -> Line:
    line = Line(names[number], _color(results, names[number]), [], [])
    aside = (number - (len(names) - 1) / 2) * 0.025
    for at, bucket in enumerate(buckets):
        for profile in told:
            churn = profile.churn
            if profile.policy != line.name or (profile.start, profile.end) != bucket:
                continue
            if churn is None or churn.mean is None:
                continue
            x = round(at + aside, 6)
            line.spots.append({"x": x, "y": churn.mean})
            if churn.low is not None and churn.high is not None:
                line.bars.append({"x": x, "x2": x, "y": max(churn.low, 0.0), "y2": churn.high})
    return line


def _names(frame: Frame, lines: Sequence[Line]) -> list[Spec]:
    """Each line's name at its beginning, where lines are farthest apart."""
    starts = [frame.pixel(line.spots[0]["x"], line.spots[0]["y"]) for line in lines]
    taken = [
        box for line in lines for piece in (*line.pieces, *line.bars) for box in frame.along(piece)
    ]
    wishes = [
        Wish(x, y, (short(line.name, 26),)) for line, (x, y) in zip(lines, starts, strict=True)
    ]
    places = place(wishes, taken, (-20.0, -10.0, frame.width, frame.height))
    return frame.names(
        [
            (at, wish.lines, QUIET if line.color == GREY else line.color, 12, "normal")
            for line, wish, at in zip(lines, wishes, places, strict=True)
            if at is not None
        ]
    )


def _color(results: Results, name: str) -> str:
    if results.knee is not None and results.knee.policy == name:
        return RED
    policy = results.policy(name)
    return {"anchor": INK, "preset": BLUE}.get(policy.kind if policy else "", GREY)


def _texts(
    frame: Frame,
    marks: Sequence[float],
    buckets: Sequence[tuple[int, int | None]],
    title: str,
) -> list[Spec]:
    """Ticks and titles."""
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
            "text": title,
        }
    )
    return rows
