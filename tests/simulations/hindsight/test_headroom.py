"""Hindsight beside policies on visits of a small world: it may do all that they do, and no less."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from policies import Knobs
from recsvc.data import tables_from_frames
from simulations.eras import Trained, train_models
from simulations.hindsight import best_schedule, headroom_of, schedule_bound
from simulations.hindsight.headroom import comparable, sampled
from simulations.hindsight.permits import Permit, permit_of
from simulations.hindsight.stays import Stay, Watcher
from simulations.play import Look, Player
from simulations.replay import replay
from simulations.scenario import Scenario, Shelf
from simulations.shop import make_world
from simulations.study import Policy, Study, parse_study

WRITTEN: dict[str, Any] = {
    "name": "small",
    "bootstrap": 100,
    "world": {"users": 300, "items": 120, "days": 25, "test_days": 5},
    "model": {"parameters": {"regularisation": 0.1}},
    "policies": {
        "fresh": {"preset": "fresh"},
        "frozen": {"preset": "frozen"},
        "popularity": {"preset": "fresh", "personal": False},
        "sticky": {"preset": "sticky"},
        "gentle": {"preset": "gentle"},
        "limit": {"preset": "fresh", "grid": {"churn_limit": [0.1, 0.3]}},
        "hold": {"preset": "fresh", "churn_limit": 0.2, "grid": {"hold_s": [20.0, 90.0]}},
        "budget": {"preset": "fresh", "session_budget": 2, "budget_window_s": 120.0},
        "relaxing": {"preset": "fresh", "churn_limit": 0.1, "half_life_s": 60.0},
        "timed": {"preset": "fresh", "churn_limit": 0.1, "refresh_every_s": 40.0},
        "slowly": {"preset": "sticky", "refresh_every_s": 40.0},
        "ruled": {
            "preset": "sticky",
            "hold_s": 5.0,
            "hold_when": "session.requests < 3",
            "refresh_when": "user.events >= 6",
        },
        "resting": {"preset": "fresh", "churn_limit": 0.1, "hold_when": "session.requests < 4"},
        "carried": {"preset": "sticky", "carry_over": True},
    },
}


@pytest.fixture(scope="module")
def study() -> Study:
    return parse_study(WRITTEN)


@pytest.fixture(scope="module")
def scenario(study: Study) -> Scenario:
    world = study.source
    made = make_world(4, **world.model_dump())
    scenario = made.scenario()
    # Some are away for longer than a session lives.
    visits = list(scenario.visits)
    for n in range(0, len(visits), 7):
        half = len(visits[n].moments) // 2
        late = [replace(m, at=m.at + 2000.0) for m in visits[n].moments[half:]]
        visits[n] = replace(visits[n], moments=(*visits[n].moments[:half], *late))
    return replace(scenario, visits=tuple(visits))


@pytest.fixture(scope="module")
def models(
    study: Study, scenario: Scenario, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Trained, ...]:
    home = tmp_path_factory.mktemp("models")
    return train_models(scenario, study.model, home, seed=1, say=lambda _: None)


def stays_of(
    scenario: Scenario, models: Sequence[Trained], policies: Sequence[Policy], wanted: set[str]
) -> Iterator[Stay]:
    player = Player(policies, [model.era() for model in models], scenario.shelf)
    watcher = Watcher.of(player, scenario.truth)
    for _, mine in groupby(scenario.visits, key=lambda visit: visit.user_id):
        visits = list(mine)
        if wanted & {visit.visit_id for visit in visits}:
            yield from watcher.stays(visits, wanted)


@pytest.fixture(scope="module")
def stays(study: Study, scenario: Scenario, models: tuple[Trained, ...]) -> list[Stay]:
    wanted = {visit.visit_id for visit in scenario.visits[:60]}
    return list(stays_of(scenario, models, comparable(study), wanted))


def displaced(stay: Stay, policy: int) -> list[int]:
    """How many left by choice at each look, told by the slates alone."""
    slates = [set(slate) for slate in stay.slates[policy]]
    left = [
        len([i for i in before - now if stay.eligible[look, i]])
        for look, (before, now) in enumerate(pairwise(slates), 1)
    ]
    return [0, *left]


def test_hindsight_may_do_all_that_a_policy_did(study: Study, stays: list[Stay]) -> None:
    chosen = dict.fromkeys([p.name for p in comparable(study)], 0)
    for stay in stays:
        for n, policy in enumerate(comparable(study)):
            permit = permit_of(policy.knobs, stay.turns[n])
            left = displaced(stay, n)
            chosen[policy.name] += sum(left)
            assert (np.array(left) <= permit.limit).all(), policy.name
            for window in permit.windows:
                assert sum(left[t] for t in window.steps) <= window.allowed, policy.name
            for look, slate in enumerate(stay.slates[n]):
                there = stay.eligible[look]
                assert there[list(slate)].all()
                assert len(slate) == min(policy.knobs.k, there.sum())
    assert all(count > 0 for name, count in chosen.items() if name != "frozen"), chosen


@pytest.mark.parametrize(
    "name", ["hold 20.0", "hold 90.0", "budget", "timed", "slowly", "ruled", "relaxing", "sticky"]
)
def test_what_may_be_done_does_not_depend_on_what_was_chosen(
    name: str, study: Study, scenario: Scenario, models: tuple[Trained, ...]
) -> None:
    """Policies of the same rules that choose otherwise keep within each other's permits."""
    knobs = next(policy.knobs for policy in study.policies if policy.name == name)
    margins = (0.0, 0.3, 1.0, 3.0)
    others = [Policy(f"{m}", "grid", replace(knobs, margin=m)) for m in margins]
    wanted = {visit.visit_id for visit in scenario.visits[:60]}
    differ = 0
    for stay in stays_of(scenario, models, others, wanted):
        rows = [displaced(stay, n) for n in range(len(others))]
        differ += len({tuple(row) for row in rows}) > 1
        for turns in stay.turns:
            permit = permit_of(knobs, turns)
            for left in rows:
                assert (np.array(left) <= permit.limit).all()
                for window in permit.windows:
                    assert sum(left[t] for t in window.steps) <= window.allowed
    assert differ > 10


