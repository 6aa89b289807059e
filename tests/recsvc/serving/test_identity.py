"""Logins and logouts in the eyes of the judge: a login is a cause, a logout a beginning."""

from __future__ import annotations

from typing import Any

import pytest
from judged import Page, shown, trigger

from recsvc.serving.memory import Memory


class Doors(Page):
    """A page on which people log in and out."""

    def turn(self, what: str, session: str = "s", **word: Any) -> int:
        """Log in or out; the status."""
        path = f"/v1/sessions/{session}/{what}"
        answer = self.world.client.post(path, json=word)
        request = {"method": "POST", "path": path, "body": word}
        self.feed("event", session, request, answer.status_code, {}, answer.json)
        return int(answer.status_code)


@pytest.fixture
def page(world: Any) -> Doors:
    return Doors(world)


def test_a_login_is_a_cause_also_where_the_session_was_personal_already(page: Doors) -> None:
    world = page.world
    world.user_agrees("ann")
    view = {"session_id": "before", "user_id": "ann"}
    world.event("view", "item-n", **view)
    page.agree()
    first = page.slate("home", {})
    world.pass_time(5)
    assert trigger(page.slate("home", {})) == "quiet"
    assert page.turn("login", user_id="ann") == 200
    after = page.slate("home", {})
    assert trigger(after) == "step"
    assert len(set(shown(first)) - set(shown(after))) == after["consistency"]["displaced"] == 1
    assert "item-o" in shown(after)
    assert page.verdict() == []


def test_a_second_login_of_the_same_user_changes_nothing(page: Doors) -> None:
    page.slate("home", {})
    page.turn("login", user_id="ann")
    before = page.slate("home", {})
    assert page.turn("login", user_id="ann") == 200
    after = page.slate("home", {})
    assert (trigger(after), after["epoch"]) == ("quiet", before["epoch"])
    assert page.turn("login", user_id="bob") == 409
    assert page.verdict() == []


def test_a_logout_begins_a_session_and_breaks_no_clause(page: Doors) -> None:
    page.agree()
    page.turn("login", user_id="ann")
    page.slate("home", {})
    page.event("view", "home", item_id="item-n")
    page.event("dismiss", "home", item_id="item-a")
    before = page.slate("home", {})
    assert "item-a" not in shown(before)
    page.world.pass_time(1)
    assert page.turn("logout") == 200
    after = page.slate("home", {})
    assert trigger(after) == "session_start"
    assert shown(after)[0] == "item-a"
    assert after["epoch"] > before["epoch"]
    assert page.turn("login", user_id="bob") == 200
    page.slate("home", {})
    assert page.verdict() == []


def test_a_logout_of_a_session_that_is_not_there_is_no_error(page: Doors) -> None:
    assert page.turn("logout", session="nobodys") == 200


def test_an_event_that_comes_after_a_logout_is_of_the_session_that_began(page: Doors) -> None:
    world = page.world
    page.agree()
    world.event("view", "item-n", event_id="twice")
    page.turn("logout")
    assert world.event("view", "item-n", event_id="twice")["discarded"]
    world.agree()
    assert world.event("view", "item-n", event_id="twice")["accepted"] == 1


def test_an_event_that_comes_in_during_a_logout_is_not_left_to_the_session_that_begins(
    page: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its events have a new name, and it is not yet forgotten: the event finds the old session."""
    world = page.world
    page.agree()
    page.slate("home", {})
    change, taken = Memory.change, []

    def delayed(memory: Memory, *told: Any) -> Any:
        monkeypatch.undo()
        taken.append(world.event("view", "item-n")["accepted"])
        return change(memory, *told)

    monkeypatch.setattr(Memory, "change", delayed)
    world.pass_time(1)
    assert page.turn("logout") == 200
    assert taken == [1]
    world.pass_time(1)
    page.agree()
    assert "item-o" not in shown(page.slate("home", {}))


def test_a_logout_that_comes_in_during_an_event_keeps_the_user_out_of_the_next_session(
    page: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = page.world
    assert page.turn("login", user_id="ann") == 200
    page.agree()
    page.slate("home", {})
    events = type(world.service.hearing.events)
    append = events.append

    def delayed(*told: Any) -> Any:
        monkeypatch.undo()
        assert page.turn("logout") == 200
        return append(*told)

    world.pass_time(1)
    monkeypatch.setattr(events, "append", delayed)
    heard = world.event("view", "item-n", event_id="late")
    assert (heard["accepted"], [one["event_id"] for one in heard["discarded"]]) == (0, ["late"])
    world.pass_time(1)
    assert page.turn("login", user_id="bob") == 200
    page.agree()
    assert "item-o" not in shown(page.slate("home", {}))
