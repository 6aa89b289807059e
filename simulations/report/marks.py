"""What stands in the plane of the frontier: bars, the line, points, names that do not collide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from simulations.report.labels import Box, Place, Wish, place
from simulations.report.numerals import change, decimals, percent, short
from simulations.report.pictures import GREY, INK, QUIET, RED, Frame, Spec
from simulations.report.spots import Spot

# How bad a place may be before a name of that rank is left to the table; others are written.
_PATIENCE = {3: 30.0, 4: 12.0}
_IN_FORCE = -1


def marks(
    frame: Frame, plane: Sequence[Spot], level: float | None, narrow: bool, told: bool
) -> list[Spec]:
    """Bars, the line of the frontier, points, names; `told` writes the changes at the knee."""
    at = [frame.pixel(s.x, _height(s, frame)) for s in plane]
    named = {True: "0.9", False: "0.35"}
    bars: dict[tuple[str, str], list[Spec]] = {}
    faint: list[Box] = []
    for spot, (px, py) in zip(plane, at, strict=True):
        if spot.edge:
            continue
        key = (spot.color, named[spot.rank < 4])
        y = _height(spot, frame)
        if spot.wide is not None:
            left, right = max(spot.wide[0], frame.x[0]), min(spot.wide[1], frame.x[1])
            bars.setdefault(key, []).append({"x": left, "x2": right, "y": y, "y2": y})
            faint.append((frame.pixel(left, y)[0], py - 1, frame.pixel(right, y)[0], py + 1))
        if spot.tall is not None:
            low, high = max(spot.tall[0], frame.y[0]), min(spot.tall[1], frame.y[1])
            bars.setdefault(key, []).append({"x": spot.x, "x2": spot.x, "y": low, "y2": high})
            faint.append((px - 1, frame.pixel(0, high)[1], px + 1, frame.pixel(0, low)[1]))
    best = [s for s in plane if s.best]
    steps = [step for a, b in pairwise(best) if (step := _step(frame, a, b)) is not None]
    boxes = [box for step in steps for box in frame.along(step)]
    if level is not None or not told:
        base = frame.pixel(0, level or 0.0)[1]
        boxes += [
            (n * 20.0, base - 1, n * 20.0 + 20, base + 1) for n in range(int(frame.width / 20))
        ]
    size = 11 if narrow else 12
    wishes = [
        Wish(px, py, lines, s.rank, _PATIENCE.get(s.rank), size)
        for s, (px, py), lines in zip(plane, at, _lines(plane, at, level, told), strict=True)
    ]
    wishes = [
        _dropped(w) if w.lines == ("",) or (narrow and s.rank > 2) else w
        for w, s in zip(wishes, plane, strict=True)
    ]
    room = (0.0, -6.0, frame.width + 6, frame.height)
    places = place(wishes, boxes, room, faint)
    names: list[tuple[Place, tuple[str, ...], str, int, str]] = []
    leaders = []
    for spot, wish, found, (px, py) in zip(plane, wishes, places, at, strict=True):
        if found is None or not wish.lines[0]:
            continue
        color = QUIET if spot.color == GREY else spot.color
        names.append((found, wish.lines, color, int(wish.size), "bold" if spot.knee else "normal"))
        if found.leader is not None:
            start, end = frame.value(px, py), frame.value(*found.leader)
            leaders.append({**start, "x2": end["x"], "y2": end["y"]})
    return [
        *(
            frame.rules(rows, color, opacity=float(opacity), strokeWidth=1)
            for (color, opacity), rows in sorted(bars.items())
        ),
        frame.rules(steps, QUIET, strokeWidth=1.5),
        frame.rules(leaders, GREY, strokeWidth=0.75),
        *_points(frame, plane, at),
        *frame.names(names),
    ]


def _dropped(wish: Wish) -> Wish:
    """A name that stands elsewhere: in another label, or in the table only."""
    return replace(wish, lines=("",), patience=0.0)


def _lines(
    plane: Sequence[Spot],
    at: Sequence[tuple[float, float]],
    level: float | None,
    told: bool,
) -> list[tuple[str, ...]]:
    """What is written at each spot; those off the scale at one place are named by the first."""
    found: list[tuple[str, ...]] = []
    first: dict[tuple[int, int], int] = {}
    for number, spot in enumerate(plane):
        lines = _name(spot, level, told)
        key = (spot.edge, round(at[number][0] / 12))
        if spot.edge and key in first:
            found[first[key]] += lines
            lines = ("",)
        elif spot.edge:
            first[key] = number
        found.append(lines)
    return found


def _step(frame: Frame, a: Spot, b: Spot) -> Spec | None:
    """The line from spot to spot, as far as it lies within the range."""
    low, high = frame.y
    ends = []
    for one, other in ((a, b), (b, a)):
        y = min(max(one.y, low), high)
        if y == one.y:
            ends.append((one.x, y))
        elif low <= other.y <= high:
            part = (y - one.y) / (other.y - one.y)
            ends.append((one.x + part * (other.x - one.x), y))
        else:
            return None
    return {"x": ends[0][0], "y": ends[0][1], "x2": ends[1][0], "y2": ends[1][1]}


def _points(frame: Frame, plane: Sequence[Spot], at: Sequence[tuple[float, float]]) -> list[Spec]:
    """One mark per policy: squares for anchors, discs for the rest, a ring around the knee."""
    layers = []
    shapes: tuple[tuple[str, int, frozenset[int]], ...] = (
        ("circle", 26, frozenset({3, 4})),
        ("circle", 64, frozenset({2})),
        ("square", 62, frozenset({1})),
        ("circle", 80, frozenset({0})),
        ("diamond", 110, frozenset({_IN_FORCE})),
    )
    for shape, size, ranks in shapes:
        wanted = [s for s in plane if (_IN_FORCE if s.in_force else s.rank) in ranks and not s.edge]
        for color in sorted({s.color for s in wanted}):
            rows = [{"x": s.x, "y": s.y} for s in wanted if s.color == color]
            layers.append(frame.layer(_point(shape, size, color), rows))
    knee = [{"x": s.x, "y": s.y} for s in plane if s.knee and not s.edge]
    layers.append(
        frame.layer(
            {
                "type": "point",
                "shape": "circle",
                "size": 260,
                "filled": False,
                "color": RED,
                "strokeWidth": 1.5,
                "opacity": 1,
            },
            knee,
        )
    )
    for edge, shape in ((-1, "triangle-down"), (1, "triangle-up")):
        rows = [frame.value(*xy) for s, xy in zip(plane, at, strict=True) if s.edge == edge]
        layers.append(frame.layer(_point(shape, 62, INK), rows))
    return layers


def _point(shape: str, size: int, color: str) -> Spec:
    return {
        "type": "point",
        "shape": shape,
        "size": size,
        "filled": True,
        "opacity": 1,
        "color": color,
    }


def _height(spot: Spot, frame: Frame) -> float:
    """Where a spot is drawn; those beyond the range stand just inside its edge."""
    inside = (frame.y[1] - frame.y[0]) * 0.012
    return {-1: frame.y[0] + inside, 0: spot.y, 1: frame.y[1] - inside}[spot.edge]


def _name(spot: Spot, level: float | None, told: bool) -> tuple[str, ...]:
    """What is written at a spot: its name; what it costs and gives at the knee and off the edge."""
    name = short(spot.policy.name, 26)
    if spot.edge:
        if not told:
            return (f"{name} {percent(spot.y, True)}",)
        loss = f" ({percent(spot.y / level - 1, True)})" if level else ""
        return (f"{name}, off the scale: {decimals(spot.y)}{loss}",)
    if spot.in_force and not spot.knee:
        return (f"{name} now",)
    if not spot.knee or not told:
        return (f"{name} (knee)" if spot.knee else name,)
    lines = [f"{name} (knee)"]
    for measure, text in (("churn", "replacements"), ("", "accuracy")):
        found = spot.policy.change(measure) if measure else spot.cost
        if found is not None:
            lines.append(f"{change(found)} {text}")
    return tuple(lines)
