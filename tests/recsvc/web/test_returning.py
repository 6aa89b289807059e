"""Users who come back, and editors who change their mind, over HTTP and before the judge."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, replace
from typing import Any

import pytest
from judged import Page, shown, trigger

from policies import Knobs, Pick
from recsvc.config.surfaces import Surfaces

KNOBS = Knobs(k=6, hold_s=20.0, churn_limit=0.34, session_budget=6, carry_over=True)
USERS = ("ann", "bob")
ITEMS = [f"item-{letter}" for letter in "abcdefghijklmnopqrst"]


def publish(page: Page, rng: random.Random) -> None:
    """Other picks, and a higher version for them."""
    slates = page.world.service.slates
    items = rng.sample(ITEMS, rng.randint(0, 3))
    picks = tuple(map(Pick, items, sorted(rng.sample(range(1, 7), len(items)))))
    old = slates.surfaces["home"]
    new = replace(old, version=old.version + 1, picks=picks)
    object.__setattr__(slates, "surfaces", Surfaces({"home": new}))
    body = {"surface": "home", "version": new.version, "knobs": asdict(new.knobs)}
    page.feed("knobs", None, {}, 200, {}, body)


def consent(page: Page, user: str) -> None:
    path, word = f"/v1/users/{user}/consent", {"personalisation": True}
    answer = page.world.client.put(path, json=word)
    request = {"method": "PUT", "path": path, "body": word}
    page.feed("event", None, request, answer.status_code, {}, answer.json)


def act(
    page: Page, rng: random.Random, session: str, user: str, last: dict[str, Any]
) -> str | None:
    """Do something with a slate; the item that this may have taken off it."""
    kind = rng.choice(["view", "view", "purchase", "dismiss", "pin", "undo", "refresh"])
    if kind in ("undo", "unpin") and not any(c["reason"] == "dismissed" for c in last["changes"]):
        return None
    item = {} if kind in ("undo", "refresh") else {"item_id": rng.choice(shown(last))}
    page.event(kind, "home", session, user_id=user, slate_id=last["slate_id"], **item)
    return item.get("item_id") if kind in ("purchase", "dismiss") else None


@pytest.mark.parametrize("seed", range(6))
def test_visits_that_go_on_keep_every_clause_while_picks_come_and_go(
    worlds: Any, seed: int
) -> None:
    rng = random.Random(seed)
    page = Page(worlds(home=KNOBS))
    met: Counter[str] = Counter()
    last_of: dict[str, list[str]] = {}
    gone: dict[str, set[str | None]] = {user: set() for user in USERS}
    for user in USERS:
        consent(page, user)
    for visit in range(12):
        user, session = rng.choice(USERS), f"{seed}-{visit}"
        page.world.pass_time(rng.choice([60.0, 7_200.0]))
        if rng.random() < 0.3:
            page.world.primary.model = f"model-{visit}"
        for look in range(rng.randint(2, 7)):
            last = page.slate("home", {}, session, user_id=user)
            met[trigger(last)] += 1
            met["picks"] += any(item["reason"] == "editors_pick" for item in last["items"])
            if look == 0 and user in last_of:
                stay = [item for item in last_of[user] if item not in gone[user]]
                assert [item for item in shown(last) if item in stay] == stay
                met["went on"] += 1
            last_of[user] = shown(last)
            page.world.pass_time(rng.choice([1.0, 30.0]))
            if rng.random() < 0.2:
                publish(page, rng)
            if rng.random() < 0.8:
                gone[user].add(act(page, rng, session, user, last))
                page.world.pass_time(1.0)
    assert page.verdict() == []
    assert met["step"] >= 5
    assert met["went on"] >= 5
    assert met["picks"] >= 5