def test_no_policy_is_worth_more_than_hindsight(study: Study, stays: list[Stay]) -> None:
    for stay in stays[:25]:
        for n, policy in enumerate(comparable(study)):
            permit = permit_of(policy.knobs, stay.turns[n])
            for worth in (stay.belief, stay.truth):
                got = sum(
                    float(row[list(slate)].sum())
                    for row, slate in zip(worth, stay.slates[n], strict=True)
                )
                assert got <= most(stay, worth, permit, policy.knobs, n) + 1e-6, policy.name


def most(stay: Stay, worth: Any, permit: Permit, knobs: Knobs, n: int) -> float:
    start = stay.slates[n][0]
    if permit.windows:
        return schedule_bound(worth, stay.eligible, knobs.k, permit.limit, permit.windows, start)
    return best_schedule(worth, stay.eligible, knobs.k, permit.limit, start).value


def test_hindsight_may_not_do_much_more(study: Study, stays: list[Stay]) -> None:
    """Nothing where there is no cause, and no more than the limit in one step."""
    policies = comparable(study)
    late = rested = 0
    for stay in stays:
        at = {p.name: permit_of(p.knobs, stay.turns[n]) for n, p in enumerate(policies)}
        number = {p.name: n for n, p in enumerate(policies)}
        assert not at["frozen"].limit.any()
        quiet = [t.decision.trigger == "quiet" for t in stay.turns[number["fresh"]]]
        for name in ("fresh", "limit 0.1", "limit 0.3", "budget", "gentle"):
            assert not at[name].limit[quiet].any()
        assert set(at["limit 0.1"].limit.tolist()) <= {0, 1}
        turns = stay.turns[number["hold 90.0"]]
        early = [turn.now - turns[0].now < 90.0 for turn in turns]
        assert not at["hold 90.0"].limit[early].any()
        assert not at["limit 0.1"].windows
        turns = stay.turns[number["hold 20.0"]]
        heard = [turn.facts.heard > turns[0].facts.heard for turn in turns]
        renewed = [turn.facts.model != turns[0].facts.model for turn in turns]
        waits = ~(np.array(heard) | np.array(renewed))
        assert not at["hold 20.0"].limit[waits].any()
        late += sum(
            turn.now - turns[0].now >= 20.0 for turn, one in zip(turns, waits, strict=True) if one
        )
        for name in ("resting", "ruled"):
            turns = stay.turns[number[name]]
            ruled = np.array([turn.decision.trigger == "hold_rule" for turn in turns])
            assert not at[name].limit[ruled].any()
            rested += int(ruled.sum())
    assert late > 0
    assert rested > 50


