"""One picture of the frontiers of several studies: `python -m simulations.report OUT RESULTS...`.

Writes OUT.svg and OUT.png from files `results.json`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from simulations.report import frontier_picture


def main(out: str, *results: str) -> None:
    """Draw."""
    svg, png = frontier_picture([msgspec.json.decode(Path(one).read_bytes()) for one in results])
    Path(f"{out}.svg").write_text(svg, encoding="utf-8")
    Path(f"{out}.png").write_bytes(png)
    print(f"{out}.svg and {out}.png are written.")


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
