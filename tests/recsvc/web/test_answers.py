"""What the doors say when all is well: the shapes of the contract."""

from __future__ import annotations

from typing import Any


def test_a_slate_has_the_fields_of_the_contract(world: Any) -> None:
    answer = world.client.get("/v1/slates/home?session_id=s&k=2")
    body = answer.json
    assert list(body) == [
        "slate_id", "surface", "subject", "session_id", "epoch", "items", "changes_from",
        "changes", "consistency", "served_by", "policy", "alternatives", "next", "token",
    ]  # fmt: skip
    assert body["items"][0] == {
        "item_id": "item-a",
        "position": 1,
        "standing": "new",
        "score": 20.0,
        "reason": "for_you",
        "because": [],
        "title": "Item-A",
        "url": None,
        "image": None,
        "pinned": False,
    }
    assert body["consistency"] == {
        "allowed": 0,
        "displaced": 0,
        "refilled": 0,
        "churn": 0.0,
        "budget_left": 6,
        "trigger": "session_start",
        "cause": None,
        "rule": None,
        "hold_until": "2027-01-15T08:00:00.000Z",
    }
    assert body["policy"] == {"version": 1, "arm": "control"}
    assert body["epoch"] == 1_800_000_000_000
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "dur=" in answer.headers["Server-Timing"]


def test_get_and_post_ask_the_same(world: Any) -> None:
    got = world.client.get("/v1/slates/home?session_id=s&k=3&context.a=b&exclude=item-a").json
    asked = {"session_id": "s", "k": 3, "context": {"a": "b"}, "exclude": ["item-a"]}
    posted = world.client.post("/v1/slates/home", json=asked).json
    for body in (got, posted):
        del body["served_by"]["took_ms"], body["consistency"]
    assert got == posted


def test_a_whole_number_may_be_written_with_a_point(world: Any) -> None:
    assert len(world.client.post("/v1/slates/home", data=b'{"k": 3.0}').json["items"]) == 3
    assert len(world.client.get("/v1/slates/home?k=3.0").json["items"]) == 3


def test_a_session_is_issued_where_none_is_named(world: Any) -> None:
    assert world.client.get("/v1/slates/home").json["session_id"] == "issued"


def test_a_repeated_event_has_one_effect(world: Any) -> None:
    world.agree()
    event = {"event_id": "e", "type": "view", "session_id": "s", "surface": "home"}
    batch = {"events": [event | {"item_id": "item-a"}]}
    told = [world.client.post("/v1/events", json=batch).json for _ in range(3)]
    assert [one["accepted"] for one in told] == [1, 0, 0]
    assert [one["duplicate"] for one in told] == [0, 1, 1]


def test_events_are_taken_as_text_the_way_beacons_send_them(world: Any) -> None:
    world.agree()
    text = '{"events": [{"event_id": "e", "type": "view", "session_id": "s",'
    text += ' "surface": "home", "item_id": "item-a"}]}'
    told = world.client.post("/v1/events", data=text, content_type="text/plain")
    assert told.json["accepted"] == 1


def test_consent_is_false_until_said_otherwise(world: Any) -> None:
    for owner in ("users/u", "sessions/s"):
        path = f"/v1/{owner}/consent"
        assert world.client.get(path).json == {"personalisation": False, "analytics": False}
        said = world.client.put(path, json={"personalisation": True}).json
        assert said == {"personalisation": True, "analytics": False}
        assert world.client.get(path).json == said


def test_health_and_readiness_are_told(world: Any) -> None:
    assert world.client.get("/healthz").json == {"status": "ok"}
    ready = world.client.get("/readyz")
    assert (ready.status_code, ready.json["status"]) == (200, "ready")
    assert ready.json["model"] == "model-1"
