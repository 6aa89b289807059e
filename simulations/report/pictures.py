"""The pictures as Vega-Lite specifications: plain data, one mark a layer, no legend.

Every label's place is worked out here (`labels`), so that a picture needs no second look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simulations.report.labels import Box, Place

Spec = dict[str, Any]
FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
# The page's dark mode finds these very values and replaces them: keep them in step with style.css.
PAPER, INK, QUIET, FAINT = "#ffffff", "#1c1f23", "#59616b", "#d8dce1"
BLUE, RED, GREY = "#1f5fa6", "#b8400c", "#8b939d"


@dataclass(frozen=True)
class Frame:
    """A drawing area in pixels with the ranges of its axes."""

    width: float
    height: float
    x: tuple[float, float]
    y: tuple[float, float]

    def pixel(self, x: float, y: float) -> tuple[float, float]:
        """Where a value lies, from the top left."""
        return (
            (x - self.x[0]) / (self.x[1] - self.x[0]) * self.width,
            (self.y[1] - y) / (self.y[1] - self.y[0]) * self.height,
        )

    def value(self, px: float, py: float) -> dict[str, float]:
        """The values at a pixel, rounded so that every machine writes the same digits."""
        return {
            "x": round(self.x[0] + px / self.width * (self.x[1] - self.x[0]), 9),
            "y": round(self.y[1] - py / self.height * (self.y[1] - self.y[0]), 9),
        }

    def along(self, line: Spec) -> list[Box]:
        """Small boxes along a line from (x, y) to (x2, y2), for names to keep off."""
        x, y = self.pixel(line["x"], line["y"])
        x2, y2 = self.pixel(line["x2"], line["y2"])
        count = max(1, int(max(abs(x2 - x), abs(y2 - y)) / 12))
        points = [(x + (x2 - x) * n / count, y + (y2 - y) * n / count) for n in range(count + 1)]
        return [(px - 2, py - 2, px + 2, py + 2) for px, py in points]

    def layer(self, mark: Spec, rows: Sequence[Spec], **more: Spec) -> Spec:
        """One layer; `rows` hold x, y and, for lines from here to there, x2, y2."""
        fields = {
            "x": {**_position(self.x), "field": "x"},
            "y": {**_position(self.y), "field": "y"},
        }
        if rows and "x2" in rows[0]:
            fields |= {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
        return {"data": {"values": list(rows)}, "mark": mark, "encoding": {**fields, **more}}

    def rules(self, rows: Sequence[Spec], color: str, **mark: Any) -> Spec:
        """Straight lines from (x, y) to (x2, y2)."""
        return self.layer({"type": "rule", "color": color, **mark}, rows)

    def texts(self, rows: Sequence[Spec], **mark: Any) -> Spec:
        """Texts; `rows` may say `align`, `color`, `size` and `weight` each."""
        full = [
            {"align": "left", "color": INK, "size": 12, "weight": "normal", **row} for row in rows
        ]
        said = {name: {"expr": f"datum.{name}"} for name in ("align", "color")}
        return self.layer(
            {
                "type": "text",
                "baseline": "middle",
                "fontSize": {"expr": "datum.size"},
                "fontWeight": {"expr": "datum.weight"},
                "lineHeight": 14,
                **said,
                **mark,
            },
            full,
            text={"field": "text"},
        )

    def names(self, places: Sequence[tuple[Place, tuple[str, ...], str, int, str]]) -> list[Spec]:
        """Names with a halo in the colour of the paper, a line each."""
        rows = []
        for at, lines, color, size, weight in places:
            for number, line in enumerate(lines):
                y = at.y + (number - (len(lines) - 1) / 2) * size * 1.2
                rows.append(
                    {
                        **self.value(at.x, y),
                        "text": line,
                        "align": at.align,
                        "color": color,
                        "size": size,
                        "weight": weight if number == 0 else "normal",
                    }
                )
        halo = [{**row, "color": PAPER} for row in rows]
        return [
            self.texts(halo, stroke=PAPER, strokeWidth=4, strokeJoin="round"),
            self.texts(rows),
        ]


def _position(domain: tuple[float, float]) -> Spec:
    return {
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": list(domain), "nice": False, "zero": False},
    }


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values from low to high, about so many."""
    if not high > low:
        return [low]
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(n * step, 10) for n in range(first, math.floor(high / step + 1e-9) + 1)]


def whole(panels: Sequence[Spec], spacing: int = 28) -> Spec:
    """A picture of one panel, or of several side by side."""
    spec: Spec = panels[0] if len(panels) == 1 else {"hconcat": list(panels), "spacing": spacing}
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        **spec,
        "background": PAPER,
        "padding": 6,
        "config": {"font": FONT, "view": {"stroke": None}, "aria": False},
    }


def panel(frame: Frame, layers: Sequence[Spec]) -> Spec:
    """One panel of marks laid over each other; empty layers are left out."""
    return {
        "width": frame.width,
        "height": frame.height,
        "layer": [layer for layer in layers if layer["data"]["values"]],
    }
