"""A page that records all it asks and gets, and has it judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from typing import Any

from recsvc.contract import Judge, Violation


@dataclass
class Page:
    """Pages of one service, of any session; every record goes to one judge at the world's time."""

    world: Any
    judge: Judge = field(default_factory=Judge)
    violations: list[Violation] = field(default_factory=list)
    numbers: Any = field(default_factory=count)

    def __post_init__(self) -> None:
        for name, published in self.world.service.slates.surfaces.by_name.items():
            body = {"surface": name, "version": published.version, "knobs": asdict(published.knobs)}
            self.feed("knobs", None, {}, 200, {}, body)

    def slate(
        self, surface: str, context: Mapping[str, Any], session: str = "s", **more: Any
    ) -> dict[str, Any]:
        """Ask, by query; the body."""
        said = {f"context.{name}": value for name, value in context.items()}
        query = {"session_id": session, **said, **more}
        path = f"/v1/slates/{surface}"
        answer = self.world.client.get(path, query_string=query)
        request = {"method": "GET", "path": path, "query": query}
        headers = dict(answer.headers)
        self.feed("answer", session, request, answer.status_code, headers, answer.json)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json
        return body

    def event(self, kind: str, surface: str, session: str = "s", **more: Any) -> None:
        """Send an event."""
        event = {"event_id": f"p{next(self.numbers)}", "type": kind, "session_id": session}
        body = {"events": [event | {"surface": surface} | more]}
        answer = self.world.client.post("/v1/events", json=body)
        request = {"method": "POST", "path": "/v1/events", "body": body}
        self.feed("event", session, request, answer.status_code, {}, answer.json)
        assert answer.status_code == 202, answer.text

    def agree(self, session: str = "s") -> None:
        """Consent to personal suggestions."""
        path, word = f"/v1/sessions/{session}/consent", {"personalisation": True}
        answer = self.world.client.put(path, json=word)
        request = {"method": "PUT", "path": path, "body": word}
        self.feed("event", session, request, answer.status_code, {}, answer.json)

    def feed(
        self,
        kind: str,
        session: str | None,
        request: Mapping[str, Any],
        status: int,
        headers: Mapping[str, str],
        body: Any,
    ) -> None:
        """Tell the judge."""
        now = self.world.clock[0]
        record = {"t": now, "t0": now, "kind": kind, "session_id": session, "request": request}
        record |= {"status": status, "headers": headers, "body": body}
        self.violations += self.judge.feed(record)

    def verdict(self) -> list[Violation]:
        """All that was found."""
        return [*self.violations, *self.judge.finish()]


def shown(body: Mapping[str, Any]) -> list[str]:
    """The items of a slate, by seat."""
    return [item["item_id"] for item in body["items"]]


def trigger(body: Mapping[str, Any]) -> str:
    """The row of the table that applied."""
    return str(body["consistency"]["trigger"])
