"""One visitor's events as a simulation tells them, through the port that the service reads."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence

from recsvc.ports import Event, Receipt


class Diary:
    """`recsvc.ports.EventBook` for a single visitor, whose user id and sessions are all there is.

    Events come in order of time.
    """

    def __init__(self) -> None:
        self._events: list[Event] = []
        self._by_type: dict[str, set[str]] = {}

    def append(self, events: Sequence[Event]) -> tuple[Receipt, ...]:
        """Write down what just happened."""
        first = len(self._events) + 1
        for event in events:
            self._events.append(event)
            if event.item_id is not None:
                self._by_type.setdefault(event.type, set()).add(event.item_id)
        return tuple(Receipt(first + n, new=True) for n in range(len(events)))

    def forget(self) -> None:
        """Tear all pages out: the next visit knows nothing of those before."""
        self._events.clear()
        self._by_type.clear()

    def copy(self) -> Diary:
        """Another one that begins with the same."""
        other = Diary()
        other._events = self._events.copy()
        other._by_type = {kind: items.copy() for kind, items in self._by_type.items()}
        return other

    def of_user(self, user_id: str, *, since: float, limit: int) -> tuple[Event, ...]:  # noqa: ARG002
        """The user's latest events with a timestamp after `since`, oldest first."""
        first = bisect_right(self._events, since, key=_time)
        return tuple(self._events[max(first, len(self._events) - limit) :])

    def of_session(self, session_id: str, *, limit: int) -> tuple[Event, ...]:
        """The session's latest events, oldest first."""
        mine: list[Event] = []
        for event in reversed(self._events):
            if event.session_id != session_id or len(mine) == limit:
                break
            mine.append(event)
        return tuple(reversed(mine))

    def items(self, session_id: str, user_id: str | None, types: Collection[str]) -> frozenset[str]:  # noqa: ARG002
        """Every item on which the visitor ever did one of these things."""
        return frozenset().union(*(self._by_type.get(kind, ()) for kind in types))


def _time(event: Event) -> float:
    return event.timestamp
