"""The use case end to end in one process: what a visitor sees, and what it costs."""

from __future__ import annotations

from typing import Any

import pytest

from policies import Knobs
from recsvc.serving.session import Session, decode, encode


def test_reloading_is_not_a_cause_and_asks_no_recommender(world: Any) -> None:
    first = world.slate()
    asked = world.popular.calls
    for _ in range(20):
        world.pass_time(10)
        again = world.slate()
        assert again["items"] == first["items"]
        assert again["epoch"] == first["epoch"]
        assert again["changes"] == first["changes"]
        assert again["consistency"]["trigger"] == "quiet"
    assert world.popular.calls == asked


def test_an_event_of_a_consented_visitor_moves_the_slate_within_the_limit(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=0, churn_limit=0.2))
    world.agree()
    before = world.slate()
    world.event("view", "item-k")
    world.event("view", "item-m")
    after = world.slate()
    assert after["consistency"]["trigger"] == "step"
    assert after["consistency"]["cause"] == "event"
    assert after["consistency"]["allowed"] == after["consistency"]["displaced"] == 1
    assert after["changes_from"] == before["epoch"]
    left = {item["item_id"] for item in before["items"]} - {i["item_id"] for i in after["items"]}
    assert left == {"item-e"}
    assert {change["reason"] for change in after["changes"]} == {"displaced", "better_match"}
    assert world.slate()["items"] == after["items"]


def test_without_consent_events_change_nothing(world: Any) -> None:
    before = world.slate()
    told = world.event("view", "item-k")
    assert told == {
        "accepted": 0,
        "duplicate": 0,
        "discarded": [{"event_id": "e0", "reason": "no_consent"}],
        "rejected": [],
        "tokens": {},
    }
    assert world.slate()["items"] == before["items"]
    assert world.service.slates.preparation.events.of_session("s", limit=9) == ()


def test_an_event_within_the_hold_waits_and_counts_after_it(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=30))
    world.agree()
    first = world.slate()
    world.event("view", "item-k")
    held = world.slate()
    assert held["consistency"]["trigger"] == "hold"
    assert held["items"] == first["items"]
    world.pass_time(31)
    assert world.slate()["consistency"]["trigger"] == "step"
    assert world.slate()["consistency"]["trigger"] == "quiet"


def test_a_dismissed_item_leaves_every_surface_and_only_its_seat_changes(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5), similar=Knobs(k=4))
    home, similar = world.slate(), world.slate("similar")
    world.event("dismiss", "item-b")
    after = world.slate()
    seats = [item["item_id"] for item in home["items"]]
    assert [item["item_id"] for item in after["items"]] == [
        "item-f" if item == "item-b" else item for item in seats
    ]
    assert after["changes"] == [
        {"item_id": "item-b", "from": 2, "to": None, "reason": "dismissed"},
        {"item_id": "item-f", "from": None, "to": 2, "reason": "refill"},
    ]
    assert after["consistency"]["refilled"] == 1
    other = world.slate("similar")
    assert other["epoch"] == similar["epoch"] + 1
    assert "item-b" not in [item["item_id"] for item in other["items"]]


def test_undo_brings_a_dismissed_item_back_to_its_seat(world: Any) -> None:
    before = world.items()
    world.event("dismiss", "item-b")
    world.slate()
    world.event("undo")
    after = world.slate()
    assert [item["item_id"] for item in after["items"]] == before
    assert {change["reason"] for change in after["changes"]} == {"undone"}
    assert world.items() == before


def test_an_undo_does_not_bring_back_what_the_page_leaves_out(world: Any) -> None:
    before = world.items()
    world.event("dismiss", "item-b")
    world.slate()
    world.event("undo")
    after = world.items(exclude="item-b")
    assert "item-b" not in after
    assert len(after) == len(before)
    world.event("refresh")
    assert "item-b" in world.items(), "the exclusion lasts for one call, the dismissal is undone"


def test_a_pinned_item_stays_and_an_unpinned_one_may_go(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=0, churn_limit=1.0, session_budget=None))
    world.agree()
    world.slate()
    world.event("pin", "item-e")
    assert world.slate()["items"][4]["pinned"] is True
    world.event("view", "item-k")
    assert world.items()[4] == "item-e"
    world.event("unpin", "item-e")
    world.slate()
    world.event("view", "item-m")
    assert "item-e" not in world.items()


def test_refresh_answers_asked_once_even_if_nothing_is_better(world: Any) -> None:
    first = world.slate()
    world.event("refresh")
    asked = world.slate()
    assert asked["consistency"]["trigger"] == "asked"
    assert asked["items"] == first["items"]
    assert asked["epoch"] == first["epoch"]
    assert world.slate()["consistency"]["trigger"] == "quiet"


