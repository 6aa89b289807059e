"""A session takes at most 16 kB, whatever is sent; what is on the screen comes before all else."""

from __future__ import annotations

import random
import string
from typing import Any

import pytest

from policies import Knobs
from recsvc.serving.bounds import packed, smaller
from recsvc.serving.session import DISMISSED_AT_MOST, ROOM, Session, decode, encode

HOUR = Knobs(k=10, hold_s=0.0)


def size(world: Any, session: str = "s") -> int:
    """Bytes of the session as stored."""
    stored = world.service.sessions.load(session, world.clock[0])
    return len(stored.data)


def names(count: int, length: int, seed: int = 1) -> list[str]:
    """Item ids that no compression makes shorter by much."""
    dice = random.Random(seed)
    return ["".join(dice.choices(string.printable[:62], k=length)) for _ in range(count)]


def ask(world: Any, items: list[str], **more: Any) -> Any:
    """A slate of these items."""
    rows = [{"item_id": item, "score": float(len(items) - n)} for n, item in enumerate(items)]
    body = {"session_id": "s", "candidates": rows, **more}
    answer = world.client.post("/v1/slates/home", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize(
    ("k", "length", "count"), [(100, 70, 300), (100, 12, 300), (31, 256, 100), (5, 256, 250)]
)
def test_long_ids_many_seats_and_histories_fit(
    worlds: Any, k: int, length: int, count: int
) -> None:
    world = worlds(home=Knobs(k=k, hold_s=0.0, churn_limit=1.0, session_budget=None))
    items = names(count, length)
    for step in range(12):
        dice = random.Random(step)
        body = ask(world, dice.sample(items, count), model=f"m{step}")
        assert size(world) <= ROOM
        again = ask(world, items, model=f"m{step}")
        assert (again["epoch"], again["items"]) == (body["epoch"], body["items"])


def test_a_hundred_slates_fit_and_the_latest_are_there(worlds: Any) -> None:
    world = worlds(home=HOUR)
    items = names(300, 60)
    bodies = {}
    for number in range(100):
        subject = f"subject-{number}"
        bodies[subject] = ask(world, items[number : number + 150], subject=subject)
        assert size(world) <= ROOM
    subject = "subject-99"
    assert ask(world, items, subject=subject)["epoch"] == bodies[subject]["epoch"]


def test_least_recently_used_slates_go_first(worlds: Any) -> None:
    world = worlds(home=Knobs(k=40, hold_s=0.0))
    items = names(60, 100)
    for number in range(8):
        world.pass_time(1.0)
        ask(world, names(60, 100, seed=number), subject=f"subject-{number}")
    session = world.service.slates.memory.load("s", world.clock[0]).session
    assert 1 <= len(session.slates) < 8
    newest = max(state.answered_at for state in session.slates.values())
    assert newest == world.clock[0]
    kept = sorted(state.answered_at for state in session.slates.values())
    assert kept == [newest - n for n in range(len(kept))][::-1]
    assert items


def test_twenty_slates_of_one_page_stay_what_they_are(worlds: Any) -> None:
    world = worlds(home=Knobs(k=10, hold_s=0.0))
    page = {
        "session_id": "s",
        "deduplicate": False,
        "surfaces": [{"surface": "home", "subject": f"item-{c}"} for c in "abcdefghijklmnopqrst"],
    }
    first = world.client.post("/v1/slates", json=page).json["slates"]
    again = world.client.post("/v1/slates", json=page).json["slates"]
    assert [one["epoch"] for one in first] == [one["epoch"] for one in again]
    assert size(world) <= ROOM


def test_acts_with_long_ids_of_events_fit_and_are_known_again(world: Any) -> None:
    world.slate()
    dice = random.Random(5)
    sent = ["".join(dice.choices(string.printable[:62], k=128)) for _ in range(150)]
    for number, event_id in enumerate(sent):
        kind = ("pin", "unpin")[number % 2]
        world.event(kind, "item-b", event_id=event_id)
        world.slate()
        assert size(world) <= ROOM
    assert world.event("unpin", "item-b", event_id=sent[-1])["duplicate"] == 1


def test_dismissals_have_an_end_and_say_so(worlds: Any) -> None:
    world = worlds(home=HOUR)
    items = names(DISMISSED_AT_MOST + 1, 12)
    for item in items:
        world.client.put(f"/v1/items/{item}", json={})
    world.slate()
    for start in range(0, DISMISSED_AT_MOST, 50):
        for item in items[start : start + 50]:
            world.event("dismiss", item)
        world.slate()
        assert size(world) <= ROOM
    event = {"event_id": "last", "type": "dismiss", "session_id": "s", "surface": "home"}
    batch = {"events": [event | {"item_id": items[-1]}]}
    answer = world.client.post("/v1/events", json=batch)
    assert [error["field"] for error in answer.json["errors"]] == ["events.0.item_id"]


def test_an_accepted_undo_is_not_lost_for_room(worlds: Any) -> None:
    world = worlds(home=Knobs(k=100, hold_s=0.0))
    items = names(250, 75)
    first = ask(world, items)
    for item in items[:3]:
        world.event("dismiss", item)
        ask(world, items)
    world.event("undo")
    body = ask(world, items)
    assert items[2] in [one["item_id"] for one in body["items"]]
    assert size(world) <= ROOM
    assert first["items"]


def test_a_long_document_is_compressed_and_read_again() -> None:
    long = Session("s", 1.0, 2.0, applied=tuple(f"event-{n:06}" for n in range(5000)))
    data = encode(long)
    assert len(data) < 50_000
    assert decode(data, "s") == long
    assert decode(data[:-1], "s") == "corrupt"


def test_a_session_that_fits_is_stored_as_it_is() -> None:
    session = Session("s", 1.0, 2.0, applied=("a-rather-long-id-of-an-event",))
    assert packed(session) == encode(session)
    assert decode(packed(session), "s") == session


def test_ids_of_a_catalogue_too_long_for_any_room_break_no_promise(worlds: Any) -> None:
    """The one way above the limit: the screen stays, and an undo is refused rather than lost."""
    world = worlds(home=Knobs(k=100, hold_s=0.0))
    items = names(150, 220)
    for rung in (world.primary, world.popular):
        rung.scores = {item: 200.0 - n for n, item in enumerate(items)}
    first = world.items()
    for item in items[:3]:
        world.event("dismiss", item)
        world.items()
    assert size(world) > ROOM
    event = {"event_id": "u", "type": "undo", "session_id": "s", "surface": "home"}
    answer = world.client.post("/v1/events", json={"events": [event]})
    assert [error["field"] for error in answer.json["errors"]] == ["events.0.type"]
    assert len(set(first) & set(world.items())) == 97


def test_what_an_undo_that_waits_restores_is_kept(world: Any) -> None:
    """The least there is of a session has it still."""
    world.slate()
    for item in ("item-a", "item-b"):
        world.event("dismiss", item)
        world.slate()
    world.event("undo")
    session = world.service.slates.memory.load("s", world.clock[0]).session
    *_, least = smaller(session)
    (state,) = least.slates.values()
    (before,) = session.slates.values()
    assert (len(before.past), state.past) == (2, before.past[1:])
    assert least.behind == {}
    assert (least.dismissed, least.pending) == (session.dismissed, session.pending)
