"""The decision is exactly optimal: an independent brute force agrees on slate and ties."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import brute
import numpy as np
import pytest

from policies import Candidates, Facts, Knobs, decide
from policies.slate import Seat, Seen, SlateState

CASES = 20_000


def random_case(rng: random.Random) -> brute.Case:
    """Up to five seats and nine items; ties, negative scores, pins, holes, unscored incumbents."""
    k = rng.randint(1, 5)
    names = rng.sample("abcdefghi", rng.randint(k, 9))
    incumbents = tuple(names[:k])
    grid = rng.choice([(0, 1), (-2, 2), (0, 1000)])
    scores = {i: float(rng.randint(*grid)) for i in names}
    holes = rng.sample(range(k), rng.randint(0, min(k, len(names) - k)))
    left = tuple(None if n in holes else i for n, i in enumerate(incumbents))
    for n in holes:
        del scores[incumbents[n]]
    stay = [i for i in left if i is not None]
    pinned = frozenset(i for i in stay if rng.random() < 0.15)
    for item in stay:
        if rng.random() < 0.1 and len(scores) > 1:
            del scores[item]
    return brute.Case(
        incumbents=left,
        scores=scores,
        pinned=pinned,
        displacements=rng.randint(0, k),
        max_shift=rng.choice([0, None, 1]),
        margin=rng.choice([0.0, 0.0, rng.random()]),
        seat_margin=rng.choice([0.0, 0.0, rng.random()]),
    )


def decided(case: brute.Case) -> tuple[str, ...]:
    """The slate that the decision serves in a step which allows what the case allows."""
    k = len(case.incumbents)
    seats = tuple(
        Seat(i or f"gone{n}", 0.0, "kept", "for_you", pinned=i in case.pinned)
        for n, i in enumerate(case.incumbents)
    )
    state = SlateState(
        epoch=1,
        seats=seats,
        k=k,
        rung="primary",
        model="m",
        normal="primary",
        policy_version=1,
        seen=Seen(0, "m", 1, 0.0),
        chosen_at=0.0,
        answered_at=0.0,
    )
    knobs = Knobs(
        k=k,
        churn_limit=1.0,
        hold_s=0.0,
        session_budget=case.displacements,
        max_shift=case.max_shift,
        margin=case.margin,
        margin_by_profile=False,
        seat_margin=case.seat_margin,
    )
    gone = {f"gone{n}": "withdrawn" for n, i in enumerate(case.incumbents) if i is None}
    facts = Facts(heard=1, model="m", policy_version=1, gone=gone)
    offered = Candidates(
        tuple(case.scores), np.array(list(case.scores.values())), rung="primary", model="m"
    )
    return tuple(s.item_id for s in decide(knobs, state, offered, facts, 10.0).state.seats)


def disagreements(cases: int, seed: int = 1) -> Counter[str]:
    rng = random.Random(seed)
    seen: Counter[str] = Counter()
    for _ in range(cases):
        case = random_case(rng)
        expected, _ = brute.best(case)
        seen["same" if decided(case) == expected else "different"] += 1
    return seen


def test_brute_force_agrees_on_every_small_case() -> None:
    assert disagreements(CASES // 4) == {"same": CASES // 4}


def _greedy_leavers(incumbents, challengers, worth, advantage, displacements):  # type: ignore[no-untyped-def]
    weakest = sorted(worth.of[item] for item in incumbents.values())
    pairs = zip(weakest[:displacements], challengers, strict=False)
    return [weak for weak, challenger in pairs if worth.of[challenger] >= weak + advantage]


def _first_seats(layout, entering, incumbents, leavers, worth):  # type: ignore[no-untyped-def]
    return set(sorted(incumbents, key=lambda seat: worth.of[incumbents[seat]])[: len(leavers)])


PLANTED = {
    "ties displace": ("policies.optimum._leavers", _greedy_leavers),
    "equal incumbents leave by seat": ("policies.optimum._smallest", _first_seats),
    "grid forgotten": ("policies.optimum.GRID", 8.0),
    "limit off by one": (
        "policies.permission.allowance",
        lambda knobs, state, facts, filled, now: min(filled, (knobs.session_budget or 0) + 1),
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_brute_force_catches_a_planted_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(*PLANTED[bug])
    assert disagreements(1_500)["different"] > 0


def test_a_short_slate_is_contiguous_and_keeps_order() -> None:
    case = brute.Case(
        ("a", None, "c", None, "e"), {"a": 1.0, "c": 2.0, "e": 3.0}, frozenset(), 5, 0, 0, 0
    )
    assert decided(case) == ("a", "c", "e")
    with_pin = replace(case, pinned=frozenset("c"))
    assert decided(with_pin) == ("a", "e", "c")
