"""Nobody reads or spoils another one's session, and nobody learns whether it is there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gated import PAGE, Gated, event, user_token
from werkzeug.test import TestResponse

from recsvc.access.keys import MAIN
from recsvc.web.asking import SESSIONS_OF_A_PAGE

SESSIONS = ("GET", "/v1/slates/home"), ("GET", "/consent"), ("PUT", "/consent"), ("POST", "/login")


def shown(slate: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in slate["items"]]


def dismiss(gated: Gated, who: str, session: str, item: str, **more: Any) -> TestResponse:
    batch = event(session, item_id=item, event_id=f"dismiss {item}", **more)
    return gated.client.post("/v1/events", json=batch, headers=gated.headers(who))


def test_the_same_id_of_another_owner_is_another_session(gated: Gated) -> None:
    mine, theirs = "secret", "secret of another owner"
    first = {who: gated.slate(who, "s1") for who in (mine, theirs)}
    assert first[mine]["slate_id"] != first[theirs]["slate_id"]
    assert first[mine]["session_id"] == first[theirs]["session_id"] == "s1"
    assert dismiss(gated, mine, "s1", "item-a").status_code == 202
    assert "item-a" not in shown(gated.slate(mine, "s1"))
    assert "item-a" in shown(gated.slate(theirs, "s1"))
    # The same event of another owner is another event.
    assert dismiss(gated, theirs, "s1", "item-a").json["accepted"] == 1  # type: ignore[index]

    path = "/v1/sessions/s1/consent"
    gated.client.put(path, json={"personalisation": True}, headers=gated.headers(mine))
    told = [
        gated.client.get(path, headers=gated.headers(who)).json["personalisation"]  # type: ignore[index]
        for who in (mine, theirs)
    ]
    assert told == [True, False]


def test_the_same_user_of_another_owner_is_another_user(gated: Gated) -> None:
    path = "/v1/users/ann/consent"
    gated.client.put(path, json={"personalisation": True}, headers=gated.headers("secret"))
    theirs = gated.client.get(path, headers=gated.headers("secret of another owner"))
    assert theirs.json == {"personalisation": False, "analytics": False}
    view = event("s", type="view", item_id="item-c", user_id="ann")
    for who in ("secret", "secret of another owner"):
        told = gated.client.post("/v1/events", json=view, headers=gated.headers(who)).json
        assert told is not None
        assert (told["accepted"], len(told["discarded"])) == ((1, 0) if who == "secret" else (0, 1))
    assert shown(gated.slate("secret", "s2", user_id="ann"))[0] == "item-d"
    assert shown(gated.slate("secret of another owner", "s2", user_id="ann"))[0] == "item-a"


def test_keys_of_one_owner_see_the_same_session(gated: Gated) -> None:
    slate = gated.slate("publishable", None)
    session = slate["session_id"]
    assert gated.slate("secret", session)["epoch"] == slate["epoch"]
    assert dismiss(gated, "publishable", session, "item-a").status_code == 202
    assert "item-a" not in shown(gated.slate("secret", session))


def test_a_page_that_guesses_an_id_begins_a_session_of_its_own(gated: Gated) -> None:
    put = {"json": {"personalisation": True}, "headers": gated.headers("secret")}
    gated.client.put("/v1/sessions/s1/consent", **put)
    view = event("s1", type="view", item_id="item-c", user_id="ann")
    gated.client.post("/v1/events", json=view, headers=gated.headers("secret"))
    theirs = gated.slate("secret", "s1")
    assert shown(theirs)[0] == "item-d"
    guessed = gated.slate("publishable", "s1")
    assert shown(guessed)[0] == "item-a"
    assert guessed["slate_id"] != theirs["slate_id"]
    assert gated.slate("secret", "s1")["epoch"] == theirs["epoch"]


def test_an_id_that_two_pages_made_up_is_each_users_own(gated: Gated) -> None:
    tokens = {user: user_token(user) for user in ("ann", "bob")}
    for user, token in tokens.items():
        path = f"/v1/users/{user}/consent"
        headers = gated.headers("publishable") | {"X-Recsvc-User-Token": token}
        yes = gated.client.put(path, json={"personalisation": True}, headers=headers)
        assert yes.status_code == 200
    slates = [gated.slate("publishable", "s1", user_token=token) for token in tokens.values()]
    slates.append(gated.slate("publishable", "s1"))
    assert len({slate["slate_id"] for slate in slates}) == 3


@pytest.mark.parametrize(("method", "route"), SESSIONS)
@pytest.mark.parametrize("who", ["publishable", "secret of another owner"])
def test_not_yours_and_not_there_are_told_alike(
    gated: Gated, who: str, method: str, route: str
) -> None:
    gated.client.put(
        "/v1/sessions/theirs/consent",
        json={"personalisation": True}, headers=gated.headers("secret"),
    )  # fmt: skip
    gated.slate("secret", "theirs", user_id="bob")
    dismiss(gated, "secret", "theirs", "item-a")
    bodies = {"/consent": {"personalisation": True}, "/login": {"user_id": "ann"}}
    seen = []
    for session in ("theirs", "absent"):
        slates = route.startswith("/v1")
        answer = gated.client.open(
            route if slates else f"/v1/sessions/{session}{route}",
            method=method,
            query_string={"session_id": session} if slates else {},
            json=None if method == "GET" else bodies[route],
            headers=gated.headers(who),
        )
        body: dict[str, Any] = answer.json  # type: ignore[assignment]
        # What is made of the session's own name, and how long it took.
        for name in ("slate_id", "session_id", "token", "next"):
            assert not body.get(name) or len(body.pop(name)) > 0
        body.get("served_by", {}).pop("took_ms", None)
        names = {name: value for name, value in answer.headers if name != "ETag"}
        names["Server-Timing"] = "-"
        names.pop("Content-Length")
        seen.append((answer.status_code, json.dumps(body).replace(session, "-"), names))
    assert seen[0] == seen[1]


def test_refused_events_are_told_alike_whether_the_session_is_there_or_not(gated: Gated) -> None:
    gated.slate("secret", "theirs")
    told = [dismiss(gated, "publishable", name, "item-a") for name in ("theirs", "absent")]
    assert told[0].status_code == 400
    assert told[0].json == told[1].json


def test_an_issued_id_counts_where_it_was_issued_and_as_it_was(gated: Gated) -> None:
    session = gated.slate("publishable", None)["session_id"]
    assert dismiss(gated, "publishable", session, "item-a").status_code == 202
    flipped = ("A" if session[-1] != "A" else "B").join([session[:-1], ""])
    for wrong in (flipped, session[:-1], f"{session}x", session.swapcase(), gated.ids.new("other")):
        assert dismiss(gated, "publishable", wrong, "item-a").status_code == 400
    other = dismiss(gated, "publishable of another owner", session, "item-a")
    assert other.status_code == 400


def test_a_page_writes_to_a_session_of_its_own_making_with_the_token_of_its_slate(
    gated: Gated,
) -> None:
    slate = gated.slate("publishable", "mine")
    token, headers = slate["token"], gated.headers("publishable")
    assert dismiss(gated, "publishable", "mine", "item-a").status_code == 400
    shown_by = [
        {"headers": headers | {"X-Recsvc-Token": token}},
        {"headers": headers, "query_string": {"token": token}},
        {"headers": headers, "tokens": {slate["slate_id"]: token}},
    ]
    for n, how in enumerate(shown_by):
        batch = event("mine", item_id="item-a", event_id=f"e{n}")
        batch |= {"tokens": how.pop("tokens")} if "tokens" in how else {}
        told = gated.client.post("/v1/events", json=batch, **how)
        assert (told.status_code, told.json["accepted"]) == (202, 1), how  # type: ignore[index]
    assert "item-a" not in shown(gated.slate("publishable", "mine"))
    path, yes = "/v1/sessions/mine/consent", {"personalisation": True}
    assert gated.client.put(path, json=yes, headers=headers).status_code == 403
    put = gated.client.put(path, json=yes, headers=headers | {"X-Recsvc-Token": token})
    assert put.status_code == 200


def test_a_page_writes_to_what_it_made_up_for_its_user_by_the_users_token_and_the_slates(
    gated: Gated,
) -> None:
    client, ann = gated.client, {"X-Recsvc-User-Token": user_token("ann")}
    headers = gated.headers("publishable")
    token = {
        "X-Recsvc-Token": gated.slate("publishable", "mine", user_token=user_token("ann"))["token"]
    }
    path, yes = "/v1/sessions/mine/consent", {"json": {"personalisation": True}}
    bob = {"X-Recsvc-User-Token": user_token("bob")}
    for less in ({}, ann, token, token | bob):
        assert client.put(path, headers=headers | less, **yes).status_code == 403
        assert client.post("/v1/sessions/mine/logout", headers=headers | less).status_code == 403
    assert client.put(path, headers=headers | ann | token, **yes).status_code == 200
    told = [client.get(path, headers=headers | whose).json for whose in (ann, bob, {})]
    assert [one and one["personalisation"] for one in told] == [True, False, False]
    gated.world.pass_time(1)
    out = client.post("/v1/sessions/mine/logout", headers=headers | ann | token)
    assert out.status_code == 200
    assert client.get(path, headers=headers | ann).json["personalisation"] is False  # type: ignore[index]


def test_whose_user_token_is_over_can_still_log_out(gated: Gated) -> None:
    session = gated.slate("publishable", None)["session_id"]
    over = {"X-Recsvc-User-Token": "over"}
    out = gated.client.post(
        f"/v1/sessions/{session}/logout", headers=gated.headers("publishable") | over
    )
    assert out.status_code == 200


def test_a_page_names_a_few_sessions_in_a_batch_and_a_server_any_number(gated: Gated) -> None:
    """Each of a page's tokens is tried on each of its sessions."""
    most = SESSIONS_OF_A_PAGE
    issued = [gated.slate("publishable", None)["session_id"] for _ in range(most + 2)]
    events = [
        event(session, event_id=f"{n} {turn}")["events"][0]
        for turn in range(2)
        for n, session in enumerate(issued)
    ]
    tried: list[str] = []
    access = gated.world.service.access
    proves = access.may_write

    def counted(session: str, token: str) -> bool:
        tried.append(session)
        return bool(proves(session, token))

    object.__setattr__(access, "may_write", counted)
    for who, accepted in (("publishable", most), ("secret", most + 2)):
        told = gated.client.post(
            "/v1/events", json={"events": events}, headers=gated.headers(who)
        ).json
        assert told is not None
        refused = {one["event_id"] for one in told["rejected"]}
        assert told["accepted"] + told["duplicate"] == 2 * accepted
        assert refused == {f"{n} {turn}" for n in range(accepted, most + 2) for turn in range(2)}
    batch = {"events": [event(f"x{n}")["events"][0] for n in range(500)], "tokens": {"sl": "x"}}
    answer = gated.client.post("/v1/events", json=batch, headers=gated.headers("publishable"))
    assert answer.status_code == 400
    assert len(tried) == 2 * most  # by the name that a server gave, and that of the page