def test_windows_of_a_hold_share_one_step(study: Study, stays: list[Stay]) -> None:
    n = [p.name for p in comparable(study)].index("hold 20.0")
    found = 0
    for stay in stays:
        turns = stay.turns[n]
        permit = permit_of(comparable(study)[n].knobs, turns)
        for window in permit.windows:
            assert window.allowed == 2
            near = turns[window.steps[-1]].now - turns[window.steps[0]].now < 20.0
            heard = {turns[look].facts.heard for look in window.steps}
            assert near or len(heard) == 1
            found += 1
    assert found > 10


def test_belief_is_what_the_recommender_said(study: Study, stays: list[Stay]) -> None:
    """The scores of a shortlist are those of its items, and their sums those of the slates."""
    checked = strangers = 0
    for stay in stays:
        for look, turn in enumerate(stay.turns[0]):
            offer = turn.offer and turn.offer.candidates
            if not offer:
                continue
            if offer.rung != "primary":
                assert not stay.belief[look].any()  # its scores have another unit
                strangers += 1
                continue
            slate = stay.slates[0][look]
            scores = [offer.score_of[seat.item_id] for seat in turn.decision.state.seats]
            assert stay.belief[look, list(slate)].tolist() == scores
            better = np.sort(stay.belief[look][stay.eligible[look]])[::-1][: len(scores)]
            assert sum(scores) == pytest.approx(better.sum())  # `fresh` takes the best
            checked += 1
    assert checked > 100
    assert strangers > 0


def test_visits_before_are_remembered_without_being_looked_at(
    study: Study, scenario: Scenario, models: tuple[Trained, ...]
) -> None:
    policies = comparable(study)[:3]
    by_user = [list(v) for _, v in groupby(scenario.visits, key=lambda visit: visit.user_id)]
    back = [visits for visits in by_user if len(visits) > 1][:12]
    player = Player(policies, [model.era() for model in models], scenario.shelf)
    forgetful = replace(player, remembers=False)
    differ = 0
    for visits in back:
        last = visits[-1].visit_id
        whole, alone = (
            [o for o in one.play(visits) if isinstance(o, Look) and o.visit.visit_id == last]
            for one in (player, forgetful)
        )
        found = list(stays_of(scenario, models, policies, {last}))
        for n in range(len(policies)):
            states = [turn.decision.state for stay in found for turn in stay.turns[n]]
            assert states == [look.turns[n].decision.state for look in whole]
            differ += states != [look.turns[n].decision.state for look in alone]
    assert differ > 10


def test_what_is_withdrawn_while_nobody_asks_is_not_eligible(
    study: Study, scenario: Scenario, models: tuple[Trained, ...]
) -> None:
    """Between two looks all items are withdrawn but for those on the slate, which so may rest."""
    policies = comparable(study)[:2]
    visit = next(v for v in scenario.visits if v.moments[1].look)
    everywhere = replace(scenario, shelf=Shelf())
    first = next(stays_of(everywhere, models, policies, {visit.visit_id}))
    shown = {seat.item_id for seat in first.turns[0][0].decision.state.seats}
    others = [i for i in set(scenario.tables.interactions["item_id"]) if i not in shown]
    middle = (visit.moments[0].at + visit.moments[1].at) / 2
    away = Shelf(tuple(others), np.zeros(len(others)), np.full(len(others), middle))
    later = next(stays_of(replace(scenario, shelf=away), models, policies, {visit.visit_id}))
    assert later.turns[0][1].decision.trigger == "quiet"
    assert later.eligible[0].sum() > 2 * len(shown)
    assert set(np.flatnonzero(later.eligible[1])) == set(later.slates[0][0])


