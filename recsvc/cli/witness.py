"""Sees what guests ask and are answered, has the judge look at all of it, and counts."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from recsvc.config.surfaces import Surfaces
from recsvc.contract import Judge, NotARecord
from recsvc.errors import RecsvcError

Withdrawn = Callable[[], frozenset[str]]


@dataclass(frozen=True)
class Reply:
    """What came back; status 0: nothing did."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Seen:
    """What was counted: answers are slates that were served; `changed` of them began a new epoch
    of a slate that the guest had on the screen before; `violations` are sentences of the judge."""

    guests: int
    answers: int
    changed: int
    unanswered: int
    violations: tuple[str, ...]

    def lines(self, most: int = 5) -> list[str]:
        """For a terminal: one line, and as many violations as it takes to see what is wrong."""
        told = (
            f"While it ran, {_many(self.guests, 'guest')} visited: "
            f"{_many(self.answers, 'answer')}, {self.changed} changed something, "
            f"the judge found {_many(len(self.violations), 'violation')}."
        )
        if self.unanswered:
            told += f" {_many(self.unanswered, 'request')} got no answer."
        return [told, *(f"  {sentence}" for sentence in self.violations[:most])]


class Witness:
    """Takes every exchange of all guests, in the order of the answers.

    `withdrawn` reads from the catalogue what may not be shown: others may withdraw items too, and
    what the judge was not told of would look like a change without a cause.
    """

    def __init__(self, surfaces: Surfaces, withdrawn: Withdrawn, now: float) -> None:
        self._judge = Judge()
        self._lock = threading.Lock()
        self._withdrawn = withdrawn
        self._known: frozenset[str] = frozenset()
        self._noticed = now
        self._epochs: dict[str, int] = {}
        self._guests = self._answers = self._changed = self._unanswered = 0
        self._violations: list[str] = []
        for name, published in surfaces.by_name.items():
            knobs = {"version": published.version, "knobs": asdict(published.knobs)}
            self._feed({"t": now, "kind": "knobs", "request": {"surface": name, **knobs}})

    def welcome(self) -> None:
        """One guest more."""
        self._guests += 1

    def see(
        self,
        kind: str,
        session_id: str | None,
        request: Mapping[str, Any],
        reply: Reply,
        times: tuple[float, float],
    ) -> None:
        """Take one exchange of a kind of the record; times: (2,) s, asked and answered."""
        asked, answered = times
        record = {"t": answered, "t0": asked, "kind": kind, "session_id": session_id}
        record |= {"request": request, "status": reply.status}
        record |= {"headers": reply.headers, "body": reply.body}
        with self._lock:
            self._unanswered += not 200 <= reply.status < 500
            if kind == "answer":
                self._notice(answered)
                if reply.status == 200:
                    self._count(reply.body)
            self._feed(record)

    def leave(self) -> Seen:
        """All that was seen; the judge says what it still held back."""
        with self._lock:
            self._violations += [f"{one.clause}: {one.message}" for one in self._judge.finish()]
            numbers = (self._guests, self._answers, self._changed, self._unanswered)
            return Seen(*numbers, tuple(self._violations))

    def _count(self, body: Mapping[str, Any]) -> None:
        slate, epoch = body["slate_id"], body["epoch"]
        self._answers += 1
        self._changed += self._epochs.get(slate, epoch) != epoch
        self._epochs[slate] = epoch

    def _notice(self, now: float) -> None:
        """Tell the judge of items withdrawn, or back, at some time since it was told last."""
        try:
            withdrawn = self._withdrawn()
        except RecsvcError:
            return
        for item_id in sorted(withdrawn ^ self._known):
            word = {"item_id": item_id, "available": item_id not in withdrawn}
            self._feed({"t": now, "t0": self._noticed, "kind": "item", "request": word})
        self._known, self._noticed = withdrawn, now

    def _feed(self, record: Mapping[str, Any]) -> None:
        try:
            found = self._judge.feed(record)
        except NotARecord as error:
            self._violations.append(f"C6: an answer cannot be read: {error}")
            return
        self._violations += [f"{one.clause}: {one.message}" for one in found]


def _many(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