def test_a_token_opens_its_own_session_and_no_other_of_any_name_or_owner(gated: Gated) -> None:
    pages = ("publishable", "publishable of another owner")
    servers = ("secret", "secret of another owner")
    token = {who: gated.slate(who, "s1")["token"] for who in (*pages, *servers)}
    other = gated.slate("publishable", "s2")["token"]
    for who, shown_token in (
        ("publishable", other),
        ("publishable", token["publishable of another owner"]),
        ("publishable", token["secret of another owner"]),
        ("publishable of another owner", token["publishable"]),
        ("publishable of another owner", token["secret"]),
        ("publishable", "x"),
        ("publishable", token["publishable"][:-1]),
    ):
        batch = event("s1") | {"tokens": {"sl": shown_token}}
        answer = gated.client.post("/v1/events", json=batch, headers=gated.headers(who))
        assert answer.status_code == 400, (who, shown_token)


def test_a_page_goes_on_with_a_servers_session_by_its_token(gated: Gated) -> None:
    begun = gated.slate("secret", "s1")
    went_on = gated.slate("publishable", "s1", token=begun["token"])
    assert (went_on["slate_id"], went_on["epoch"]) == (begun["slate_id"], begun["epoch"])
    batch = event("s1", item_id="item-a") | {"tokens": {"sl": begun["token"]}}
    headers = gated.headers("publishable")
    assert gated.client.post("/v1/events", json=batch, headers=headers).status_code == 202
    assert "item-a" not in shown(gated.slate("secret", "s1"))


