"""What happens in a visit: acts of the visitor and of operators, failures, time."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from policies import Ask, Knobs

if TYPE_CHECKING:
    from visits import Tab, Visit


LADDER = ("primary", "late", "neighbours", "popularity", "static")


def random_knobs(rng: random.Random) -> Knobs:
    """Knobs of every kind; the rules are names only, the visit says when they are true."""
    pick = rng.choice
    return Knobs(
        k=rng.randint(1, 8),
        churn_limit=pick([0.0, 0.2, 0.2, 0.34, 0.5, 1.0]),
        hold_s=pick([0.0, 5.0, 30.0]),
        session_budget=pick([None, 0, 1, 2, 6]),
        budget_window_s=60.0,
        max_shift=pick([0, 0, 1, 2, None]),
        seat_weights=pick(["uniform", "dcg"]),
        margin=pick([0.0, 0.0, 0.5]),
        margin_by_profile=pick([True, False]),
        seat_margin=pick([0.0, 0.2]),
        half_life_s=pick([None, None, 20.0, 300.0]),
        refresh_every_s=pick([None, None, 100.0]),
        hold_when=pick([None, "context.filters == 'on'"]),
        refresh_when=pick([None, "context.filters == 'on'"]),
        consumed_by=pick([("purchase",), ("purchase", "click"), ()]),
    )


def observe(visit: Visit, tab: Tab) -> None:
    item = visit.rng.choice(visit.items)
    kind = visit.rng.choice(["click", "click", "purchase", "view"])
    visit.event(tab, kind, item)
    visit.done.add((kind, item))
    visit.heard, visit.heard_at = visit.heard + 1, visit.t
    for liked in visit.rng.sample(visit.items, min(4, len(visit.items))):
        visit.tastes[liked] = visit.rng.gauss(0.0, 2.0)


def _ask(visit: Visit, tab: Tab) -> None:
    kind = visit.rng.choice(["dismiss", "pin", "unpin", "undo", "undo", "refresh"])
    if kind in visit.without:
        return
    undoing = any(ask.kind == "undo" for ask in tab.pending)
    if undoing and kind != "undo" and "acts after an undo" not in visit.oddities:
        return
    if undoing and kind in ("pin", "unpin"):
        return  # the service refuses these until the undo was shown
    shown = [seat.item_id for seat in tab.state.seats] if tab.state else []
    item = None
    if kind in ("dismiss", "pin", "unpin"):
        pinned = [seat.item_id for seat in tab.state.seats if seat.pinned] if tab.state else []
        among = pinned if kind == "unpin" else shown
        if not among:
            return
        item = visit.rng.choice(among)
    taken = not visit.switches or kind in ("dismiss", "pin", "unpin")
    visit.event(tab, kind, item, taken=taken)
    if not taken:
        return
    if kind == "dismiss" and item not in visit.dismissed:
        visit.dismissed.append(str(item))
    tab.pending = (*tab.pending, Ask(kind, item))


def _supply(visit: Visit, tab: Tab) -> None:
    shown = [seat.item_id for seat in tab.state.seats] if tab.state else []
    item = visit.rng.choice(visit.rng.choice([shown or visit.items, visit.items]))
    back = bool(visit.withdrawn) and visit.rng.random() < 0.5
    if back:
        item = visit.rng.choice(sorted(visit.withdrawn))
    visit.withdrawn ^= {item} if back or item not in visit.withdrawn else set()
    available = item not in visit.withdrawn
    request = {"method": "PUT", "path": f"/v1/items/{item}", "body": {"available": available}}
    visit.feed("item", request=request, status=200)


def _resize(visit: Visit, tab: Tab) -> None:
    tab.k = visit.rng.randint(1, 9)


def _retrain(visit: Visit, _: Tab) -> None:
    visit.model += 1


def _republish(visit: Visit, _: Tab) -> None:
    visit.version += 1
    knobs = random_knobs(visit.rng)
    # A knob of the event types decides anew what was consumed: no event of the visitor tells.
    knobs = replace(knobs, consumed_by=visit.knobs[1].consumed_by)
    visit.put(visit.version, knobs)
    visit.publish()


def turn_a_switch(visit: Visit, _: Tab) -> None:
    undoing = any(ask.kind == "undo" for each in visit.tabs for ask in each.pending)
    if undoing and "undo held by a switch" not in visit.oddities:
        return
    name = visit.rng.choice(["freeze", "bypass"])
    if visit.switches:
        name = visit.rng.choice(sorted(visit.switches))
    visit.switches ^= {name}
    visit.feed("switch", request={"switch": name, "on": name in visit.switches}, status=200)


def _fail(visit: Visit, _: Tab) -> None:
    below = LADDER[LADDER.index(visit.normal) :]
    visit.rung = visit.rng.choice([visit.normal, visit.normal, visit.normal, *below, None])
    visit.store_lost = visit.rng.random() < 0.1


def _consent(visit: Visit, _: Tab) -> None:
    personal = visit.normal != "primary"
    visit.normal = "primary" if personal else "popularity"
    visit.rung, visit.heard = visit.normal, visit.heard + 1
    visit.consent(personal=personal)


def _leave(visit: Visit, _: Tab) -> None:
    visit.t += 2_500.0


def _return(visit: Visit, _: Tab) -> None:
    if visit.user is not None:
        visit.come_back()


def _nothing(visit: Visit, _: Tab) -> None:
    pass


TABLE: dict[str, tuple[float, Callable[[Visit, Tab], None]]] = {
    "observe": (6, observe),
    "ask": (5, _ask),
    "wait": (5, _nothing),
    "supply": (1.5, _supply),
    "resize": (1.0, _resize),
    "retrain": (0.6, _retrain),
    "publish": (0.5, _republish),
    "switch": (0.8, turn_a_switch),
    "fail": (1.5, _fail),
    "consent": (0.3, _consent),
    "leave": (0.1, _leave),
    "return": (0.5, _return),
}
ACTIONS = [(name, act) for name, (_, act) in TABLE.items()]
WEIGHTS = [weight for weight, _ in TABLE.values()]
