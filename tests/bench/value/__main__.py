"""`make decision`: measures what the exact decision is worth, and draws the pictures of the page.

`python -m tests.bench.value docs/decision [FOLDER]`: a second folder gets bitmaps to look at. It
takes half a minute, prints every figure of the page, and draws the same ones every time.
"""

from __future__ import annotations

import sys
from pathlib import Path

from simulations.report.page import png, svg
from simulations.report.pictures import Spec
from tests.bench.value.charts import loss_picture, price_picture, seats_picture
from tests.bench.value.measured import Measured, measured
from tests.bench.value.slates import settings_picture, visit_picture


def pictures(found: Measured) -> dict[str, Spec]:
    """All of them, by the name of the file."""
    return {
        "visit": visit_picture(),
        "settings": settings_picture(),
        "lost": loss_picture(found),
        "seats": seats_picture(found),
        "price": price_picture(found),
    }


def main(out: str, pngs: str = "") -> None:
    """Measure, print, draw."""
    found = measured()
    found.report()
    for name, spec in pictures(found).items():
        Path(out, f"{name}.svg").write_text(svg(spec), encoding="utf-8", newline="\n")
        if pngs:
            Path(pngs, f"{name}.png").write_bytes(png(spec))
    print(f"\nThe pictures in {out} are drawn anew.")


if __name__ == "__main__":
    main(*sys.argv[1:])
