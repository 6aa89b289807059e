"""The rules of a surface, asked before its decision: what holds, what became true.

Facts are computed only where a rule asks them. A rule that fails counts as false and is counted.

1. `hold_when` holds while it is true; nothing of it is remembered
2. `refresh_when` acts when it becomes true; on the first answer of a slate it is only noted
3. where a row above kept it from acting, it goes on to wait, as long as it is true
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from threading import Lock
from typing import Final

from policies import Decision, Knobs, SlateState
from recsvc.rules import BadRule, Rule, compiled

log = logging.getLogger(__name__)

ABOVE: Final = ("freeze", "bypass", "asked", "degraded", "hold_rule")
"""Triggers of the rows that come before the one of `refresh_when`."""
_COUNTED: Final = frozenset({"session.requests", "session.idle_s"})
_KEPT: Final = _COUNTED | {"session.age_s"}


@dataclass(frozen=True)
class Edge:
    """Whether a slate's `refresh_when`, told by its mark, was true and needs to act no more."""

    mark: str
    was: bool


@dataclass(frozen=True)
class Showing:
    """A surface in a session: when the session began, answers so far, and the last one's time."""

    begun: float
    answers: int = 0
    answered: float | None = None


@dataclass(frozen=True)
class Past:
    """What rules need to know of the answers before: of this slate, and of its surface."""

    edge: Edge | None = None
    showing: Showing | None = None


NO_PAST: Final = Past()


@dataclass(frozen=True)
class Moment:
    """What a rule may ask about; `events` is called only where one asks for it."""

    now: float
    surface: str
    context: Mapping[str, str]
    k: int
    known: bool
    events: Callable[[], int]
    showing: Showing
    zone: tzinfo

    @property
    def local(self) -> datetime:
        """The time by the clock on the wall."""
        return datetime.fromtimestamp(self.now, self.zone)

    def fact(self, name: str) -> bool | float:
        """The value of a fact of the table."""
        return COMPUTED[name](self)


def _idle(moment: Moment) -> float:
    answered = moment.showing.answered
    return 0.0 if answered is None else max(0.0, moment.now - answered)


COMPUTED: Final[Mapping[str, Callable[[Moment], bool | float]]] = {
    "session.requests": lambda moment: float(moment.showing.answers),
    "session.age_s": lambda moment: max(0.0, moment.now - moment.showing.begun),
    "session.idle_s": _idle,
    "user.known": lambda moment: moment.known,
    "user.events": lambda moment: float(moment.events()),
    "local.hour": lambda moment: float(moment.local.hour),
    "local.weekday": lambda moment: float(moment.local.isoweekday()),
    "request.k": lambda moment: float(moment.k),
}


class RuleFailures:
    """How often rules failed, by surface and knob; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, surface: str, knob: str, error: Exception) -> None:
        """Count one; only the first is logged."""
        with self._lock:
            self._counts[surface, knob] += 1
            first = self._counts[surface, knob] == 1
        if first:
            log.warning(
                "%s of surface %s failed and counts as false; further failures are only "
                "counted: %s",
                knob,
                surface,
                error,
            )

    def counts(self) -> dict[tuple[str, str], int]:
        """Failures so far, by (surface, knob)."""
        with self._lock:
            return dict(self._counts)


@dataclass(frozen=True)
class Ruled:
    """What applies now, as texts of rules; `edge` and `showing` are to be kept."""

    hold: str | None = None
    refresh: str | None = None
    edge: Edge | None = None
    showing: Showing | None = None

    def after(self, before: SlateState | None, decision: Decision) -> Past:
        """What to remember; a refresh that a row above kept from acting goes on to wait."""
        edge = self.edge
        if edge is not None and self.refresh is not None and before is not None:
            renewed = decision.state.seen != before.seen
            edge = replace(edge, was=renewed or decision.trigger not in ABOVE)
        return Past(edge, self.showing)


NO_RULES: Final = Ruled()


def rule_on(knobs: Knobs, moment: Moment, edge: Edge | None, failures: RuleFailures) -> Ruled:
    """Ask both rules of a surface; `edge` is None on the first answer of a slate."""
    hold = _rule(knobs.hold_when, "hold_when", moment, failures)
    refresh = _rule(knobs.refresh_when, "refresh_when", moment, failures)
    holds = _true(hold, "hold_when", moment, failures)
    names = (hold.names if hold else frozenset()) | (refresh.names if refresh else frozenset())
    showing = moment.showing if _KEPT & names else None
    if _COUNTED & names:
        showing = Showing(moment.showing.begun, moment.showing.answers + 1, moment.now)
    became, noted = None, None
    if refresh is not None:
        true = _true(refresh, "refresh_when", moment, failures)
        # Under another rule than before nothing can have become true yet.
        comparable = edge is not None and edge.mark == refresh.mark
        became = refresh.text if true and comparable and edge and not edge.was else None
        noted = Edge(refresh.mark, true)
    return Ruled(hold.text if hold and holds else None, became, noted, showing)


def _rule(text: str | None, knob: str, moment: Moment, failures: RuleFailures) -> Rule | None:
    if text is None:
        return None
    try:
        return compiled(text)
    except BadRule as error:
        failures.add(moment.surface, knob, error)
        return None


def _true(rule: Rule | None, knob: str, moment: Moment, failures: RuleFailures) -> bool:
    if rule is None:
        return False
    try:
        return rule.holds(moment.context, moment.fact)
    except Exception as error:
        # Whatever goes wrong, the visitor is served.
        failures.add(moment.surface, knob, error)
        return False
