"""Records are read in every shape that recorders write; what is no record is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from recsvc.contract import Judge, NotARecord
from recsvc.contract.facts import Act, Answer, Lost, NotModified, Published, Supply, Switch, Turn
from recsvc.contract.record import facts_of

SLATE = {"slate_id": "x", "surface": "home", "session_id": "s", "epoch": 7, "items": ["A", "B"]}


def answer(request: object, **more: Any) -> Any:
    raw = {"t": 5, "kind": "answer", "session_id": "s", "request": request, "body": SLATE, **more}
    return facts_of(raw)[0]


@pytest.mark.parametrize(
    "request_",
    [
        "/v1/slates/home?session_id=s&k=2&context.place=Rome&exclude=C&exclude=D&since=3",
        "GET /v1/slates/home?session_id=s&k=2&context.place=Rome&exclude=C,D&since=3",
        "http://h:1/v1/slates/home?k=2&context.place=Rome&exclude=C,D&since=3",
        {
            "method": "GET",
            "path": "/v1/slates/home",
            "query": {"k": "2", "context.place": "Rome", "exclude": ["C", "D"], "since": "3"},
        },
        {"path": "/v1/slates/home", "query": "k=2&context.place=Rome&exclude=C&exclude=D&since=3"},
        {
            "method": "POST",
            "path": "/v1/slates/home",
            "body": {"k": 2, "context": {"place": "Rome"}, "exclude": ["C", "D"], "since": 3},
        },
        {"surface": "home", "k": 2, "context": {"place": "Rome"}, "exclude": "C,D", "since": 3},
    ],
)
def test_a_request_means_the_same_in_every_shape(request_: object) -> None:
    ask = answer(request_).ask
    assert (ask.session_id, ask.surface, ask.k, ask.since) == ("s", "home", 2, 3)
    assert ask.context == (("place", "Rome"),)
    assert {"C", "D"} <= ask.exclude


def test_tokens_and_etags_are_found_under_any_spelling() -> None:
    ask = answer({"headers": {"x-recsvc-TOKEN": "t", "If-none-match": 'W/"1"'}}).ask
    assert (ask.token, ask.etag) == ("t", 'W/"1"')
    assert answer({"query": {"token": "t"}}).ask.token == "t"
    assert answer({}, headers=[["ETag", "e"], ["X-Recsvc-Token", "n"]]).etag == "e"


def test_a_page_of_slates_is_several_answers_that_know_the_earlier_ones() -> None:
    second = {**SLATE, "slate_id": "y", "surface": "side", "items": ["C"]}
    request = {"body": {"session_id": "s", "surfaces": [{"surface": "home", "k": 2}, "side"]}}
    raw = {"t": 1, "kind": "answer", "request": request, "body": {"slates": [SLATE, second]}}
    home, side = facts_of(raw)
    assert isinstance(home, Answer)
    assert isinstance(side, Answer)
    assert (home.ask.k, side.ask.surface) == (2, "side")
    assert side.earlier_on_page == {"A", "B"}


def test_statuses_tell_answers_from_confirmations_and_errors() -> None:
    assert isinstance(answer("/v1/slates/home", status=304, body=None), NotModified)
    assert isinstance(answer("/v1/slates/home", status=503, body=None), Lost)
    judge = Judge()
    judge.feed({"t": 1, "kind": "answer", "session_id": "s", "status": 500, "body": None})
    assert judge.not_judged["errors_5xx"] == 1
    assert judge.answers == 0


@pytest.mark.parametrize(
    ("reply", "accepted"),
    [
        (None, ["a", "b"]),
        ({"accepted": 2, "duplicate": 0}, ["a", "b"]),
        ({"accepted": ["a"], "discarded": [{"event_id": "b", "reason": "no_consent"}]}, ["a"]),
        ({"accepted": ["b"], "rejected": [{"event_id": "a", "errors": []}]}, ["b"]),
        ({"accepted": 1, "rejected": [{"index": 0, "errors": []}]}, ["b"]),
        ({"accepted": 0, "discarded": 2}, []),
    ],
)
def test_only_events_neither_discarded_nor_rejected_count(
    reply: object, accepted: list[str]
) -> None:
    events = [{"event_id": each, "type": "click", "item_id": "A"} for each in "ab"]
    raw = {"t": 1, "kind": "event", "session_id": "s", "request": {"body": {"events": events}}}
    facts = facts_of({**raw, "status": 202, "body": reply})
    assert [fact.event_id for fact in facts if isinstance(fact, Act)] == accepted
    assert all(isinstance(fact, Act) and fact.session_id == "s" for fact in facts)


def test_a_single_flat_event_is_read() -> None:
    (fact,) = facts_of({"t": 1, "kind": "event", "request": {"type": "view", "session_id": "s"}})
    assert isinstance(fact, Act)
    assert (fact.type, fact.session_id) == ("view", "s")


def test_duplicates_are_known_by_name_or_by_count() -> None:
    request = {"events": [{"event_id": "a", "type": "view", "session_id": "s"}]}
    for named in (1, ["a"]):
        raw = {"t": 1, "kind": "event", "request": request, "body": {"duplicate": named}}
        (fact,) = facts_of(raw)
        assert isinstance(fact, Act)
        assert fact.duplicate


@pytest.mark.parametrize(
    ("request_", "available"),
    [
        ({"method": "DELETE", "path": "/v1/items/A"}, False),
        ({"method": "PUT", "path": "/v1/items/A", "body": {"available": False}}, False),
        ({"method": "PUT", "path": "/v1/items/A", "body": {"title": "a"}}, True),
        ({"item_id": "A", "available": False}, False),
        ("DELETE /v1/items/A", False),
    ],
)
def test_items_are_withdrawn_and_brought_back(request_: object, available: bool) -> None:
    (fact,) = facts_of({"t": 1, "kind": "item", "request": request_})
    assert isinstance(fact, Supply)
    assert (fact.item_id, fact.available) == ("A", available)


@pytest.mark.parametrize(
    ("request_", "turned"),
    [
        ({"freeze": True, "bypass": False}, [("freeze", True, None), ("bypass", False, None)]),
        ({"switch": "freeze", "on": True, "surface": "home"}, [("freeze", True, "home")]),
        ({"body": {"bypass": True}}, [("bypass", True, None)]),
    ],
)
def test_switches_are_turned(request_: object, turned: list[object]) -> None:
    facts = facts_of({"t": 1, "kind": "switch", "request": request_})
    assert [(f.name, f.on, f.surface) for f in facts if isinstance(f, Switch)] == turned


@pytest.mark.parametrize("place", ["request", "body"])
def test_knobs_may_stand_in_the_request_or_in_the_body(place: str) -> None:
    knobs = {"surface": "home", "version": 3, "knobs": {"hold_s": 5}}
    (fact,) = facts_of({"t": 1, "kind": "knobs", place: knobs})
    assert isinstance(fact, Published)
    assert (fact.surface, fact.version, fact.knobs["hold_s"]) == ("home", 3, 5)


def test_consent_login_and_erasure_are_turns_of_the_visitor() -> None:
    for path, what in (
        ("PUT /v1/sessions/s/consent", "consent"),
        ("POST /v1/sessions/s/login", "login"),
        ("DELETE /v1/users/u", "erase"),
    ):
        (fact,) = facts_of({"t": 1, "kind": "event", "request": path})
        assert isinstance(fact, Turn)
        assert fact.what == what


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        ([], "JSON object"),
        ({"kind": "answer"}, "t, the time"),
        ({"t": "1", "kind": "answer"}, "t, the time"),
        ({"t": float("nan"), "kind": "answer"}, "t, the time"),
        ({"t": 10**400, "kind": "answer"}, "t, the time"),
        ({"t": 1, "kind": "note"}, "kind is 'note'"),
        ({"t": 1}, "kind is None"),
        ({"t": 1, "kind": "answer", "status": 200, "body": {"hello": 1}}, "an answered slate"),
        ({"t": 1, "kind": "answer", "body": {**SLATE, "items": [{"id": 1}]}}, "no item_id"),
        ({"t": 1, "kind": "item", "request": {}}, "names no item"),
        ({"t": 1, "kind": "switch", "request": {}}, "neither freeze nor bypass"),
        ({"t": 1, "kind": "knobs", "request": {"knobs": {}}}, "names no surface"),
    ],
)
def test_what_is_no_record_is_refused_with_a_reason(raw: object, why: str) -> None:
    with pytest.raises(NotARecord, match=why):
        Judge().feed(raw)
