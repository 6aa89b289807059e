"""The decision is exactly optimal: an independent brute force agrees on slate and ties."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

import brute
import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

import policies.contest
import policies.inplace
from policies import Candidates, Facts, Knobs, Pick, decide
from policies.assignment import assign
from policies.certain import certain
from policies.contest import Contest, dcg, whole_dcg
from policies.inplace import replace_in_place
from policies.rerank import rerank
from policies.slate import Seat, Seen, SlateState

CASES = 1_300
"""Of each kind: more than 5,000 of each weights and max_shift, 40,000 in all."""

WEIGHTS = ("uniform", "dcg")
SHIFTS: tuple[int | None, ...] = (0, 1, 2, None)
MARGINS = ((False, False), (True, False), (False, True), (True, True))
Kind = tuple[str, int | None, tuple[bool, bool]]
KINDS: list[Kind] = list(product(WEIGHTS, SHIFTS, MARGINS))


def random_case(rng: random.Random, kind: Kind) -> brute.Case:
    """Up to five seats and nine items; ties, negative scores, pins, holes, unscored incumbents,
    editors' picks."""
    weights, max_shift, margins = kind
    k = rng.choice([1, 2, 3, 3, 4, 4, 5])
    names = rng.sample("abcdefghi", rng.randint(k, 7 if k == 5 else 8))
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
    margin, seat_margin = (rng.choice([rng.random(), 0.05]) if one else 0.0 for one in margins)
    most = rng.randint(0, k)
    case = brute.Case(left, scores, pinned, most, max_shift, margin, seat_margin, weights)
    return replace(case, picks=some_picks(rng, case)) if rng.random() < 0.3 else case


def some_picks(rng: random.Random, case: brute.Case) -> tuple[tuple[str, int], ...]:
    """Up to three picks: incumbents, newcomers that no hole needs, items without a score."""
    stay = [i for i in case.incumbents if i is not None]
    spare = sorted(case.scores.keys() - set(stay))[case.incumbents.count(None) :]
    items = rng.sample([*stay, *spare, "x", "y", "z"], rng.randint(1, 3))
    seats = rng.sample(range(len(case.incumbents)), min(len(items), len(case.incumbents)))
    return tuple(sorted(zip(items, seats, strict=False), key=lambda pick: pick[1]))


def decided(case: brute.Case) -> brute.Slate:
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
        spent=((5.0, k + 1 - case.displacements),),
    )
    knobs = Knobs(
        k=k,
        churn_limit=1.0,
        hold_s=0.0,
        session_budget=k + 1,
        max_shift=case.max_shift,
        seat_weights=case.weights,  # type: ignore[arg-type]
        margin=case.margin,
        margin_by_profile=False,
        seat_margin=case.seat_margin,
    )
    gone = {f"gone{n}": "withdrawn" for n, i in enumerate(case.incumbents) if i is None}
    picks = tuple(Pick(item, seat + 1) for item, seat in case.picks)
    facts = Facts(heard=1, model="m", policy_version=1, gone=gone, picks=picks)
    offered = Candidates(
        tuple(case.scores), np.array(list(case.scores.values())), rung="primary", model="m"
    )
    return tuple(s.item_id for s in decide(knobs, state, offered, facts, 10.0).state.seats)


def disagreements(
    kind: Kind, cases: int, seed: int = 1
) -> list[tuple[brute.Case, brute.Slate, brute.Slate]]:
    """Cases in which the decision differs from the definition, with both slates."""
    rng = random.Random(f"{seed}/{kind}")
    found = []
    for _ in range(cases):
        case = random_case(rng, kind)
        expected, _ = brute.best(case)
        if (slate := decided(case)) != expected:
            found.append((case, slate, expected))
    return found


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_brute_force_agrees_on_every_small_case(kind: Kind) -> None:
    assert disagreements(kind, CASES) == []


def _ties_displace(contest, advantage):  # type: ignore[no-untyped-def]
    weakest = sorted(contest.worth[item] for item in contest.incumbents)
    challengers = contest.newcomers[len(contest.holes) :]
    pairs = zip(weakest[: contest.displacements], challengers, strict=False)
    return [weak for weak, challenger in pairs if contest.worth[challenger] >= weak + advantage]


def _first_seats(contest, entering, leaving):  # type: ignore[no-untyped-def]
    ranked = sorted(contest.incumbents, key=lambda item: contest.worth[item])
    return {contest.incumbents[item] for item in ranked[: len(leaving)]}


def _ties_displace_in_place(*given):  # type: ignore[no-untyped-def]
    return [(stay, [gain + 1 for gain in go]) for stay, go in TRUE_GAINS(*given)]


def _cheapest_in_doubles(costs, count):  # type: ignore[no-untyped-def]
    table = np.full((len(costs), count), 1e300)
    for row, here in enumerate(costs):
        table[row, list(here)] = [float(cost) for cost in here.values()]
    return linear_sum_assignment(table)[1].tolist()


