"""What holds for every decision, whatever the knobs, the slate, the offer and the facts."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from cases import (
    EXITS,
    ITEMS,
    Case,
    before,
    cases,
    ids,
    law,
    pins,
    plain,
    some_knobs,
    some_offer,
    steps,
    worth,
)
from given import KNOBS, NOW, facts, offer, slate
from hypothesis import given
from hypothesis import strategies as st

from policies import REASONS, Candidates, Knobs, decide, held
from policies.slate import Seen

IN_ONLY = {"better_match", "refill", "session_start"}
OUT_ONLY = {"displaced", *EXITS}
SAME_SEAT = {"pinned", "asked", "undone"}


@law
@given(cases(undo=True))
def test_no_item_is_shown_twice_and_none_that_may_not_be(case: Case) -> None:
    answer = case.decide()
    seen = ids(answer.state)
    assert len(seen) == len(set(seen)) <= (case.facts.k or case.knobs.k)
    assert not set(seen) & (case.facts.gone.keys() - set(answer.lifted))


@law
@given(cases(undo=True))
def test_only_incumbents_candidates_picks_and_what_a_smaller_screen_cut_are_shown(
    case: Case,
) -> None:
    known = {seat.item_id for seat in (*before(case).seats, *before(case).tail)}
    known |= {pick.item_id for pick in case.facts.picks}
    known |= set(case.offered.item_ids) if case.offered else set()
    assert set(ids(case.decide().state)) <= known


@law
@given(cases())
def test_as_many_seats_are_filled_as_items_allow(case: Case) -> None:
    answer, k = case.decide(), case.facts.k or case.knobs.k
    able = set(ids(before(case))[:k]) | set(case.offered.item_ids if case.offered else ())
    assert len(answer.state.seats) >= min(k, len(able - case.facts.gone.keys()))


@law
@given(cases())
def test_displacements_are_counted_and_stay_within_what_is_allowed(case: Case) -> None:
    answer = case.decide()
    state = answer.state
    if state.epoch == before(case).epoch:
        return
    left = [c.item_id for c in state.changes if c.after is None and c.reason == "displaced"]
    assert len(left) == state.displaced <= state.allowed
    assert answer.trigger == "step" or not left
    filled = min(len(before(case).seats), case.facts.k or case.knobs.k)
    # When answers came is kept only while a knob asks for it, so new knobs find nobody idle.
    new_knobs = case.facts.policy_version > before(case).policy_version
    idle = 0.0 if new_knobs else NOW - before(case).answered_at
    share = case.knobs.churn_limit
    if case.knobs.half_life_s:
        share = 1 - (1 - share) * 2 ** (-idle / case.knobs.half_life_s)
    most = int(share * filled + 1e-9)
    if case.knobs.session_budget is not None:
        used = sum(n for _, n in before(case).spent)
        most = min(most, max(0, case.knobs.session_budget - used))
    assert state.allowed == (most if answer.trigger == "step" else 0)


@law
@given(cases())
def test_pins_stay_where_they_are_while_there_are_items_before_them(case: Case) -> None:
    answer = case.decide()
    unpinned = {ask.item_id for ask in case.facts.asks if ask.kind == "unpin"}
    for seat, each in enumerate(before(case).seats):
        away = each.item_id in case.facts.gone or each.item_id in unpinned
        if each.pinned and not away and seat < len(answer.state.seats):
            assert answer.state.seats[seat].item_id == each.item_id
            assert answer.state.seats[seat].pinned


@law
@given(cases(undo=True))
def test_changes_are_the_true_difference_and_each_reason_can_be_true(case: Case) -> None:
    answer = case.decide()
    old, state = before(case), answer.state
    if state.epoch == old.epoch:
        assert (state.changes_from, state.changes) == (old.changes_from, old.changes)
        return
    was = {item: n for n, item in enumerate(ids(old), 1)}
    now = {item: n for n, item in enumerate(ids(state), 1)}
    true = {(i, was.get(i), now.get(i)) for i in {*was, *now} if was.get(i) != now.get(i)}
    listing = [(c.item_id, c.before, c.after) for c in state.changes]
    assert state.changes_from == old.epoch
    assert len(listing) == len({item for item, _, _ in listing})
    assert {one for one in listing if one[1] != one[2]} == true
    for change in state.changes:
        assert change.reason in REASONS
        assert change.reason not in IN_ONLY or change.before is None
        assert change.reason not in OUT_ONLY or change.after is None
        assert change.reason != "moved" or (change.before and change.after)
        assert change.before != change.after or change.reason in SAME_SEAT
        if change.reason in EXITS:
            assert case.facts.gone[change.item_id] == change.reason
        if change.reason == "kill_switch":
            assert case.facts.bypass
        if change.reason == "rule_refresh":
            assert case.facts.refresh_rule
    count = [change.reason for change in state.changes].count
    assert (state.displaced, state.refilled) == (count("displaced"), count("refill"))
    turned = (pins(old) ^ pins(state)) & set(was) & set(now)
    assert turned <= {change.item_id for change in state.changes}


@law
@given(cases(undo=True))
def test_standings_tell_what_happened_to_each_seat(case: Case) -> None:
    answer = case.decide()
    if answer.state.epoch == before(case).epoch:
        return
    was = ids(before(case))
    for n, seat in enumerate(answer.state.seats):
        right = (
            "new"
            if seat.item_id not in was
            else "kept"
            if was.index(seat.item_id) == n
            else "moved"
        )
        assert seat.standing == ("pinned" if seat.pinned else right)


@law
@given(cases())
def test_the_epoch_moves_exactly_when_items_order_or_pins_do(case: Case) -> None:
    answer = case.decide()
    old, state = before(case), answer.state
    same = ids(old) == ids(state) and pins(old) == pins(state)
    turned = {ask.item_id for ask in case.facts.asks if ask.kind in ("pin", "unpin")}
    # A pin set and taken back in one answer is an act that was shown: it may move the epoch.
    if not (same and turned & set(ids(state))):
        assert state.epoch == old.epoch + (not same)


@law
@given(cases())
def test_without_a_cause_and_without_anything_asked_or_gone_nothing_changes(case: Case) -> None:
    old = before(case)._replace(tail=(), refresh_pending=False, seen=Seen(0, "m2", 2, NOW - 50))
    k = len(old.seats) or 1
    about = replace(case.facts, heard=0, asks=(), gone={}, bypass=False, refresh_rule=None, k=k)
    if not old.seats:
        return
    answer = case.decide(state=old, facts=about)
    assert answer.state.seats == old.seats
    assert answer.state.epoch == old.epoch
    assert answer.trigger in {"quiet", "freeze", "hold_rule", "degraded"}


@law
@given(steps(), st.data())
def test_a_larger_limit_never_gives_a_lower_objective(case: Case, data: st.DataObject) -> None:
    smaller, larger = sorted(data.draw(st.lists(st.floats(0, 1), min_size=2, max_size=2)))
    worths = []
    for limit in (smaller, larger):
        knobs = replace(case.knobs, churn_limit=limit, session_budget=None)
        worths.append(worth(case, case.decide(knobs=knobs).state, knobs))
    assert worths[0] <= worths[1] + 1e-6 * max(1.0, abs(worths[1]))


@law
@given(steps())
def test_a_frozen_surface_changes_by_force_only(case: Case) -> None:
    knobs = replace(case.knobs, churn_limit=0.0, half_life_s=None)
    answer = case.decide(knobs=knobs)
    if answer.state.epoch > 7:
        assert {change.reason for change in answer.state.changes} <= {*EXITS, "refill", "resized"}
    stay = [i for i in ids(before(case)) if i not in case.facts.gone]
    assert set(stay) <= set(ids(answer.state))


@law
@given(cases(undo=True))
def test_no_argument_is_modified(case: Case) -> None:
    twin = copy.deepcopy(case)
    held(case.knobs, case.state, case.facts, case.now)
    case.decide()
    assert (case.knobs, case.state, case.facts) == (twin.knobs, twin.state, twin.facts)
    if case.offered is not None and twin.offered is not None:
        assert case.offered.item_ids == twin.offered.item_ids
        assert np.array_equal(case.offered.scores, twin.offered.scores)
        assert case.offered.because == twin.offered.because


@law
@given(cases(undo=True), st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(case: Case, rng: Any) -> None:
    if case.offered is None:
        return
    order = list(range(len(case.offered.item_ids)))
    rng.shuffle(order)
    mixed = replace(
        case.offered,
        item_ids=tuple(case.offered.item_ids[n] for n in order),
        scores=case.offered.scores[order],
    )
    assert plain(case.decide()) == plain(case.decide(offered=mixed))


@law
@given(cases(undo=True))
def test_the_same_arguments_give_the_same_decision(case: Case) -> None:
    assert plain(case.decide()) == plain(case.decide())


@law
@given(cases(undo=True))
def test_a_degraded_answer_makes_no_chosen_change(case: Case) -> None:
    answer = case.decide()
    if answer.degraded and answer.state.epoch > 7:
        reasons = {change.reason for change in answer.state.changes}
        assert not reasons & {"better_match", "displaced", "moved"}
        assert answer.state.displaced == 0


@law
@given(some_knobs(), some_offer())
def test_a_slate_begins_with_the_top_k_by_score_and_then_by_id(
    knobs: Knobs, offered: Candidates
) -> None:
    answer = decide(knobs, None, offered, facts(0, gone={"a": "withdrawn"}), NOW)
    eligible = {i: s for i, s in offered.score_of.items() if i != "a"}
    seen = ids(answer.state)
    assert len(seen) == min(knobs.k, len(eligible))
    spread = max(eligible.values()) / 4 - min(eligible.values()) / 4 if eligible else 0.0
    grain = spread * 4 * 2**-19
    falling = [eligible[item] for item in seen]
    assert all(a >= b - grain for a, b in pairwise(falling))
    rest = [eligible[item] for item in eligible if item not in seen]
    assert not rest or not falling or min(falling) >= max(rest) - grain
    alike = decide(
        knobs, None, replace(offered, scores=np.zeros(len(offered.item_ids))), facts(0), NOW
    )
    assert ids(alike.state) == sorted(offered.item_ids)[: knobs.k]


def test_noise_below_the_margin_displaces_nothing_from_the_recommenders_own_top_k() -> None:
    rng = np.random.default_rng(5)
    for _ in range(200):
        clean = dict(zip(ITEMS, rng.normal(size=len(ITEMS)).tolist(), strict=True))
        top = "".join(sorted(clean, key=lambda item: -clean[item])[:5])
        knobs = replace(KNOBS, churn_limit=1.0, margin=0.4, margin_by_profile=False)
        deviation = float(np.std(list(clean.values())))
        noise = rng.uniform(-0.19, 0.19, size=len(ITEMS)) * deviation * 0.9
        noisy = {i: s + e for (i, s), e in zip(clean.items(), noise.tolist(), strict=True)}
        answer = decide(knobs, slate(top), offer(noisy), facts(), NOW)
        assert "".join(ids(answer.state)) == top
