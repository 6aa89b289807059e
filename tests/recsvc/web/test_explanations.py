"""`explain=true`: each item and change with a sentence and the facts behind it, as JSON."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judged import Page, shown

import recsvc.serving.slates
import recsvc.web.rendering
from policies import Knobs
from recsvc.ports import Item

WHY = {"explain": "true"}


def plain(body: dict[str, Any]) -> dict[str, Any]:
    """The answer without its explanations and its time."""
    kept = {**body, "served_by": {**body["served_by"], "took_ms": 0}}
    for rows in ("items", "changes"):
        kept[rows] = [{k: v for k, v in row.items() if k != "explanation"} for row in body[rows]]
    return kept


def explanations(body: dict[str, Any], rows: str) -> dict[str, Any]:
    return {row["item_id"]: row["explanation"] for row in body[rows]}


def stepped(world: Any, **more: Any) -> dict[str, Any]:
    """A slate in which the item after a viewed one has come in."""
    world.agree()
    world.slate()
    world.event("view", "item-m")
    world.pass_time(60)
    body: dict[str, Any] = world.slate(**more)
    return body


def test_an_answer_that_begins_says_for_each_item_why_it_is_here(world: Any) -> None:
    body = world.slate(k=1, explain="true")
    assert body["items"][0]["explanation"] == {
        "sentence": "It was chosen for you. It is new here.",
        "facts": {"standing": "new", "change": "session_start"},
    }
    assert body["changes"] == [
        {
            "item_id": "item-a",
            "from": None,
            "to": 1,
            "reason": "session_start",
            "explanation": {"sentence": "Your visit begins with it.", "facts": {}},
        }
    ]


def test_a_step_names_who_left_by_title_and_has_the_gap_among_its_facts(world: Any) -> None:
    body = stepped(world, explain="true")
    assert shown(body)[4] == "item-n"
    told = explanations(body, "changes")
    gap = told["item-n"]["facts"]["gap"]
    assert gap > 2
    assert told == {
        "item-e": {
            "sentence": "It made room for “Item-N”, which fits much better.",
            "facts": {"gap": gap, "replaced_by": "item-n"},
        },
        "item-n": {
            "sentence": "It fits much better than “Item-E”, which left for it.",
            "facts": {"gap": gap, "instead_of": "item-e"},
        },
    }
    assert explanations(body, "items")["item-n"]["facts"] == {
        "standing": "new", "change": "better_match", "gap": gap, "instead_of": "item-e",
    }  # fmt: skip


def test_the_visitors_own_item_behind_a_suggestion_is_named(world: Any) -> None:
    true = world.primary.rank

    def ranked(*args: Any, **more: Any) -> Any:
        found = true(*args, **more)
        return found and replace(found, because={"item-n": ("item-m",)})

    world.primary.rank = ranked
    item = explanations(stepped(world, explain="true"), "items")["item-n"]
    assert item["facts"]["because"] == ["item-m"]
    assert item["sentence"].startswith("It was chosen for you because of “Item-M”. ")


def test_without_being_asked_nothing_is_explained_and_the_answer_is_the_same(world: Any) -> None:
    with_it = stepped(world, explain="true")
    without, refused = world.slate(), world.slate(explain="false")
    for body in (without, refused):
        assert "explanation" not in str(body)
        assert plain(body)["items"] == body["items"]
        assert {**plain(body), "consistency": None} == {**plain(with_it), "consistency": None}


def test_nothing_is_worked_out_when_nobody_asks(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: Any) -> None:
        raise AssertionError("nobody asked")

    monkeypatch.setattr(recsvc.web.rendering, "explain_seats", asked)
    monkeypatch.setattr(recsvc.web.rendering, "explain_changes", asked)
    monkeypatch.setattr(recsvc.serving.slates, "mentioned", asked)
    assert len(stepped(world)["changes"]) == 2


def test_answers_that_repeat_an_epoch_repeat_their_explanations(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=0.0))
    first = stepped(world, explain="true")
    world.primary.fails = world.popular.fails = RuntimeError("down")
    for wait in (1, 300, 1000):
        world.pass_time(wait)
        again = world.slate(explain="true")
        assert again["epoch"] == first["epoch"]
        assert (again["items"], again["changes"]) == (first["items"], first["changes"])


def test_a_rule_that_refreshed_is_told_as_long_as_its_epoch_lasts(worlds: Any) -> None:
    rule = "context.filters_applied == true"
    world = worlds(home=Knobs(k=3, hold_s=0.0, refresh_when=rule))
    world.slate()
    world.popular.scores = {i: -s for i, s in world.popular.scores.items()}
    for applied in ("true", "true", "false"):
        body = world.slate(**{"explain": "true", "context.filters_applied": applied})
        assert {change["reason"] for change in body["changes"]} == {"rule_refresh"}
        assert all(why["facts"] == {"rule": rule} for why in explanations(body, "changes").values())
    assert body["consistency"]["rule"] is None


def test_what_the_host_calls_an_item_now_is_its_name_also_when_withdrawn(world: Any) -> None:
    world.slate()
    item = {"title": "A {fine} thing", "available": False}
    assert world.client.put("/v1/items/item-c", json=item).status_code == 200
    told = explanations(world.slate(explain="true"), "changes")
    assert told["item-c"] == {
        "sentence": "It is no longer available. “Item-F” has its place.",
        "facts": {"replaced_by": "item-f"},
    }
    assert told["item-f"]["sentence"] == "It fills the place of “A {fine} thing”, which had to go."


def test_an_item_without_a_title_is_named_by_its_id(world: Any) -> None:
    slates = world.service.slates
    slates.titles.pop("item-e")
    assert "item-e" not in slates.titles
    told = explanations(stepped(world, explain="true"), "changes")
    assert "“item-e”" in told["item-n"]["sentence"]
    assert slates.titles["item-n"] == Item("item-n", "Item-N")


def test_json_asks_as_a_query_does(world: Any) -> None:
    asked = {"session_id": "s", "explain": True}
    posted = world.client.post("/v1/slates/home", json=asked).json
    got = world.slate(explain="1")
    assert posted["items"][0]["explanation"]["facts"]["standing"] == "new"
    assert explanations(posted, "items") == explanations(got, "items")


@pytest.mark.parametrize("said", ["maybe", "", "2"])
def test_another_word_than_true_or_false_is_refused_by_name(world: Any, said: str) -> None:
    answer = world.client.get("/v1/slates/home", query_string={"explain": said})
    assert answer.status_code == 400
    assert answer.json["errors"] == [{"field": "explain", "message": "must be true or false"}]


def test_the_judge_finds_nothing_in_answers_with_explanations(worlds: Any) -> None:
    page = Page(worlds(home=Knobs(k=5, hold_s=0.0)))
    page.agree()
    body = page.slate("home", {}, **WHY)
    for n, item in enumerate(["item-k", "item-m", "item-p"]):
        page.world.pass_time(30)
        page.event("view", "home", item_id=item)
        body = page.slate("home", {}, **(WHY if n % 2 else {}))
    page.event("dismiss", "home", item_id=shown(body)[2])
    page.slate("home", {}, **WHY)
    assert page.verdict() == []
