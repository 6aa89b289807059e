"""Many decisions at once are the decisions one by one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cases import ITEMS
from given import NOW
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policies import PRESETS, Decision, Knobs, SlateState, decide
from policies.batch import Decisions, Moments, Names, Offers, Slates, decide_batch
from policies.slate import Pick, Seat, Seen

NAMES = Names.of(ITEMS)
RUNGS = ["primary", "primary", "primary", "late", "popularity"]


def some_slates(rng: np.random.Generator, count: int, k: int) -> list[SlateState | None]:
    """Slates as they may stand: short ones, pins, steps taken, held ones, others' versions."""
    return [_state(rng, k) if rng.random() < 0.9 else None for _ in range(count)]


def _state(rng: np.random.Generator, k: int) -> SlateState:
    filled = k if rng.random() < 0.8 else int(rng.integers(0, k + 1))
    items = rng.permutation(list(ITEMS))[:filled].tolist()
    seats = tuple(
        Seat(
            item,
            None if rng.random() < 0.2 else float(rng.normal()),
            rng.choice(["kept", "moved", "new"]).item(),
            rng.choice(["for_you", "popular"]).item(),
            ("x",) if rng.random() < 0.3 else (),
        )
        for item in items
    )
    seats = tuple(
        s._replace(pinned=True, standing="pinned") if rng.random() < 0.1 else s for s in seats
    )
    spent = tuple((NOW - float(at), 1) for at in sorted(rng.integers(1, 900, 3).tolist())[::-1])
    return SlateState(
        epoch=int(rng.integers(1, 9)),
        seats=seats,
        k=k,
        rung="primary",
        model=rng.choice(["m1", "m2"]).item(),
        normal="primary",
        policy_version=int(rng.integers(1, 4)),
        seen=Seen(int(rng.integers(0, 2)), rng.choice(["m1", "m2"]).item(), 2, NOW - 50),
        chosen_at=NOW - float(rng.choice([1.0, 50.0])),
        answered_at=NOW - float(rng.choice([0.0, 60.0])),
        spent=spent[: rng.integers(0, 4)],
        changes_from=3,
        allowed=1,
        displaced=0,
    )


def some_knobs(rng: np.random.Generator) -> Knobs:
    """Every knob that a decision reads."""
    return Knobs(
        k=int(rng.integers(1, 8)),
        churn_limit=float(rng.choice([0.0, 0.2, 0.5, 1.0])),
        hold_s=float(rng.choice([0.0, 30.0])),
        session_budget=rng.choice([None, 0, 2, 6]),
        max_shift=rng.choice([0, 1, 2, None]),
        seat_weights=rng.choice(["uniform", "dcg", "dcg"]).item(),
        margin=float(rng.choice([0.0, 0.5])),
        margin_by_profile=bool(rng.integers(2)),
        seat_margin=float(rng.choice([0.0, 0.3])),
        half_life_s=rng.choice([None, 50.0]),
        refresh_every_s=rng.choice([None, 40.0, 100.0]),
    )


def batch(seed: int, knobs: Knobs | None = None, *, odd: bool = True) -> tuple[Any, ...]:
    """The arguments of one batch; not `odd`: no switch, no rule, one rung, scores without ties."""
    rng = np.random.default_rng(seed)
    knobs = knobs or some_knobs(rng)
    count = 12
    slates = Slates.of(some_slates(rng, count, knobs.k), knobs.k, NAMES)
    width = int(rng.integers(1, len(ITEMS) + 1))
    items = np.array([rng.permutation(len(ITEMS))[:width] for _ in range(count)])
    scores = rng.normal(size=items.shape) * 10.0 ** rng.integers(-3, 4)
    if odd and rng.random() < 0.3:
        scores = np.rint(scores)
    if odd and rng.random() < 0.05:
        scores[0, 0], scores[-1, -1] = 1e308, -1e308
    items[rng.random(items.shape) < 0.05] = -1
    offers = Offers(
        items,
        scores,
        rng.choice(RUNGS).item() if odd else "primary",
        "m2",
        known_events=rng.integers(0, 9, count),
        because=(lambda row, item: (f"{row}", f"{item}")) if rng.random() < 0.5 else None,
    )
    gone = np.where(rng.random((count, 2)) < 0.3, rng.integers(0, len(ITEMS), (count, 2)), -1)
    why = rng.choice(np.array(["withdrawn", "consumed"], object), gone.shape)
    twice = (gone[:, 0] == gone[:, 1]) & (gone[:, 0] >= 0)
    gone[twice, 1] = -1
    rarely = odd and rng.random() < 0.15
    rules = np.where(rng.random(count) < 0.3, "r", None)
    moments = Moments(
        now=np.full(count, NOW),
        heard=rng.integers(0, 2, count),
        model="m2",
        policy_version=2,
        gone=gone if rng.random() < 0.7 else None,
        why=why,
        freeze=bool(rarely and rng.integers(2)),
        bypass=bool(rarely and rng.integers(2)),
        hold_rule=rules if odd and rng.random() < 0.2 else None,
        refresh_rule=rules[::-1] if odd and rng.random() < 0.2 else None,
        store_lost=bool(odd and rng.random() < 0.1),
        picks=(Pick("c", 1), Pick("f", 3)) if odd and rng.random() < 0.1 else (),
    )
    return knobs, slates, offers, moments, NAMES


