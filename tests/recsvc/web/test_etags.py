"""A client that has the slate already is told so in a few bytes, and never told so wrongly."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judged import Page

from policies import Knobs
from recsvc.contract import Judge


def ask(world: Any, tag: str | None = None, method: str = "GET", **query: Any) -> Any:
    """One answer of session `s` on `home`."""
    headers = {} if tag is None else {"If-None-Match": tag}
    query = {"session_id": "s", **query}
    return world.client.open("/v1/slates/home", method=method, query_string=query, headers=headers)


def test_what_one_has_is_answered_304_without_a_body(world: Any) -> None:
    first = ask(world)
    again = ask(world, first.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == "private, no-cache"
    assert "app;dur=" in again.headers["Server-Timing"]
    assert "Content-Type" not in again.headers


@pytest.mark.parametrize("form", ["{}", '"other", {}', '{}, W/"other"', "*", " {} ", 'W/"a,b" ,{}'])
def test_lists_and_the_star_match(world: Any, form: str) -> None:
    tag = ask(world).headers["ETag"]
    assert ask(world, form.format(tag)).status_code == 304


def test_the_comparison_is_weak(world: Any) -> None:
    tag = ask(world).headers["ETag"]
    assert tag.startswith('W/"')
    assert ask(world, tag.removeprefix("W/")).status_code == 304


@pytest.mark.parametrize("tag", ['"other"', 'W/"other"', "", "W/", '"', "\\", ",,,", "x" * 9000])
def test_what_does_not_match_is_answered_in_full(world: Any, tag: str) -> None:
    ask(world)
    assert ask(world, tag).status_code == 200


def test_head_is_told_as_get_is_and_post_in_full(world: Any) -> None:
    tag = ask(world).headers["ETag"]
    assert ask(world, tag, "HEAD").status_code == 304
    assert ask(world, None, "HEAD").headers["ETag"] == tag
    posted = world.client.post(
        "/v1/slates/home", json={"session_id": "s"}, headers={"If-None-Match": tag}
    )
    assert (posted.status_code, posted.headers["ETag"]) == (200, tag)


def test_a_new_slate_is_never_what_one_has_already(world: Any) -> None:
    """Not even for `*`: the client would learn neither its session nor what it is to show."""
    assert ask(world, "*").status_code == 200
    assert world.client.get("/v1/slates/home", headers={"If-None-Match": "*"}).status_code == 200


def test_a_change_is_answered_in_full_also_to_a_star(world: Any) -> None:
    tag = ask(world).headers["ETag"]
    world.event("dismiss", "item-a")
    assert ask(world, "*").status_code == 200
    assert ask(world, tag).status_code == 200
    assert ask(world, "*").status_code == 304


def test_a_refresh_that_finds_nothing_better_is_told_once(world: Any) -> None:
    tag = ask(world).headers["ETag"]
    world.event("refresh")
    told = ask(world, tag)
    assert (told.status_code, told.json["consistency"]["trigger"]) == (200, "asked")
    assert told.headers["ETag"] == tag
    assert ask(world, tag).status_code == 304


def test_what_moves_on_while_the_slate_stays_is_outside_the_tag(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=60.0))
    world.agree()
    world.event("view", "item-a")
    answers = [ask(world)]
    world.event("view", "item-a")
    answers.append(ask(world))
    world.pass_time(70.0)  # a step that finds nothing better
    answers.append(ask(world))
    told = [answer.json["consistency"] for answer in answers]
    assert [one["trigger"] for one in told] == ["session_start", "hold", "step"]
    assert [one["cause"] for one in told] == [None, "event", "event"]
    assert len({answer.json["epoch"] for answer in answers}) == 1
    assert len({answer.headers["ETag"] for answer in answers}) == 1


def test_whatever_shapes_the_body_is_in_the_tag(world: Any) -> None:
    """Two answers with one tag have one body, but for what the contract leaves outside."""
    bodies: dict[str, str] = {}

    def see(**query: Any) -> str:
        answer = ask(world, **query)
        body = answer.json
        del body["served_by"]["took_ms"], body["token"]
        for name in ("trigger", "cause", "budget_left", "hold_until"):
            del body["consistency"][name]
        text = json.dumps(body, sort_keys=True)
        assert bodies.setdefault(answer.headers["ETag"], text) == text
        return str(answer.headers["ETag"])

    tags = [see(), see(explain="true"), see(k=3), see()]
    world.client.put("/v1/items/item-b", json={"title": "Renamed"})
    tags.append(see())
    world.client.put("/v1/items/item-b", json={"title": "Renamed", "url": "https://x.example"})
    tags.append(see())
    world.event("pin", "item-b")
    tags.append(see())
    world.event("unpin", "item-b")
    tags.append(see())
    world.agree()
    world.event("view", "item-q")
    world.primary.fails = RuntimeError("down")
    tags.append(see())
    assert "true" in bodies[tags[-1]]
    world.primary.fails = None
    tags.append(see())
    tags.append(see(session_id="t"))
    assert len(set(tags)) == len(tags)


def test_a_held_answer_that_matches_renders_nothing(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = ask(world).headers["ETag"]
    monkeypatch.setattr("recsvc.web.rendering.slate_body", None)
    calls = world.primary.calls + world.popular.calls
    assert ask(world, tag).status_code == 304
    assert world.primary.calls + world.popular.calls == calls


def test_a_session_that_is_only_told_304_stays_alive(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, session_ttl_s=600.0))
    first = ask(world)
    for _ in range(12):
        world.pass_time(300.0)
        assert ask(world, first.headers["ETag"]).status_code == 304
    assert ask(world).json["epoch"] == first.json["epoch"]


def test_the_judge_agrees_that_what_is_told_304_is_what_was_shown(world: Any) -> None:
    page = Page(world, Judge())
    first = page.slate("home", {})
    tag = ask(world).headers["ETag"]
    for act in (None, "dismiss", "refresh", None):
        if act is not None:
            page.event(act, "home", item_id=first["items"][0]["item_id"])
        answer = ask(world, tag)
        request = {"method": "GET", "path": "/v1/slates/home", "query": {"session_id": "s"}}
        request["headers"] = {"If-None-Match": tag}
        page.feed("answer", "s", request, answer.status_code, dict(answer.headers), answer.json)
        tag = answer.headers["ETag"]
    assert page.verdict() == []
