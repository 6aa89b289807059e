"""What was measured, as charts in the hand of the reports: no legend where a line can be named."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from simulations.report.pictures import (
    BLUE,
    FAINT,
    GREY,
    INK,
    PAPER,
    QUIET,
    RED,
    Frame,
    Spec,
    panel,
    whole,
)
from tests.bench.value.measured import LIMITS, MEMORIES, Measured


def loss_picture(found: Measured) -> Spec:
    """What the rule of thumb loses, by how fast opinions change; a line for each limit."""
    frame = Frame(560, 300, (0.02, 0.7), (-0.012, 0.215))
    layers = _grid(frame, [0.0, 0.05, 0.1, 0.15, 0.2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    colors = dict(zip(LIMITS, (RED, BLUE, INK, QUIET), strict=True))
    words: list[Spec] = []
    for limit in LIMITS:
        losses = [(found.turnover[m], found.losses[m, limit]) for m in MEMORIES]
        line = [
            {"x": a, "y": one.share, "x2": b, "y2": two.share}
            for (a, one), (b, two) in pairwise(losses)
        ]
        bars = [{"x": x, "y": one.low, "x2": x, "y2": one.high} for x, one in losses]
        points = [{"x": x, "y": one.share} for x, one in losses]
        layers += [
            frame.rules(line, colors[limit], strokeWidth=2),
            frame.rules(bars, colors[limit], strokeWidth=1, opacity=0.5),
            frame.layer(_disc(colors[limit]), points),
        ]
        x, last = losses[-1]
        words.append({"x": x + 0.012, "y": last.share, "text": f"limit {limit} of 10", "size": 12,
                      "color": colors[limit]})  # fmt: skip
    ends = found.turnover[MEMORIES[-1]]
    layers.append(frame.rules([{"x": 0.02, "y": 0.0, "x2": ends, "y2": 0.0}], INK, strokeWidth=2.5))
    words.append({"x": ends + 0.012, "y": 0.0, "text": "exact", "size": 12, "weight": "bold"})
    return _titled(
        frame,
        layers,
        words,
        "Lost of the attainable gain: best newcomer replaces worst incumbent",
        "share of the recommender's own top ten that changes from one step to the next",
    )


_KEYS = (
    (QUIET, "■ uniform: every seat counts the same"),
    (RED, "■ dcg: the first seats count most"),
)


def seats_picture(found: Measured) -> Spec:
    """The share of displacements at each seat, uniform beside dcg."""
    panels = []
    for limit in (1, 3):
        frame = Frame(380, 210, (0.4, 10.6), (-0.014, 0.2))
        layers = _grid(frame, [0.0, 0.05, 0.1, 0.15], list(range(1, 11)), percent_x=False)
        words: list[Spec] = []
        for weights, color, move in (("uniform", GREY, -0.2), ("dcg", RED, 0.2)):
            shares = found.contested[weights, limit]
            bars = [
                {"x": n + move - 0.19, "x2": n + move + 0.19, "y": 0.0, "y2": share}
                for n, share in enumerate(shares, 1)
            ]
            layers.append(frame.layer({"type": "rect", "fill": color, "opacity": 1}, bars))
            words.append(
                {"x": 1 + move * 0.2, "y": shares[0] + 0.008, "text": f"{100 * shares[0]:.1f}",
                 "align": "left" if color == RED else "right", "size": 10.5,
                 "color": color if color == RED else QUIET}
            )  # fmt: skip
        title = f"Share of displacements at each seat, at most {limit} of 10 in a step"
        for n, (color, text) in enumerate(_KEYS):
            words.append(
                {"x": 5.6, "y": 0.185 - 0.015 * n, "text": text, "color": color, "size": 11}
            )
        panels.append(_panel(frame, layers, words, title, "seat"))
    return whole(panels, spacing=34)


def price_picture(found: Measured) -> Spec:
    """What limits and margins keep, beside how much they replace."""
    panels = []
    for memory in (0.99, 0.95):
        frame = Frame(400, 260, (-0.72, 3.4), (-0.045, 1.09))
        layers = _grid(frame, [0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 1.0, 2.0, 3.0], percent_x=False)
        words: list[Spec] = []
        prices = {p.name: p for p in found.prices[memory]}
        for kind, color, down in (("limit", BLUE, -0.055), ("margin", RED, 0.045)):
            path = [p for name, p in prices.items() if name.startswith(kind)]
            path = sorted([prices["frozen"], *path, prices["fresh"]], key=lambda p: p.displaced)
            line = [
                {"x": a.displaced, "y": a.kept, "x2": b.displaced, "y2": b.kept}
                for a, b in pairwise(path)
            ]
            points = [{"x": p.displaced, "y": p.kept} for p in path]
            layers += [frame.rules(line, color, strokeWidth=1.5), frame.layer(_disc(color), points)]
            for price in path[1:-1]:
                if price.kept < 0.9996:
                    side = 0.05 if kind == "limit" else -0.05
                    align = "left" if kind == "limit" else "right"
                    words.append(
                        {"x": price.displaced + side, "y": price.kept + down, "text": price.name,
                         "align": align, "color": color, "size": 11}
                    )  # fmt: skip
        layers.append(frame.layer(_disc(INK), [{"x": prices[n].displaced, "y": prices[n].kept}
                                               for n in ("frozen", "fresh")]))  # fmt: skip
        words += [
            {"x": 0.08, "y": 0.0, "text": "frozen", "size": 12, "weight": "bold"},
            {"x": prices["fresh"].displaced, "y": 1.055, "text": "fresh", "size": 12,
             "weight": "bold", "align": "center"},
        ]  # fmt: skip
        share = (
            f"Kept of what fresh gains, {found.turnover[memory] * 10:.1f} of the top ten new a step"
        )
        panels.append(_panel(frame, layers, words, share, "seats of ten replaced in a step"))
    return whole(panels, spacing=34)


def _disc(color: str) -> Spec:
    shape = {"type": "point", "shape": "circle", "size": 46, "filled": True}
    return {**shape, "opacity": 1, "color": color}


def _grid(
    frame: Frame, across: Sequence[float], along: Sequence[float], percent_x: bool = True
) -> list[Spec]:
    """Faint lines with their percentages at the left, ticks below."""
    low, high = frame.x
    lines = [{"x": low, "y": y, "x2": high, "y2": y} for y in across]
    names = [
        {**_left(frame, y), "text": f"{100 * y:.0f} %", "align": "right", "size": 11,
         "color": QUIET}
        for y in across
    ]  # fmt: skip
    below = [
        {"x": x, "y": frame.value(0, frame.height + 12)["y"], "align": "center", "size": 11,
         "color": QUIET, "text": f"{100 * x:.0f} %" if percent_x else f"{x:g}"}
        for x in along
    ]  # fmt: skip
    return [frame.rules(lines, FAINT), frame.texts(names), frame.texts(below)]


def _left(frame: Frame, y: float) -> Spec:
    return {"x": frame.value(-8, 0)["x"], "y": y}


def _panel(frame: Frame, layers: list[Spec], words: list[Spec], title: str, below: str) -> Spec:
    put = frame.value
    words = [
        *words,
        {**put(-40, -16), "text": title, "weight": "bold", "size": 13},
        {**put(frame.width / 2, frame.height + 32), "text": below, "align": "center", "size": 11.5,
         "color": QUIET},
    ]  # fmt: skip
    halo = [{**word, "color": PAPER} for word in words]
    return panel(
        frame,
        [
            *layers,
            frame.texts(halo, stroke=PAPER, strokeWidth=3.5, strokeJoin="round"),
            frame.texts(words),
        ],
    )


def _titled(frame: Frame, layers: list[Spec], words: list[Spec], title: str, below: str) -> Spec:
    return whole([_panel(frame, layers, words, title, below)])