def test_truth_in_a_world_is_the_answer_key(
    study: Study, scenario: Scenario, stays: list[Stay]
) -> None:
    sums = np.concatenate([stay.truth.sum(axis=1) for stay in stays])
    judged = sum(stay.judged for stay in stays)
    assert judged > 100
    assert 0.5 * judged < sums.sum() <= judged + 1e-9


def test_rows_tell_the_shares(
    study: Study, scenario: Scenario, models: tuple[Trained, ...]
) -> None:
    told = ("fresh", "frozen", "popularity", "sticky", "limit 0.1", "limit 0.3", "carried")
    study = replace(study, policies=tuple(p for p in study.policies if p.name in told))
    rows = headroom_of(study, scenario, models, visits=40)
    by_name = {row["policy"]: row for row in rows}
    assert list(by_name) == [policy.name for policy in comparable(study)]
    assert "popularity" not in by_name
    assert "carried" not in by_name
    fresh = by_name["fresh"]
    assert fresh["visits"] == 40
    # With no limit, the best by belief is the recommender's own at every step.
    assert fresh["exact"]
    assert fresh["belief"]["share"] == {"mean": 1.0, "low": 1.0, "high": 1.0}
    one, three = by_name["limit 0.1"], by_name["limit 0.3"]
    assert 0.8 < one["belief"]["share"]["mean"] <= three["belief"]["share"]["mean"] <= 1.0
    assert (
        one["belief"]["hindsight"] <= three["belief"]["hindsight"] <= fresh["belief"]["hindsight"]
    )
    assert not by_name["sticky"]["exact"]
    for row in rows:
        for part in ("belief", "truth"):
            told = row[part]
            assert max(told["frozen"], told["policy"]) <= told["hindsight"] + 1e-6
        share = row["truth"]["share"]
        assert share is None or share["mean"] < 0.5
    again = headroom_of(study, scenario, models, visits=40)
    assert again == rows


def test_only_what_can_be_compared_is(study: Study) -> None:
    fresh = study.policies[0]
    others = (
        replace(fresh, name="stranger", personal=False),
        replace(fresh, name="other model", recommender="another"),
        replace(fresh, name="longer", knobs=replace(fresh.knobs, session_ttl_s=60.0)),
        replace(fresh, name="clicks", knobs=replace(fresh.knobs, consumed_by=("click",))),
        replace(fresh, name="carried", knobs=replace(fresh.knobs, carry_over=True)),
    )
    found = comparable(replace(study, policies=(fresh, *others, study.policies[1])))
    assert [policy.name for policy in found] == ["fresh", "frozen"]


def test_the_sample_is_the_seeds(scenario: Scenario) -> None:
    one = sampled(scenario.visits, 20, 1)
    assert one == sampled(tuple(reversed(scenario.visits)), 20, 1)
    assert one != sampled(scenario.visits, 20, 2)
    assert len(set(one)) == 20
    assert len(sampled(scenario.visits, 10**6, 1)) == len(scenario.visits)


def test_truth_in_a_replay_is_the_rest_of_the_visit(tmp_path: Path) -> None:
    """Ann knows a and b of four; she comes for c, then d, then c once more."""
    rows = [(f"u{n}", item, n) for n in range(8) for item in ("abcd" if n % 2 else "abc")]
    rows += [("ann", "a", 90), ("ann", "b", 91), ("ann", "c", 200), ("ann", "d", 300)]
    rows += [("ann", "c", 400), ("bob", "a", 500)]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])
    written = {
        "name": "tiny",
        "retrain": False,
        "replay": {"from": 0.89, "event": "purchase", "reloads": 0},
        "knobs": {"k": 2},
        "policies": {"fresh": {"preset": "fresh"}},
    }
    study = parse_study(written)
    scenario = replay(tables_from_frames(frame), study.source, 1, retrain=False)
    trained = train_models(scenario, study.model, tmp_path, seed=1, say=lambda _: None)
    ann = {visit.visit_id for visit in scenario.visits if visit.user_id == "ann"}
    (stay,) = stays_of(scenario, trained, study.policies, ann)
    # Two of the rest fit on the slate, then one; what was bought already is not judged again.
    assert stay.judged == 2
    assert np.sort(stay.truth, axis=1)[:, -2:].tolist() == [[0.5, 0.5], [0, 1], [0, 0], [0, 0]]
