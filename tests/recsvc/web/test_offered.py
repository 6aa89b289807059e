"""Candidates of one's own: a recommender of whatever kind, and the promise over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from judged import Page, shown

from policies import Knobs
from recsvc.preparation.ledger import decode

MINE = [f"mine-{n}" for n in range(12)]


def offer(items: Sequence[str], **scores: float) -> list[dict[str, Any]]:
    """Candidates whose order is their worth."""
    return [{"item_id": item, "score": float(len(items) - n)} for n, item in enumerate(items)]


def ask(page: Page, candidates: Any, **more: Any) -> dict[str, Any]:
    """A slate of these candidates, told to the judge."""
    body = {"session_id": "s", "candidates": candidates, **more}
    answer = page.world.client.post("/v1/slates/home", json=body)
    request = {"method": "POST", "path": "/v1/slates/home", "body": body}
    page.feed("answer", "s", request, answer.status_code, dict(answer.headers), answer.json)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_the_slate_is_the_best_of_what_was_offered(world: Any) -> None:
    page = Page(world)
    body = ask(page, offer(MINE))
    assert shown(body) == MINE[:5]
    assert body["served_by"]["model"] == "own"
    assert body["served_by"]["degraded"] is False
    assert world.primary.calls == world.popular.calls == 0
    assert page.verdict() == []


def test_another_ranking_of_the_same_model_is_no_cause(world: Any) -> None:
    page = Page(world)
    first = ask(page, offer(MINE))
    again = ask(page, offer(MINE[::-1]))
    assert (again["epoch"], shown(again)) == (first["epoch"], MINE[:5])
    assert page.verdict() == []


def test_another_model_is_a_cause_and_the_limit_holds(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=0.0, churn_limit=0.2))
    page = Page(world)
    ask(page, offer(MINE), model="mine-1")
    body = ask(page, offer(MINE[::-1]), model="mine-2")
    assert (
        body["consistency"] | {"trigger": "step", "cause": "model", "displaced": 1}
        == body["consistency"]
    )
    assert set(shown(body)) - set(MINE[:5]) == {MINE[-1]}
    assert page.verdict() == []


def test_what_the_visitor_did_is_a_cause(world: Any) -> None:
    page = Page(world)
    page.agree()
    ask(page, offer(MINE))
    page.event("view", "home", item_id="item-a")
    body = ask(page, offer(MINE[::-1]))
    assert body["consistency"]["displaced"] == 1
    assert page.verdict() == []


def test_eligibility_still_applies(world: Any) -> None:
    page = Page(world)
    world.client.put("/v1/items/mine-0", json={"available": False})
    body = ask(page, offer(MINE), exclude=["mine-1"], subject="mine-2")
    assert shown(body) == MINE[3:8]


def test_what_is_on_the_slate_can_be_dismissed_and_pinned_though_no_catalogue_knows_it(
    world: Any,
) -> None:
    page = Page(world)
    ask(page, offer(MINE))
    page.event("dismiss", "home", item_id="mine-0")
    page.event("pin", "home", item_id="mine-3")
    body = ask(page, offer(MINE))
    assert "mine-0" not in shown(body)
    assert body["items"][3] | {"item_id": "mine-3", "pinned": True} == body["items"][3]
    assert page.verdict() == []


def test_an_incumbent_that_is_not_offered_again_is_kept(world: Any) -> None:
    page = Page(world)
    ask(page, offer(MINE), model="mine-1")
    body = ask(page, offer(MINE[5:]), model="mine-2")
    assert len(set(shown(body)) & set(MINE[:5])) >= 4
    assert page.verdict() == []


def test_the_ledger_replays_it(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=0.0, margin=0.3, seat_weights="dcg", max_shift=2))
    page = Page(world)
    many = [f"m{n:04}" for n in range(2000)]
    ask(page, offer(many), model="one")
    ask(page, offer(many[::-1]), model="two")
    lines = world.service.sessions.entries(10)
    assert len(lines) == 2
    assert max(map(len, lines)) < 8_000
    for line in lines:
        entry = decode(line)
        again = entry.again(world.service.slates.surfaces["home"].knobs)
        assert tuple(seat.item_id for seat in again.state.seats) == entry.items


def test_what_lies_behind_the_slate_is_paged_too(world: Any) -> None:
    page = Page(world)
    cursor = ask(page, offer(MINE))["next"]
    query = {"session_id": "s", "cursor": cursor, "k": 20}
    body = world.client.get("/v1/slates/home", query_string=query).json
    assert shown(body) == MINE[5:]


@pytest.mark.parametrize(
    ("candidates", "fields"),
    [
        ([], ["candidates"]),
        ("mine-0", ["candidates"]),
        (offer([f"m{n}" for n in range(2001)]), ["candidates"]),
        ([7], ["candidates[0]"]),
        ([{"item_id": "a", "score": "1"}], ["candidates[0].score"]),
        ([{"item_id": "a"}], ["candidates[0].score"]),
        ([{"item_id": "", "score": 1, "x": 2}], ["candidates[0].item_id", "candidates[0].x"]),
        (offer(["a", "b", "a"]), ["candidates[2].item_id"]),
        ([{"item_id": "x" * 257, "score": True}], ["candidates[0].item_id", "candidates[0].score"]),
    ],
)
def test_every_fault_of_a_candidate_is_told_at_its_place(
    world: Any, candidates: Any, fields: list[str]
) -> None:
    answer = world.client.post("/v1/slates/home", json={"candidates": candidates})
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json["errors"]] == fields


@pytest.mark.parametrize(
    "score", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400]
)
def test_scores_that_cannot_be_ranked_are_refused(world: Any, score: str) -> None:
    body = f'{{"candidates": [{{"item_id": "a", "score": {score}}}]}}'
    answer = world.client.post("/v1/slates/home", data=body)
    assert answer.status_code == 400
    assert answer.mimetype == "application/problem+json"


@pytest.mark.parametrize("score", [1.7e308, -1.7e308, 5e-324, 0, -0.0, 2**53])
def test_extreme_scores_are_scores(world: Any, score: float) -> None:
    offered = [*offer(MINE), {"item_id": "far", "score": score}]
    assert len(shown(ask(Page(world), offered))) == 5


def test_a_model_without_candidates_is_refused(world: Any) -> None:
    answer = world.client.post("/v1/slates/home", json={"model": "x"})
    assert [error["field"] for error in answer.json["errors"]] == ["model"]


def test_ids_too_long_for_so_many_seats_are_refused(world: Any) -> None:
    long = [f"{n:03}" + "é" * 250 for n in range(100)]
    body = {"candidates": offer(long), "k": 100}
    answer = world.client.post("/v1/slates/home", json=body)
    assert [error["field"] for error in answer.json["errors"]] == ["candidates"]
    assert world.client.post("/v1/slates/home", json=body | {"k": 5}).status_code == 200


def test_candidates_are_for_post(world: Any) -> None:
    answer = world.client.get("/v1/slates/home", query_string={"candidates": "x"})
    assert answer.status_code == 400


def test_however_many_of_the_best_are_excluded_the_next_ones_come(world: Any) -> None:
    many = [f"m{n:03}" for n in range(300)]
    body = ask(Page(world), offer(many), exclude=many[:190])
    assert shown(body) == many[190:195]