TRUE_GAINS = policies.inplace._gains
ANY_SHIFT: list[Kind] = [("uniform", None, margins) for margins in MARGINS]
IN_PLACE: list[Kind] = [("dcg", 0, margins) for margins in MARGINS]
FREE: list[Kind] = [("dcg", None, (False, False)), ("dcg", None, (True, False))]
WINDOWS: list[Kind] = [("dcg", shift, margins) for shift in (1, 2) for margins in MARGINS]
PLANTED: dict[str, tuple[list[Kind], str, object]] = {
    "ties displace": (ANY_SHIFT, "policies.optimum.leavers", _ties_displace),
    "equal incumbents leave by seat": (ANY_SHIFT, "policies.optimum._smallest", _first_seats),
    "grid forgotten": (ANY_SHIFT, "policies.worth.GRID", 8.0),
    "limit off by one": (
        IN_PLACE,
        "policies.permission.budget_left",
        lambda knobs, state, now: knobs.session_budget - state.spent[0][1] + 1,
    ),
    "seats are taken for the next ones": (
        IN_PLACE,
        "policies.choice.dcg",
        lambda k: policies.contest.dcg(k + 1)[1:],
    ),
    "ties displace in place": (IN_PLACE, "policies.inplace._gains", _ties_displace_in_place),
    "equal items are put in order of id": (
        FREE,
        "policies.rerank._seated",
        lambda contest, ranked, value, seats: ranked,
    ),
    "of equal items the first ids stay": (
        FREE,
        "policies.rerank._staying",
        lambda contest, leaving, seats: sorted(
            contest.incumbents, key=lambda item: (-contest.worth[item], item)
        )[: len(contest.incumbents) - len(leaving)],
    ),
    "ties are left to rounding": (WINDOWS, "policies.assignment.cheapest", _cheapest_in_doubles),
    "the last ids win": (
        WINDOWS,
        "policies.assignment.sorted",
        lambda items: sorted(items, reverse=True),
    ),
    "a window reaches one seat further": (
        WINDOWS,
        "policies.permission.shift_of",
        lambda knobs, *_: None if knobs.max_shift is None else knobs.max_shift + 1,
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_brute_force_catches_a_planted_bug(bug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    kinds, where, planted = PLANTED[bug]
    monkeypatch.setattr(where, planted, raising=False)
    assert any(disagreements(kind, 300) for kind in kinds)


def large_contest(rng: random.Random, shift: int | None) -> Contest:
    """Up to 20 seats and 40 items, far beyond brute force; ties, holes and seats that are fixed."""
    k = rng.randint(6, 20)
    names = rng.sample([f"i{n:02}" for n in range(60)], k + 20)
    grid = rng.choice([2, 20, 2**20])
    worth = {item: rng.randint(0, grid) for item in names}
    layout: list[str | None] = [item if rng.random() < 0.9 else None for item in names[:k]]
    incumbents = {i: n for n, i in enumerate(layout) if i is not None and rng.random() < 0.9}
    holes = [n for n, item in enumerate(layout) if item is None]
    most = rng.randint(0, len(incumbents))
    newcomers = sorted(names[k:], key=lambda item: (-worth[item], item))[: len(holes) + most]
    margin = rng.choice([0, rng.randint(0, grid)])
    seat_margin = rng.choice([0, rng.randint(0, grid)]) if shift == 0 else 0
    return Contest(layout, holes, incumbents, newcomers, worth, margin, seat_margin, most, shift)


def test_the_three_solvers_agree_on_large_slates_where_two_of_them_apply() -> None:
    rng = random.Random(5)
    for _ in range(300):
        fixed, free = large_contest(rng, 0), large_contest(rng, None)
        weights = whole_dcg(len(fixed.layout))
        assert replace_in_place(fixed, weights) == assign(fixed, weights)
        assert rerank(free) == assign(free, whole_dcg(len(free.layout)))


def test_doubles_answer_only_where_whole_numbers_give_the_same() -> None:
    rng = random.Random(6)
    told = {False: 0, True: 0}
    for n in range(600):
        contest = large_contest(rng, rng.choice([0, 1, 3, None]))
        weights = dcg(len(contest.layout))
        found = certain(contest, weights)
        told[found is not None] += 1
        if found is not None:
            assert found == assign(contest.whole(), whole_dcg(len(weights))), n
    assert min(told.values()) > 100


def test_a_short_slate_is_contiguous_and_keeps_order() -> None:
    case = brute.Case(
        ("a", None, "c", None, "e"), {"a": 1.0, "c": 2.0, "e": 3.0}, frozenset(), 5, 0, 0, 0
    )
    assert decided(case) == ("a", "c", "e")
    with_pin = replace(case, pinned=frozenset("c"))
    assert decided(with_pin) == ("a", "e", "c")
