"""A client that records everything it sends and gets, in the form that the judge reads."""

from __future__ import annotations

import http.client
import json
import threading
import time
from typing import Any
from urllib.parse import urlencode, urlsplit


class History:
    """Records of many clients, ordered by the time of the answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.records: list[dict[str, Any]] = []

    def add(self, record: dict[str, Any]) -> None:
        with self._lock:
            self.records.append(record)

    def in_order(self) -> list[dict[str, Any]]:
        return sorted(self.records, key=lambda record: record["t"])

    def published(self, surface: str, version: int, knobs: dict[str, Any]) -> None:
        """Write down which knobs hold from now on."""
        body = {"surface": surface, "version": version, "knobs": knobs}
        self.add(_record("knobs", None, body, time.time(), 200, {}, None))


class Client:
    """One connection; `history` takes the records of all clients of a test."""

    def __init__(self, url: str, history: History | None = None) -> None:
        where = urlsplit(url)
        self._connection = http.client.HTTPConnection(str(where.hostname), where.port, timeout=30)
        self.history = history or History()

    def slate(self, surface: str, session_id: str, **more: Any) -> dict[str, Any]:
        """GET a slate; the body."""
        query = {"session_id": session_id, **more}
        path = f"/v1/slates/{surface}"
        t0 = time.time()
        status, headers, body = self.send("GET", f"{path}?{urlencode(query, doseq=True)}")
        request = {"method": "GET", "path": path, "query": query}
        self.history.add(_record("answer", session_id, request, t0, status, headers, body))
        assert status == 200, body
        return body

    def events(self, *events: dict[str, Any]) -> dict[str, Any]:
        """POST events of one session; the body."""
        t0 = time.time()
        status, headers, body = self.send("POST", "/v1/events", {"events": list(events)})
        request = {"method": "POST", "path": "/v1/events", "body": {"events": list(events)}}
        session_id = events[0]["session_id"]
        self.history.add(_record("event", session_id, request, t0, status, headers, body))
        assert status == 202, body
        return body

    def consent(self, owner: str, name: str, *, personalisation: bool = True) -> None:
        """PUT a consent of `users` or `sessions`."""
        path = f"/v1/{owner}/{name}/consent"
        word = {"personalisation": personalisation}
        t0 = time.time()
        status, headers, body = self.send("PUT", path, word)
        session_id = name if owner == "sessions" else None
        request = {"method": "PUT", "path": path, "body": word}
        self.history.add(_record("event", session_id, request, t0, status, headers, body))
        assert status == 200, body

    def item(self, item_id: str, *, available: bool) -> None:
        """PUT an item."""
        path = f"/v1/items/{item_id}"
        word = {"available": available}
        t0 = time.time()
        status, headers, body = self.send("PUT", path, word)
        request = {"method": "PUT", "path": path, "body": word}
        self.history.add(_record("item", None, request, t0, status, headers, body))
        assert status == 200, body

    def send(
        self, method: str, path: str, body: dict[str, Any] | bytes | None = None
    ) -> tuple[int, dict[str, str], Any]:
        """Any request; status, headers, and the body as JSON."""
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        self._connection.request(method, path, content)
        answer = self._connection.getresponse()
        text = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, json.loads(text) if text else None


def _record(
    kind: str,
    session_id: str | None,
    request: dict[str, Any],
    t0: float,
    status: int,
    headers: dict[str, str],
    body: Any,
) -> dict[str, Any]:
    return {
        "t": time.time(),
        "t0": t0,
        "kind": kind,
        "session_id": session_id,
        "request": request,
        "status": status,
        "headers": headers,
        "body": body,
    }
