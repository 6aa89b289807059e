"""A recorded day through the Flask service and through the simulator: the same ledger.

The day has people who come back, a retrain in the middle of a visit, stays that open and close.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from policies import PRESETS, Knobs
from recsvc.app import create_app
from recsvc.bootstrap import build
from recsvc.config.settings import Settings
from recsvc.preparation.ledger import Entry, decode, encode, entry_of
from recsvc.preparation.naming import slate_name
from recsvc.preparation.turn import Turn
from recsvc.recommenders.artifacts.registry import models_folder, promote
from recsvc.stores.memory import MemorySessions
from recsvc.stores.records import MEMORY, open_records
from simulations import play
from simulations.eras import Trained, train_models
from simulations.forms import Model
from simulations.play import Look, Player
from simulations.scenario import Scenario, Visit
from simulations.shop import make_world
from simulations.study import Policy, told_of

DAY_S = 86_400.0
AWAY_S = 2_000.0
KNOBS = {
    "home": replace(PRESETS["sticky"], hold_s=20.0, deadline_ms=5000),
    "fresh": replace(PRESETS["fresh"], deadline_ms=5000),
    "gentle": replace(PRESETS["gentle"], deadline_ms=5000),
    "carried": replace(
        PRESETS["sticky"], hold_s=20.0, deadline_ms=5000, carry_over=True, consumed_by=()
    ),
    "ruled": replace(
        PRESETS["sticky"],
        hold_s=0.0,
        deadline_ms=5000,
        hold_when="session.requests < 3 || session.idle_s < 20 && session.age_s > 400",
        refresh_when="user.known && user.events >= 4",
    ),
    "hourly": replace(
        PRESETS["sticky"],
        deadline_ms=5000,
        hold_when="local.hour < 11 || has(context.page)",
        refresh_when="user.events >= 2 && request.k == 10",
    ),
}


@pytest.fixture(scope="module")
def day() -> Scenario:
    """The first day of a small world after its cut; at about noon, in the middle of a visit and
    just before a reload, another model takes over."""
    whole = make_world(5, users=500, items=160, days=30, test_days=3).scenario()
    visits = [v for v in whole.visits if v.moments[-1].at < whole.cut + DAY_S]
    # Some are away for longer than a session lives: their slates begin anew in the middle.
    once = Counter(visit.user_id for visit in visits)
    alone = [n for n, visit in enumerate(visits) if once[visit.user_id] == 1]
    for n in {0, *alone[:30]}:
        visits[n] = with_a_break(visits[n])
    reloads = [
        (one.at + two.at) / 2
        for visit in visits
        for one, two in pairwise(visit.moments)
        if one.look and two.look
    ]
    noon = whole.cut + DAY_S / 2
    retrain = min(reloads, key=lambda at: abs(at - noon))
    return replace(whole, visits=tuple(visits), retrain=retrain)


def with_a_break(visit: Visit) -> Visit:
    half = len(visit.moments) // 2
    later = [replace(moment, at=moment.at + AWAY_S) for moment in visit.moments[half:]]
    return replace(visit, moments=(*visit.moments[:half], *later))


@pytest.fixture(scope="module")
def models(day: Scenario, tmp_path_factory: pytest.TempPathFactory) -> tuple[Trained, ...]:
    return train_models(day, Model(), tmp_path_factory.mktemp("models"), seed=1, say=lambda _: None)


@dataclass
class Service:
    """The service in one process, at the clock of the tape; its stores outlive a new model."""

    home: Path
    now: float = 0.0

    def __post_init__(self) -> None:
        self.sessions = MemorySessions()
        self.records = open_records(MEMORY)
        tables = "\n".join(_toml(name, knobs) for name, knobs in KNOBS.items())
        (self.home / "surfaces.toml").write_text(tables)

    def take(self, model: Trained) -> None:
        """Go on with another model, as after a restart."""
        target = models_folder(self.home)
        target.mkdir(exist_ok=True)
        (target / model.model_id).symlink_to(models_folder(model.home) / model.model_id)
        promote(self.home, model.model_id, now=model.begins)
        built = build(
            Settings(home=self.home),
            clock=lambda: self.now,
            sessions=self.sessions,
            records=self.records,
        )
        self.client: FlaskClient = create_app(built).test_client()

    def send(self, method: str, path: str, **more: Any) -> None:
        answer = self.client.open(path, method=method, **more)
        assert answer.status_code in (200, 202, 204), answer.text

    def ledger(self) -> list[Entry]:
        return [decode(line) for line in self.sessions.entries(10**9)]


def _toml(name: str, knobs: Knobs) -> str:
    told = {k: json.dumps("null" if v is None else v) for k, v in told_of(knobs).items()}
    return "\n".join([f"[surfaces.{name}]", *(f"{k} = {v}" for k, v in told.items())])


@dataclass(frozen=True)
class Tape:
    """The recorded day: requests in order of time, as (seconds, method, path, arguments)."""

    lines: tuple[tuple[float, str, str, dict[str, Any]], ...]

    @classmethod
    def of(cls, day: Scenario) -> Tape:
        """What the visitors' browsers and the shop's catalogue send."""
        agree = {"json": {"personalisation": True}}
        users = sorted({visit.user_id for visit in day.visits})
        lines = [(day.cut, "PUT", f"/v1/users/{user}/consent", agree) for user in users]
        away: frozenset[str] = frozenset()
        moments = [(m.at, v, n) for v in day.visits for n, m in enumerate(v.moments)]
        for at, visit, number in sorted(moments, key=lambda one: (one[0], one[1].visit_id, one[2])):
            now_away = day.shelf.withdrawn(at)
            for item in sorted(away ^ now_away):
                put = {"json": {"available": item not in now_away}}
                lines.append((at, "PUT", f"/v1/items/{item}", put))
            away = now_away
            lines += _requests(visit, number, at)
        return cls(tuple(lines))

    def play(self, service: Service, models: Sequence[Trained]) -> None:
        """Send it all; each model takes over at its time."""
        waiting = list(models)
        for at, method, path, arguments in self.lines:
            while waiting and at >= waiting[0].begins:
                service.take(waiting.pop(0))
            service.now = at
            service.send(method, path, **arguments)


def _requests(visit: Visit, number: int, at: float) -> list[tuple[float, str, str, dict[str, Any]]]:
    moment = visit.moments[number]
    who = {"session_id": visit.visit_id, "user_id": visit.user_id}
    if moment.look:
        return [(at, "GET", f"/v1/slates/{name}", {"query_string": who}) for name in KNOBS]
    event = {"event_id": str(number), "type": moment.type, "surface": "home", "timestamp": at}
    event |= {"item_id": moment.item_id, **who}
    return [(at, "POST", "/v1/events", {"json": {"events": [event]}})]


def simulated(day: Scenario, models: Sequence[Trained]) -> Iterator[Entry]:
    """The ledger of the simulator."""
    policies = [Policy(name, "preset", knobs) for name, knobs in KNOBS.items()]
    player = Player(policies, [model.era() for model in models], day.shelf)
    for _, visits in groupby(day.visits, key=lambda visit: visit.user_id):
        for one in player.play(list(visits)):
            if not isinstance(one, Look):
                continue
            for name, turn in zip(KNOBS, one.turns, strict=True):
                session = one.visit.visit_id
                entry = entry_of(
                    turn,
                    session_id=session,
                    surface=name,
                    slate_id=slate_name(session, name, None, {}, ()),
                )
                if entry is not None:
                    # Through the same bytes as the service's own.
                    yield decode(encode(entry))


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    return sorted(entries, key=lambda e: (e.session_id, e.surface, e.at))


@pytest.fixture(scope="module")
def served(
    day: Scenario, models: tuple[Trained, ...], tmp_path_factory: pytest.TempPathFactory
) -> list[Entry]:
    service = Service(tmp_path_factory.mktemp("home"))
    Tape.of(day).play(service, models)
    return in_order(service.ledger())


def test_service_and_simulator_write_the_same_ledger(
    day: Scenario, models: tuple[Trained, ...], served: list[Entry]
) -> None:
    played = in_order(simulated(day, models))
    assert [(e.session_id, e.surface, e.at) for e in played] == [
        (e.session_id, e.surface, e.at) for e in served
    ]
    for mine, theirs in zip(played, served, strict=True):
        assert mine == theirs


def test_the_day_is_worth_comparing(day: Scenario, served: list[Entry]) -> None:
    """Parity on a day on which nothing happens would show nothing."""
    assert len({visit.user_id for visit in day.visits}) < len(day.visits), "nobody came back"
    assert len(served) > 500
    assert {e.trigger for e in served} >= {"session_start", "step", "refresh_rule"}
    ruled = [e for e in served if e.surface == "ruled"]
    assert Counter(e.trigger for e in ruled)["refresh_rule"] > 20
    assert {e.cause for e in served} >= {"event", "model"}
    begun = Counter((e.session_id, e.surface) for e in served if e.trigger == "session_start")
    assert begun[day.visits[0].visit_id, "home"] == 2, "nobody was away for too long"
    reasons = {change.reason for e in served for change in e.changes}
    assert reasons >= {"better_match", "displaced", "moved", "refill", "consumed"}
    assert {e.shortlist.rung for e in served if e.shortlist} == {"primary", "popularity"}
    went_on = [e.facts.carried for e in served if e.facts.carried is not None]
    assert {e.surface for e in served if e.facts.carried is not None} == {"carried"}
    assert len(went_on) > 20
    assert {one.due for one in went_on} == {True, False}
    assert len({one.model for one in went_on}) > 1


def test_every_entry_can_be_decided_again(served: list[Entry]) -> None:
    for entry in served:
        again = entry.again(KNOBS[entry.surface]).state
        assert tuple(seat.item_id for seat in again.seats) == entry.items
        assert (again.epoch, again.changes) == (entry.epoch, entry.changes)


def _no_purchases(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulations.diary.Diary.items", lambda *_: frozenset())


def _forgetful(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulations.diary.Diary.of_user", lambda *_, **__: ())


def _old_model(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulations.play.Player._live", lambda *_: 0)


def _no_end(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulations.play._Seat.wake", lambda *_: None)


def _open_shelf(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulations.scenario.Shelf.withdrawn", lambda *_: frozenset())


def _without(name: str, patch: pytest.MonkeyPatch) -> None:
    kept = play._Seat.keep

    def keep(seat: Any, turn: Turn) -> None:
        kept(seat, replace(turn, past=replace(turn.past, **{name: None})))

    patch.setattr("simulations.play._Seat.keep", keep)


def _no_edges(patch: pytest.MonkeyPatch) -> None:
    _without("edge", patch)


def _nothing_carried(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("simulations.play._carries", lambda _: ())


def _no_showings(patch: pytest.MonkeyPatch) -> None:
    _without("showing", patch)


PLANTS = (
    _no_purchases,
    _forgetful,
    _old_model,
    _open_shelf,
    _no_end,
    _no_edges,
    _no_showings,
    _nothing_carried,
)


@pytest.mark.parametrize("plant", PLANTS)
def test_a_simulator_that_prepares_otherwise_is_seen(
    plant: Callable[[pytest.MonkeyPatch], None],
    day: Scenario,
    models: tuple[Trained, ...],
    served: list[Entry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    assert in_order(simulated(day, models)) != served