def test_a_withdrawn_item_is_off_every_slate_at_once(world: Any) -> None:
    world.slate()
    assert world.client.put("/v1/items/item-a", json={"available": False}).status_code == 200
    after = world.slate()
    assert after["changes"][0] == {
        "item_id": "item-a",
        "from": 1,
        "to": None,
        "reason": "withdrawn",
    }
    assert world.client.put("/v1/items/item-a", json={"title": "Back"}).status_code == 200
    assert "item-a" not in world.items()
    assert world.slate(session="new")["items"][0]["title"] == "Back"


def test_a_purchase_leaves_the_surface_and_a_click_does_not(world: Any) -> None:
    world.agree()
    world.slate()
    world.event("click", "item-a")
    assert "item-a" in world.items()
    world.event("purchase", "item-a")
    after = world.slate()
    reasons = {change["item_id"]: change["reason"] for change in after["changes"]}
    assert reasons["item-a"] == "consumed"


def test_excluding_lasts_for_the_call_only_and_is_forced(world: Any) -> None:
    world.slate()
    after = world.slate(exclude=["item-a", "item-c"])
    assert [c["reason"] for c in after["changes"]].count("excluded") == 2
    assert after["consistency"]["displaced"] == 0
    assert "item-a" not in world.items()


def test_fewer_seats_and_more_seats_are_no_churn(world: Any) -> None:
    ten = world.items(k=10)
    assert world.items(k=4) == ten[:4]
    back = world.slate(k=10)
    assert [item["item_id"] for item in back["items"]] == ten
    assert {change["reason"] for change in back["changes"]} == {"resized"}


def test_going_back_to_another_value_of_the_slate_key_finds_the_old_slate(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, hold_s=0, slate_key=("destination",)))
    world.agree()
    lisbon = world.slate(**{"context.destination": "Lisbon"})
    porto = world.slate(**{"context.destination": "Porto"})
    assert lisbon["slate_id"] != porto["slate_id"]
    world.event("dismiss", "item-b", slate_id=porto["slate_id"])
    world.slate(**{"context.destination": "Porto"})
    again = world.slate(**{"context.destination": "Lisbon"})
    assert again["slate_id"] == lisbon["slate_id"]
    assert [c["reason"] for c in again["changes"]] == ["dismissed", "refill"]


def test_a_failing_primary_degrades_and_displaces_nothing(world: Any) -> None:
    world.agree()
    world.event("view", "item-c")
    before = world.slate()
    world.event("view", "item-k")
    world.primary.fails = RuntimeError("planted")
    degraded = world.slate()
    assert world.primary.calls == 2
    assert degraded["served_by"]["degraded"] is True
    assert degraded["served_by"]["degraded_reason"] == "primary_failed"
    assert degraded["consistency"]["trigger"] == "degraded"
    assert degraded["items"] == before["items"]
    world.primary.fails = None
    assert world.slate()["consistency"]["trigger"] == "step"


def test_taking_consent_back_makes_the_slate_impersonal_within_the_limit(world: Any) -> None:
    world.agree()
    world.event("view", "item-k")
    personal = world.slate()
    assert personal["items"][0]["item_id"] == "item-l"
    world.client.put("/v1/sessions/s/consent", json={"personalisation": False})
    after = world.slate()
    assert after["served_by"]["rung"] == "popularity"
    assert after["served_by"]["degraded"] is False
    assert after["consistency"]["displaced"] == 1
    assert "item-l" not in [item["item_id"] for item in after["items"]]


def test_a_session_idle_for_longer_than_its_time_begins_anew(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, session_ttl_s=100))
    first = world.slate()
    for _ in range(5):
        world.pass_time(90)
        assert world.slate()["epoch"] == first["epoch"]
    world.pass_time(111)
    anew = world.slate()
    assert anew["consistency"]["trigger"] == "session_start"
    assert anew["epoch"] > first["epoch"]


def test_a_session_never_passes_to_another_user(world: Any) -> None:
    world.slate(user_id="u1")
    refused = world.client.get("/v1/slates/home?session_id=s&user_id=u2")
    assert (refused.status_code, refused.json["code"]) == (409, "conflict")
    assert world.slate(user_id="u1")["consistency"]["trigger"] == "quiet"


def test_a_dismissal_of_a_consented_user_holds_on_other_sessions(world: Any) -> None:
    world.client.put("/v1/users/u1/consent", json={"personalisation": True})
    world.slate(session="phone", user_id="u1")
    world.event("dismiss", "item-b", session_id="phone")
    assert "item-b" not in world.items(session="laptop", user_id="u1")
    assert "item-b" in world.items(session="somebody else")
    world.pass_time(31 * 86_400)
    assert "item-b" in world.items(session="much later", user_id="u1")


def test_a_session_that_cannot_be_read_begins_anew_and_is_not_an_error(world: Any) -> None:
    first = world.slate()
    store = world.service.sessions
    stored = store.load("s", world.clock[0])
    store.swap(
        "s", b"\xff spoilt", expected=stored.version, expires=world.clock[0] + 9, now=world.clock[0]
    )
    world.pass_time(1)
    assert world.slate()["epoch"] > first["epoch"]


