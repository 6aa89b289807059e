"""What pages of other origins may read, how much is read of anybody, and how often."""

from __future__ import annotations

from typing import Any

import pytest
from gated import PAGE, Gated, event, make

from recsvc.access import limits
from recsvc.access.limits import Limit
from recsvc.web.gate import HEADERS_MOST, PATH_MOST, QUERY_MOST

EVIL = "https://evil.example"
PREFLIGHT = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "x"}


def allowed(answer: Any) -> str | None:
    found: str | None = answer.headers.get("Access-Control-Allow-Origin")
    return found


def test_a_page_may_ask_before_it_asks_without_a_key(gated: Gated) -> None:
    answer = gated.client.options("/v1/slates/home", headers=PREFLIGHT | {"Origin": PAGE})
    assert (answer.status_code, allowed(answer)) == (204, PAGE)
    methods = answer.headers["Access-Control-Allow-Methods"].split(", ")
    assert {"GET", "POST", "PUT"} <= set(methods)
    asked = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert {"authorization", "content-type", "if-none-match", "x-recsvc-token"} <= set(asked)
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


def test_a_page_that_no_key_is_for_may_neither_ask_nor_read(gated: Gated) -> None:
    answer = gated.client.options("/v1/slates/home", headers=PREFLIGHT | {"Origin": EVIL})
    assert (answer.status_code, allowed(answer)) == (403, None)
    answer = gated.client.get("/v1/slates/home", headers=gated.headers("publishable", EVIL))
    assert (answer.status_code, allowed(answer)) == (403, None)


def test_a_page_reads_the_answer_its_headers_and_its_errors(gated: Gated) -> None:
    for headers, status in ((gated.headers("publishable"), 200), ({"Origin": PAGE}, 401)):
        answer = gated.client.get("/v1/slates/home", headers=headers)
        assert (answer.status_code, allowed(answer)) == (status, PAGE)
        shown = answer.headers["Access-Control-Expose-Headers"].split(", ")
        assert {"ETag", "X-Recsvc-Token", "Server-Timing", "Retry-After"} <= set(shown)
        assert "Origin" in answer.headers["Vary"]


def test_a_secret_key_in_a_page_does_not_seem_to_work(gated: Gated) -> None:
    answer = gated.client.get("/v1/slates/home", headers=gated.headers("secret", PAGE))
    assert allowed(answer) is None


def test_each_page_needs_a_key_of_its_own(gated: Gated) -> None:
    """One page's preflight passes for all keys; its request does not."""
    key, _ = gated.add("other page", "publishable", "other", "https://other.example")
    gated.clock[0] += 1
    headers = {"Authorization": f"Bearer {key}", "Origin": PAGE}
    assert gated.client.get("/v1/slates/home", headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:8000"}, 200),
        ({"Host": "127.0.0.1:8000", "Origin": "http://127.0.0.1:8001"}, 200),
        ({"Host": "[::1]:8000", "Origin": "http://shop.localhost"}, 200),
        ({"Origin": PAGE}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1.evil.example"}, 403),
        # A name of theirs that leads here: to the browser, page and service are one.
        ({"Host": "evil.example:8000"}, 403),
        ({"Host": "[::1"}, 403),
    ],
)
def test_an_open_service_is_closed_to_pages_that_are_not_of_its_own_machine(
    world: Any, sent: dict[str, str], status: int
) -> None:
    for ask in (
        {"method": "GET", "path": "/v1/slates/home"},
        # What a page may send to anybody, without asking before.
        {"method": "POST", "path": "/v1/sessions/s/login", "data": '{"user_id": "ann"}'},
    ):
        answer = world.client.open(headers=sent, **ask)
        assert (answer.status_code, allowed(answer)) == (status, None)


def test_what_is_said_of_people_is_kept_nowhere_on_the_way(world: Any, gated: Gated) -> None:
    for client, headers in ((world.client, {}), (gated.client, gated.headers("secret"))):
        for path in ("/v1/users/ann/consent", "/v1/sessions/s/consent"):
            assert client.get(path, headers=headers).headers["Cache-Control"] == "no-store"
            put = client.put(path, json={"personalisation": True}, headers=headers)
            assert put.headers["Cache-Control"] == "no-store"
        heard = client.post("/v1/events", json=event("s"), headers=headers)
        assert heard.headers["Cache-Control"] == "no-store"  # it brings tokens
        slate = client.get("/v1/slates/home", headers=headers)
        assert slate.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(
    ("peer", "status"),
    [("127.0.0.1", 200), ("127.9.9.9", 200), ("::1", 200), ("192.0.2.7", 403), ("::2", 403)],
)
def test_an_open_service_answers_its_own_machine_only(world: Any, peer: str, status: int) -> None:
    answer = world.client.get("/v1/slates/home", environ_base={"REMOTE_ADDR": peer})
    assert answer.status_code == status
    assert world.client.get("/healthz", environ_base={"REMOTE_ADDR": peer}).status_code == 200


