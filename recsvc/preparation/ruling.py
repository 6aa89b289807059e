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
from functools import lru_cache
from threading import Lock
from typing import Final

from policies import Decision, Knobs, SlateState
from recsvc.rules import BadRule, Rule, compiled
from recsvc.rules.rule import COMPILED_KEPT

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
            waits = decision.trigger in ABOVE and decision.state.seen is before.seen
            edge = replace(edge, was=False) if waits else edge
        return Past(edge, self.showing)


NO_RULES: Final = Ruled()


def rule_on(knobs: Knobs, moment: Moment, edge: Edge | None, failures: RuleFailures) -> Ruled:
    """Ask both rules of a surface; `edge` is None on the first answer of a slate."""
    rules = _rules(knobs.hold_when, knobs.refresh_when)
    for knob, error in rules.broken:
        failures.add(moment.surface, knob, error)
    hold, refresh = rules.hold, rules.refresh
    showing = moment.showing if rules.keeps else None
    if rules.counts:
        showing = Showing(moment.showing.begun, moment.showing.answers + 1, moment.now)
    holds = hold is not None and _true(hold, "hold_when", moment, failures)
    held = hold.text if hold is not None and holds else None
    if refresh is None:
        return Ruled(held, None, None, showing)
    true = _true(refresh, "refresh_when", moment, failures)
    if edge is None or edge.mark != refresh.mark:
        # Under another rule than before nothing can have become true yet.
        return Ruled(held, None, Edge(refresh.mark, true), showing)
    if edge.was == true:
        return Ruled(held, None, edge, showing)
    return Ruled(held, refresh.text if true else None, Edge(refresh.mark, true), showing)


@dataclass(frozen=True)
class _Rules:
    """Both rules of a surface, those that are `broken` left out, and what they make us remember."""

    hold: Rule | None
    refresh: Rule | None
    broken: tuple[tuple[str, BadRule], ...]
    keeps: bool
    counts: bool


@lru_cache(COMPILED_KEPT)
def _rules(hold_when: str | None, refresh_when: str | None) -> _Rules:
    """The rules of two knobs. They were checked when saved, but for knobs made in code."""
    rules: dict[str, Rule] = {}
    broken = []
    for knob, text in (("hold_when", hold_when), ("refresh_when", refresh_when)):
        try:
            if text is not None:
                rules[knob] = compiled(text)
        except BadRule as error:
            broken.append((knob, error))
    names = frozenset(name for rule in rules.values() for name in rule.names)
    return _Rules(
        rules.get("hold_when"),
        rules.get("refresh_when"),
        tuple(broken),
        keeps=bool(_KEPT & names),
        counts=bool(_COUNTED & names),
    )


def _true(rule: Rule, knob: str, moment: Moment, failures: RuleFailures) -> bool:
    try:
        return rule.holds(moment.context, moment.fact)
    except Exception as error:
        # Whatever goes wrong, the visitor is served.
        failures.add(moment.surface, knob, error)
        return False
