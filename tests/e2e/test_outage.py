"""Redis is killed and comes back empty, while pages that keep their tokens go on."""

from __future__ import annotations

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from redises import RedisServer
from test_promise import publish
from visiting import Client, History
from workers import Workers

from recsvc.contract import Judge

FULL = os.environ.get("RECSVC_TEST_FULL") == "1"
PAGES = 50 if FULL else 12
BEFORE_S, LOST_S, AFTER_S = (4.0, 5.0, 6.0) if FULL else (2.0, 2.5, 3.0)
BACK_S = 2.0
"""Seconds after Redis' return within which all is as before."""
SURFACES = ("home", "calm", "row")


class Page(Client):
    """A page of one session: it keeps the newest token of each slate, and sends them back."""

    def __init__(self, url: str, history: History, session: str, seed: int) -> None:
        super().__init__(url, history)
        self.session = session
        self.random = random.Random(seed)
        self.tokens: dict[str, str] = {}
        self.slates: dict[str, dict[str, Any]] = {}
        self.numbers = count()

    def look(self, surface: str) -> dict[str, Any]:
        """Ask, with the slate's token or that of another one."""
        known = self.slates.get(surface, {}).get("slate_id")
        token = self.tokens.get(known) or next(reversed(self.tokens.values()), None)
        more = {"context.destination": "Porto"} if surface == "row" else {}
        more |= {"token": token} if token else {}
        body = self.slate(surface, self.session, **more)
        self.slates[surface] = body
        self.keep({body["slate_id"]: body["token"]})
        return body

    def act(self, surface: str, kind: str) -> None:
        """Send one event; one that is refused is none."""
        slate = self.slates[surface]
        shown = [item["item_id"] for item in slate["items"]]
        event = {"type": kind, "session_id": self.session, "surface": surface}
        event |= {"event_id": f"{self.session}-{next(self.numbers)}", "slate_id": slate["slate_id"]}
        if kind not in ("refresh", "undo"):
            event["item_id"] = self.random.choice(shown)
        body = {"events": [event], "tokens": self.tokens}
        t0 = time.time()
        status, headers, told = self.send("POST", "/v1/events", body)
        request = {"method": "POST", "path": "/v1/events", "body": body}
        self.history.add(
            {"t": time.time(), "t0": t0, "kind": "event", "session_id": self.session}
            | {"request": request, "status": status, "headers": headers, "body": told}
        )
        assert status in (202, 400), told
        self.keep(told["tokens"] if status == 202 else {})

    def keep(self, tokens: dict[str, str]) -> None:
        """The newest of each slate, those that came last at the end."""
        self.tokens = {name: old for name, old in self.tokens.items() if name not in tokens}
        self.tokens |= tokens


@dataclass
class Outage:
    """What pages were told, and when Redis was there."""

    history: History
    answers: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    killed: float = 0.0
    back: float = 0.0

    def degraded(self, since: float, until: float) -> list[dict[str, Any]]:
        """Answers of this time that say that the store is lost."""
        return [
            body
            for t, body in self.answers
            if since <= t < until and body["served_by"]["degraded_reason"] == "store_lost"
        ]


def visit(page: Page, outage: Outage, until: float) -> None:
    """Look, reload and act, one after the other, until the time is over."""
    if page.random.random() < 0.5:
        page.consent("sessions", page.session)
    kinds = ["view", "view", "cart", "dismiss", "pin", "unpin", "undo", "refresh"]
    while time.time() < until:
        surface = page.random.choice(SURFACES)
        outage.answers.append((time.time(), page.look(surface)))
        if page.random.random() < 0.4:
            page.act(surface, page.random.choice(kinds))
        time.sleep(page.random.uniform(0.05, 0.4))


@pytest.fixture
def outage(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outage]:
    """The whole of it, once."""
    redis = RedisServer(tmp_path_factory.mktemp("redis")).start()
    try:
        with Workers(home, redis_url=redis.url) as service:
            seen = Outage(History())
            publish(home, seen.history)
            until = time.time() + BEFORE_S + LOST_S + AFTER_S
            failures: list[BaseException] = []

            def run(number: int) -> None:
                page = Page(service.url, seen.history, f"page-{number}", number)
                try:
                    visit(page, seen, until)
                except BaseException as error:
                    failures.append(error)

            pages = [threading.Thread(target=run, args=(n,)) for n in range(PAGES)]
            for page in pages:
                page.start()
            time.sleep(BEFORE_S)
            seen.killed = time.time()
            redis.kill()
            time.sleep(LOST_S)
            redis.start()
            seen.back = time.time()
            for page in pages:
                page.join(60)
            assert failures == []
            yield seen
    finally:
        redis.kill()


def test_pages_with_tokens_go_on_while_redis_is_killed_and_comes_back_empty(
    outage: Outage,
) -> None:
    judge = Judge()
    found = [one for record in outage.history.in_order() for one in judge.feed(record)]
    statuses = Counter(record["status"] for record in outage.history.records)
    lost = outage.degraded(outage.killed, outage.back)
    late = outage.degraded(outage.back + BACK_S, outage.back + AFTER_S)
    print(
        f"\n{PAGES} pages, {len(outage.answers)} answers, {LOST_S:g} s without Redis: "
        f"{len(lost)} degraded ones; statuses {dict(statuses)}; "
        f"{len(late)} degraded later than {BACK_S:g} s after its return; "
        f"not judged {dict(judge.not_judged)}"
    )
    assert [*found, *judge.finish()] == []
    assert not any(status >= 500 for status in statuses)
    assert len(lost) > PAGES * LOST_S, "the fault was there"
    assert late == []
    assert judge.not_judged["older_token_in_outage"] == 0
    begun = Counter(body["session_id"] for _, body in outage.answers if _begins(body))
    assert all(times <= len(SURFACES) for times in begun.values()), "no slate began twice"


def _begins(body: dict[str, Any]) -> bool:
    return bool(body["consistency"]["trigger"] == "session_start")
