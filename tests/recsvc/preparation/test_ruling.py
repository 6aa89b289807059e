"""Rules in a turn: facts are computed where they are asked, a refresh acts when it becomes true."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from policies import Knobs
from recsvc.preparation import ledger
from recsvc.preparation.ruling import (
    ABOVE,
    COMPUTED,
    Edge,
    Moment,
    Ruled,
    RuleFailures,
    Showing,
    rule_on,
)
from recsvc.rules import FACTS, compiled
from recsvc.serving.session import decode, encode

DOCS = Path(__file__).resolve().parents[3] / "docs" / "rules.md"
ON = "context.on == true"
REFRESHED = Knobs(k=5, hold_s=0.0, refresh_when=ON)


def moment(now: float = 1_800_000_000.0, **more: Any) -> Moment:
    given: dict[str, Any] = {"surface": "home", "context": {}, "k": 5, "known": False}
    given |= {"events": lambda: 0, "showing": Showing(now), "zone": UTC}
    return Moment(now=now, **given | more)


def shown(body: dict[str, Any]) -> tuple[str, str | None]:
    return body["consistency"]["trigger"], body["consistency"]["rule"]


def test_every_fact_of_the_table_is_computed_and_nothing_else() -> None:
    assert ["context.NAME", *COMPUTED] == [fact.name for fact in FACTS]


def test_every_fact_is_in_the_docs_with_its_kind_and_meaning_and_nothing_else() -> None:
    rows = re.findall(
        r"^\| `([a-z]+\.\w+)` \| ([^|]*) \| (.*) \| `(.*)` \|$", DOCS.read_text(), re.M
    )
    kinds = {"truth": "true or false", "number": "number", "text": "as compared"}
    assert rows == [
        (fact.name, kinds[fact.kind], fact.means, fact.example.replace("||", "\\|\\|"))
        for fact in FACTS
    ]


def _twice(world: Any) -> None:
    world.slate("ruled")
    world.slate("ruled")


def _later(world: Any) -> None:
    world.slate("ruled")
    world.pass_time(90.5)


def _later_after_another_answer(world: Any) -> None:
    _later(world)
    world.slate("ruled")
    world.slate()
    world.pass_time(7)


def _signed_in(world: Any) -> None:
    world.client.put("/v1/users/u/consent", json={"personalisation": True})
    world.slate("ruled", user_id="u")


def _two_views(world: Any) -> None:
    world.agree()
    for item in ("item-k", "item-m", "item-k"):
        world.event("view", item)
    world.slate("ruled")


@pytest.mark.parametrize(
    ("name", "before", "value"),
    [
        ("session.requests", _twice, 2),
        ("session.age_s", _later, 90.5),
        ("session.age_s", _later_after_another_answer, 97.5),
        ("session.idle_s", _later, 90.5),
        ("session.idle_s", _later_after_another_answer, 7),
        ("user.known", _twice, "false"),
        ("user.known", _signed_in, "true"),
        ("user.events", _twice, 0),
        ("user.events", _two_views, 2),
        ("local.hour", _twice, 8),
        ("local.weekday", _twice, 5),
        ("request.k", _twice, 4),
    ],
)
def test_a_fact_is_what_the_docs_say(
    worlds: Any, name: str, before: Callable[[Any], None], value: Any
) -> None:
    asks = compiled(f"{name} == {value}").text
    world = worlds(ruled=Knobs(k=4, hold_s=0.0, hold_when=asks, consumed_by=()))
    before(world)
    assert shown(world.slate("ruled")) == ("hold_rule", asks)
    other = f"{name} != {value}"
    world = worlds(ruled=Knobs(k=4, hold_s=0.0, hold_when=other, consumed_by=()))
    before(world)
    assert shown(world.slate("ruled"))[0] != "hold_rule"


def test_every_fact_has_a_case_above() -> None:
    mark = test_a_fact_is_what_the_docs_say.pytestmark[0]  # type: ignore[attr-defined]
    assert {case[0] for case in mark.args[1]} == set(COMPUTED)


def test_the_hour_is_that_of_the_time_zone() -> None:
    friday_morning = 1_800_000_000.0
    seoul = moment(friday_morning, zone=ZoneInfo("Asia/Seoul"))
    honolulu = moment(friday_morning, zone=ZoneInfo("Pacific/Honolulu"))
    assert (seoul.fact("local.hour"), seoul.fact("local.weekday")) == (17, 5)
    assert (honolulu.fact("local.hour"), honolulu.fact("local.weekday")) == (22, 4)


def test_a_session_that_begins_anew_is_counted_anew(worlds: Any) -> None:
    asks = "session.requests == 0 && session.age_s == 0 && session.idle_s == 0"
    short = Knobs(k=4, hold_when=asks, session_ttl_s=60)
    world = worlds(ruled=short, home=Knobs(k=5, session_ttl_s=3600))
    for _ in range(3):
        world.slate("ruled")
    world.pass_time(300)
    world.slate()  # keeps the session, which `ruled` forgets
    world.pass_time(300)
    assert shown(world.slate("ruled"))[0] == "session_start"
    session = decode(world.service.sessions.load("s", world.clock[0]).data)
    assert session.showings["ruled"] == Showing(world.clock[0], 1, world.clock[0])


def _counting(world: Any, asked: list[str]) -> None:
    book = world.service.slates.preparation.events
    for name in ("of_session", "of_user"):
        real = getattr(book, name)

        def ask(*args: Any, _real: Any = real, _name: str = name, **more: Any) -> Any:
            asked.append(_name)
            return _real(*args, **more)

        setattr(book, name, ask)


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        (None, 0),
        ("user.known || session.requests > 100", 0),
        ("context.on == true && user.events > 3", 0),
        ("user.events > 3", 1),
        ("user.events > 3 || user.events == 0 || user.events < 9", 1),
    ],
)
def test_the_book_of_events_is_read_only_where_a_rule_hangs_on_it(
    worlds: Any, rule: str | None, read: int
) -> None:
    world = worlds(home=Knobs(k=5, hold_when=rule))
    world.agree()
    world.slate(**{"context.on": "false"})
    asked: list[str] = []
    _counting(world, asked)
    world.slate(**{"context.on": "false"})
    assert len(asked) == read


@pytest.mark.parametrize(
    ("rule", "writes"),
    [
        (None, 0),
        ("context.on == true || session.age_s < 5", 0),
        ("session.requests < 3", 4),
        ("session.idle_s < 3", 4),
    ],
)
def test_a_reload_is_written_only_where_a_rule_counts_reloads(
    worlds: Any, rule: str | None, writes: int
) -> None:
    world = worlds(home=Knobs(k=5, hold_when=rule))
    world.slate()
    written = world.service.sessions.load("s", world.clock[0]).version
    for _ in range(4):
        world.slate()
    assert world.service.sessions.load("s", world.clock[0]).version - written == writes


def test_a_surface_without_rules_remembers_nothing_for_them(worlds: Any) -> None:
    world = worlds(ruled=Knobs(hold_when="session.requests < 3", refresh_when=ON))
    world.slate("ruled")
    world.slate("home")
    session = decode(world.service.sessions.load("s", world.clock[0]).data)
    assert set(session.showings) == {"ruled"}
    assert len(session.edges) == 1
    assert decode(encode(session)) == session


def test_a_rule_that_fails_counts_as_false_is_counted_and_logged_once(
    worlds: Any, caplog: pytest.LogCaptureFixture
) -> None:
    rule = "context.price > 100"
    world = worlds(ruled=Knobs(k=5, hold_when=rule, refresh_when=rule))
    failures = world.service.slates.preparation.failures
    assert shown(world.slate("ruled", **{"context.price": "101"}))[0] == "session_start"
    assert shown(world.slate("ruled", **{"context.price": "101"})) == ("hold_rule", rule)
    assert failures.counts() == {}
    with caplog.at_level(logging.WARNING):
        for _ in range(5):
            assert shown(world.slate("ruled", **{"context.price": "a lot"}))[0] == "quiet"
    assert failures.counts() == {("ruled", "hold_when"): 5, ("ruled", "refresh_when"): 5}
    told = [record.getMessage() for record in caplog.records if "counts as false" in record.message]
    assert len(told) == 2
    assert "hold_when of surface ruled failed" in told[0]
    assert "context.price cannot be read as a number" in told[0]


def test_a_word_that_the_page_does_not_send_is_no_failure(worlds: Any) -> None:
    world = worlds(ruled=Knobs(k=5, hold_when=ON, refresh_when=ON))
    for _ in range(3):
        assert shown(world.slate("ruled"))[0] in ("session_start", "quiet")
    assert world.service.slates.preparation.failures.counts() == {}


def test_a_fact_that_cannot_be_read_fails_no_request(
    worlds: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = worlds(ruled=Knobs(k=5, hold_when="user.known", refresh_when="no rule at all"))

    def broken(_: Moment) -> bool:
        raise OSError("the book is closed")

    monkeypatch.setitem(COMPUTED, "user.known", broken)
    assert shown(world.slate("ruled"))[0] == "session_start"
    assert shown(world.slate("ruled"))[0] == "quiet"
    counts = world.service.slates.preparation.failures.counts()
    assert counts == {("ruled", "hold_when"): 2, ("ruled", "refresh_when"): 2}


def test_failures_are_counted_from_many_threads() -> None:
    failures = RuleFailures()

    def fail() -> None:
        for _ in range(500):
            failures.add("home", "hold_when", ValueError("x"))

    threads = [Thread(target=fail) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures.counts() == {("home", "hold_when"): 4000}


def answers(world: Any, *on: bool, surface: str = "home", **more: Any) -> list[str]:
    said = [{"context.on": str(one).lower()} for one in on]
    return [shown(world.slate(surface, **one, **more))[0] for one in said]


def test_a_refresh_acts_when_its_rule_becomes_true_and_not_again_while_it_is(worlds: Any) -> None:
    world = worlds(home=REFRESHED)
    assert answers(world, False, False) == ["session_start", "quiet"]
    world.popular.scores = {item: -score for item, score in world.popular.scores.items()}
    first = world.slate(**{"context.on": "true"})
    assert shown(first) == ("refresh_rule", ON)
    assert {change["reason"] for change in first["changes"]} == {"rule_refresh"}
    assert first["consistency"]["displaced"] == 0
    assert answers(world, True, True, False, False) == ["quiet"] * 4
    assert answers(world, True, True) == ["refresh_rule", "quiet"]


def test_on_the_first_answer_of_a_slate_the_rule_is_only_noted(worlds: Any) -> None:
    world = worlds(home=REFRESHED)
    assert answers(world, True, True, False, True) == [
        "session_start",
        "quiet",
        "quiet",
        "refresh_rule",
    ]
    world.pass_time(3600)
    assert answers(world, False) == ["session_start"]
    world.pass_time(3600)
    assert answers(world, True, True) == ["session_start", "quiet"]


def test_each_slate_has_an_edge_of_its_own(worlds: Any) -> None:
    world = worlds(home=replace(REFRESHED, slate_key=("to",)))
    for to in ("Porto", "Lisboa"):
        answers(world, False, **{"context.to": to})
    assert answers(world, True, **{"context.to": "Porto"}) == ["refresh_rule"]
    assert answers(world, True, **{"context.to": "Lisboa"}) == ["refresh_rule"]
    assert answers(world, True, **{"context.to": "Porto"}) == ["quiet"]


def test_a_refresh_waits_behind_a_hold_and_acts_when_it_ends(worlds: Any) -> None:
    world = worlds(home=replace(REFRESHED, hold_when="context.hold == true"))
    hold, free = {"context.hold": "true"}, {"context.hold": "false"}
    assert answers(world, False, **free) == ["session_start"]
    assert answers(world, True, True, **hold) == ["hold_rule", "hold_rule"]
    assert answers(world, True, True, **free) == ["refresh_rule", "quiet"]


def test_a_waiting_refresh_lapses_when_its_rule_turns_false(worlds: Any) -> None:
    world = worlds(home=replace(REFRESHED, hold_when="context.hold == true"))
    hold, free = {"context.hold": "true"}, {"context.hold": "false"}
    answers(world, False, **free)
    assert answers(world, True, False, **hold) == ["hold_rule", "hold_rule"]
    assert answers(world, False, **free) == ["quiet"]
    assert answers(world, True, **free) == ["refresh_rule"]


def test_a_refresh_waits_for_the_normal_rung(worlds: Any) -> None:
    world = worlds(home=REFRESHED)
    world.agree()
    world.event("view", "item-k")
    assert answers(world, False) == ["session_start"]
    world.primary.fails = RuntimeError("down")
    assert answers(world, True, True) == ["degraded", "degraded"]
    world.primary.fails = None
    assert answers(world, True, True) == ["refresh_rule", "quiet"]


def test_a_refresh_waits_behind_what_the_visitor_asked(worlds: Any) -> None:
    world = worlds(home=REFRESHED)
    answers(world, False)
    world.event("dismiss", "item-b")
    assert answers(world, True, True, True) == ["asked", "refresh_rule", "quiet"]


def test_a_refresh_that_the_visitor_asked_for_is_not_done_twice(worlds: Any) -> None:
    world = worlds(home=REFRESHED)
    answers(world, False)
    world.event("refresh")
    assert answers(world, True, True) == ["asked", "quiet"]


def test_a_new_rule_begins_with_being_noted(worlds: Any) -> None:
    asked = moment(context={"on": "true"})
    before = Edge(compiled("context.other == true").mark, was=False)
    ruled = rule_on(REFRESHED, asked, before, RuleFailures())
    assert (ruled.refresh, ruled.edge) == (None, Edge(compiled(ON).mark, was=True))
    same = Edge(compiled(ON).mark, was=False)
    assert rule_on(REFRESHED, asked, same, RuleFailures()).refresh == ON


TRIGGERS = ("freeze", "bypass", "asked", "degraded", "hold_rule", "quiet", "refresh_rule")


@pytest.mark.parametrize("trigger", TRIGGERS)
@pytest.mark.parametrize("renewed", [False, True])
def test_only_a_row_above_that_left_the_seats_makes_a_refresh_wait(
    trigger: str, renewed: bool
) -> None:
    """`quiet` is a worker with older knobs: its answers leave nothing behind for later ones."""
    edge = Edge("mark", was=True)
    before: Any = SimpleNamespace(seen=1)
    decision: Any = SimpleNamespace(trigger=trigger, state=SimpleNamespace(seen=1 + renewed))
    past = Ruled(refresh=ON, edge=edge).after(before, decision)
    waits = trigger in ABOVE and not renewed
    assert past.edge == Edge("mark", was=not waits)
    assert Ruled(refresh=None, edge=edge).after(before, decision).edge == edge


def test_a_lost_race_loses_no_refresh(worlds: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    world = worlds(home=REFRESHED)
    answers(world, False)
    sessions = world.service.sessions
    swap, lost = sessions.swap, []

    def lose_once(key: str, data: bytes, **more: Any) -> bool:
        if not lost:
            lost.append(key)
            return False
        return bool(swap(key, data, **more))

    monkeypatch.setattr(sessions, "swap", lose_once)
    assert answers(world, True, True) == ["refresh_rule", "quiet"]
    assert lost == ["s"]


def test_a_slate_that_begins_anew_is_no_refresh_in_the_ledger_either(worlds: Any) -> None:
    short = replace(REFRESHED, session_ttl_s=60.0)
    world = worlds(home=Knobs(k=5, session_ttl_s=3600.0), ruled=short)
    answers(world, False, surface="ruled")
    world.pass_time(300)
    world.slate()  # keeps the session, which `ruled` forgets
    world.pass_time(300)
    assert answers(world, True, True, surface="ruled") == ["session_start", "quiet"]
    entries = map(ledger.decode, world.service.sessions.entries(10))
    assert [entry.facts.refresh_rule for entry in entries] == [None] * 3
