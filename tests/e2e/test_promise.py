"""The whole promise against real workers: sessions with events, reloads and races, judged."""

from __future__ import annotations

import random
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

from surfaces import SURFACES
from visiting import Client, History
from workers import Workers

from recsvc.contract import Judge
from recsvc.data import read_tables
from recsvc.recommenders.artifacts.registry import promote
from recsvc.recommenders.training.train import train

TURNS = 14


def publish(home: Any, history: History) -> None:
    surfaces = tomllib.loads((home / "surfaces.toml").read_text())["surfaces"]
    for name, knobs in surfaces.items():
        history.published(name, 1, knobs)


class Visit:
    """One visitor: consents or not, looks, reloads, acts; drawn from a seed."""

    def __init__(self, url: str, history: History, seed: int) -> None:
        self.random = random.Random(seed)
        self.client = Client(url, history)
        self.session = f"visit-{seed}"
        self.numbers = count()
        if self.random.random() < 0.7:
            self.client.consent("sessions", self.session)

    def go(self) -> None:
        surface = self.random.choice(["home", "calm", "row"])
        context = {"context.destination": "Porto"} if surface == "row" else {}
        for _ in range(TURNS):
            slate = self.client.slate(surface, self.session, **context)
            for _ in range(self.random.randint(0, 2)):
                slate = self.client.slate(surface, self.session, **context)
            self.act(surface, slate)

    def act(self, surface: str, slate: dict[str, Any]) -> None:
        kind = self.random.choice(
            [
                "view",
                "view",
                "click",
                "cart",
                "purchase",
                "dismiss",
                "pin",
                "unpin",
                "refresh",
                "undo",
            ]
        )
        shown = [item["item_id"] for item in slate["items"]]
        pinned = [item["item_id"] for item in slate["items"] if item["pinned"]]
        event = {"type": kind, "session_id": self.session, "surface": surface}
        event |= {"event_id": f"{self.session}-{next(self.numbers)}", "slate_id": slate["slate_id"]}
        if kind == "unpin" and not pinned:
            return
        if kind == "undo" and not any(
            change["reason"] in ("dismissed", "pinned") for change in slate["changes"]
        ):
            return
        if kind not in ("refresh", "undo"):
            event["item_id"] = self.random.choice(pinned if kind == "unpin" else shown)
        self.client.events(event)


def race(url: str, history: History, session: str) -> list[int]:
    """Eight tabs open one new session at once; the epochs they were told."""
    with ThreadPoolExecutor(8) as tabs:
        answers = tabs.map(lambda _: Client(url, history).slate("home", session), range(8))
        return [answer["epoch"] for answer in answers]


def judged(service: Workers, sessions: int, at_once: int) -> list[dict[str, Any]]:
    """Play visits and races, have every record judged clean; the answers."""
    history = History()
    publish(service.home, history)
    item = Client(service.url, history).slate("home", "first")["items"][0]["item_id"]
    with ThreadPoolExecutor(at_once) as visitors:
        visits = [
            visitors.submit(lambda n=n: Visit(service.url, history, n).go())
            for n in range(sessions)
        ]
        Client(service.url, history).item(item, available=False)
        for visit in visits:
            visit.result()
    races = [race(service.url, history, f"race-{n}") for n in range(10)]
    assert all(len(set(epochs)) == 1 for epochs in races)

    judge = Judge()
    violations = [found for record in history.in_order() for found in judge.feed(record)]
    assert [*violations, *judge.finish()] == []
    return [record["body"] for record in history.records if record["kind"] == "answer"]


def test_two_hundred_sessions_with_events_reloads_and_races_break_no_clause(
    service: Workers,
) -> None:
    answers = judged(service, 200, at_once=50)
    assert len(answers) >= 3000
    seen = Counter(answer["consistency"]["trigger"] for answer in answers)
    assert {"session_start", "quiet", "hold", "step", "asked"} <= seen.keys()
    assert sum(answer["consistency"]["displaced"] for answer in answers) > 100


def test_fifty_sessions_at_once_over_four_thousand_real_items_break_no_clause(
    real_data: Path, tmp_path: Path
) -> None:
    tables = read_tables(real_data / "online-retail-ii-2009")
    learnt = train(
        tables, model="als", home=tmp_path, seed=1, progress=lambda _: None, measure=False
    )
    promote(tmp_path, learnt.name)
    (tmp_path / "surfaces.toml").write_text(SURFACES)
    with Workers(tmp_path) as service:
        answers = judged(service, 50, at_once=50)
    assert len(answers) >= 800
    assert sum(answer["consistency"]["displaced"] for answer in answers) > 30


def test_the_judge_sees_a_slate_that_was_changed_on_the_way(service: Workers) -> None:
    history = History()
    publish(service.home, history)
    client = Client(service.url, history)
    for _ in range(3):
        client.slate("home", "s")
    body = history.records[-1]["body"]
    body["items"][0], body["items"][1] = body["items"][1], body["items"][0]
    for position, item in enumerate(body["items"], 1):
        item["position"] = position
    judge = Judge()
    found = [one for record in history.in_order() for one in judge.feed(record)]
    assert {one.clause for one in [*found, *judge.finish()]} >= {"C1"}
