"""Editors' picks as a page sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies import Knobs, Pick
from recsvc.config.surfaces import Published, Surfaces
from recsvc.preparation.ledger import decode

KNOBS = Knobs(k=5, hold_s=0.0, churn_limit=0.2)
PICKS = {"home": (Pick("item-t", 2), Pick("item-s", 4))}


def publish(world: Any, picks: tuple[Pick, ...], version: int) -> None:
    """New picks with a new version, as published knobs will bring them."""
    published = Surfaces({"home": Published("home", KNOBS, version, picks)})
    object.__setattr__(world.service.slates, "surfaces", published)


def test_a_slate_begins_with_the_picks_in_their_seats(worlds: Any) -> None:
    world = worlds(PICKS, home=KNOBS)
    slate = world.slate()
    names = [item["item_id"] for item in slate["items"]]
    assert names == ["item-a", "item-t", "item-b", "item-s", "item-c"]
    picked = slate["items"][1]
    assert (picked["reason"], picked["pinned"], picked["standing"]) == (
        "editors_pick",
        False,
        "new",
    )
    assert picked["title"] == "Item-T"


def test_new_picks_come_in_step_by_step_within_the_limit(worlds: Any) -> None:
    world = worlds(home=KNOBS)
    world.agree()
    world.slate()
    publish(world, PICKS["home"], 2)
    first = world.slate()
    assert (first["consistency"]["cause"], first["policy"]["version"]) == ("knobs", 2)
    assert first["changes"] == [
        {"item_id": "item-b", "from": 2, "to": None, "reason": "displaced"},
        {"item_id": "item-t", "from": None, "to": 2, "reason": "better_match"},
    ]
    assert world.slate()["consistency"]["trigger"] == "quiet"
    world.event("view", "item-k")
    second = world.slate()
    changed = {change["item_id"]: change["reason"] for change in second["changes"]}
    assert changed == {"item-d": "displaced", "item-s": "better_match"}


def test_a_pick_that_is_dismissed_or_withdrawn_leaves_like_anything_else(worlds: Any) -> None:
    world = worlds(PICKS, home=KNOBS)
    world.slate()
    world.event("dismiss", "item-t")
    world.client.put("/v1/items/item-s", json={"available": False})
    after = [item["item_id"] for item in world.slate()["items"]]
    assert after == ["item-a", "item-d", "item-b", "item-e", "item-c"]


def test_decisions_with_picks_can_be_made_again_from_the_ledger(worlds: Any) -> None:
    world = worlds(PICKS, home=KNOBS)
    world.agree()
    world.client.put("/v1/items/item-s", json={"available": False})
    world.slate()
    world.event("view", "item-k")
    world.slate()
    entries = [decode(line) for line in world.service.sessions.entries(1_000)]
    assert [entry.trigger for entry in entries] == ["session_start", "step"]
    assert entries[0].facts.picks == PICKS["home"]
    for entry in entries:
        again = entry.again(replace(KNOBS)).state
        assert tuple(seat.item_id for seat in again.seats) == entry.items
        assert (again.epoch, again.changes) == (entry.epoch, entry.changes)