def test_nobody_logs_in_where_anybody_may_guess_the_id(gated: Gated) -> None:
    """A page made it up, so whoever names it would see what is the user's."""
    token = gated.slate("publishable", "mine")["token"]
    answer = gated.client.post(
        "/v1/sessions/mine/login",
        json={"user_id": "ann", "user_token": user_token("ann")},
        headers=gated.headers("publishable") | {"X-Recsvc-Token": token},
    )
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")  # type: ignore[index]


def test_a_servers_user_token_must_be_of_the_user_it_names(gated: Gated) -> None:
    asked = {"user_id": "ann", "user_token": user_token("bob")}
    answer = gated.client.get(
        "/v1/slates/home", query_string=asked, headers=gated.headers("secret")
    )
    assert answer.status_code == 403


def test_a_user_counts_only_with_a_token_of_this_very_user(gated: Gated) -> None:
    ask = {"headers": gated.headers("publishable")}
    session = gated.slate("publishable", None)["session_id"]
    path = f"/v1/slates/home?session_id={session}&user_id=ann"
    refused = gated.client.get(path, **ask)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")  # type: ignore[index]
    for token in ("x", user_token("ann", "forged-" * 8)):
        refused = gated.client.get(f"{path}&user_token={token}", **ask)
        assert (refused.status_code, refused.json["code"]) == (401, "bad_user_token")  # type: ignore[index]
    assert gated.client.get(f"{path}&user_token={user_token('bob')}", **ask).status_code == 403
    assert gated.client.get(f"{path}&user_token={user_token('ann')}", **ask).status_code == 200
    # A batch names its user by one token, and no event of it another one.
    events = [
        event(session, user_id=user, event_id=f"of {user}")["events"][0] for user in ["ann", "bob"]
    ]
    batch = {"events": events, "user_token": user_token("ann")}
    told = gated.client.post("/v1/events", json=batch, **ask).json
    assert told is not None
    assert (told["accepted"], [r["event_id"] for r in told["rejected"]]) == (1, ["of bob"])


