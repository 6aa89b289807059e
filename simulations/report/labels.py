"""Where to write names beside points, so that no name covers a point, a bar or another name.

Greedy by rank, then a few rounds of second thoughts; always the same answer for the same points.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels
_NARROW, _WIDE = frozenset("iljtfrI.,:;'|![]() "), frozenset("mwMW@%")
_DIRECTIONS = (0, -45, 45, -90, 90, 180, -135, 135, -20, 20, -70, 70, 160, -160, 110, -110)
_REACHES = (9.0, 16.0, 26.0, 38.0, 54.0, 74.0, 100.0)
_ROUNDS = 3


@dataclass(frozen=True)
class Wish:
    """A name for the point at (x, y). Lower ranks choose first.

    A name whose best place costs more than `patience` is left out; none: it is always written.

    Several lines are written one below the other.
    """

    x: float
    y: float
    lines: tuple[str, ...]
    rank: int = 0
    patience: float | None = None
    size: float = 12.0


@dataclass(frozen=True)
class Place:
    """Where a name is written: `x` is its edge or middle by `align`, `y` the middle of its height.

    `leader` is the point of the name's box that a thin line joins to the far point, if it is far.
    """

    x: float
    y: float
    align: str
    leader: tuple[float, float] | None
    box: Box


def text_width(text: str, size: float) -> float:
    """About the width of a text in a plain sans serif, rather too wide than too narrow."""
    em = 0.0
    for sign in text:
        if unicodedata.combining(sign):
            continue
        if unicodedata.east_asian_width(sign) in "WF":
            em += 1.05
        else:
            em += 0.31 if sign in _NARROW else 0.88 if sign in _WIDE else 0.58
    return em * size


def place(wishes: Sequence[Wish], obstacles: Sequence[Box], room: Box) -> list[Place | None]:
    """A place for each wish inside `room`; None for those that could go and had to."""
    options = [_options(wish) for wish in wishes]
    points = [(w.x - 5, w.y - 5, w.x + 5, w.y + 5) for w in wishes]
    chosen: list[Place | None] = [None] * len(wishes)
    order = sorted(range(len(wishes)), key=lambda n: (wishes[n].rank, n))
    for _ in range(_ROUNDS):
        for n in order:
            others = [p.box for m, p in enumerate(chosen) if p is not None and m != n]
            wires = [
                (wishes[m].x, wishes[m].y, *p.leader)
                for m, p in enumerate(chosen)
                if p is not None and p.leader is not None and m != n
            ]
            around = [*(box for m, box in enumerate(points) if m != n), *obstacles]
            costs = [_cost(wishes[n], at, others, wires, around, room) for at in options[n]]
            best = min(range(len(costs)), key=lambda o: (costs[o], o))
            chosen[n] = options[n][best]
            patience = wishes[n].patience
            if patience is not None and costs[best] > patience:
                chosen[n] = None
    return chosen


def _options(wish: Wish) -> list[Place]:
    """All places around a point, the near ones first."""
    width = max(text_width(line, wish.size) for line in wish.lines)
    half = 0.6 * wish.size * len(wish.lines)
    places = []
    for reach in _REACHES:
        for degrees in _DIRECTIONS:
            dx, dy = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
            x, y = wish.x + reach * dx, wish.y + reach * dy
            if abs(dx) < 0.5:
                align, left = "center", x - width / 2
                y += math.copysign(half, dy)
            else:
                align, left = ("left", x) if dx > 0 else ("right", x - width)
                y += half * dy
            box = (left, y - half, left + width, y + half)
            edge = (min(max(wish.x, box[0]), box[2]), min(max(wish.y, box[1]), box[3]))
            far = math.dist(edge, (wish.x, wish.y)) > 15
            places.append(Place(x, y, align, edge if far else None, box))
    return places


def _cost(
    wish: Wish,
    at: Place,
    names: Sequence[Box],
    wires: Sequence[tuple[float, float, float, float]],
    around: Sequence[Box],
    room: Box,
) -> float:
    """How bad a place is: far, upon other things, outside the room."""
    left, top, right, bottom = at.box
    middle = ((left + right) / 2, (top + bottom) / 2)
    edge = (min(max(wish.x, left), right), min(max(wish.y, top), bottom))
    cost = 0.35 * math.dist(edge, (wish.x, wish.y)) + 0.01 * math.dist(middle, (wish.x, wish.y))
    cost += sum(4.0 * _shared(at.box, name, 2) for name in names)
    cost += sum(0.8 * _shared(at.box, box, 1) for box in around)
    cost += sum(60.0 for wire in wires if _crosses(wire, at.box))
    if at.leader is not None:
        wire = (wish.x, wish.y, *at.leader)
        cost += 6 + sum(60.0 for name in names if _crosses(wire, name))
    over = max(0, room[0] - left) + max(0, right - room[2])
    return cost + 40 * (over + max(0, room[1] - top) + max(0, bottom - room[3]))


def _shared(one: Box, other: Box, air: float) -> float:
    """Pixels of shared height plus width where two boxes overlap, else 0."""
    width = min(one[2], other[2]) - max(one[0], other[0]) + air
    height = min(one[3], other[3]) - max(one[1], other[1]) + air
    return min(width, 40) + min(height, 40) if width > 0 and height > 0 else 0.0


def _crosses(wire: tuple[float, float, float, float], box: Box) -> bool:
    """Whether a thin line runs through a box; looked at in thirteen points."""
    for step in range(13):
        part = step / 12
        x = wire[0] + part * (wire[2] - wire[0])
        y = wire[1] + part * (wire[3] - wire[1])
        if box[0] - 1 < x < box[2] + 1 and box[1] - 1 < y < box[3] + 1:
            return True
    return False
