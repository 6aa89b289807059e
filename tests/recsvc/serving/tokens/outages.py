"""A session store that can be lost, and visitors who go on with the tokens they were given."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from recsvc.contract import Judge, Violation
from recsvc.errors import Unavailable
from recsvc.ports import Stored
from recsvc.stores.memory import MemorySessions

Trouble = Literal["", "lost", "cannot be written", "written, but never told"]


class Switched(MemorySessions):
    """Sessions in memory, with trouble when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.trouble: Trouble = ""
        self.writes = 0

    def wipe(self) -> None:
        """As a server that was killed and kept nothing."""
        self._sessions.clear()

    def load(self, key: str, now: float) -> Stored | None:
        if self.trouble == "lost":
            raise Unavailable("The session store is lost.")
        return super().load(key, now)

    def swap(self, key: str, data: bytes, **how: Any) -> bool:
        if self.trouble in ("lost", "cannot be written"):
            raise Unavailable("The session store is lost.")
        self.writes += 1
        trouble, self.trouble = self.trouble, ""
        written = super().swap(key, data, **how)
        self.trouble = trouble
        if self.trouble == "written, but never told":
            raise Unavailable("The session store did not answer.")
        return written


@dataclass
class Visitor:
    """One visitor with the newest token of every slate; each record goes to the judge.

    `sends` tells whether tokens are sent back.
    """

    world: Any
    session: str = "s"
    sends: bool = True
    judge: Judge = field(default_factory=Judge)
    violations: list[Violation] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)
    slates: dict[str, dict[str, Any]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    events: int = 0

    def __post_init__(self) -> None:
        for name, published in self.world.service.slates.surfaces.by_name.items():
            body = {"surface": name, "version": published.version, "knobs": asdict(published.knobs)}
            self.feed("knobs", {}, 200, {}, body)

    def slate(self, surface: str = "home", **more: Any) -> dict[str, Any]:
        """Ask, with the slate's newest token in the header; the body."""
        query = {"session_id": self.session, **more}
        path = f"/v1/slates/{surface}"
        # A slate that was never asked for has no token; another one tells what is dismissed.
        known = self.slates.get(surface, {}).get("slate_id")
        token = self.tokens.get(known) or next(reversed(self.tokens.values()), None)
        headers = {"X-Recsvc-Token": token} if token and self.sends else {}
        answer = self.world.client.get(path, query_string=query, headers=headers)
        request = {"method": "GET", "path": path, "query": query, "headers": headers}
        self.feed("answer", request, answer.status_code, dict(answer.headers), answer.json)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json
        self.slates[surface] = body
        if body["token"] is not None:
            self._keep({body["slate_id"]: body["token"]})
        return body

    def event(self, kind: str, item: str | None = None, **more: Any) -> dict[str, Any]:
        """Send one, with all tokens; the body."""
        event = {"event_id": f"v{self.events}", "type": kind, "session_id": self.session}
        event |= {"surface": "home"} | ({} if item is None else {"item_id": item}) | more
        self.events += 1
        body = {"events": [event]} | ({"tokens": self.tokens} if self.sends else {})
        answer = self.world.client.post("/v1/events", json=body)
        request = {"method": "POST", "path": "/v1/events", "body": body}
        self.feed("event", request, answer.status_code, {}, answer.json)
        if answer.status_code == 202:
            self._keep(answer.json["tokens"])
        told: dict[str, Any] = answer.json
        return told

    def _keep(self, tokens: dict[str, str]) -> None:
        """The newest of each slate, those that came last at the end."""
        self.tokens = {name: old for name, old in self.tokens.items() if name not in tokens}
        self.tokens |= tokens

    def agree(self, *, yes: bool = True) -> int:
        """Say what is agreed to."""
        path, word = f"/v1/sessions/{self.session}/consent", {"personalisation": yes}
        answer = self.world.client.put(path, json=word)
        request = {"method": "PUT", "path": path, "body": word}
        self.feed("event", request, answer.status_code, {}, answer.json)
        return int(answer.status_code)

    def item(self, item_id: str, *, available: bool) -> None:
        """What the host says of an item."""
        path, word = f"/v1/items/{item_id}", {"available": available}
        answer = self.world.client.put(path, json=word)
        request = {"method": "PUT", "path": path, "body": word}
        self.feed("item", request, answer.status_code, {}, answer.json)

    def feed(
        self, kind: str, request: dict[str, Any], status: int, headers: Any, body: Any
    ) -> None:
        self.statuses[status] += 1
        now = self.world.clock[0]
        record = {"t": now, "t0": now, "kind": kind, "session_id": self.session}
        record |= {"request": request, "status": status, "headers": headers, "body": body}
        self.violations += self.judge.feed(record)

    def verdict(self) -> list[Violation]:
        """All that was found."""
        return [*self.violations, *self.judge.finish()]


def wander(visitor: Visitor, store: Switched, seed: int, turns: int) -> Counter[str]:
    """A random visit through outages; what was seen."""
    draw, world, seen = random.Random(seed), visitor.world, Counter[str]()
    items = list(world.primary.scores)
    if draw.random() < 0.7:
        visitor.agree()
    for _ in range(turns):
        # The judge tells two requests apart by their times.
        world.pass_time(draw.choice([0.05, 0.5, 2.0, 12.0, 40.0]))
        if draw.random() < 0.15:
            trouble: list[Trouble] = ["", "lost", "lost", "cannot be written"]
            trouble += ["written, but never told"]
            store.trouble = draw.choice(trouble) if not store.trouble else ""
            if draw.random() < 0.4:
                store.wipe()
        surface = draw.choice(["home", "home", "side", "row"])
        kind = draw.choice(
            ["view", "view", "cart", "dismiss", "pin", "unpin", "undo", "refresh", "model", "item"]
            + ["look"] * 10
        )
        shown = [item["item_id"] for item in visitor.slates.get(surface, {}).get("items", [])]
        if kind == "model":
            world.primary.model = f"model-{draw.randrange(3)}"
            for item in draw.sample(items, 6):
                world.primary.scores[item] = draw.uniform(0, 30)
        elif kind == "item":
            visitor.item(draw.choice(items), available=draw.random() < 0.7)
        elif kind in ("view", "cart"):
            visitor.event(kind, draw.choice(items), surface=surface)
        elif kind in ("undo", "refresh"):
            visitor.event(kind, surface=surface)
        elif kind != "look" and shown:
            visitor.event(kind, draw.choice(shown), surface=surface)
        if kind == "look" or draw.random() < 0.7:
            body = visitor.slate(surface, **({"k": 4} if draw.random() < 0.05 else {}))
            seen[body["consistency"]["trigger"]] += 1
            seen["degraded"] += body["served_by"]["degraded"]
            seen["store_lost"] += body["served_by"]["degraded_reason"] == "store_lost"
            seen["displaced"] += body["consistency"]["displaced"]
    return seen
