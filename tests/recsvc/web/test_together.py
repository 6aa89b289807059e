"""Many surfaces in one call: an item on one of them only, and nothing churns for it."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from judged import Page, shown

from policies import Knobs
from recsvc.preparation.ledger import decode_all
from recsvc.serving.memory import Memory

NAMES = ("home", "filters", "side")
CALM = Knobs(k=5, hold_s=0.0)


@pytest.fixture
def shop(worlds: Any) -> Any:
    """Three surfaces that would all show the same."""
    return worlds(home=CALM, filters=CALM, side=replace(CALM, k=4))


def ask(page: Page, *names: str, session: str = "s", **more: Any) -> list[dict[str, Any]]:
    """The slates of a page, told to the judge."""
    body = {"session_id": session, "surfaces": [{"surface": name} for name in names], **more}
    answer = page.world.client.post("/v1/slates", json=body)
    request = {"method": "POST", "path": "/v1/slates", "body": body}
    page.feed("answer", session, request, answer.status_code, dict(answer.headers), answer.json)
    assert answer.status_code == 200, answer.text
    slates: list[dict[str, Any]] = answer.json["slates"]
    assert [slate["surface"] for slate in slates] == [e["surface"] for e in body["surfaces"]]
    return slates


def test_an_item_is_on_one_slate_only_and_the_first_has_the_best(shop: Any) -> None:
    page = Page(shop)
    slates = ask(page, *NAMES)
    assert [shown(slate) for slate in slates] == [
        [f"item-{letter}" for letter in letters] for letters in ("abcde", "fghij", "klmn")
    ]
    assert page.verdict() == []


def test_asking_again_changes_nothing_and_writes_nothing(shop: Any) -> None:
    page = Page(shop)
    first = ask(page, *NAMES)
    stored = shop.service.sessions.load("s", shop.clock[0])
    calls = shop.popular.calls
    for _ in range(5):
        again = ask(page, *NAMES)
        assert [one["epoch"] for one in again] == [one["epoch"] for one in first]
    assert shop.service.sessions.load("s", shop.clock[0]) == stored
    assert shop.popular.calls == calls
    assert page.verdict() == []


def test_what_sits_on_both_stays_with_the_earlier_and_the_later_refills_once(shop: Any) -> None:
    page = Page(shop)
    for name in ("home", "filters"):
        page.slate(name, {})
    home, filters = ask(page, "home", "filters")
    assert shown(home) == [f"item-{letter}" for letter in "abcde"]
    assert shown(filters) == [f"item-{letter}" for letter in "fghij"]
    assert {c["reason"] for c in filters["changes"]} == {"excluded", "refill"}
    assert (filters["consistency"]["displaced"], filters["consistency"]["refilled"]) == (0, 5)
    for _ in range(4):
        again = ask(page, "home", "filters")
        assert [one["epoch"] for one in again] == [home["epoch"], filters["epoch"]]
    assert page.verdict() == []


def test_all_is_one_read_and_one_write(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    for name in ("load", "save"):
        plain = getattr(Memory, name)

        def seen_too(*given: Any, name: str = name, plain: Any = plain, **more: Any) -> Any:
            seen.append(name)
            return plain(*given, **more)

        monkeypatch.setattr(Memory, name, seen_too)
    ask(Page(shop), *NAMES)
    assert seen == ["load", "save"]
    ask(Page(shop), *NAMES)
    assert seen == ["load", "save", "load"]


def test_the_ledger_has_every_decision_of_the_page(shop: Any) -> None:
    ask(Page(shop), *NAMES)
    (line,) = shop.service.sessions.entries(10)
    entries = decode_all(line)
    assert [entry.surface for entry in entries] == list(NAMES)
    for entry in entries:
        again = entry.again(shop.service.slates.surfaces[entry.surface].knobs)
        assert tuple(seat.item_id for seat in again.state.seats) == entry.items


def test_without_deduplication_each_slate_is_as_if_asked_alone(shop: Any) -> None:
    page = Page(shop)
    home, filters = ask(page, "home", "filters", deduplicate=False)
    assert shown(home) == shown(filters)
    assert page.verdict() == []


def test_a_pin_on_a_later_slate_is_not_taken_by_an_earlier_one(shop: Any) -> None:
    page = Page(shop)
    page.agree()
    ask(page, "home", "filters")
    page.event("pin", "filters", item_id="item-g")
    page.event("view", "home", item_id="item-f")  # now item-g is the best of all
    for _ in range(3):
        home, filters = ask(page, "home", "filters")
        assert "item-g" not in shown(home)
        assert {"item_id": "item-g", "pinned": True}.items() <= filters["items"][1].items()
    assert page.verdict() == []


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_the_judge_finds_nothing_and_no_item_is_shown_twice(
    worlds: Any, seed: int
) -> None:
    dice = random.Random(seed)
    knobs = Knobs(k=4, hold_s=0.0, churn_limit=0.5, max_shift=dice.choice((0, 1, None)))
    world = worlds(home=knobs, filters=knobs, side=replace(knobs, k=3))
    page = Page(world)
    page.agree()
    items = list(world.primary.scores)
    for _ in range(30):
        slates = ask(page, *NAMES)
        together = [item for slate in slates for item in shown(slate)]
        assert len(set(together)) == len(together)
        slate = dice.choice(slates)
        kind = dice.choice(("view", "view", "dismiss", "pin", "refresh"))
        item = dice.choice(items if kind == "view" else shown(slate))
        page.event(kind, slate["surface"], item_id=item)
        if dice.random() < 0.2:
            page.slate(dice.choice(NAMES), {})
        world.pass_time(dice.choice((1.0, 200.0)))
    assert page.verdict() == []


def test_a_slate_idle_for_too_long_begins_anew_beside_one_that_goes_on(worlds: Any) -> None:
    world = worlds(
        home=replace(CALM, session_ttl_s=100.0), filters=replace(CALM, session_ttl_s=10_000.0)
    )
    page = Page(world)
    first = ask(page, "filters", "home")
    world.pass_time(1000.0)
    filters, home = ask(page, "filters", "home")
    assert filters["epoch"] == first[0]["epoch"]
    assert home["consistency"]["trigger"] == "session_start"


def test_the_faults_of_all_entries_are_told_at_once(shop: Any) -> None:
    surfaces = [{"surface": "home"}, {"surface": "nowhere", "k": 0}, {"k": 3}, 7]
    body = {"session_id": "", "surfaces": surfaces, "deduplicate": 1, "more": 1}
    answer = shop.client.post("/v1/slates", json=body)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json["errors"]] == [
        "deduplicate", "more", "session_id",
        "surfaces[1].k", "surfaces[1].surface", "surfaces[2].surface", "surfaces[3]",
    ]  # fmt: skip


@pytest.mark.parametrize("surfaces", [[], [{"surface": "home"}] * 21, "home", None])
def test_a_page_has_one_to_twenty_slates(shop: Any, surfaces: Any) -> None:
    answer = shop.client.post("/v1/slates", json={"surfaces": surfaces})
    assert [error["field"] for error in answer.json["errors"]] == ["surfaces"]


def test_twenty_slates_of_one_surface_by_subject_are_a_page(shop: Any) -> None:
    items = list(shop.primary.scores)
    surfaces = [{"surface": "side", "subject": item, "k": 1} for item in items]
    answer = shop.client.post("/v1/slates", json={"session_id": "s", "surfaces": surfaces})
    slates = answer.json["slates"]
    assert len({item for slate in slates for item in shown(slate)}) == sum(
        len(slate["items"]) for slate in slates
    )


def test_the_same_slate_twice_is_refused(shop: Any) -> None:
    surfaces = [{"surface": "home"}, {"surface": "side"}, {"surface": "home"}]
    answer = shop.client.post("/v1/slates", json={"session_id": "s", "surfaces": surfaces})
    assert [error["field"] for error in answer.json["errors"]] == ["surfaces[2].surface"]


def test_a_session_is_issued_for_the_page(shop: Any) -> None:
    body = shop.client.post("/v1/slates", json={"surfaces": [{"surface": "home"}]}).json
    assert body["session_id"] == body["slates"][0]["session_id"] == "issued"


def test_an_entry_has_its_own_since_exclude_and_explanations(shop: Any) -> None:
    page = Page(shop)
    first = page.slate("home", {})
    page.event("dismiss", "home", item_id="item-a")
    page.slate("home", {})
    surfaces = [
        {"surface": "home", "since": first["epoch"], "explain": True},
        {"surface": "side", "exclude": ["item-g"]},
    ]
    answer = shop.client.post("/v1/slates", json={"session_id": "s", "surfaces": surfaces})
    home, side = answer.json["slates"]
    assert home["changes_from"] == first["epoch"]
    assert home["items"][0]["explanation"]["sentence"]
    assert "explanation" not in side["items"][0]
    assert "item-g" not in shown(side)