@pytest.mark.parametrize("shown", [None, "bob"])
def test_an_event_of_a_page_names_no_user_whom_nobody_vouches_for(
    gated: Gated, shown: str | None
) -> None:
    session = gated.slate("publishable", None)["session_id"]
    batch = event(session, user_id="ann") | ({"user_token": user_token(shown)} if shown else {})
    answer = gated.client.post("/v1/events", json=batch, headers=gated.headers("publishable"))
    assert answer.status_code == 400
    assert answer.json is not None
    assert [fault["field"] for fault in answer.json["errors"]] == ["events.0.user_id"]
    assert login(gated, "secret", session, "carl").status_code == 200


@pytest.mark.parametrize("sub", ["", "x" * 129, "a\x1fb", "a\nb"])
def test_a_token_names_a_user_as_anybody_else_may(gated: Gated, sub: str) -> None:
    answer = gated.client.get(
        f"/v1/slates/home?user_token={user_token(sub)}", headers=gated.headers("publishable")
    )
    assert (answer.status_code, answer.json["code"]) == (400, "bad_input")  # type: ignore[index]


def test_a_token_of_one_owners_host_names_no_user_of_another(gated: Gated) -> None:
    answer = gated.client.get(
        f"/v1/slates/home?user_token={user_token('ann')}",
        headers=gated.headers("publishable of another owner"),
    )
    assert answer.status_code == 401


def login(gated: Gated, who: str, session: str, user: str, **more: str) -> TestResponse:
    return gated.client.post(
        f"/v1/sessions/{session}/login", json={"user_id": user} | more, headers=gated.headers(who)
    )


def test_a_login_keeps_the_slate_within_the_limit(gated: Gated) -> None:
    """Five seats at a limit of a fifth: one may go, whatever the user's history wants."""
    client, secret = gated.client, {"headers": gated.headers("secret")}
    client.put("/v1/users/ann/consent", json={"personalisation": True}, **secret)
    for n, item in enumerate(("item-n", "item-o", "item-p")):
        one = event("before", type="view", item_id=item, user_id="ann", event_id=f"v{n}")
        client.post("/v1/events", json=one, **secret)
    before = gated.slate("publishable", None)
    session = before["session_id"]
    told = login(gated, "publishable", session, "ann", user_token=user_token("ann"))
    assert told.json == {"session_id": session, "user_id": "ann"}
    assert login(gated, "secret", session, "ann").status_code == 200  # again: nothing new
    after = gated.slate("publishable", session)
    assert after["consistency"]["trigger"] == "step"
    assert after["consistency"]["displaced"] == after["consistency"]["allowed"] == 1
    assert len(set(shown(before)) & set(shown(after))) == 4
    assert set(shown(after)) - set(shown(before)) <= {"item-o", "item-p", "item-q"}


def test_a_session_never_passes_from_one_user_to_another(gated: Gated) -> None:
    session = gated.slate("publishable", None)["session_id"]
    assert login(gated, "secret", session, "ann").status_code == 200
    for who, more in (("secret", {}), ("publishable", {"user_token": user_token("bob")})):
        refused = login(gated, who, session, "bob", **more)
        assert (refused.status_code, refused.json["code"]) == (409, "conflict")  # type: ignore[index]
    asked = {"session_id": session, "user_token": user_token("bob")}
    answer = gated.client.get(
        "/v1/slates/home", query_string=asked, headers=gated.headers("publishable")
    )
    assert answer.status_code == 409


