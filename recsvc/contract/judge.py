"""The judge: fed a recorded history record by record, it names every clause that was broken."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

from recsvc.contract.acts import (
    note_act,
    note_given,
    note_knobs,
    note_lost,
    note_supply,
    note_switch,
    note_turn,
)
from recsvc.contract.beginnings import wake
from recsvc.contract.clauses import CLAUSES, well_formed
from recsvc.contract.declared import difference
from recsvc.contract.facts import (
    Act,
    Answer,
    Fact,
    Given,
    Lost,
    NotModified,
    Published,
    Skipped,
    Supply,
    Switch,
    Turn,
    When,
)
from recsvc.contract.following import carries, goes_on, look_at, remember
from recsvc.contract.look import Finding, Look
from recsvc.contract.memory import World
from recsvc.contract.record import facts_of

SETTLE_S = 30.0


@dataclass(frozen=True, slots=True)
class Violation:
    """A clause broken: `message` says in plain words where and how; `t` in seconds."""

    clause: str
    message: str
    session_id: str
    slate_id: str
    t: float


@dataclass(slots=True)
class _Suspicion:
    """A finding that a request still in flight, or an act not yet acknowledged, may explain."""

    look: Look
    clause: str
    finding: Finding
    explained: bool = False


class Judge:
    """Judges answers by clauses C1 to C8 of the contract.

    Where requests overlap (records with `t0`) some findings wait until `SETTLE_S` of the
    history's time have passed, or until `finish`.
    """

    def __init__(self) -> None:
        self.answers = 0
        self.not_judged: Counter[str] = Counter()
        self._world = World()
        self._sessions: set[str] = set()
        self._suspicions: deque[_Suspicion] = deque()
        self._line = 0

    @property
    def slates(self) -> int:
        """Number of slates judged."""
        return len(self._world.owners)

    @property
    def sessions(self) -> int:
        """Number of sessions judged."""
        return len(self._sessions)

    def feed(self, record: object) -> list[Violation]:
        """Judge the next record of a history, a mapping as decoded from one line.

        Raises NotARecord for anything that is no record.
        """
        self._line += 1
        facts = facts_of(record, self._line)
        found = self._settle(facts[0].when.t - SETTLE_S) if facts else []
        for fact in facts:
            found.extend(self._take(fact))
        return found

    def finish(self) -> list[Violation]:
        """Return what was still waiting for an explanation when the history ended."""
        return self._settle(float("inf"))

    def _take(self, fact: Fact) -> list[Violation]:
        if isinstance(fact, Answer):
            return self._judge(fact)
        if isinstance(fact, NotModified):
            return self._not_modified(fact)
        if isinstance(fact, Lost):
            self._lost(fact)
        elif isinstance(fact, Act):
            if not note_act(self._world, fact):
                self.not_judged["acts_without_slate"] += 1
        elif isinstance(fact, Given):
            note_given(self._world, fact)
        elif isinstance(fact, Turn):
            note_turn(self._world, fact)
        elif isinstance(fact, Supply):
            note_supply(self._world, fact)
        elif isinstance(fact, Switch):
            note_switch(self._world, fact)
        elif isinstance(fact, Published):
            note_knobs(self._world, fact)
        elif isinstance(fact, Skipped):
            self.not_judged[fact.why] += 1
            self._heard(fact.session_id, fact.when)
        return []

    def _heard(self, session_id: str | None, when: When) -> None:
        session = None if session_id is None else self._world.sessions.get(session_id)
        if session is not None:
            wake(self._world, session, when)

    def _lost(self, fact: Lost) -> None:
        broken = fact.status >= 500 or fact.status < 100
        self.not_judged["errors_5xx" if broken else "errors_4xx"] += 1
        # A refused request changes nothing; a broken one may have made an epoch nobody saw.
        if broken and fact.session_id is not None:
            note_lost(self._world, self._world.session(fact.session_id), fact.when)

    def _not_modified(self, fact: NotModified) -> list[Violation]:
        session_id = fact.ask.session_id
        self._heard(session_id, fact.when)
        session = None if session_id is None else self._world.sessions.get(session_id)
        known = None if session is None else session.epoch_asked(fact.ask)
        if known is None:
            self.not_judged["304_of_unknown_slate"] += 1
            return []
        ask = replace(fact.ask, since=known[1].answer.ask.since, k=known[1].answer.ask.k)
        shown = replace(known[1].answer, when=fact.when, ask=ask, trigger="not modified (304)")
        shown = replace(shown, token=fact.token)
        return self._judge(shown)

    def _judge(self, answer: Answer) -> list[Violation]:
        self.answers += 1
        self._sessions.add(answer.session_id)
        if answer.store_lost:
            self._world.store_lost_t = max(self._world.store_lost_t, answer.when.t)
        look = look_at(self._world, answer)
        if answer.store_lost and self._apart(look):
            return self._report(look, "C6", list(well_formed(look)))
        self._count(look)
        found: list[Violation] = []
        for clause, check in CLAUSES:
            found.extend(self._report(look, clause, list(check(look))))
        found.extend(self._judge_waiting(look))
        self._explain(look)
        remember(look)
        return found

    def _apart(self, look: Look) -> bool:
        """Return True for an answer of an outage that the promise does not cover."""
        token, newest = look.answer.ask.token, look.slate.token
        if token is None:
            self.not_judged["without_token_in_outage"] += 1
            return True
        if newest is not None and token != newest:
            self.not_judged["older_token_in_outage"] += 1
            return True
        return False

    def _count(self, look: Look) -> None:
        if look.answer.changes_from is not None and look.base is None and look.kind != "repeat":
            self.not_judged["changes_from_unseen"] += 1
        if look.knobs is None:
            self.not_judged["knobs_unknown"] += 1
        if look.kind in ("first", "anew") and carries(look) and goes_on(look) is None:
            self.not_judged["last_visit_unseen"] += 1

    def _judge_waiting(self, look: Look) -> Iterator[Violation]:
        """Judge later epochs that were recorded before the one they start from."""
        if look.kind != "late":
            return
        for epoch in look.slate.epochs.values():
            if epoch.difference_judged or epoch.answer.changes_from != look.answer.epoch:
                continue
            epoch.difference_judged = True
            self.not_judged["changes_from_unseen"] -= 1
            later = replace(look, answer=epoch.answer)
            for finding in difference(look.answer, epoch.answer):
                yield _violation(later, "C5", finding)

    def _report(self, look: Look, clause: str, findings: list[Finding]) -> list[Violation]:
        at_once = []
        for finding in findings:
            if finding.hinges and look.answer.when.timed:
                self._suspicions.append(_Suspicion(look, clause, finding))
            else:
                at_once.append(_violation(look, clause, finding))
        return at_once

    def _explain(self, look: Look) -> None:
        """Drop suspicions if this answer, in flight at the same time, may have made the epoch."""
        if look.kind != "repeat":
            return
        a = look.answer
        for each in self._suspicions:
            b = each.look.answer
            same = (a.slate_id, a.epoch) == (b.slate_id, b.epoch) and a.when.t0 < b.when.t
            if same and each.finding.hinges == "maker" and _manner(a) != _manner(b):
                each.explained = True

    def _settle(self, until: float) -> list[Violation]:
        found = []
        while self._suspicions and self._suspicions[0].look.answer.when.t < until:
            each = self._suspicions.popleft()
            check = dict(CLAUSES)[each.clause]
            if not each.explained and each.finding in list(check(each.look)):
                found.append(_violation(each.look, each.clause, each.finding))
        return found


def _manner(answer: Answer) -> tuple[object, ...]:
    ask = answer.ask
    return (answer.trigger, answer.degraded, ask.k, ask.context, ask.exclude)


def _violation(look: Look, clause: str, finding: Finding) -> Violation:
    a = look.answer
    message = f"{look.place}: {finding.text}."
    return Violation(clause, message, a.session_id, a.slate_id, a.when.t)
