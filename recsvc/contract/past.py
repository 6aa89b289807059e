"""What an undo may reach: the acts that changed one slate, the newest on top, three deep."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from recsvc.contract.facts import Act, Answer, Change

_DEPTH = 3
_KEPT = 16
_SHOWN_AS = {
    "dismiss": "dismissed",
    "pin": "pinned",
    "unpin": "asked",
    "refresh": "asked",
    "choose_alternative": "alternative_chosen",
}


@dataclass(slots=True, eq=False)
class Made:
    """An act on the slate; `sure` once an answer listed its change, `settled` once one was due."""

    act: Act
    sure: bool = False
    settled: bool = False


class Past:
    """The acts of one slate that may still be undone.

    An act that changed nothing is none that an undo reaches, and which did follows from the
    answers only: until one listed the change, the act may or may not be on the service's stack.
    """

    __slots__ = ("_made",)

    def __init__(self) -> None:
        self._made: deque[Made] = deque(maxlen=_KEPT)

    def push(self, act: Act, plain: bool = True) -> None:
        """Note an accepted act; not `plain`: it is unknown whether it was one on this slate."""
        if act.type != "undo":
            self._made.append(Made(act, settled=not plain))

    def undo(self, surely: bool = True) -> list[Act]:
        """Take back the newest act; return every act that may be the one undone, newest first.

        With `surely` False the undo may have been meant for another slate.
        """
        reach: list[Made] = []
        for made in reversed(self._made):
            reach.append(made)
            if made.sure:
                break
        for made in reach:
            made.sure = False
        if surely and self._made:
            # Undone, or never on the stack: an act above the one undone was none.
            self._made.pop()
        return [made.act for made in reach]

    def surely_next(self) -> Act | None:
        """Return the act that the next undo surely reaches; None if it cannot be told."""
        return self._made[-1].act if self._made and self._made[-1].sure else None

    def confirm(self, answer: Answer, changes: tuple[Change, ...]) -> None:
        """Learn from an answer which acts changed the slate; `changes` are its own, if fresh."""
        shown: set[tuple[str, str | None]] = set()
        for made in self._made:
            key = (made.act.type, made.act.item_id)
            if made.settled or made.act.when.t0 > answer.when.t:
                continue
            if key not in shown and any(_shows(change, made.act) for change in changes):
                made.sure = made.settled = True
                shown.add(key)
            elif made.act.when.t <= answer.when.t0 and not _held_back(made.act, answer):
                made.settled = True
        self._let_wait(answer)
        self._forget_the_deepest()

    def doubt(self) -> None:
        """The slate began anew: nothing of it is surely to be undone any more."""
        for made in self._made:
            made.sure, made.settled = False, True

    def _let_wait(self, answer: Answer) -> None:
        """Put what was held back on top of what was done meanwhile; it may also lie below."""
        waiting = [m for m in self._made if not m.settled and _held_back(m.act, answer)]
        if list(self._made)[len(self._made) - len(waiting) :] == waiting:
            return
        for made in waiting:
            self._made.remove(made)
            made.settled = True
        self._made.extend(waiting)

    def _forget_the_deepest(self) -> None:
        sure = 0
        for number in range(len(self._made) - 1, -1, -1):
            if sure == _DEPTH:
                del self._made[number]
            else:
                sure += self._made[number].sure


def _held_back(act: Act, answer: Answer) -> bool:
    """Return True if a switch or a lower rung may have kept an act pending in this answer."""
    if act.type not in ("refresh", "choose_alternative"):
        return False
    return answer.trigger != "asked" or answer.lower_rung


def _shows(change: Change, act: Act) -> bool:
    if change.reason != _SHOWN_AS[act.type]:
        return False
    if act.type == "refresh":
        return change.source != change.target
    return act.type == "choose_alternative" or change.item_id == act.item_id