def test_keys_open_to_other_machines(gated: Gated) -> None:
    answer = gated.client.get(
        "/v1/slates/home",
        headers=gated.headers("secret"),
        environ_base={"REMOTE_ADDR": "192.0.2.7"},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("ask", "status", "code"),
    [
        ({"path": "/v1/items/" + "x" * PATH_MOST}, 414, "uri_too_long"),
        ({"path": "/v1/slates/home?k=" + "1" * QUERY_MOST}, 414, "uri_too_long"),
        (
            {"path": "/v1/slates/home", "headers": {"X-Long": "x" * HEADERS_MOST}},
            431,
            "headers_too_large",
        ),
    ],
)
def test_what_is_too_long_is_refused_before_all_else(
    world: Any, gated: Gated, ask: dict[str, Any], status: int, code: str
) -> None:
    for client in (world.client, gated.client):
        answer = client.get(**ask)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
        assert answer.json["code"] == code


def test_no_route_is_told_to_those_without_a_key(gated: Gated) -> None:
    for path in ("/v1/slates/home", "/v1/nowhere", "/v1/slates/nowhere"):
        assert gated.client.get(path).status_code == 401
        assert gated.client.delete(path).status_code == 401


@pytest.mark.parametrize(
    "path", ["//v1/items/a", "///v1/items/a", "/%2Fv1/items/a", "/%76%31/items/a"]
)
def test_no_spelling_of_a_path_leads_around_the_gate(world: Any, gated: Gated, path: str) -> None:
    there = world.client.put("/v1/items/a", json={"title": "T"}).status_code
    assert there == 200
    for headers, good in (({}, (401, 404)), (gated.headers("publishable"), (403, 404))):
        answer = gated.client.put(path, json={"title": "T"}, headers=headers)
        assert answer.status_code in good
    assert gated.world.service.catalogue.describe(["a"]) == {}
    far = world.client.put(path, json={"title": "T"}, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert far.status_code in (403, 404)


def test_too_many_requests_of_a_key_are_told_when_to_come_again(worlds: Any) -> None:
    clock = [0.0]
    gated = make(worlds, per_key=Limit(2.0, lambda: clock[0]))
    at_once = int(2 * limits.BURST_S)
    ask = {"path": "/v1/slates/home", "headers": gated.headers("secret")}
    assert [gated.client.get(**ask).status_code for _ in range(at_once)] == [200] * at_once
    refused = gated.client.get(**ask)
    assert (refused.status_code, refused.mimetype) == (429, "application/problem+json")
    assert refused.json is not None
    assert refused.json["code"] == "too_many"
    wait = int(refused.headers["Retry-After"])
    assert wait == 1
    # Another key has a number of its own, and one that opens nothing uses none up.
    other = gated.headers("secret of another owner")
    assert gated.client.get("/v1/slates/home", headers=other).status_code == 200
    clock[0] += wait
    assert gated.client.get(**ask).status_code == 200


def test_too_many_requests_of_a_session_leave_others_alone(worlds: Any) -> None:
    gated = make(worlds, per_session=Limit(1.0, lambda: 0.0))
    secret = {"headers": gated.headers("secret")}
    for n in range(int(limits.BURST_S)):
        assert gated.slate("secret", "s1")["session_id"] == "s1", n
    assert gated.client.get("/v1/slates/home?session_id=s1", **secret).status_code == 429
    assert gated.client.get("/v1/sessions/s1/consent", **secret).status_code == 429
    assert gated.client.post("/v1/events", json=event("s1"), **secret).status_code == 429
    gated.slate("secret", "s2")
    gated.slate("secret of another owner", "s1")
    for _ in range(20):
        gated.slate("secret", None)


def test_a_batch_asks_once_for_a_session_and_nothing_of_a_refused_one_is_kept(worlds: Any) -> None:
    gated = make(worlds, per_session=Limit(0.1, lambda: 0.0))  # one at once
    secret = {"headers": gated.headers("secret")}
    batch = {"events": [event("s1", event_id=f"e{n}")["events"][0] for n in range(50)]}
    assert gated.client.post("/v1/events", json=batch, **secret).status_code == 202
    both = {"events": [event(s, event_id="x")["events"][0] for s in ("s2", "s1")]}
    assert gated.client.post("/v1/events", json=both, **secret).status_code == 429
    sent = gated.client.post("/v1/events", json=event("s2", event_id="x"), **secret)
    assert sent.status_code == 429  # it was asked for once, though nothing was kept
    kept = gated.world.service.slates.memory.load("s2", 0.0)
    assert kept.version is None
