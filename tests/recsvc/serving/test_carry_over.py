"""A consented user's last slate begins the next session, and nobody else's."""

from __future__ import annotations

from typing import Any

import pytest

from policies import Knobs
from recsvc.errors import Unavailable
from recsvc.preparation.carrying import recalled
from recsvc.preparation.ledger import decode

KNOBS = Knobs(k=5, hold_s=30.0, churn_limit=0.2, carry_over=True)
CALM = Knobs(k=5, hold_s=30.0, churn_limit=0.2)


@pytest.fixture
def world(worlds: Any) -> Any:
    """`home` carries over, `similar` does not; user u agreed, saw a slate, and it took a step."""
    world = worlds(home=KNOBS, similar=CALM)
    world.user_agrees("u")
    world.slate(session="s", user_id="u")
    world.event("view", "item-k", user_id="u")
    world.pass_time(60)
    assert world.slate(session="s", user_id="u")["consistency"]["trigger"] == "step"
    return world


def shown(slate: dict[str, Any]) -> list[str]:
    return [item["item_id"] for item in slate["items"]]


def test_the_next_session_begins_with_the_last_slate_and_why_each_item_was_there(
    world: Any,
) -> None:
    last = world.slate(session="s", user_id="u")
    assert "item-l" in shown(last)
    world.primary.scores["item-t"] = 500.0
    world.pass_time(86_400)
    first = world.slate(session="t", user_id="u")
    assert shown(first) == shown(last)
    assert [i["reason"] for i in first["items"]] == [i["reason"] for i in last["items"]]
    assert {item["standing"] for item in first["items"]} == {"new"}
    assert {change["reason"] for change in first["changes"]} == {"session_start"}
    assert first["consistency"]["trigger"] == "session_start"
    assert first["consistency"]["displaced"] == 0
    world.pass_time(60)
    assert world.slate(session="t", user_id="u")["items"] == first["items"], "without a cause"


def test_a_session_that_has_slept_too_long_goes_on_with_its_own_last_slate(world: Any) -> None:
    last = world.items(session="s", user_id="u")
    world.primary.scores["item-t"] = 500.0
    world.pass_time(5_000)
    again = world.slate(session="s", user_id="u")
    assert again["consistency"]["trigger"] == "session_start"
    assert shown(again) == last


def test_what_was_bought_dismissed_or_withdrawn_since_is_not_carried_over(world: Any) -> None:
    last = world.items(session="s", user_id="u")
    world.event("purchase", last[0], user_id="u")
    world.event("dismiss", last[1], user_id="u")
    world.client.put(f"/v1/items/{last[2]}", json={"available": False})
    first = world.slate(session="t", user_id="u")
    assert shown(first)[3:] == last[3:]
    assert not set(shown(first)) & set(last[:3])
    assert first["consistency"]["refilled"] == 0


def test_another_model_is_a_cause_after_the_hold(world: Any) -> None:
    last = world.slate(session="s", user_id="u")
    world.pass_time(86_400)
    world.primary.model = "model-2"
    world.primary.scores["item-t"] = 500.0
    first = world.slate(session="t", user_id="u")
    assert shown(first) == shown(last)
    assert first["served_by"]["model"] == "model-1"
    world.pass_time(10)
    assert world.slate(session="t", user_id="u")["consistency"]["trigger"] == "hold"
    world.pass_time(30)
    later = world.slate(session="t", user_id="u")
    assert (later["consistency"]["cause"], later["served_by"]["model"]) == ("model", "model-2")
    assert "item-t" in shown(later)


def test_what_was_done_after_the_last_answer_is_a_cause_in_the_next_session(world: Any) -> None:
    last = world.items(session="s", user_id="u")
    world.pass_time(5)
    world.event("view", "item-p", user_id="u")
    world.pass_time(86_400)
    assert world.items(session="t", user_id="u") == last
    world.pass_time(60)
    later = world.slate(session="t", user_id="u")
    assert later["consistency"]["cause"] == "event"
    assert "item-q" in shown(later)


def test_a_pin_belongs_to_its_session(world: Any) -> None:
    world.event("pin", "item-b", user_id="u")
    assert any(item["pinned"] for item in world.slate(session="s", user_id="u")["items"])
    first = world.slate(session="t", user_id="u")
    assert "item-b" in shown(first)
    assert not any(item["pinned"] for item in first["items"])


