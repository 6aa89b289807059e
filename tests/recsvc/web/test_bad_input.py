"""Bad input gets a clear answer that names every faulty field; nothing good is lost."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

LONG = "x" * 10_240


def problem(answer: Any) -> set[str]:
    """The fields named by a problem, after checking that it is one and tells no secrets."""
    assert 400 <= answer.status_code < 500
    assert answer.mimetype == "application/problem+json"
    body = answer.json
    assert set(body) == {"type", "title", "status", "code", "detail", "errors"}
    assert body["status"] == answer.status_code
    assert "Traceback" not in answer.text
    assert 'File "' not in answer.text
    return {error["field"] for error in body["errors"]}


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ({"k": "0"}, {"k"}),
        ({"k": "101"}, {"k"}),
        ({"k": "x"}, {"k"}),
        ({"k": "NaN"}, {"k"}),
        ({"k": "null"}, {"k"}),
        ({"k": ["3", "3"]}, {"k"}),
        ({"session_id": ["a", "b"], "context.a": ["b", "c"]}, {"session_id", "context.a"}),
        ({"session_id": LONG}, {"session_id"}),
        ({"session_id": ""}, {"session_id"}),
        ({"session_id": "a\x00b"}, {"session_id"}),
        ({"user_id": LONG, "k": "-1", "alternatives": "6"}, {"user_id", "k", "alternatives"}),
        ({"sesion_id": "s"}, {"sesion_id"}),
        ({"context.a": "x" * 300}, {"context"}),
        ({"exclude": [""]}, {"exclude"}),
        ({"cursor": "abc"}, {"session_id"}),
        ({"cursor": "abc", "session_id": "s"}, {"cursor"}),
        ({"context": "Porto", "context.a": "b"}, {"context"}),
    ],
)
def test_every_faulty_parameter_is_named(world: Any, query: Any, fields: set[str]) -> None:
    assert problem(world.client.get("/v1/slates/home", query_string=query)) == fields


def test_an_unknown_surface_is_named_beside_other_faults(world: Any) -> None:
    assert problem(world.client.get("/v1/slates/nowhere?k=0")) == {"surface", "k"}


@pytest.mark.parametrize("name", ["%00", "a%01b", "x" * 300, "%ff"])
def test_names_in_paths_are_checked_too(world: Any, name: str) -> None:
    for path, field in (
        (f"/v1/items/{name}", "item_id"),
        (f"/v1/users/{name}/consent", "user_id"),
        (f"/v1/sessions/{name}/consent", "session_id"),
    ):
        assert problem(world.client.put(path, json={"personalisation": True})) == {field}


def test_a_name_with_a_slash_is_a_name(world: Any) -> None:
    assert world.client.put("/v1/items/a%2Fb", json={"title": "T"}).json["item_id"] == "a/b"
    assert world.client.put("/v1/users/a%2Fb/consent", json={"personalisation": True}).json
    assert world.client.get("/v1/users/a%2Fb/consent").json["personalisation"] is True


def test_a_body_whose_length_is_not_announced_is_bounded_as_well(world: Any) -> None:
    answer = world.client.post(
        "/v1/events",
        input_stream=io.BytesIO(b" " * 5_000_000),
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_a_number_that_no_store_can_hold_spoils_no_other_event(world: Any) -> None:
    world.agree()
    batch = [event(event_id="a"), event(event_id="b", epoch=2**64), event(event_id="c")]
    told = world.client.post("/v1/events", json={"events": batch}).json
    assert told["accepted"] == 2
    assert [(one["event_id"], one["index"]) for one in told["rejected"]] == [("b", 1)]


def test_an_unknown_surface_is_told_which_there_are(world: Any) -> None:
    answer = world.client.get("/v1/slates/hme")
    assert problem(answer) == {"surface"}
    assert answer.json["code"] == "unknown_surface"
    assert "home" in answer.json["detail"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b'"x"', b'{"k": NaN}', b"\xff\xfe", b"[" * 100_000, b'{"k": 1}}'],
)
def test_what_is_not_a_json_object_is_refused(world: Any, body: bytes) -> None:
    for path in ("/v1/slates/home", "/v1/events"):
        assert problem(world.client.post(path, data=body)) == {"body"}
    assert problem(world.client.put("/v1/users/u/consent", data=body)) == {"body"}


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"k": "3"}, {"k"}),
        ({"k": True}, {"k"}),
        ({"k": 2.5, "session_id": 7}, {"k", "session_id"}),
        ({"exclude": "item-a"}, {"exclude"}),
        ({"context": {"a": [1]}, "subject": ["x"]}, {"context", "subject"}),
    ],
)
def test_wrong_types_in_json_are_named(world: Any, body: Any, fields: set[str]) -> None:
    assert problem(world.client.post("/v1/slates/home", json=body)) == fields


def test_a_body_of_five_megabytes_is_refused_unread(world: Any) -> None:
    answer = world.client.post("/v1/events", data=b"x" * 5_000_000)
    assert problem(answer) == {"body"}
    assert answer.status_code == 413


def event(**fields: Any) -> dict[str, Any]:
    good = {"event_id": "e", "type": "view", "session_id": "s", "surface": "home"}
    return good | {"item_id": "item-a"} | fields


@pytest.mark.parametrize(
    ("bad", "fields"),
    [
        (event(type="stare"), {"type"}),
        (event(item_id="unheard-of"), {"item_id"}),
        (event(timestamp=4e9), {"timestamp"}),
        (event(timestamp=-1), {"timestamp"}),
        (event(timestamp="now"), {"timestamp"}),
        (event(surface="nowhere"), {"surface"}),
        (event(session_id=LONG), {"session_id"}),
        (event(position=0), {"position"}),
        (event(mood="good"), {"mood"}),
        (event(type="stare", item_id=5, timestamp=4e9), {"type", "item_id", "timestamp"}),
        ({"type": "view"}, {"event_id", "session_id", "surface", "item_id"}),
        (event(type="pin"), {"item_id"}),
        (event(type="undo"), {"type"}),
        (event(type="choose_alternative"), {"alternative_id"}),
        ({k: v for k, v in event().items() if k != "item_id"}, {"item_id"}),
    ],
)
def test_a_bad_event_is_refused_with_all_its_faults(world: Any, bad: Any, fields: set[str]) -> None:
    answer = world.client.post("/v1/events", json={"events": [bad]})
    assert problem(answer) == {f"events.0.{field}" for field in fields}


def test_infinite_numbers_are_refused(world: Any) -> None:
    text = json.dumps({"events": [event(value=0.0)]}).replace("0.0", "1e999")
    assert problem(world.client.post("/v1/events", data=text)) <= {"events.0.value", "body"}


def test_five_hundred_events_are_taken_and_one_more_is_refused(world: Any) -> None:
    world.agree()
    batch = [event(event_id=f"e{n}") for n in range(501)]
    assert problem(world.client.post("/v1/events", json={"events": batch})) == {"events"}
    taken = world.client.post("/v1/events", json={"events": batch[:500]})
    assert (taken.status_code, taken.json["accepted"]) == (202, 500)


def test_good_events_of_a_mixed_batch_are_kept_and_bad_ones_listed(world: Any) -> None:
    world.agree()
    batch = [event(event_id="good"), event(event_id="bad", type="stare"), 7]
    told = world.client.post("/v1/events", json={"events": batch})
    assert told.status_code == 202
    assert told.json["accepted"] == 1
    assert [one["event_id"] for one in told.json["rejected"]] == ["bad", ""]
    kept = world.service.slates.preparation.events.of_session("s", limit=9)
    assert [one.event_id for one in kept] == ["good"]


def test_unknown_paths_and_methods_are_problems_too(world: Any) -> None:
    assert problem(world.client.get("/v2/slates/home")) == set()
    refused = world.client.delete("/v1/slates/home")
    assert problem(refused) == set()
    assert refused.status_code == 405


def test_an_unforeseen_error_tells_the_client_nothing(world: Any) -> None:
    def broken() -> float:
        raise RuntimeError("a secret path")

    world.service.slates.__dict__["clock"] = broken
    answer = world.client.get("/v1/slates/home")
    assert answer.status_code == 500
    assert answer.json["code"] == "internal_error"
    assert "secret" not in answer.text
