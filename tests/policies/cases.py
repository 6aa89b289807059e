"""Any decision that can be asked for, as strategies; and how to read its outcome."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import brute
import numpy as np
from given import NOW, facts
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from policies import (
    Ask,
    Candidates,
    Carried,
    Decision,
    Facts,
    Knobs,
    Pick,
    SlateState,
    decide,
)
from policies.slate import Seat, Seen

ITEMS = "abcdefghijklmn"
EXITS = {"withdrawn", "consumed", "dismissed", "excluded"}
law = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))

scores_of = st.one_of(
    st.integers(-3, 3).map(float),
    st.floats(-1e6, 1e6, allow_nan=False),
    st.sampled_from([0.0, 1e-300, -1e300, 1e300]),
)


@dataclass(frozen=True)
class Case:
    """The arguments of one decision."""

    knobs: Knobs
    state: SlateState | None
    offered: Candidates | None
    facts: Facts
    now: float = NOW

    def decide(self, **changed: Any) -> Decision:
        one = replace(self, **changed)
        return decide(one.knobs, one.state, one.offered, one.facts, one.now)


@st.composite
def some_knobs(draw: st.DrawFn) -> Knobs:
    return Knobs(
        k=draw(st.integers(1, 7)),
        churn_limit=draw(st.sampled_from([0.0, 0.2, 0.5, 1.0])),
        hold_s=draw(st.sampled_from([0.0, 30.0])),
        session_budget=draw(st.sampled_from([None, 0, 1, 6])),
        max_shift=draw(st.sampled_from([0, 1, 2, None])),
        seat_weights=draw(st.sampled_from(["uniform", "dcg"])),
        margin=draw(st.sampled_from([0.0, 0.5])),
        margin_by_profile=draw(st.booleans()),
        seat_margin=draw(st.sampled_from([0.0, 0.3])),
        half_life_s=draw(st.sampled_from([None, 50.0])),
    )


@st.composite
def some_offer(draw: st.DrawFn) -> Candidates:
    items = draw(st.lists(st.sampled_from(ITEMS), unique=True, max_size=len(ITEMS)))
    scores = [draw(scores_of) for _ in items]
    rung = draw(st.sampled_from(["primary", "primary", "primary", "late", "popularity"]))
    return Candidates.of(items, scores, rung=rung, model="m2", known_events=draw(st.integers(0, 9)))


@st.composite
def some_state(draw: st.DrawFn, filled: int, k: int) -> SlateState:
    items = draw(st.permutations(ITEMS))[:filled]
    seats = tuple(
        Seat(i, None, "kept", "for_you", pinned=draw(st.integers(0, 5)) == 0) for i in items
    )
    tail = tuple(Seat(i, None, "kept", "for_you") for i in sorted(set(ITEMS) - set(items))[:2])
    return SlateState(
        epoch=7,
        seats=seats,
        k=max(filled, k),
        rung="primary",
        model="m1",
        normal="primary",
        policy_version=1,
        seen=Seen(0, draw(st.sampled_from(["m1", "m2"])), 1, NOW - 50),
        chosen_at=NOW - draw(st.sampled_from([1.0, 50.0])),
        answered_at=NOW - draw(st.sampled_from([0.0, 60.0])),
        tail=tail if draw(st.booleans()) else (),
        spent=draw(st.sampled_from([(), ((NOW - 50, 1),)])),
        refresh_pending=draw(st.integers(0, 9)) == 0,
    )


@st.composite
def some_picks(draw: st.DrawFn) -> tuple[Pick, ...]:
    """None, or up to three; x and y are items that no recommender knows."""
    if draw(st.booleans()):
        return ()
    items = draw(st.lists(st.sampled_from(f"{ITEMS}xy"), unique=True, max_size=3))
    seats = sorted(draw(st.permutations(range(1, 9)))[: len(items)])
    return tuple(map(Pick, items, seats))


@st.composite
def beginnings(draw: st.DrawFn) -> Case:
    """First answers of slates that may go on with what is carried over."""
    items = draw(st.permutations(ITEMS))[: draw(st.integers(0, 8))]
    rungs = st.sampled_from(["primary", "popularity"])
    carried = Carried(
        tuple(Seat(item, None, "kept", "carried_reason", ("a",)) for item in items),
        draw(rungs),
        draw(st.sampled_from(["m1", "m2"])),
        draw(st.integers(1, 2)),
        NOW - 86_400,
        draw(st.booleans()),
    )
    gone = draw(st.dictionaries(st.sampled_from(ITEMS), st.sampled_from(sorted(EXITS)), max_size=4))
    about = facts(
        draw(st.integers(0, 1)),
        model="m2",
        policy_version=2,
        k=draw(st.sampled_from([None, None, 2, 8])),
        gone=gone,
        freeze=draw(st.integers(0, 9)) == 0,
        picks=draw(some_picks()),
        carried=carried,
    )
    offered = None if draw(st.integers(0, 9)) == 0 else draw(some_offer())
    return Case(draw(some_knobs()), None, offered, about)


@st.composite
def cases(draw: st.DrawFn, *, undo: bool = False) -> Case:
    """Any decision on a slate that exists: acts, exits, switches, rules, rungs, picks, other k."""
    knobs = draw(some_knobs())
    state = draw(some_state(draw(st.sampled_from([knobs.k, knobs.k, 3, 0])), knobs.k))
    kinds = ["dismiss", "pin", "unpin", "refresh", *(["undo"] if undo else [])]
    acts = draw(st.lists(st.tuples(st.sampled_from(kinds), st.sampled_from(ITEMS)), max_size=3))
    said = tuple(Ask(kind, item) for kind, item in acts) if draw(st.booleans()) else ()  # type: ignore[arg-type]
    gone = draw(st.dictionaries(st.sampled_from(ITEMS), st.sampled_from(sorted(EXITS)), max_size=4))
    gone |= {str(ask.item_id): "dismissed" for ask in said if ask.kind == "dismiss"}
    rarely = st.sampled_from([False, False, False, False, True])
    about = facts(
        draw(st.integers(0, 1)),
        model="m2",
        policy_version=draw(st.sampled_from([1, 1, 2])),
        k=draw(st.sampled_from([None, None, None, 2, 8])),
        gone=gone,
        asks=said,
        freeze=draw(rarely),
        bypass=draw(rarely),
        hold_rule="r" if draw(rarely) else None,
        refresh_rule="r" if draw(rarely) else None,
        store_lost=draw(rarely),
        picks=draw(some_picks()),
    )
    offered = None if draw(st.integers(0, 9)) == 0 else draw(some_offer())
    return Case(knobs, state, offered, about)


@st.composite
def steps(draw: st.DrawFn) -> Case:
    """Decisions of row 8: a cause, the normal rung, no switch, no rule and no act."""
    knobs = draw(some_knobs())
    state = draw(some_state(knobs.k, knobs.k))._replace(
        tail=(), refresh_pending=False, chosen_at=0.0
    )
    gone = draw(st.dictionaries(st.sampled_from(ITEMS), st.just("withdrawn"), max_size=3))
    offered = replace(draw(some_offer()), rung="primary")
    return Case(knobs, state, offered, facts(1, model="m2", gone=gone))


def ids(state: SlateState) -> list[str]:
    return [seat.item_id for seat in state.seats]


def pins(state: SlateState) -> set[str]:
    return {seat.item_id for seat in state.seats if seat.pinned}


def before(case: Case) -> SlateState:
    assert case.state is not None
    return case.state


def plain(answer: Decision) -> dict[str, Any]:
    return answer._asdict()


def worth(case: Case, state: SlateState, knobs: Knobs) -> float:
    """The objective of the contract, in units of the grid; unscored incumbents count alike."""
    assert case.offered is not None
    scores = {i: s for i, s in case.offered.score_of.items() if i not in case.facts.gone}
    if not scores:
        return 0.0
    tame = (
        {i: s / 1e301 for i, s in scores.items()}
        if max(map(abs, scores.values())) > 1e290
        else scores
    )
    grid = brute.quantised(tame)
    low, high = min(tame.values()), max(tame.values())
    unit = float(np.std(list(tame.values()))) / (high - low) * 2**20 if high > low else 0.0
    margin = knobs.margin
    if knobs.margin_by_profile:
        margin /= max(1, case.offered.known_events) ** 0.5
    was = ids(before(case))
    total = 0.0
    for n, item in enumerate(ids(state)):
        value = float(grid.get(item, 0))
        if item in was:
            value += (margin + knobs.seat_margin * (was[n : n + 1] == [item])) * unit
        total += value * (1 / math.log2(n + 2) if knobs.seat_weights == "dcg" else 1.0)
    return total
