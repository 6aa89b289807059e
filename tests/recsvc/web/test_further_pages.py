"""Further pages: the ranking behind an epoch, no item twice, and nothing changes by reading it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from judged import Page, shown

from policies import Knobs
from recsvc.serving import pages

ITEMS = [f"item-{letter}" for letter in "abcdefghijklmnopqrst"]


def turn(world: Any, cursor: str, status: int = 200, **more: Any) -> Any:
    """One further page of session `s` on `home`."""
    query = {"session_id": "s", "cursor": cursor, **more}
    answer = world.client.get("/v1/slates/home", query_string=query)
    assert answer.status_code == status, answer.text
    return answer.json


def all_pages(world: Any, cursor: str | None, **more: Any) -> Iterator[Any]:
    while cursor is not None:
        page = turn(world, cursor, **more)
        yield page
        cursor = page["next"]


def stored(world: Any) -> Any:
    return world.service.sessions.load("s", world.clock[0])


@pytest.mark.parametrize("k", [1, 4, 5, 7, 100])
def test_all_pages_show_the_whole_ranking_once_in_its_order(world: Any, k: int) -> None:
    slate = world.slate()
    found = list(all_pages(world, slate["next"], k=k))
    told = [item for page in found for item in page["items"]]
    assert shown(slate) + [item["item_id"] for item in told] == ITEMS
    assert [item["position"] for item in told] == list(range(6, 21))
    assert {(page["slate_id"], page["epoch"]) for page in found} == {
        (slate["slate_id"], slate["epoch"])
    }
    assert all(len(page["items"]) == k for page in found[:-1])


def test_a_page_describes_its_items_and_has_the_size_of_the_slate(world: Any) -> None:
    page = turn(world, world.slate()["next"])
    assert list(page) == ["slate_id", "surface", "session_id", "epoch", "items", "next"]
    assert len(page["items"]) == 5
    assert page["items"][0] == {
        "item_id": "item-f",
        "position": 6,
        "reason": "for_you",
        "title": "Item-F",
        "url": None,
        "image": None,
    }


def test_where_the_ranking_ends_there_is_no_next(worlds: Any) -> None:
    assert worlds(home=Knobs(k=20)).slate()["next"] is None
    assert worlds(home=Knobs(k=50)).slate()["next"] is None
    world = worlds(home=Knobs(k=19))
    assert turn(world, world.slate()["next"])["next"] is None


def test_a_page_changes_nothing_and_may_be_fetched_ahead(world: Any) -> None:
    page = Page(world)
    slate = page.slate("home", {})
    before = stored(world)
    query = {"session_id": "s", "cursor": slate["next"]}
    bodies = []
    for _ in range(3):
        answer = world.client.get("/v1/slates/home", query_string=query)
        request = {"method": "GET", "path": "/v1/slates/home", "query": query}
        page.feed("answer", "s", request, 200, dict(answer.headers), answer.json)
        bodies.append(answer.json)
    assert bodies[0] == bodies[1] == bodies[2]
    assert stored(world) == before
    again = page.slate("home", {})
    assert (again["epoch"], again["next"]) == (slate["epoch"], slate["next"])
    assert page.verdict() == []


def test_items_gone_since_are_skipped(world: Any) -> None:
    cursor = world.slate()["next"]
    world.client.delete("/v1/items/item-g")
    world.event("dismiss", "item-i")
    page = turn(world, cursor, exclude="item-h", k=3)
    assert [item["item_id"] for item in page["items"]] == ["item-f", "item-j", "item-k"]
    rest = [item["item_id"] for one in all_pages(world, page["next"]) for item in one["items"]]
    assert rest == ITEMS[11:]


def test_an_epoch_keeps_its_ranking_while_the_slate_goes_on(world: Any) -> None:
    """Somebody scrolls, dismisses something on the slate, and scrolls on: no item twice."""
    slate = world.slate()
    page = turn(world, slate["next"], k=3)
    seen = shown(slate) + [item["item_id"] for item in page["items"]]
    world.event("dismiss", "item-a")
    now = world.slate()
    assert now["epoch"] > slate["epoch"]
    rest = [item["item_id"] for one in all_pages(world, page["next"]) for item in one["items"]]
    assert sorted(seen + rest) == ITEMS
    behind = [item["item_id"] for one in all_pages(world, now["next"]) for item in one["items"]]
    assert sorted(shown(now) + behind) == ITEMS[1:]


def test_what_has_come_to_the_slate_is_not_shown_on_a_page_too(world: Any) -> None:
    cursor = world.slate()["next"]
    world.event("dismiss", "item-b")
    came = set(world.items()) - set(ITEMS[:5])
    assert came
    left = [item["item_id"] for one in all_pages(world, cursor) for item in one["items"]]
    assert not came & set(left)


def test_too_old_a_cursor_is_gone(world: Any) -> None:
    cursor = world.slate()["next"]
    for item in ITEMS[: pages.TAILS_KEPT]:
        assert turn(world, cursor)["items"]
        world.event("dismiss", item)
        world.slate()
    problem = turn(world, cursor, 410)
    assert problem["code"] == "cursor_gone"


def test_with_the_session_its_cursors_are_gone(world: Any) -> None:
    cursor = world.slate()["next"]
    world.pass_time(4000.0)
    assert turn(world, cursor, 410)["code"] == "cursor_gone"
    world.slate()
    turn(world, cursor, 410)
    world.service.sessions.drop("s")
    turn(world, cursor, 410)


def test_a_cursor_opens_nothing_in_another_session_or_surface(worlds: Any) -> None:
    world = worlds(other=Knobs(k=5))
    cursor = world.slate()["next"]
    world.slate(session="t")
    for path, session in (("home", "t"), ("home", "u"), ("other", "s")):
        query = {"session_id": session, "cursor": cursor}
        answer = world.client.get(f"/v1/slates/{path}", query_string=query)
        assert (answer.status_code, answer.json["errors"][0]["field"]) == (400, "cursor")


def test_a_cursor_made_up_for_the_own_session_reaches_its_own_slates_only(world: Any) -> None:
    world.slate(session="victim")
    theirs = world.service.slates.memory.load("victim", world.clock[0]).session
    (slate_id,) = theirs.slates
    epoch = theirs.slates[slate_id].epoch
    world.slate()
    forged = pages.write("s", "home", pages.Cursor(slate_id, epoch, 0, 0))
    assert turn(world, forged, 410)["code"] == "cursor_gone"


@pytest.mark.parametrize("change", [lambda c: c[:-1], lambda c: c[1:], lambda c: c[::-1],
    lambda c: c + "AA", lambda c: "x", lambda c: "é" * 20, lambda c: "=" * 9,
    lambda c: c[:20] + ("A" if c[20] != "A" else "B") + c[21:]])  # fmt: skip
def test_what_is_no_cursor_is_told_so(world: Any, change: Any) -> None:
    cursor = world.slate()["next"]
    assert turn(world, change(cursor), 400)["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(("offset", "position"), [(-5, 0), (10**9, 0), (2**70, 1), (0, -7)])
def test_a_cursor_made_up_by_the_session_itself_is_no_failure(
    world: Any, offset: int, position: int
) -> None:
    slate = world.slate()
    made = pages.Cursor(slate["slate_id"], slate["epoch"], min(offset, 2**63), position)
    query = {"session_id": "s", "cursor": pages.write("s", "home", made)}
    assert world.client.get("/v1/slates/home", query_string=query).status_code < 500


def test_a_cursor_needs_its_session(world: Any) -> None:
    answer = world.client.get("/v1/slates/home", query_string={"cursor": world.slate()["next"]})
    assert [error["field"] for error in answer.json["errors"]] == ["session_id"]


def test_post_turns_pages_as_get_does(world: Any) -> None:
    cursor = world.slate()["next"]
    posted = world.client.post("/v1/slates/home", json={"session_id": "s", "cursor": cursor})
    assert posted.json == turn(world, cursor)


def test_a_page_that_one_has_is_answered_304(world: Any) -> None:
    query = {"session_id": "s", "cursor": world.slate()["next"]}
    tag = world.client.get("/v1/slates/home", query_string=query).headers["ETag"]
    headers = {"If-None-Match": tag}
    again = world.client.get("/v1/slates/home", query_string=query, headers=headers)
    assert (again.status_code, again.data) == (304, b"")


def test_another_user_turns_no_pages_of_this_session(world: Any) -> None:
    cursor = world.slate(user_id="u")["next"]
    assert turn(world, cursor, 409, user_id="v")["code"] == "conflict"


def test_what_was_on_the_slate_of_an_epoch_is_on_none_of_its_pages(world: Any) -> None:
    """Also when it has left the slate since, for something better."""
    world.agree()
    slate = world.slate()
    world.event("view", "item-p")
    now = world.slate()
    assert set(shown(slate)) - set(shown(now))
    behind = [item["item_id"] for one in all_pages(world, slate["next"]) for item in one["items"]]
    assert not set(behind) & {*shown(slate), *shown(now)}


def test_a_surface_that_forgets_early_forgets_its_cursors(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, session_ttl_s=100.0), other=Knobs(k=5, session_ttl_s=9_000.0))
    cursor = world.slate()["next"]
    world.pass_time(1000.0)
    assert turn(world, cursor, 410)["code"] == "cursor_gone"
