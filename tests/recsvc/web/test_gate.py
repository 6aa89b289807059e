"""The table of who may ask: every route, with every kind of key, for one's own and another's.

No 2xx that is not written here, and no telling of what is another's from what is not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from gated import Gated, event, make, user_token
from werkzeug.test import TestResponse

CONSENT: Final = {"personalisation": True}


# Who is asked for: a session, a user, an item or nothing; with what body; what a page may do.
# "own" the page proves it, "any" whatever it names, "never" it needs a secret key.
Body = Callable[[str | None], dict[str, Any] | None]
ROUTES: Final[dict[tuple[str, str], tuple[str, Body, str]]] = {
    ("GET", "/v1/slates/<surface>"): ("session", lambda s: None, "any"),
    ("POST", "/v1/slates/<surface>"): ("session", lambda s: {"session_id": s} if s else {}, "any"),
    ("POST", "/v1/slates"): (
        "session",
        lambda s: {"surfaces": [{"surface": "home"}]} | ({"session_id": s} if s else {}),
        "any",
    ),
    ("POST", "/v1/events"): ("session", event, "own"),
    ("GET", "/v1/sessions/<path:session_id>/consent"): ("session", lambda s: None, "any"),
    ("PUT", "/v1/sessions/<path:session_id>/consent"): ("session", lambda s: CONSENT, "own"),
    ("POST", "/v1/sessions/<path:session_id>/login"): (
        "session", lambda s: {"user_id": "ann"}, "own",
    ),
    ("POST", "/v1/sessions/<path:session_id>/logout"): ("session", lambda s: {}, "own"),
    ("GET", "/v1/users/<path:user_id>/consent"): ("user", lambda s: None, "own"),
    ("PUT", "/v1/users/<path:user_id>/consent"): ("user", lambda s: CONSENT, "own"),
    ("PUT", "/v1/items/<path:item_id>"): ("item", lambda s: {"title": "T"}, "never"),
    ("DELETE", "/v1/items/<path:item_id>"): ("item", lambda s: None, "never"),
    ("GET", "/healthz"): ("nothing", lambda s: None, "open"),
    ("GET", "/readyz"): ("nothing", lambda s: None, "open"),
    ("GET", "/openapi.json"): ("nothing", lambda s: None, "open"),
    ("GET", "/docs"): ("nothing", lambda s: None, "open"),
}  # fmt: skip
NEEDS_NO_SESSION: Final = {
    ("GET", "/v1/slates/<surface>"),
    ("POST", "/v1/slates/<surface>"),
    ("POST", "/v1/slates"),
}
BAD_KEYS: Final = ("none", "malformed", "another scheme", "unknown", "revoked", "cut off")
GOOD_KEYS: Final = ("publishable", "no page", "wrong page", "secret", "secret of another owner")


def shows(who: str) -> dict[str, str]:
    """A page shows the token of its user; servers need none."""
    pages = ("publishable", "no page", "wrong page")
    return {"X-Recsvc-User-Token": user_token("ann")} if who in pages else {}


def ask(gated: Gated, route: tuple[str, str], who: str, name: str | None) -> TestResponse:
    method, rule = route
    kind, body, _ = ROUTES[route]
    path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: "home" if m[1] == "surface" else str(name), rule)
    query = {"session_id": name} if (method, kind) == ("GET", "session") and name else {}
    return gated.client.open(
        path,
        method=method,
        query_string=query if "slates" in path else {},
        json=body(name),
        headers=gated.headers(who) | shows(who),
    )


_KEPT: Final[list[Gated]] = []


@pytest.fixture
def shared(worlds: Any) -> Gated:
    """One service for the whole table, whose cells do not depend on each other."""
    if not _KEPT:
        _KEPT.append(make(worlds))
    return _KEPT[0]


def problem(answer: TestResponse, status: int, code: str) -> None:
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), (
        answer.text
    )
    assert answer.json is not None
    assert answer.json["code"] == code
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_every_route_is_in_the_table(gated: Gated) -> None:
    app = gated.client.application
    there = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert there == set(ROUTES)


def named(gated: Gated, kind: str, which: str) -> str | None:
    """The page's own, what a server of the same owner named, what is not there, or nothing."""
    if kind == "session":
        if which == "own":
            return str(gated.slate("publishable", None)["session_id"])
        if which == "another's":
            for server in ("secret", "secret of another owner"):
                put = {"json": CONSENT, "headers": gated.headers(server)}
                assert gated.client.put("/v1/sessions/theirs/consent", **put).status_code == 200
                gated.slate(server, "theirs", user_id="bob")
            return "theirs"
        return {"not there": "nobodys", "none": None}[which]
    if kind == "user":
        return {"own": "ann", "another's": "bob", "not there": "nobody", "none": None}[which]
    return {"own": "item-a", "another's": "item-b", "not there": "new", "none": None}[which]


@pytest.mark.parametrize("which", ["own", "another's", "not there", "none"])
@pytest.mark.parametrize("who", [*BAD_KEYS, *GOOD_KEYS])
@pytest.mark.parametrize("route", ROUTES, ids=" ".join)
def test_a_route_opens_to_whom_the_table_says(
    shared: Gated, route: tuple[str, str], who: str, which: str
) -> None:
    kind, _, pages = ROUTES[route]
    name = named(shared, kind, which)
    answer = ask(shared, route, who, name)
    page = who in ("publishable", "no page")
    batch = route[1] == "/v1/events"
    if pages == "open":
        assert answer.status_code == 200
    elif who in BAD_KEYS:
        problem(answer, 401, "unauthorized")
    elif who == "wrong page":
        problem(answer, 403, "wrong_origin")
    elif name is None and batch:
        problem(answer, 400, "bad_input")
    elif page and (pages == "never" or (pages == "own" and which != "own")):
        # Events are refused one by one, and a batch of which nothing is left as a whole.
        problem(answer, *((400, "bad_input") if batch else (403, "forbidden")))
    elif "login" in route[1] and which == "another's":
        problem(answer, 409, "conflict")  # bob's, as both servers know that named it
    else:
        assert answer.status_code == (202 if batch else 204 if route[0] == "DELETE" else 200)
