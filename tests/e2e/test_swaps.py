"""Another model every three seconds under load, and between two of them others that cannot be used.

RECSVC_TEST_FULL=1 swaps for a whole minute.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from damage import SORTS, point, spoilt
from test_promise import Visit, publish
from visiting import Client, History
from workers import Workers

from recsvc.contract import Judge
from recsvc.recommenders.artifacts.registry import promote, promotion
from recsvc.recommenders.training.train import train
from simulations.shop import generate

SWAPS = 20 if os.environ.get("RECSVC_TEST_FULL") == "1" else 7
EVERY_S = 3.0
BAD_BETWEEN = 2
VISITORS = 6
NOTICED_S = 20.0
"""Patience with a machine that has much else to do; it is a fraction of a second on a quiet one."""


@pytest.fixture(scope="module")
def models(shop_home: Path) -> tuple[str, ...]:
    """Models of the shop that agree on little, the one that is live first."""
    tables = generate(1, users=400, items=300, days=30)
    made = [
        train(tables, model=kind, home=shop_home, seed=seed, measure=False, progress=lambda _: None)
        for kind, seed in (("als", 2), ("cosine", 0), ("als", 3))
    ]
    return promotion(shop_home).model_id, *(folder.name for folder in made)


class Swapping(threading.Thread):
    """Promotes the good models in turn, and spoilt ones in between, until all swaps are made."""

    def __init__(self, home: Path, models: tuple[str, ...]) -> None:
        super().__init__()
        self.home, self.over = home, threading.Event()
        self.good = cycle((*models[1:], models[0]))
        sorts = cycle(SORTS)
        some = [next(sorts) for _ in range(BAD_BETWEEN * SWAPS)]
        als = next(model for model in models if model.startswith("als"))
        self.made = {sort: spoilt(home, als, sort) for sort in dict.fromkeys(some)}
        self.bad = [self.made[sort] for sort in some]

    def run(self) -> None:
        try:
            for swap in range(SWAPS):
                promote(self.home, next(self.good))
                for bad in self.bad[swap * BAD_BETWEEN : (swap + 1) * BAD_BETWEEN]:
                    time.sleep(EVERY_S / (BAD_BETWEEN + 1))
                    point(self.home, bad)
                time.sleep(EVERY_S / (BAD_BETWEEN + 1))
        finally:
            self.over.set()


def visits(url: str, history: History, seed: int, over: threading.Event) -> None:
    """One visitor after another, each in a session that sees several models."""
    for n in range(10_000):
        if over.is_set():
            return
        visit = Visit(url, history, seed * 10_000 + n)
        surface = visit.random.choice(["home", "home", "calm"])
        end = time.monotonic() + 2.5 * EVERY_S
        while not over.is_set() and time.monotonic() < end:
            slate = visit.client.slate(surface, visit.session)
            for _ in range(visit.random.randint(0, 3)):
                slate = visit.client.slate(surface, visit.session)
            visit.act(surface, slate)


def memory_of(pids: list[int]) -> float:
    """MB resident in these processes. Not PSS: that changes with what others on the machine map."""
    rows = (Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids)
    return sum(int(found[1]) for row in rows if (found := re.search(r"Rss: +(\d+)", row))) / 1024


def mapped_models(pids: list[int]) -> set[str]:
    """Models of which a process maps a file."""
    rows = [Path(f"/proc/{pid}/maps").read_text() for pid in pids]
    return set(re.findall(r"/models/([^/\n]+)/", "".join(rows)))


@pytest.fixture
def swapped(home: Path, models: tuple[str, ...]) -> Iterator[tuple[Workers, Swapping, History]]:
    """Two workers, and what is to be done to them."""
    swapping = Swapping(home, models)
    with Workers(home) as service:
        history = History()
        publish(home, history)
        yield service, swapping, history


def test_twenty_swaps_a_minute_under_load_break_nothing_and_leave_nothing_behind(
    swapped: tuple[Workers, Swapping, History], models: tuple[str, ...]
) -> None:
    service, swapping, history = swapped
    workers = service.processes()[1:]
    memory: list[float] = []
    with ThreadPoolExecutor(VISITORS) as visitors:
        playing = [
            visitors.submit(visits, service.url, history, seed, swapping.over)
            for seed in range(VISITORS)
        ]
        swapping.start()
        while not swapping.over.wait(0.5):
            memory.append(memory_of(workers))
        for visit in playing:
            visit.result()
    swapping.join()

    assert service.processes()[1:] == workers, "no worker died"
    assert {record["status"] // 100 for record in history.records if record["status"]} == {2}
    judge = Judge()
    violations = [found for record in history.in_order() for found in judge.feed(record)]
    assert [*violations, *judge.finish()] == []

    answers = [record["body"] for record in history.records if record["kind"] == "answer"]
    seen = models_seen(answers)
    assert set().union(*seen.values()) == set(models), "good ones answer, and no other"
    crossed = [session for session, found in seen.items() if len(found) >= 2]
    assert len(crossed) > len(seen) / 2, "sessions saw swaps"
    assert any(answer["consistency"]["cause"] == "model" for answer in answers)

    last = promotion(service.home).model_id
    assert last in swapping.bad
    told = service.log.read_text()
    assert all(model in told for model in swapping.made.values()), "each sort was seen, and refused"
    refused = readiness_of_all(service, lambda ready: bool(ready["refused"]))
    assert {ready["refused"]["model"] for ready in refused} == {last}
    (live,) = {ready["model"] for ready in refused}
    assert mapped_models(workers) == {live}, "all others are let go"

    third = memory[len(memory) // 3 :]
    early, late = sorted(third[:5])[2], sorted(third[-5:])[2]
    print(f"{SWAPS} swaps, {len(answers)} answers, RSS {early:.1f} MB, then {late:.1f} MB")
    assert late < early * 1.05 + 6

    promote(service.home, models[1])
    ready = readiness_of_all(service, lambda one: one["model"] == models[1])
    assert [one["refused"] for one in ready] == [None] * len(ready)


def models_seen(answers: list[dict[str, Any]]) -> dict[str, set[str]]:
    """By session, the models that answered, whichever rung of them."""
    seen = defaultdict[str, set[str]](set)
    for answer in answers:
        seen[answer["session_id"]].add(answer["served_by"]["model"].rsplit("/")[-1])
    return seen


def readiness_of_all(service: Workers, wanted: Any) -> list[dict[str, Any]]:
    """What twenty askings in a row tell once all of them are as wanted: any worker may answer."""
    end = time.monotonic() + NOTICED_S
    while time.monotonic() < end:
        told = [Client(service.url).send("GET", "/readyz")[2] for _ in range(20)]
        if all(wanted(one) for one in told):
            return told
        time.sleep(0.1)
    raise AssertionError(f"not in {NOTICED_S} s: {told[-1]}")