@pytest.mark.parametrize("schema", [0, 2, 4])
def test_a_session_of_another_schema_is_not_read(world: Any, schema: int) -> None:
    world.slate()
    stored = world.service.sessions.load("s", world.clock[0])
    session = decode(stored.data)
    assert isinstance(session, Session)
    assert decode(encode(session)) == session
    older = encode(session._replace(schema=schema))
    assert decode(older) == "another_schema"


def test_an_undo_on_one_surface_leaves_the_dismissal_of_another(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5), similar=Knobs(k=5))
    world.slate()
    world.slate("similar")
    world.event("dismiss", "item-b", surface="home")
    world.slate()
    world.event("undo", surface="home")
    world.event("dismiss", "item-b", surface="similar")
    assert "item-b" not in world.items()
    assert "item-b" not in world.items("similar")
    world.event("undo", surface="similar")
    assert "item-b" in world.items("similar")


def test_acts_are_about_the_slate_that_was_shown_last(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5, slate_key=("destination",)))
    lisbon, porto = {"context.destination": "Lisbon"}, {"context.destination": "Porto"}
    world.slate(**lisbon)
    world.slate(**porto)
    world.slate(**lisbon)
    world.event("pin", "item-c")
    assert [item["pinned"] for item in world.slate(**lisbon)["items"]].count(True) == 1
    assert [item["pinned"] for item in world.slate(**porto)["items"]].count(True) == 0


def test_a_slate_that_is_looked_at_is_not_forgotten_for_others(worlds: Any) -> None:
    world = worlds(home=Knobs(k=5), filters=Knobs(k=5, slate_key=("destination",)))
    first = world.slate()
    for number in range(40):
        world.slate("filters", **{"context.destination": f"place {number}"})
        assert world.slate()["epoch"] == first["epoch"]
    last = world.slate("filters", **{"context.destination": "place 30"})
    assert last["consistency"]["trigger"] == "quiet"
    gone = world.slate("filters", **{"context.destination": "place 1"})
    assert gone["consistency"]["trigger"] == "session_start"


def test_what_was_bought_does_not_come_back_however_much_is_viewed_since(world: Any) -> None:
    world.agree()
    world.slate()
    world.event("purchase", "item-a")
    for start in (0, 250):
        views = [
            {
                "event_id": f"v{n}",
                "type": "view",
                "session_id": "s",
                "surface": "home",
                "item_id": f"item-{'bcdef'[n % 5]}",
            }
            for n in range(start, start + 250)
        ]
        assert world.client.post("/v1/events", json={"events": views}).json["accepted"] == 250
    assert "item-a" not in world.items(k=20)


def test_a_purchase_in_another_session_of_the_user_leaves_this_screen_at_once(world: Any) -> None:
    world.client.put("/v1/users/u1/consent", json={"personalisation": True})
    assert "item-a" in world.items(session="laptop", user_id="u1")
    world.slate(session="phone", user_id="u1")
    world.event("purchase", "item-a", session_id="phone")
    after = world.slate(session="laptop", user_id="u1")
    assert ("item-a", "consumed") in {(c["item_id"], c["reason"]) for c in after["changes"]}


def test_one_batch_names_one_user_only(world: Any) -> None:
    for user in ("a", "b"):
        world.client.put(f"/v1/users/{user}/consent", json={"personalisation": True})
    batch = [
        {
            "event_id": f"e{user}",
            "type": "dismiss",
            "session_id": "s",
            "surface": "home",
            "item_id": "item-b",
            "user_id": user,
        }
        for user in ("a", "b")
    ]
    told = world.client.post("/v1/events", json={"events": batch}).json
    assert (told["accepted"], [one["event_id"] for one in told["rejected"]]) == (1, ["eb"])
    assert "item-b" in world.items(session="of b", user_id="b")


def test_a_pin_waits_until_an_undo_was_shown(world: Any) -> None:
    world.slate()
    world.event("dismiss", "item-b")
    world.slate()
    world.event("undo")
    pin = {"event_id": "p", "type": "pin", "session_id": "s", "surface": "home"}
    answer = world.client.post("/v1/events", json={"events": [pin | {"item_id": "item-f"}]})
    assert answer.status_code == 400
    assert "an undo waits" in answer.json["detail"]


def test_acts_that_nobody_looks_at_are_bounded(world: Any) -> None:
    world.slate()
    for number in range(100):
        world.event("refresh", event_id=f"r{number}")
    one_more = {"event_id": "r", "type": "refresh", "session_id": "s", "surface": "home"}
    answer = world.client.post("/v1/events", json={"events": [one_more]})
    assert (answer.status_code, "too many acts" in answer.json["detail"]) == (400, True)
    assert world.slate()["consistency"]["trigger"] == "asked"


def test_putting_an_item_back_keeps_the_title_it_was_trained_with(world: Any) -> None:
    world.client.put("/v1/items/item-a", json={"available": False})
    world.client.put("/v1/items/item-a", json={"available": True})
    assert world.slate()["items"][0]["title"] == "Item-A"
