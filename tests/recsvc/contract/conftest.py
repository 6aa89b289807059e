"""A hand-written builder of correct histories, in which single faults can be planted."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

Record = dict[str, Any]


class Story:
    """Tells a history of slates of five seats, correct unless told otherwise."""

    def __init__(self) -> None:
        self.t = 1000.0
        self.records: list[Record] = []
        self.last: dict[tuple[str, str], Record] = {}
        self.events = 0

    def add(self, kind: str, dt: float = 1.0, **fields: Any) -> Record:
        self.t = round(self.t + dt, 6)
        record = {"t": self.t, "kind": kind, **fields}
        self.records.append(record)
        return record

    def knobs(self, version: int = 1, surface: str = "home", **knobs: Any) -> Record:
        body = {"surface": surface, "version": version, "knobs": {"k": 5, **knobs}}
        return self.add("knobs", body=body, status=200)

    def event(
        self, kind: str, item: str | None = None, *, session: str = "s1", **more: Any
    ) -> Record:
        self.events += 1
        names = ("surface", "slate_id", "user_id", "alternative_id", "event_id")
        event = {"event_id": f"e{self.events}", "type": kind, "session_id": session}
        event |= {"item_id": item} if item else {}
        event |= {name: more.pop(name) for name in names if name in more}
        reply = {"accepted": 1, "duplicate": 0, "discarded": [], "rejected": [], "tokens": {}}
        reply |= more.pop("reply", {})
        request = {"method": "POST", "path": "/v1/events", "body": {"events": [event]}}
        fields = {"session_id": session, "request": request, "status": 202, "body": reply}
        return self.add("event", **{**fields, **more})

    def item(self, item: str, available: bool) -> Record:
        path = f"/v1/items/{item}"
        request = {"method": "PUT", "path": path, "body": {"available": available}}
        return self.add("item", request=request, status=200)

    def switch(self, name: str, on: bool) -> Record:
        return self.add("switch", request={"switch": name, "on": on}, status=200)

    def serve(
        self,
        items: str | None = None,
        *,
        trigger: str | None = None,
        session: str = "s1",
        surface: str = "home",
        pins: str | None = None,
        new_epoch: bool = False,
        anew: bool = False,
        dt: float = 1.0,
        ask: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        t0: float | None = None,
        **over: Any,
    ) -> Record:
        """Serve `items` (one letter each); reasons come as keywords named by item."""
        reasons = {name: over.pop(name) for name in list(over) if len(name) == 1}
        last = None if anew else self.last.get((session, surface))
        was = [] if last is None else [seat["item_id"] for seat in last["items"]]
        pinned = {s["item_id"] for s in last["items"] if s["pinned"]} if last else set()
        now = list(items) if items is not None else was
        pins_now = set(pins) if pins is not None else pinned
        repeats = last is not None and now == was and pins_now == pinned and not new_epoch
        body = (
            self._repeat(last, trigger)
            if repeats and last is not None
            else self._body(last, was, now, pinned, pins_now, reasons, trigger)
        )
        reached = self.last.get((session, surface))
        if anew and reached is not None:
            body["epoch"] = reached["epoch"] + 1000
        body |= {"session_id": session, "surface": surface, "slate_id": f"{session}-{surface}"}
        for path, value in over.items():
            part, _, name = path.rpartition("__")
            (body[part] if part else body)[name] = value
        self.last[session, surface] = copy.deepcopy(body)
        query = {"session_id": session, "k": 5, **(ask or {})}
        path = f"/v1/slates/{surface}"
        request = {"method": "GET", "path": path, "query": query, "headers": headers or {}}
        etag = {"ETag": f'W/"{body["epoch"]}"'}
        fields = {"session_id": session, "request": request, "status": 200, "headers": etag}
        record = self.add("answer", dt=dt, **fields, body=copy.deepcopy(body))
        if t0 is not None:
            record["t0"] = t0
        return record

    def not_modified(
        self, etag: str | None = None, session: str = "s1", surface: str = "home"
    ) -> Record:
        etag = etag or f'W/"{self.last[session, surface]["epoch"]}"'
        path = f"/v1/slates/{surface}?session_id={session}&k=5"
        request = {"method": "GET", "path": path, "headers": {"If-None-Match": etag}}
        return self.add("answer", session_id=session, request=request, status=304, body=None)

    def _repeat(self, last: Record, trigger: str | None) -> Record:
        body = copy.deepcopy(last)
        body["consistency"]["trigger"] = trigger or "quiet"
        return body

    def _body(
        self,
        last: Record | None,
        was: list[str],
        now: list[str],
        pinned: set[str],
        pins: set[str],
        reasons: dict[str, str],
        trigger: str | None,
    ) -> Record:
        changes = []
        for item in [*was, *(each for each in now if each not in was)]:
            old = was.index(item) + 1 if item in was else None
            new = now.index(item) + 1 if item in now else None
            if old != new or (item in pinned) != (item in pins):
                usual = "session_start" if last is None else reasons.get(item, "?")
                changes.append({"item_id": item, "from": old, "to": new, "reason": usual})
        if last is None:
            trigger = trigger or "session_start"
        seats = [
            {
                "item_id": item,
                "position": seat,
                "pinned": item in pins,
                "standing": self._standing(item, seat, was, pins),
            }
            for seat, item in enumerate(now, 1)
        ]
        count = [change["reason"] for change in changes].count
        return {
            "subject": None,
            "epoch": 1_000_000 if last is None else last["epoch"] + 1,
            "items": seats,
            "changes_from": None if last is None else last["epoch"],
            "changes": changes,
            "consistency": {
                "allowed": 0 if last is None else 1,
                "displaced": count("displaced"),
                "refilled": count("refill"),
                "trigger": trigger or "step",
            },
            "served_by": {
                "rung": "primary",
                "model": "als-1",
                "degraded": False,
                "degraded_reason": None,
            }
            if last is None
            else copy.deepcopy(last["served_by"]),
            "policy": {"version": 1, "arm": "control"} if last is None else dict(last["policy"]),
        }

    @staticmethod
    def _standing(item: str, seat: int, was: list[str], pins: set[str]) -> str:
        if item in pins:
            return "pinned"
        if item not in was:
            return "new"
        return "kept" if was.index(item) + 1 == seat else "moved"


@pytest.fixture
def tell() -> Callable[[], Story]:
    """Return a maker of empty stories."""
    return Story


@pytest.fixture
def story() -> Story:
    """A story of one surface with published knobs and a slate ABCDE, served past its hold."""
    made = Story()
    made.knobs()
    made.serve("ABCDE")
    return made
