"""Slates as they are drawn: the worked example under many settings, and one visit."""

from __future__ import annotations

from typing import Any

from simulations.report.pictures import BLUE, FAINT, INK, QUIET, RED, Frame, Spec, panel, whole
from tests.bench.value.example import Cell, Moment, Row, before, rows, visit

FILL = {"new": "#fbe7dd", "moved": "#dfeaf7", "kept": "#f3f4f6", "pinned": "#f3f4f6"}
EDGE = {"new": RED, "moved": BLUE, "kept": FAINT, "pinned": INK}


class Sheet:
    """A drawing in pixels from the top left."""

    def __init__(self, width: float, height: float) -> None:
        self.frame = Frame(width, height, (0.0, width), (0.0, height))
        self.boxes: dict[tuple[str, str], list[Spec]] = {}
        self.words: list[Spec] = []
        self.lines: dict[tuple[str, float], list[Spec]] = {}
        self.dots: dict[str, list[Spec]] = {}

    def box(self, x: float, y: float, width: float, height: float, fill: str, edge: str) -> None:
        row = {**self._at(x, y), "x2": x + width, "y2": self.frame.height - y - height}
        self.boxes.setdefault((fill, edge), []).append(row)

    def text(self, x: float, y: float, text: str, **said: Any) -> None:
        self.words.append({**self._at(x, y), "text": text, **said})

    def line(self, x: float, y: float, x2: float, y2: float, color: str, wide: float = 1.0) -> None:
        row = {**self._at(x, y), "x2": x2, "y2": self.frame.height - y2}
        self.lines.setdefault((color, wide), []).append(row)

    def dot(self, x: float, y: float, color: str) -> None:
        self.dots.setdefault(color, []).append(self._at(x, y))

    def layers(self) -> list[Spec]:
        """Boxes below, then lines, dots and words."""
        frame = self.frame
        boxes = [
            frame.layer(
                {"type": "rect", "fill": fill, "stroke": edge, "strokeWidth": 1.2}
                | {"cornerRadius": 3, "opacity": 1},
                made,
            )
            for (fill, edge), made in self.boxes.items()
        ]
        lines = [frame.rules(made, c, strokeWidth=w) for (c, w), made in self.lines.items()]
        disc = {"type": "point", "shape": "circle", "size": 64, "filled": True, "opacity": 1}
        dots = [frame.layer({**disc, "color": c}, made) for c, made in self.dots.items()]
        return [*boxes, *lines, *dots, frame.texts(self.words)]

    def spec(self) -> Spec:
        return whole([panel(self.frame, self.layers())])

    def _at(self, x: float, y: float) -> Spec:
        return {"x": round(x, 3), "y": round(self.frame.height - y, 3)}


def settings_picture() -> Spec:
    """The worked example: a row for each setting, a box for each seat."""
    named = rows()
    left, wide, high, gap = 300.0, 96.0, 38.0, 8.0
    height = 70 + sum(34 + len(each) * (high + gap) for each in named.values()) + 40
    sheet = Sheet(left + 6 * (wide + gap), height)
    for seat in range(6):
        sheet.text(left + seat * (wide + gap) + wide / 2, 6, f"seat {seat + 1}", align="center",
                   color=QUIET, size=11)  # fmt: skip
    y = 18.0
    _row(sheet, before(), y, left, wide, high, gap)
    y += high + gap
    for heading, each in named.items():
        y += 8
        sheet.text(0, y + 12, heading, weight="bold", size=13)
        y += 26
        for row in each:
            _row(sheet, row, y, left, wide, high, gap)
            y += high + gap
    _key(sheet, left, y + 16)
    return sheet.spec()


def _row(
    sheet: Sheet, row: Row, y: float, left: float, wide: float, high: float, gap: float
) -> None:
    sheet.text(0, y + high / 2 - 8, row.setting, size=12)
    sheet.text(0, y + high / 2 + 8, row.words, size=11, color=QUIET)
    for seat, cell in enumerate(row.cells):
        x = left + seat * (wide + gap)
        sheet.box(x, y, wide, high, FILL[cell.standing], EDGE[cell.standing])
        bold = "bold" if cell.standing == "new" else "normal"
        sheet.text(x + wide / 2, y + 13, cell.item, align="center", weight=bold)
        said = f"{cell.score:.2f}".removeprefix("0") + _told(cell)
        sheet.text(x + wide / 2, y + 27, said, align="center", size=10.5, color=QUIET)


def _told(cell: Cell) -> str:
    moved = f", from {cell.was}"
    return {"new": ", new", "moved": moved, "pinned": ", pinned", "kept": ""}[cell.standing]


def _key(sheet: Sheet, x: float, y: float) -> None:
    for name, standing, step in (("stays", "kept", 80), ("moves", "moved", 86), ("new", "new", 0)):
        sheet.box(x, y - 7, 14, 14, FILL[standing], EDGE[standing])
        sheet.text(x + 20, y + 1, name, size=11, color=QUIET)
        x += step


def visit_picture() -> Spec:
    """One visit: a column for each request, a row for each seat, why it is so below."""
    moments = visit()
    left, wide, high, gap = 46.0, 80.0, 26.0, 6.0
    top = 74.0
    sheet = Sheet(left + len(moments) * (wide + gap), top + 6 * (high + gap) + 46)
    for seat in range(6):
        y = top + seat * (high + gap) + high / 2
        sheet.text(0, y, f"seat {seat + 1}", size=11, color=QUIET)
    for n, moment in enumerate(moments):
        x = left + n * (wide + gap)
        _column(sheet, moment, x, top, wide, high, gap)
    return sheet.spec()


def _column(
    sheet: Sheet, moment: Moment, x: float, top: float, wide: float, high: float, gap: float
) -> None:
    middle = x + wide / 2
    sheet.text(middle, 6, f"{moment.at} s", align="center", size=11, weight="bold")
    for n, line in enumerate(moment.happened.split("\n")):
        sheet.text(middle, 24 + 14 * n, line, align="center", size=11, color=QUIET)
    for seat, cell in enumerate(moment.cells):
        y = top + seat * (high + gap)
        sheet.box(x, y, wide, high, FILL[cell.standing], EDGE[cell.standing])
        bold = "bold" if cell.standing == "new" else "normal"
        sheet.text(middle, y + high / 2 + 1, cell.item, align="center", weight=bold, size=11.5)
    y = top + len(moment.cells) * (high + gap) + 12
    trigger = moment.trigger.replace("_", "\n").split("\n")
    for n, line in enumerate(trigger):
        sheet.text(middle, y + 14 * n, line, align="center", size=12, weight="bold")