def test_another_user_and_a_stranger_begin_with_the_best(world: Any) -> None:
    world.user_agrees("v")
    begun = [f"item-{letter}" for letter in "abcde"]
    assert world.items(session="t", user_id="v") == begun
    assert world.items(session="x") == begun
    assert world.items(session="y", user_id="nobody") == begun


def test_only_a_surface_with_the_knob_carries_over(world: Any) -> None:
    world.slate("similar", session="s", user_id="u")
    world.primary.scores["item-t"] = 500.0
    assert "item-t" in world.items("similar", session="t", user_id="u")
    assert "item-t" not in world.items("home", session="t", user_id="u")


def test_another_subject_has_a_slate_of_its_own(world: Any) -> None:
    about = world.items(session="s", user_id="u", subject="item-h")
    world.primary.scores["item-t"] = 500.0
    assert world.items(session="t", user_id="u", subject="item-h") == about
    assert "item-t" in world.items(session="t", user_id="u", subject="item-c")


def test_each_value_of_the_slate_key_has_its_own_last_slate(worlds: Any) -> None:
    knobs = Knobs(k=3, carry_over=True, slate_key=("city",))
    world = worlds(home=knobs)
    world.user_agrees("u")
    there = {"user_id": "u", "context.city": "Rome"}
    last = world.items(session="s", **there)
    world.primary.scores["item-t"] = 500.0
    assert world.items(session="t", **there) == last
    assert world.items(session="t", **there | {"context.city": "Oslo"})[0] == "item-t"


def test_taking_consent_back_forgets_what_would_be_carried_over(world: Any) -> None:
    world.user_agrees("u", yes=False)
    begun = [f"item-{letter}" for letter in "abcde"]
    assert world.items(session="t", user_id="u") == begun
    world.user_agrees("u")
    world.primary.scores["item-t"] = 500.0
    assert world.items(session="w", user_id="u")[0] == "item-t"


def test_without_consent_nothing_is_written_or_read(world: Any, monkeypatch: Any) -> None:
    people = world.service.slates.people
    for name in ("carry", "carried"):
        monkeypatch.setattr(type(people), name, _refused)
    world.slate(session="x")
    world.slate(session="y", user_id="nobody")
    world.slate("similar", session="z", user_id="u")


def _refused(*_: Any) -> None:
    raise AssertionError("the book was asked")


def test_an_answer_that_changes_nothing_writes_nothing(world: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(type(world.service.slates.people), "carry", _refused)
    for _ in range(3):
        world.pass_time(50)
        world.slate(session="s", user_id="u")


def test_a_book_that_cannot_be_written_costs_the_next_visit_its_beginning_and_nobody_a_slate(
    world: Any, monkeypatch: Any, caplog: Any
) -> None:
    def fails(*_: Any) -> None:
        raise Unavailable("the disk is full; free some space")

    monkeypatch.setattr(type(world.service.slates.people), "carry", fails)
    world.pass_time(60)
    world.event("view", "item-p", user_id="u")
    assert world.slate(session="s", user_id="u")["consistency"]["trigger"] == "step"
    assert "not carried over to the next visit: the disk is full" in caplog.text


def test_a_smaller_and_a_larger_screen_show_what_they_have_seats_for(world: Any) -> None:
    last = world.items(session="s", user_id="u")
    assert world.items(session="t", user_id="u", k=7)[:5] == last
    assert len(world.items(session="w", user_id="u", k=3)) == 3
    assert world.items(session="w2", user_id="u", k=5)[:3] == last[:3]


def test_a_visit_that_goes_on_can_be_decided_again_from_the_ledger(world: Any) -> None:
    last = world.items(session="s", user_id="u")
    world.event("purchase", last[0], user_id="u")
    world.slate(session="t", user_id="u")
    entry = decode(world.service.sessions.entries(1_000)[-1])
    assert (entry.session_id, entry.trigger) == ("t", "session_start")
    assert entry.facts.carried is not None
    assert entry.facts.gone == {last[0]: "consumed"}
    again = entry.again(KNOBS).state
    assert tuple(seat.item_id for seat in again.seats) == entry.items
    assert (again.epoch, again.changes) == (entry.epoch, entry.changes)


@pytest.mark.parametrize("data", [None, b"", b"\xff", b"\x92\x02\x96"])
def test_what_cannot_be_read_is_not_carried_over(data: bytes | None) -> None:
    assert recalled(data) is None
