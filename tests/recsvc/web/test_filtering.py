"""A page filters by what the catalogue says of items: for one answer, and never for long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judged import Page, shown

from policies import Knobs, Pick
from recsvc.config.filters import Filter

CALM = Knobs(k=3, hold_s=0.0)
CITY, HOURS = Filter("destination", "city"), Filter("long", "hours")
CITIES = {
    f"item-{letter}": city
    for city, letters in {"Porto": "bdfhj", "Rome": "ace", "Oslo": "k"}.items()
    for letter in letters
}
LENGTHS = {"item-b": 2.5, "item-d": 3, "item-f": 2.5, "item-a": 2.5}


def ids(letters: str) -> list[str]:
    return [f"item-{letter}" for letter in letters]


@pytest.fixture
def shop(worlds: Any) -> Any:
    """`home` filters one slate by city and length, `trips` has one slate a city."""
    return worlds(
        filtering={"home": (CITY, HOURS), "trips": (CITY,)},
        attributes={"city": CITIES, "hours": LENGTHS},
        home=CALM,
        trips=replace(CALM, slate_key=("destination",)),
    )


def put(page: Page, item: str, **body: Any) -> None:
    """The host describes an item, told to the judge."""
    answer = page.world.client.put(f"/v1/items/{item}", json=body)
    assert answer.status_code in (200, 204), answer.text
    request = {"method": "PUT", "path": f"/v1/items/{item}", "body": body}
    page.feed("item", None, request, answer.status_code, {}, answer.json)


def test_only_what_matches_is_shown_the_best_of_it_first(shop: Any) -> None:
    page = Page(shop)
    assert shown(page.slate("trips", {"destination": "Porto"})) == ids("bdf")
    assert shown(page.slate("trips", {"destination": "Rome"})) == ids("ace")
    assert shown(page.slate("trips", {"destination": "Oslo"})) == ids("k")
    assert shown(page.slate("trips", {"destination": "Paris"})) == []
    assert shown(page.slate("trips", {"destination": "Porto"})) == ids("bdf")
    assert page.verdict() == []


def test_without_a_word_or_with_an_empty_one_nothing_is_left_out(shop: Any) -> None:
    page = Page(shop)
    for context in ({}, {"destination": ""}, {"other": "Porto"}):
        assert shown(page.slate("home", context)) == ids("abc")
    assert page.verdict() == []


def test_an_item_that_says_nothing_of_the_attribute_does_not_match(shop: Any) -> None:
    page = Page(shop)
    every = [shown(page.slate("trips", {"destination": city}, k=20)) for city in ("Porto", "Rome")]
    assert not set(ids("glmn")) & {item for slate in every for item in slate}
    assert shown(page.slate("home", {"destination": "Porto", "long": "2.5"})) == ids("bf")
    assert page.verdict() == []


def test_on_one_slate_a_filter_is_forced_declared_and_over_when_it_is_gone(shop: Any) -> None:
    page = Page(shop)
    first = page.slate("home", {})
    assert shown(first) == ids("abc")
    porto = page.slate("home", {"destination": "Porto"})
    assert shown(porto) == ["item-d", "item-b", "item-f"], "seats are refilled in place"
    assert porto["consistency"]["displaced"] == 0
    assert porto["consistency"]["trigger"] == "quiet"
    reasons = {change["item_id"]: change["reason"] for change in porto["changes"]}
    assert reasons == {
        "item-a": "excluded",
        "item-c": "excluded",
        "item-d": "refill",
        "item-f": "refill",
    }
    again = page.slate("home", {"destination": "Porto"})
    assert again["epoch"] == porto["epoch"]
    after = page.slate("home", {})
    assert shown(after) == shown(porto), "no cause, no change"
    assert page.verdict() == []


def test_numbers_and_truth_are_compared_as_what_they_are(worlds: Any) -> None:
    new = {"item-a": True, "item-b": False, "item-c": True}
    code = {"item-a": "007", "item-b": 7, "item-c": 7.0, "item-d": 1, "item-e": "true"}
    world = worlds(
        filtering={"home": (Filter("new", "new"), Filter("code", "code"))},
        attributes={"new": new, "code": code},
        home=CALM,
    )
    page = Page(world)
    answers = {
        (name, said): shown(page.slate("home", {name: said}, f"{name}-{said}"))
        for name, said in [("new", "true"), ("new", "1"), ("new", "True")]
        + [("code", said) for said in ("007", "7", "7.0", "true", "nan", "1e0")]
    }
    assert answers == {
        ("new", "true"): ids("ac"),
        ("new", "1"): [],
        ("new", "True"): [],
        ("code", "007"): ids("abc"),
        ("code", "7"): ids("bc"),
        ("code", "7.0"): ids("bc"),
        ("code", "true"): ids("e"),
        ("code", "nan"): [],
        ("code", "1e0"): ids("d"),
    }


def test_what_the_host_says_of_an_item_counts_at_once_and_above_the_table(shop: Any) -> None:
    page = Page(shop)
    porto = {"destination": "Porto"}
    assert shown(page.slate("trips", porto)) == ids("bdf")
    put(page, "item-d", attributes={"city": "Rome"})
    put(page, "item-a", attributes={"city": "Porto"})
    put(page, "item-b", title="only a title")
    assert sorted(shown(page.slate("trips", porto))) == ids("abf")
    put(page, "item-d", attributes={})
    put(page, "item-f", available=False)
    assert sorted(shown(page.slate("trips", porto))) == ids("abd")
    assert page.verdict() == []


def test_dismissals_excludes_and_withdrawals_hold_beside_a_filter(shop: Any) -> None:
    page = Page(shop)
    porto = {"destination": "Porto"}
    page.slate("trips", porto)
    page.event("dismiss", "trips", item_id="item-b")
    put(page, "item-d", available=False)
    body = page.slate("trips", porto, exclude="item-f")
    assert shown(body) == ids("hj")
    assert page.verdict() == []


def test_an_undo_brings_back_nothing_that_the_filter_leaves_out(shop: Any) -> None:
    page = Page(shop)
    page.slate("home", {})
    page.event("dismiss", "home", item_id="item-a")
    assert "item-a" not in shown(page.slate("home", {}))
    page.event("undo", "home")
    body = page.slate("home", {"destination": "Porto"})
    assert set(shown(body)) <= set(ids("bdfhj"))
    page.event("dismiss", "home", item_id="item-b")
    assert "item-b" not in shown(page.slate("home", {"destination": "Porto"}))
    page.event("undo", "home")
    assert "item-b" in shown(page.slate("home", {"destination": "Porto"}))
    assert page.verdict() == []


def test_pins_and_editors_picks_bow_to_a_filter(worlds: Any) -> None:
    world = worlds(
        picks={"home": (Pick("item-c", 1),)},
        filtering={"home": (CITY,)},
        attributes={"city": CITIES},
        home=CALM,
    )
    assert world.items()[0] == "item-c"
    world.event("pin", "item-a")
    assert "item-a" in world.items()
    found = world.items(**{"context.destination": "Porto"})
    assert set(found) <= set(ids("bdfhj"))
    assert len(found) == 3


def test_candidates_of_the_hosts_own_are_filtered_too(shop: Any) -> None:
    put(Page(shop), "mine-1", attributes={"city": "Porto"})
    offered = [{"item_id": f"mine-{n}", "score": 9.0 - n} for n in range(4)]
    body = {"session_id": "s", "candidates": offered, "context": {"destination": "Porto"}}
    answer = shop.client.post("/v1/slates/home", json=body)
    assert answer.status_code == 200, answer.text
    assert shown(answer.json) == ["mine-1"]