def one_by_one(given: tuple[Any, ...]) -> list[Decision]:
    """The same decisions by `decide`."""
    knobs, slates, offers, moments, names = given
    return [
        decide(
            knobs,
            slates.state(row, names),
            offers.row(row, names),
            moments.facts(row, names),
            float(moments.now[row]),
        )
        for row in range(len(moments.now))
    ]


def differing(seeds: range, knobs: Knobs | None = None) -> list[tuple[int, int]]:
    """Seed and row of every decision that is not the same."""
    found = []
    for seed in seeds:
        given = batch(seed, knobs)
        pairs = zip(decide_batch(*given), one_by_one(given), strict=True)
        found += [(seed, row) for row, (many, one) in enumerate(pairs) if many != one]
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_a_batch_answers_as_one_by_one(seed: int) -> None:
    assert differing(range(seed, seed + 1)) == []


def columns_of(decided: Decisions) -> list[tuple[Any, ...]]:
    budget = decided.budget_left
    return [
        (
            decided.trigger[row],
            decided.cause[row],
            decided.rule[row],
            None if budget is None else int(budget[row]),
            float(decided.hold_until[row]),
            int(decided.displaced[row]),
            bool(decided.changed[row]),
            bool(decided.moved_on[row]),
        )
        for row in range(len(decided))
    ]


def test_the_columns_say_what_the_rows_say() -> None:
    for seed in range(200):
        given = batch(seed)
        slates, decided = given[1], decide_batch(*given)
        for row, (one, told) in enumerate(zip(one_by_one(given), columns_of(decided), strict=True)):
            state, before = one.state, slates.state(row, NAMES)
            new = before is None or state.epoch != before.epoch
            displaced = state.displaced if new else 0
            right = (one.trigger, one.cause, one.rule, one.budget_left, one.hold_until)
            assert told == (*right, displaced, new, one.moved_on), (seed, row)
            assert decided.slates.state(row, NAMES) == state


def test_the_next_batch_begins_where_the_last_one_ended() -> None:
    for seed in range(60):
        knobs, slates, offers, moments, _ = batch(seed)
        states: list[SlateState | None] = [slates.state(n, NAMES) for n in range(len(moments.now))]
        for visit in range(4):
            later = replace(moments, now=moments.now + 40.0 * visit, heard=moments.heard + visit)
            offers = replace(offers, scores=np.roll(offers.scores, visit, axis=1))
            slates = decide_batch(knobs, slates, offers, later, NAMES).slates
            for row, before in enumerate(states):
                candidates, facts = offers.row(row, NAMES), later.facts(row, NAMES)
                one = decide(knobs, before, candidates, facts, float(later.now[row]))
                states[row] = one.state
                assert slates.state(row, NAMES) == one.state, (seed, visit, row)


def test_nearly_all_rows_without_ties_and_oddities_are_decided_together() -> None:
    alone: Counter[bool] = Counter()
    for name in ("fresh", "sticky", "gentle"):
        for seed in range(40):
            given = batch(seed, replace(PRESETS[name], k=4, churn_limit=0.5), odd=False)
            decided = decide_batch(*given)
            alone.update(row in decided.alone for row in range(len(decided)))
    assert alone[False] > 8 * alone[True] > 0


def test_no_column_is_modified() -> None:
    for seed in range(60):
        given, twin = batch(seed), batch(seed)
        decide_batch(*given)
        for one, other in zip(given[1:4], twin[1:4], strict=True):
            for name, column in vars(one).items():
                if isinstance(column, np.ndarray) and name != "declared":
                    same = np.array_equal(
                        column, getattr(other, name), equal_nan=column.dtype == float
                    )
                    assert same, (seed, name)


def test_what_does_not_fit_is_refused() -> None:
    knobs, slates, offers, moments, _ = batch(1)
    with pytest.raises(ValueError, match="do not fit"):
        decide_batch(replace(knobs, k=knobs.k + 1), slates, offers, moments, NAMES)
    for bad in (np.nan, np.inf, -np.inf):
        scores = offers.scores.copy()
        scores[0, 0] = bad
        with pytest.raises(ValueError, match="finite"):
            replace(offers, scores=scores)
    with pytest.raises(ValueError, match="differ"):
        replace(offers, scores=offers.scores[:, :0])
    state = slates.state(int(np.flatnonzero(slates.begun)[0]), NAMES)
    assert state is not None
    for more in ({"k": 9}, {"tail": state.seats}, {"refresh_pending": True}):
        with pytest.raises(ValueError, match="by itself"):
            Slates.of([state._replace(**more)], knobs.k, NAMES)
