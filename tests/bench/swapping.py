"""What workers share of a model, what a promotion takes, and what is left behind by hundreds.

`python -m tests.bench.swapping`: a made-up log over 50,000 items (ALS, 64 factors); 1, 2 and 4
workers, all of which have ranked for some visitors. MB per worker: RSS counts shared pages in full,
PSS by share, USS not at all.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, median

import numpy as np
import pandas as pd

from recsvc.data import tables_from_frames
from recsvc.recommenders.artifacts.registry import promote
from recsvc.recommenders.training.train import train

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

from visiting import Client  # noqa: E402 (the tests' own, found by the line above)
from workers import Workers  # noqa: E402

from tests.bench.measure import measured  # noqa: E402

USERS, ITEMS, EVENTS = 20_000, 50_000, 1_000_000
SWAPS, EVERY_S = 200, 1.0


def models(home: Path) -> list[str]:
    """Two models of the same log; as many titles as items."""
    draw = np.random.default_rng(1)
    items = (draw.pareto(1.1, EVENTS) * 50).astype(int) % ITEMS
    items[:ITEMS] = np.arange(ITEMS)
    log = pd.DataFrame(
        {
            "user_id": [f"u{n}" for n in draw.integers(0, USERS, EVENTS)],
            "item_id": [f"item-{n}" for n in items],
            "timestamp": 1_700_000_000 + np.arange(EVENTS),
        }
    )
    names = pd.DataFrame({"item_id": [f"item-{n}" for n in range(ITEMS)]})
    tables = tables_from_frames(log, names.assign(title="a title of " + names["item_id"]))
    few = {"iterations": 1}
    return [
        train(tables, model="als", home=home, seed=seed, parameters=few, measure=False,
              progress=lambda _: None, threads=1).name
        for seed in (1, 2)
    ]  # fmt: skip


def visited(service: Workers, visitors: int = 40) -> None:
    """Some visitors, each of whom looks at something and is ranked for."""
    for n in range(visitors):
        client, session = Client(service.url), f"{time.time_ns()}-{n}"
        client.consent("sessions", session)
        item = client.slate("home", session)["items"][0]["item_id"]
        event = {"event_id": "1", "type": "view", "session_id": session, "surface": "home"}
        client.events(event | {"item_id": item})
        client.slate("home", session)


def memory(pids: list[int]) -> tuple[float, float, float]:
    """RSS, PSS and USS in MB, on average of these processes."""
    rows = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]

    def of(name: str) -> float:
        return mean(int(kb) for row in rows for kb in re.findall(rf"^{name}: +(\d+)", row, re.M))

    return of("Rss") / 1024, of("Pss") / 1024, (of("Private_Clean") + of("Private_Dirty")) / 1024


def of_models(pids: list[int]) -> dict[str, float]:
    """MB of mapped model files: read in, and copied by having been written to."""
    found = dict.fromkeys(("Rss", "Pss", "Private_Dirty"), 0.0)
    for pid in pids:
        parts = re.split(
            r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path(f"/proc/{pid}/smaps").read_text(), flags=re.M
        )
        for part in (part for part in parts if "/models/" in part):
            for name in found:
                found[name] += (
                    int(re.findall(rf"^{name}: +(\d+)", part, re.M)[0]) / 1024 / len(pids)
                )
    return found


def noticed(service: Workers, model: str, told: Callable[[], None]) -> float:
    """Seconds from a promotion until ten askings in a row are answered from it."""
    told()
    began, row = time.perf_counter(), 0
    while row < 10:
        ready = Client(service.url).send("GET", "/readyz")[2]
        row = row + 1 if ready["model"] == model else 0
        if row == 1:
            at = time.perf_counter() - began
    return at


def main() -> None:
    home = Path(tempfile.mkdtemp())
    two = models(home)
    size = sum(path.stat().st_size for path in (home / "models" / two[0]).iterdir()) / 2**20
    arrays = sum(path.stat().st_size for path in (home / "models" / two[0]).glob("*.npy")) / 2**20
    print(f"artifact {size:.1f} MB, of which arrays, which are mapped, {arrays:.1f} MB")
    promote(home, two[0])
    (home / "surfaces.toml").write_text("[surfaces.home]\nhold_s = 0\n")
    for workers in (1, 2, 4):
        with Workers(home, workers) as service:
            visited(service)
            pids = service.processes()[1:]
            rss, pss, uss = memory(pids)
            mapped = of_models(pids)
            print(
                f"{workers} workers, each: RSS {rss:.0f} MB, PSS {pss:.0f} MB, USS {uss:.0f} MB; "
                f"of the model's files RSS {mapped['Rss']:.1f}, PSS {mapped['Pss']:.1f}, "
                f"copied {mapped['Private_Dirty']:.2f} MB"
            )
    with Workers(home, 2) as service:
        visited(service)
        pids = service.processes()[1:]
        took = []
        for n in range(20):
            model = two[(n + 1) % 2]
            took.append(noticed(service, model, lambda: promote(home, model)))  # noqa: B023
        print(
            f"until all workers answer from it: median {median(took):.2f} s, most {max(took):.2f} s"
        )
        quiet = measured(service.port, "/v1/slates/home?session_id=held", 4000, pids)
        marks = []
        for n in range(SWAPS):
            promote(home, two[(n + 1) % 2])
            end = time.monotonic() + EVERY_S
            visited(service, 2)
            busy = measured(service.port, "/v1/slates/home?session_id=held", 100, pids)
            marks.append((memory(pids)[0], busy.median_ms, busy.p99_ms))
            time.sleep(max(0.0, end - time.monotonic()))
        for n in (0, SWAPS // 3, 2 * SWAPS // 3, SWAPS - 10):
            some = [mark[0] for mark in marks[n : n + 10]]
            print(f"RSS of a worker after {n + 1} swaps: {median(some):.1f} MB")
        busy_ms, worst_ms = (median(mark[n] for mark in marks) for n in (1, 2))
        print(
            f"a held answer: median {quiet.median_ms:.2f} ms, p99 {quiet.p99_ms:.2f} ms; "
            f"with a swap each second {busy_ms:.2f} and {worst_ms:.2f}"
        )


if __name__ == "__main__":
    main()
