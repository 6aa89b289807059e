"""Random visits, driven through the decision as the service drives it and judged as they go."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bodies import rendered
from doings import ACTIONS, WEIGHTS, random_knobs, turn_a_switch

from policies import (
    Ask,
    Candidates,
    Carried,
    Decision,
    Facts,
    Knobs,
    Pick,
    SlateState,
    decide,
    held,
)
from recsvc.contract import Judge, Violation

SHORT = (0.05, 0.4, 2.0)
LONG = (2.0, 8.0, 25.0, 45.0, 200.0, 700.0)


@dataclass
class Tab:
    """One slate of the session: what the service keeps of it and what the page knows."""

    surface: str
    slate_id: str
    k: int | None = None
    state: SlateState | None = None
    pending: tuple[Ask, ...] = ()
    filters: str = "off"
    token: str = "none"
    carried: Carried | None = None


@dataclass
class Visit:
    """One session with two slates. Everything random comes from `seed`; `t` is epoch seconds.

    A known `user` comes back in further sessions, each of which may go on with the last slates.

    `without` names acts and asks that do not happen, `oddities` what happens only here:
    "lost answers", "acts after an undo", "undo held by a switch".
    """

    seed: int
    user: str | None = None
    look: Callable[[Visit, Tab, Knobs, Facts, Decision], None] | None = None
    without: frozenset[str] = frozenset()
    oddities: frozenset[str] = frozenset()
    t: float = 1_000.0
    judge: Judge = field(default_factory=Judge)
    violations: list[Violation] = field(default_factory=list)
    triggers: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    causes: Counter[str | None] = field(default_factory=Counter)
    heard: int = 0
    events: int = 0
    model: int = 1
    version: int = 1
    seen: float = 1_000.0
    rung: str | None = "primary"
    normal: str = "primary"
    store_lost: bool = False
    switches: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    done: set[tuple[str, str]] = field(default_factory=set)
    dismissed: list[str] = field(default_factory=list)
    sessions: int = 1
    heard_at: float = 0.0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)
        self.items = [f"i{n:02}" for n in range(self.rng.choice([5, 9, 14, 30, 30]))]
        self.grain = self.rng.choice([0, 1, 6])
        self.tabs = [Tab(name, f"s1-{name}") for name in ("home", "side")]
        self.knobs: dict[int, Knobs] = {}
        self.picks: dict[int, tuple[Pick, ...]] = {}
        self.put(1, random_knobs(self.rng))
        # An older worker knows an older k; asking for k keeps its screen the visitor's own.
        self.older_workers = self.rng.random() < 0.5
        if self.older_workers:
            for tab in self.tabs:
                tab.k = self.knobs[1].k
        self.tastes: dict[str, float] = {}
        self.publish()
        if self.user is not None:
            self.consent(personal=True)

    def run(self, turns: int) -> Visit:
        """Act and look in turn; the verdict is in `violations`."""
        for tab in self.tabs:
            self.answer(tab)
        for _ in range(turns):
            name, act = self.rng.choices(ACTIONS, WEIGHTS)[0]
            if self.switches and self.rng.random() < 0.1:
                name, act = "switch", turn_a_switch
            if name in self.without:
                continue
            self._wait(SHORT if name != "wait" else LONG)
            act(self, self.rng.choice(self.tabs))
            if self.rng.random() < 0.6:
                self._wait(SHORT)
                self.answer(self.rng.choice(self.tabs))
        self.violations += self.judge.finish()
        return self

    def answer(self, tab: Tab) -> None:
        """One request for a slate: held if it may be, else decided; the state is kept if due."""
        exclude = tuple(self.rng.sample(self.items, 2)) if self.rng.random() < 0.04 else ()
        version = self.version
        if self.older_workers and version > 1 and self.rng.random() < 0.15:
            version -= 1
        knobs = self.knobs[version]
        self._wake()
        was_off = tab.filters == "off"
        if self.rng.random() < 0.08:
            tab.filters = "on" if was_off else "off"
        facts = self._facts(tab, knobs, version, exclude, became=was_off and tab.filters == "on")
        decision = held(knobs, tab.state, facts, self.t)
        if decision is None:
            decision = decide(knobs, tab.state, self.candidates(tab), facts, self.t)
        if self.look is not None:
            self.look(self, tab, knobs, facts, decision)
        if decision.moved_on or decision.answered_asks:
            tab.state = decision.state
            self._carry(tab, knobs)
        rest = list(tab.pending)
        for ask in decision.answered_asks:
            rest.remove(ask)
        tab.pending = tuple(rest)
        self.dismissed = [i for i in self.dismissed if i not in decision.lifted]
        self._record_answer(tab, decision, exclude)

    def candidates(self, tab: Tab) -> Candidates | None:
        """What the rung that answers now offers; incumbents may lack a score."""
        if self.rung is None:
            return None
        rng = random.Random(f"{self.seed}/{self.rung}/{self.model}")
        base = {item: rng.gauss(0.0, 1.0) for item in self.items}
        scores = {i: base[i] + self.tastes.get(i, 0.0) for i in self.items}
        if self.grain:
            scores = {i: round(s * self.grain) / self.grain for i, s in scores.items()}
        offered = [i for i in self.items if self.rng.random() < 0.93]
        self.rng.shuffle(offered)
        return Candidates.of(
            offered,
            [scores[i] for i in offered],
            rung=self.rung,
            model=self._model_of(self.rung),
            known_events=self.heard,
            because={offered[0]: ("i00",)} if offered else {},
        )

    def _model_of(self, rung: str) -> str:
        family = "als" if rung in ("primary", "late") else rung
        return f"{family}-{self.model}"

    def _facts(
        self, tab: Tab, knobs: Knobs, version: int, exclude: tuple[str, ...], *, became: bool
    ) -> Facts:
        gone = dict.fromkeys(exclude, "excluded")
        gone |= dict.fromkeys(self.dismissed, "dismissed")
        gone |= {item: "consumed" for kind, item in self.done if kind in knobs.consumed_by}
        gone |= dict.fromkeys(self.withdrawn, "withdrawn")
        on = tab.filters == "on"
        return Facts(
            heard=self.heard,
            model=self._model_of(self.normal),
            policy_version=version,
            normal=self.normal,
            k=tab.k,
            gone=gone,
            firm=exclude,
            asks=tab.pending,
            freeze="freeze" in self.switches,
            bypass="bypass" in self.switches,
            hold_rule=knobs.hold_when if on else None,
            refresh_rule=knobs.refresh_when if became else None,
            store_lost=self.store_lost,
            picks=self.picks[version],
            carried=self._carried(tab, knobs),
        )

    def _carry(self, tab: Tab, knobs: Knobs) -> None:
        """What the service writes down for a known user's next session."""
        if self._goes_on(knobs) and tab.state is not None:
            state = tab.state
            seats = tuple(s._replace(score=None, pinned=False) for s in state.seats)
            seen = state.seen
            tab.carried = Carried(seats, state.rung, state.model, seen.policy_version, seen.at)

    def _carried(self, tab: Tab, knobs: Knobs) -> Carried | None:
        if tab.state is not None or tab.carried is None or not self._goes_on(knobs):
            return None
        return tab.carried._replace(due=self.heard_at > tab.carried.at)

    def _goes_on(self, knobs: Knobs) -> bool:
        return knobs.carry_over and self.user is not None and self.normal == "primary"

    def come_back(self) -> None:
        """A known user begins another session, some time later."""
        self.t = round(self.t + self.rng.choice([5.0, 300.0, 86_400.0]), 3)
        self.sessions += 1
        self.seen = self.t
        for tab in self.tabs:
            tab.slate_id = f"s{self.sessions}-{tab.surface}"
            tab.state, tab.pending, tab.token = None, (), "none"

    def consent(self, *, personal: bool) -> None:
        """What the visitor says of personal suggestions, as a user or in the session."""
        whose = f"users/{self.user}" if self.user else f"sessions/{self.session}"
        body = {"personalisation": personal}
        request = {"method": "PUT", "path": f"/v1/{whose}/consent", "body": body}
        if not personal:
            for tab in self.tabs:
                tab.carried = None
        self.feed("event", session_id=self.session, request=request, status=200, body={})

    @property
    def session(self) -> str:
        return f"s{self.sessions}"

    def put(self, version: int, knobs: Knobs) -> None:
        """New knobs and editors' picks."""
        rng = random.Random(f"{self.seed}/{version}/picks")
        knobs = replace(knobs, carry_over=self.user is not None and rng.random() < 0.8)
        items = rng.sample([*self.items, "x1", "x2"], rng.choice([0, 0, 1, 2, 4]))
        seats = sorted(rng.sample(range(1, 10), len(items)))
        self.knobs[version] = knobs
        self.picks[version] = tuple(map(Pick, items, seats))

    def _wait(self, seconds: tuple[float, ...]) -> None:
        self.t = round(self.t + self.rng.choice(seconds) * self.rng.uniform(0.5, 1.0) + 0.01, 3)

    def _wake(self) -> None:
        """A session idle for longer than its time to live begins anew."""
        idle, self.seen = self.t - self.seen, self.t
        if idle <= 1_800.0:
            return
        if self.user is None:
            self.dismissed, self.done = [], set()
        for tab in self.tabs:
            tab.state, tab.pending = None, ()

    def feed(self, kind: str, **fields: Any) -> None:
        self.violations += self.judge.feed({"t": self.t, "t0": self.t, "kind": kind, **fields})

    def publish(self) -> None:
        for tab in self.tabs:
            knobs = asdict(self.knobs[self.version])
            body = {"surface": tab.surface, "version": self.version, "knobs": knobs}
            self.feed("knobs", status=200, body=body)

    def event(self, tab: Tab, kind: str, item: str | None = None, *, taken: bool = True) -> None:
        self._wake()
        self.events += 1
        event = {"event_id": f"e{self.events}", "type": kind, "session_id": self.session}
        event |= {} if self.user is None else {"user_id": self.user}
        event |= {"surface": tab.surface, "slate_id": tab.slate_id, "item_id": item}
        refused = [] if taken else [{"event_id": f"e{self.events}", "errors": []}]
        body = {"accepted": int(taken), "duplicate": 0, "discarded": [], "rejected": refused}
        request = {"method": "POST", "path": "/v1/events", "body": {"events": [event]}}
        self.feed("event", session_id=self.session, request=request, status=202, body=body)

    def _record_answer(self, tab: Tab, decision: Decision, exclude: tuple[str, ...]) -> None:
        session = self.session
        query = {"session_id": session, "context.filters": tab.filters, "exclude": list(exclude)}
        query |= {} if self.user is None else {"user_id": self.user}
        query |= {} if tab.k is None else {"k": tab.k}
        headers = {"X-Recsvc-Token": tab.token}
        path = f"/v1/slates/{tab.surface}"
        request = {"method": "GET", "path": path, "query": query, "headers": headers}
        if "lost answers" in self.oddities and self.rng.random() < 0.02:
            self.feed("answer", session_id=session, request=request, status=503)
            return
        body = {"session_id": session} | rendered(
            tab, decision, f"token-{self.t}", store_lost=self.store_lost
        )
        tab.token = body["token"]
        self.triggers[decision.trigger] += 1
        self.causes[decision.cause] += 1
        self.reasons.update(change.reason for change in decision.state.changes)
        self.feed("answer", session_id=session, request=request, status=200, headers={}, body=body)
