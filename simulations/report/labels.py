"""Where to write names beside points, so that no name covers a point, a bar or another name.

Greedy by rank, then a few rounds of second thoughts; always the same answer for the same points.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
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


def place(
    wishes: Sequence[Wish], obstacles: Sequence[Box], room: Box, faint: Sequence[Box] = ()
) -> list[Place | None]:
    """A place for each wish inside `room`; None for those that could go and had to.

    Names keep off `obstacles`, and off what is `faint` where that costs little.
    """
    options = [_options(wish) for wish in wishes]
    points = [(w.x, w.y) for w in wishes]
    # What others have chosen changes; distance, points, bars and the room do not.
    fixed = [
        _fixed(wish, options[n], [*points[:n], *points[n + 1 :]], (obstacles, faint), room)
        for n, wish in enumerate(wishes)
    ]
    chosen: list[Place | None] = [None] * len(wishes)
    order = sorted(range(len(wishes)), key=lambda n: (wishes[n].rank, n))
    for _ in range(_ROUNDS):
        for n in order:
            others = [(wishes[m], at) for m, at in enumerate(chosen) if at is not None and m != n]
            costs = fixed[n] + _among(wishes[n], options[n], others)
            best = int(np.argmin(costs))
            patience = wishes[n].patience
            left_out = patience is not None and costs[best] > patience
            chosen[n] = None if left_out else options[n][best]
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


def _fixed(
    wish: Wish,
    options: Sequence[Place],
    points: Sequence[tuple[float, float]],
    lines: tuple[Sequence[Box], Sequence[Box]],
    room: Box,
) -> Floats:
    """How bad each place is by itself: far, upon points and lines, outside the room."""
    boxes = np.array([at.box for at in options])
    edges = np.clip([wish.x, wish.y], boxes[:, :2], boxes[:, 2:])
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    cost = 0.35 * np.hypot(edges[:, 0] - wish.x, edges[:, 1] - wish.y)
    cost += 0.01 * np.hypot(middles[:, 0] - wish.x, middles[:, 1] - wish.y)
    leads = np.array([at.leader is not None for at in options])
    cost += 6.0 * leads
    if points:
        # A name without a leader that stands nearer to another point would be taken for its name.
        spots = np.array(points)[None, :, :]
        nearest = np.clip(spots, boxes[:, None, :2], boxes[:, None, 2:])
        others = np.hypot(*np.moveaxis(nearest - spots, 2, 0)).min(axis=1)
        own = np.hypot(edges[:, 0] - wish.x, edges[:, 1] - wish.y)
        cost += 9.0 * (~leads & (others < own + 2))
    around = [*((x - 5, y - 5, x + 5, y + 5) for x, y in points), *lines[0]]
    cost += 1.2 * _shared(boxes, around, 1.0) + 0.25 * _shared(boxes, lines[1], 1.0)
    over = np.maximum(0, np.array(room[:2]) - boxes[:, :2]) + np.maximum(
        0, boxes[:, 2:] - np.array(room[2:])
    )
    return np.asarray(cost + 40 * over.sum(axis=1))


def _among(wish: Wish, options: Sequence[Place], others: Sequence[tuple[Wish, Place]]) -> Floats:
    """How bad each place is beside the names and wires that stand already."""
    names = [at.box for _, at in others]
    cost = 4.0 * _shared(np.array([at.box for at in options]), names, 2.0)
    wires = [((w.x, w.y), at.leader) for w, at in others if at.leader is not None]
    for n, at in enumerate(options):
        crossed = sum(_crosses(start, end, at.box) for start, end in wires)
        if at.leader is not None:
            crossed += sum(_crosses((wish.x, wish.y), at.leader, name) for name in names)
        cost[n] += 60.0 * crossed
    return cost


def _shared(boxes: Floats, others: Sequence[Box], air: float) -> Floats:
    """For each box, over all others: pixels of shared height plus width where they overlap."""
    if not others:
        return np.zeros(len(boxes))
    mine, theirs = boxes[:, None, :], np.array(others)[None, :, :]
    shared = np.minimum(mine[..., 2:], theirs[..., 2:]) - np.maximum(mine[..., :2], theirs[..., :2])
    shared += air
    both = (shared > 0).all(axis=2)
    return np.asarray((np.minimum(shared, 40).sum(axis=2) * both).sum(axis=1))


def _crosses(start: tuple[float, float], end: tuple[float, float], box: Box) -> bool:
    """Whether a thin line runs through a box with a pixel of air."""
    enter, leave = 0.0, 1.0
    for axis in (0, 1):
        low, high, way = box[axis] - 1, box[axis + 2] + 1, end[axis] - start[axis]
        if abs(way) < 1e-9:
            if not low < start[axis] < high:
                return False
            continue
        first, last = sorted(((low - start[axis]) / way, (high - start[axis]) / way))
        enter, leave = max(enter, first), min(leave, last)
    return enter < leave
