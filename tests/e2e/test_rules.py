"""Rules against real workers: many visits at once, two tabs each, on destinations of their own."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

from visiting import Client, History
from workers import Workers

from recsvc.config.surfaces import read_surfaces
from recsvc.contract import Judge

SURFACES = """
[surfaces.filters]
k = 6
hold_s = 0
churn_limit = 0.4
session_budget = 50
slate_key = ["destination"]
hold_when = [{ fact = "context.filters_applied", is = true }]

[surfaces.sorted]
k = 6
hold_s = 0
slate_key = ["destination"]
hold_when = "session.requests < 2"
refresh_when = 'context.sort == "price"'
"""


class Tab:
    """One tab of a session on a destination of its own; in a thread of its own."""

    def __init__(self, url: str, history: History, session: str, to: str) -> None:
        self.client = Client(url, history)
        self.session, self.to = session, to
        self.random = random.Random(f"{session} {to}")
        self.numbers = count()

    def go(self) -> None:
        applied, sort = False, "new"
        held: dict[str, Any] | None = None
        for _ in range(12):
            if self.random.random() < 0.3:
                applied, held = not applied, None
            sort = self.random.choice([sort, sort, "new", "price"])
            said = {"context.destination": self.to, "context.filters_applied": str(applied).lower()}
            slate = self.client.slate("filters", self.session, **said)
            if applied:
                shown = [item["item_id"] for item in slate["items"]]
                assert slate["consistency"]["trigger"] in ("hold_rule", "session_start")
                if held is not None:
                    assert shown == [item["item_id"] for item in held["items"]]
                    assert slate["epoch"] == held["epoch"]
                held = slate
            self.client.slate("sorted", self.session, **said, **{"context.sort": sort})
            if self.random.random() < 0.5:
                item = self.random.choice(slate["items"])["item_id"]
                event = {"event_id": f"{self.to}-{next(self.numbers)}", "type": "view"}
                event |= {"session_id": self.session, "surface": "filters", "item_id": item}
                self.client.events(event)


def test_tabs_at_once_under_rules_break_no_clause_and_do_not_disturb_each_other(
    home: Path,
) -> None:
    (home / "surfaces.toml").write_text(SURFACES)
    history = History()
    for name, published in read_surfaces(home, home).by_name.items():
        rules = {
            "hold_when": published.knobs.hold_when,
            "refresh_when": published.knobs.refresh_when,
        }
        own = {"k": 6, "hold_s": 0, "churn_limit": published.knobs.churn_limit}
        budget = {"session_budget": published.knobs.session_budget}
        history.published(name, 1, {**own, **budget, **rules})
    with Workers(home) as service, ThreadPoolExecutor(24) as tabs:
        for n in range(30):
            Client(service.url, history).consent("sessions", f"visit-{n}")
        visits = [
            tabs.submit(Tab(service.url, history, f"visit-{n}", to).go)
            for n in range(30)
            for to in ("Porto", "Lisboa")
        ]
        for visit in visits:
            visit.result()
    judge = Judge()
    violations = [found for record in history.in_order() for found in judge.feed(record)]
    assert [*violations, *judge.finish()] == []
    answers = [record["body"] for record in history.records if record["kind"] == "answer"]
    seen = Counter(answer["consistency"]["trigger"] for answer in answers)
    assert {"session_start", "hold_rule", "refresh_rule", "step", "quiet"} <= seen.keys(), seen
