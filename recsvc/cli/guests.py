"""Guests of the made-up shop, who visit the running service in the background, at their pace."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from heapq import heappop, heappush
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from recsvc.cli.witness import Reply, Seen, Withdrawn, Witness
from recsvc.config.surfaces import Surfaces
from simulations.scenario import Moment, Visit

EVERY_S = 3.0
AT_ONCE = 8
PATIENCE_S = 5.0
"""How long a guest waits for an answer."""

Body = Mapping[str, Any] | None
Send = Callable[[str, str, Body], Reply]
Wait = Callable[[float], bool]


class Guests:
    """Plays visits over HTTP: a new one every `EVERY_S`, at most `AT_ONCE` at a time.

    A visit keeps the distances between its moments and happens now. Guests agree to personal
    suggestions; who applies filters looks at the surface `filters`, where there is one. Nobody
    turns to what is `closed`. `wait` takes seconds and says whether the visits are over.
    """

    def __init__(
        self,
        visits: Iterable[Visit],
        surfaces: Surfaces,
        send: Send,
        *,
        closed: Collection[str] = (),
        withdrawn: Withdrawn = frozenset,
        clock: Callable[[], float] = time.time,
        wait: Wait | None = None,
    ) -> None:
        self._visits = visits
        self._surfaces = surfaces
        self._send = send
        self._closed = frozenset(closed)
        self._withdrawn = withdrawn
        self._clock = clock
        self._over = threading.Event()
        self._wait = wait or self._over.wait
        self._witness = Witness(surfaces, withdrawn, clock())
        self._thread = threading.Thread(target=self.play, name="guests", daemon=True)

    def close(self) -> None:
        """Withdraw what is closed; it is off every slate when this returns."""
        for item_id in sorted(self._closed - self._withdrawn()):
            self._ask("item", None, "PUT", f"/v1/items/{quote(item_id)}", {"available": False})

    def start(self) -> None:
        """Let them come; returns at once."""
        self._thread.start()

    def stop(self) -> Seen:
        """Send them home; what was seen."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=1.0)
        return self._witness.leave()

    def play(self) -> Seen:
        """Play until all visits are over or `wait` says so; what was seen so far."""
        coming = iter(self._visits)
        visit = next(coming, None)
        there: list[tuple[float, int, Iterator[float]]] = []
        opens, number = self._clock(), 0
        while visit is not None or there:
            now = self._clock()
            if visit is not None and opens <= now and len(there) < AT_ONCE:
                number += 1
                heappush(there, (now, number, self._acts(visit)))
                opens, visit = now + EVERY_S, next(coming, None)
            if there and there[0][0] <= now:
                _, who, acts = heappop(there)
                pause = next(acts, None)
                if pause is not None:
                    heappush(there, (self._clock() + pause, who, acts))
            due = [there[0][0]] if there else []
            if visit is not None and len(there) < AT_ONCE:
                due.append(opens)
            if due and self._wait(max(0.0, min(due) - self._clock())):
                break
        return self._witness.leave()

    def _acts(self, visit: Visit) -> Iterator[float]:
        """Does what the visitor does; yields the seconds until the next act."""
        began = self._clock()
        session_id = f"{visit.visit_id}-{began:.0f}"
        self._witness.welcome()
        path = f"/v1/users/{quote(visit.user_id, safe='')}/consent"
        self._ask("event", None, "PUT", path, {"personalisation": True})
        at = visit.start
        for number, moment in enumerate(visit.moments):
            if moment.at > at:
                yield moment.at - at
            at = moment.at
            if moment.look:
                self._look(visit, session_id)
            elif moment.item_id not in self._closed:
                self._tell(visit, session_id, moment, number)

    def _look(self, visit: Visit, session_id: str) -> None:
        query = {"session_id": session_id, "user_id": visit.user_id}
        query |= {f"context.{name}": value for name, value in visit.context.items()}
        path = f"/v1/slates/{quote(self._surface(visit), safe='')}?{urlencode(query)}"
        self._ask("answer", session_id, "GET", path, None)

    def _tell(self, visit: Visit, session_id: str, moment: Moment, number: int) -> None:
        event = {"event_id": f"{session_id}-{number}", "type": moment.type}
        event |= {"session_id": session_id, "user_id": visit.user_id}
        event |= {"surface": self._surface(visit), "item_id": str(moment.item_id)}
        self._ask("event", session_id, "POST", "/v1/events", {"events": [event]})

    def _surface(self, visit: Visit) -> str:
        wanted = "filters" if visit.context.get("filters_applied") == "true" else "home"
        return wanted if wanted in self._surfaces else surface_to_show(self._surfaces)

    def _ask(self, kind: str, session_id: str | None, method: str, path: str, body: Body) -> None:
        asked = self._clock()
        reply = self._send(method, path, body)
        request = {"method": method, "path": path} | ({} if body is None else {"body": body})
        self._witness.see(kind, session_id, request, reply, (asked, self._clock()))


def surface_to_show(surfaces: Surfaces) -> str:
    """`home`, or the first where there is none."""
    return "home" if "home" in surfaces else next(iter(surfaces.by_name))


def over_http(url: str) -> Send:
    """Send requests to the service at this address; one that breaks off is a reply of status 0."""
    where = urlsplit(url)

    def send(method: str, path: str, body: Body) -> Reply:
        line = http.client.HTTPConnection(str(where.hostname), where.port, timeout=PATIENCE_S)
        try:
            line.request(method, path, None if body is None else json.dumps(body).encode())
            answer = line.getresponse()
            text = answer.read()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, headers, json.loads(text) if text else None)
        except (OSError, ValueError, http.client.HTTPException):
            return Reply(0)
        finally:
            line.close()

    return send
