"""`since`: what changed while a client was away, whichever of the last epochs it has."""

from __future__ import annotations

import random
from typing import Any

import pytest
from judged import Page, shown

from policies import Knobs
from recsvc.serving.history import EPOCHS_KEPT

ITEMS = [f"item-{letter}" for letter in "abcdefghijklmnopqrst"]
Difference = set[tuple[str, int | None, int | None]]


def true_difference(then: list[str], now: list[str]) -> Difference:
    """Item, place then, place now, of every item whose place is another one."""
    places = [{item: place for place, item in enumerate(slate, 1)} for slate in (then, now)]
    both = [(item, places[0].get(item), places[1].get(item)) for item in {*then, *now}]
    return {one for one in both if one[1] != one[2]}


def told_difference(body: dict[str, Any]) -> Difference:
    """As the answer tells it, without pins."""
    told = [(c["item_id"], c["from"], c["to"]) for c in body["changes"]]
    assert len(set(told)) == len(told)
    return {one for one in told if one[1] != one[2]}


def walk(page: Page, dice: random.Random, there: list[str]) -> None:
    """One thing that may happen to a slate."""
    world, act = page.world, dice.choice(("view", "dismiss", "pin", "unpin", "undo", "refresh"))
    event = {"event_id": f"w{next(world.numbers)}", "type": act, "session_id": "s"}
    item = dice.choice(ITEMS if act == "view" else there)
    event |= {"surface": "home", "item_id": item}
    answer = world.client.post("/v1/events", json={"events": [event]})  # an undo may have nothing
    request = {"method": "POST", "path": "/v1/events", "body": {"events": [event]}}
    page.feed("event", "s", request, answer.status_code, {}, answer.json)
    world.pass_time(dice.choice((1.0, 40.0)))


@pytest.mark.parametrize("seed", range(12))
def test_since_tells_the_true_difference_to_each_epoch_that_is_kept(worlds: Any, seed: int) -> None:
    dice = random.Random(seed)
    shift = dice.choice((0, 2, None))
    world = worlds(home=Knobs(k=6, hold_s=0.0, churn_limit=0.4, max_shift=shift))
    page = Page(world)
    page.agree()
    slates: dict[int, list[str]] = {}
    for _ in range(40):
        body = page.slate("home", {}, k=dice.choice((6, 6, 6, 4, 7)))
        slates[body["epoch"]] = shown(body)
        walk(page, dice, shown(body))
    k = len(slates[max(slates)])
    now = page.slate("home", {}, k=k)
    slates[now["epoch"]] = shown(now)
    kept = 0
    for epoch in sorted(slates, reverse=True):
        body = page.slate("home", {}, k=k, since=epoch)
        assert (body["epoch"], shown(body)) == (now["epoch"], shown(now))
        if body["changes_from"] == epoch:
            kept += 1
            assert told_difference(body) == true_difference(slates[epoch], shown(now))
        else:
            assert body["changes_from"] == now["changes_from"]
            assert body["changes"] == now["changes"]
    assert kept == EPOCHS_KEPT + 1
    assert page.verdict() == []


def test_what_came_and_left_in_between_is_not_listed(world: Any) -> None:
    first = world.slate()
    for item in ("item-a", "item-f", "item-g"):  # f refills for a, g for f, h for g
        world.event("dismiss", item)
        world.slate()
    body = world.slate(since=first["epoch"])
    assert [(c["item_id"], c["from"], c["to"], c["reason"]) for c in body["changes"]] == [
        ("item-a", 1, None, "dismissed"),
        ("item-h", None, 1, "refill"),
    ]
    assert body["changes_from"] == first["epoch"]


def test_of_several_changes_the_last_one_that_explains_is_told(world: Any) -> None:
    first = world.slate()
    world.event("dismiss", "item-a")
    world.slate()
    world.event("undo")
    world.slate()
    world.client.delete("/v1/items/item-a")
    body = world.slate(since=first["epoch"])
    reasons = {change["item_id"]: change["reason"] for change in body["changes"]}
    assert reasons["item-a"] == "withdrawn"


def test_a_pin_is_told_and_a_pin_taken_back_is_not(world: Any) -> None:
    first = world.slate()
    for kind, item in (("pin", "item-b"), ("pin", "item-c"), ("unpin", "item-b")):
        world.event(kind, item)
        world.slate()
    body = world.slate(since=first["epoch"])
    assert [(c["item_id"], c["from"], c["to"], c["reason"]) for c in body["changes"]] == [
        ("item-c", 3, 3, "pinned")
    ]


def test_since_the_epoch_of_now_nothing_changed(world: Any) -> None:
    epoch = world.slate()["epoch"]
    body = world.slate(since=epoch)
    assert (body["changes"], body["changes_from"]) == ([], epoch)


@pytest.mark.parametrize("epoch", [0, 5, 2**53])
def test_an_epoch_that_is_not_kept_falls_back_to_the_usual_changes(world: Any, epoch: int) -> None:
    usual = world.slate()
    body = world.slate(since=epoch)
    assert (body["changes"], body["changes_from"]) == (usual["changes"], usual["changes_from"])


def test_epochs_before_the_session_began_anew_lead_nowhere(world: Any) -> None:
    epoch = world.slate()["epoch"]
    world.event("dismiss", "item-a")
    world.slate()
    world.pass_time(4000.0)
    body = world.slate(since=epoch)
    assert body["changes_from"] is None
    assert {change["reason"] for change in body["changes"]} == {"session_start"}


def test_the_changes_of_an_epoch_can_be_explained_since_another(world: Any) -> None:
    first = world.slate()
    for item in ("item-a", "item-f"):
        world.event("dismiss", item)
        world.slate()
    body = world.slate(since=first["epoch"], explain="true")
    assert [change["item_id"] for change in body["changes"]] == ["item-a", "item-g"]
    assert all(change["explanation"]["sentence"] for change in body["changes"])


def test_other_changes_are_another_body(world: Any) -> None:
    first = world.slate()
    for item in ("item-a", "item-f"):
        world.event("dismiss", item)
        middle = world.slate()
    tags = {
        world.client.get(f"/v1/slates/home?session_id=s{since}").headers["ETag"]
        for since in ("", f"&since={first['epoch']}", f"&since={middle['epoch']}")
    }
    assert len(tags) == 3


@pytest.mark.parametrize("since", ["", "x", "-1", "1.5", str(2**54)])
def test_what_is_no_epoch_is_refused(world: Any, since: str) -> None:
    answer = world.client.get("/v1/slates/home", query_string={"session_id": "s", "since": since})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json["errors"]] == ["since"]


def test_each_session_has_its_own_history(world: Any) -> None:
    first = world.slate(session="other")
    world.pass_time(1.0)
    world.slate()
    world.event("dismiss", "item-a")
    usual = world.slate()
    assert world.slate(since=first["epoch"])["changes_from"] == usual["changes_from"]