def test_a_page_logs_in_whom_its_host_vouches_for_and_nobody_else(gated: Gated) -> None:
    session = gated.slate("publishable", None)["session_id"]
    assert login(gated, "publishable", session, "ann").status_code == 403
    bob = login(gated, "publishable", session, "ann", user_token=user_token("bob"))
    assert bob.status_code == 403


def test_after_a_logout_nothing_of_the_user_is_behind_the_old_id(gated: Gated) -> None:
    client, headers = gated.client, gated.headers("publishable")
    session = gated.slate("publishable", None)["session_id"]
    login(gated, "publishable", session, "ann", user_token=user_token("ann"))
    consent = f"/v1/sessions/{session}/consent"
    client.put(consent, json={"personalisation": True}, headers=headers)
    view = event(session, type="view", item_id="item-n")
    assert client.post("/v1/events", json=view, headers=headers).json["accepted"] == 1  # type: ignore[index]
    dismiss(gated, "publishable", session, "item-b")
    before = gated.slate("publishable", session)
    assert "item-o" in shown(before)
    assert "item-b" not in shown(before)

    gated.world.pass_time(1)
    out = client.post(f"/v1/sessions/{session}/logout", headers=headers)
    assert out.status_code == 200
    assert out.json is not None
    assert out.json["session_id"] != session
    assert gated.ids.issued(MAIN, out.json["session_id"])
    for name in (session, out.json["session_id"]):
        assert client.get(f"/v1/sessions/{name}/consent", headers=headers).json == {
            "personalisation": False, "analytics": False,
        }  # fmt: skip
        client.put(f"/v1/sessions/{name}/consent", json={"personalisation": True}, headers=headers)
        after = gated.slate("publishable", name)
        assert shown(after)[0] == "item-a"
        assert "item-o" not in shown(after)
        assert "item-b" in shown(after)
        assert after["consistency"]["trigger"] == "session_start"
    assert after["epoch"] > before["epoch"]
    assert login(gated, "publishable", session, "bob", user_token=user_token("bob")).json


def test_a_token_from_before_a_logout_opens_nothing_of_whoever_comes_next(gated: Gated) -> None:
    client, headers = gated.client, gated.headers("publishable")
    old = gated.slate("secret", "kiosk", user_id="ann")["token"]
    gated.world.pass_time(1)
    assert (
        client.post("/v1/sessions/kiosk/logout", headers=gated.headers("secret")).status_code == 200
    )
    gated.world.pass_time(1)
    bobs = gated.slate("secret", "kiosk", user_id="bob")
    assert gated.slate("publishable", "kiosk", token=old)["slate_id"] != bobs["slate_id"]
    shows = headers | {"X-Recsvc-Token": old}
    said = client.put("/v1/sessions/kiosk/consent", json={"personalisation": True}, headers=shows)
    assert said.status_code == 403
    assert client.post("/v1/sessions/kiosk/logout", headers=shows).status_code == 403
    shows = headers | {"X-Recsvc-Token": bobs["token"]}
    assert client.post("/v1/sessions/kiosk/logout", headers=shows).status_code == 200


def test_what_a_user_did_before_a_logout_is_there_after_the_next_login(gated: Gated) -> None:
    client, secret = gated.client, {"headers": gated.headers("secret")}
    client.put("/v1/users/ann/consent", json={"personalisation": True}, **secret)
    client.post(
        "/v1/events", json=event("s", type="view", item_id="item-n", user_id="ann"), **secret
    )
    client.post("/v1/sessions/s/logout", **secret)
    assert shown(gated.slate("secret", "s"))[0] == "item-a"
    assert shown(gated.slate("secret", "s2", user_id="ann"))[0] == "item-o"


def test_a_beacon_brings_its_key_in_the_address_and_a_secret_key_never(gated: Gated) -> None:
    session = gated.slate("publishable", None)["session_id"]
    view = event(session, type="dismiss", item_id="item-b")
    ask = {"json": view, "headers": {"Origin": PAGE, "Content-Type": "text/plain"}}
    publishable, secret = gated.keys["publishable"], gated.keys["secret"]
    sent = gated.client.post(f"/v1/events?key={publishable}", **ask)
    assert sent.status_code == 202
    assert sent.headers["Access-Control-Allow-Origin"] == PAGE
    assert gated.client.post(f"/v1/events?key={secret}", **ask).status_code == 401
    assert gated.client.get(f"/v1/slates/home?key={publishable}").status_code == 401
