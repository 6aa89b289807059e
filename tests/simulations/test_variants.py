"""Recommenders beside the study's own, and decisions of a user's own, on a small world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from policies import PRESETS, Candidates, Decision, Facts, Knobs, SlateState, decide
from recsvc.errors import BadInput
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import load
from recsvc.recommenders.kinds.als import Start
from recsvc.recommenders.live.serving import Personal
from simulations.cells import Cell
from simulations.eras import Era, Trained, train_models
from simulations.forms import Model
from simulations.play import Look, Player
from simulations.scenario import Scenario
from simulations.shop import make_world
from simulations.study import Policy, parse_study, with_policy
from simulations.variants.decisions import decision_of
from simulations.variants.forms import (
    Average,
    Late,
    Missing,
    Oracle,
    Random,
    Recommender,
    Retrain,
    Smooth,
    Unstable,
)

SMALL = Model(kind="als", parameters={"factors": 8, "regularisation": 0.1, "alpha": 10.0})
TABLES: dict[str, Recommender] = {
    "unstable": Unstable(kind="unstable", seeds=3),
    "average": Average(kind="average", seeds=3),
    "smooth": Smooth(kind="smooth", of="unstable", weight=0.5),
    "last": Smooth(kind="smooth", weight=1.0),
    "warm": Retrain(kind="retrain", start="warm"),
    "late": Late(kind="late", probability=0.5),
    "earlier": Late(kind="late", probability=0.5, answers="previous"),
    "missing": Missing(kind="missing", probability=0.5),
    "never": Missing(kind="missing", probability=0.0),
    "random": Random(kind="random"),
    "dice": Random(kind="random", per="visit"),
    "oracle": Oracle(kind="oracle"),
}
FRESH = replace(PRESETS["fresh"], k=5)


class Stage:
    """A world, and the models that all recommenders need."""

    def __init__(self, home: Path) -> None:
        world = make_world(3, users=150, items=60, days=20, test_days=5)
        self.scenario: Scenario = world.scenario()
        self.models: Sequence[Trained] = train_models(
            self.scenario, SMALL, home, seed=3, say=lambda _: None, recommenders=TABLES
        )

    def looks(self, *policies: Policy, eras: Sequence[Era] = ()) -> list[Look]:
        player = Player(policies, eras or [one.era() for one in self.models], self.scenario.shelf)
        found: list[Look] = []
        users = sorted({visit.user_id for visit in self.scenario.visits})[:80]
        for user in users:
            mine = [visit for visit in self.scenario.visits if visit.user_id == user]
            found += [one for one in player.play(mine) if isinstance(one, Look)]
        return found


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    return Stage(tmp_path_factory.mktemp("variants"))


def fresh(name: str, knobs: Knobs = FRESH, **more: Any) -> Policy:
    return Policy(name, "grid", knobs, recommender=more.pop("recommender", name), **more)


def slates(looks: Sequence[Look], policy: int = 0) -> list[list[str]]:
    return [[seat.item_id for seat in look.turns[policy].decision.state.seats] for look in looks]


def asked(looks: Sequence[Look], policy: int = 0) -> list[Look]:
    return [look for look in looks if look.turns[policy].offer is not None]


def test_the_draw_is_of_the_look_not_of_who_asks(stage: Stage) -> None:
    alone = stage.looks(fresh("unstable"))
    other = [fresh("frozen", replace(FRESH, churn_limit=0.0), recommender="unstable")]
    both = stage.looks(*other, fresh("unstable"), fresh("smooth"))
    assert slates(alone) == slates(both, 1)
    turns = [look.turns[0] for look in alone]
    models = {turn.facts.model for turn in turns if turn.facts.normal == "primary"}
    assert len(models) == 6  # three seeds of each era


def test_an_unstable_recommender_changes_more_and_the_average_less(stage: Stage) -> None:
    looks = stage.looks(fresh("unstable"), fresh("average"), fresh("model"))
    churn = [sum(displaced(look, n) for look in looks) for n in range(3)]
    assert churn[0] > 1.2 * churn[1], churn


def displaced(look: Look, policy: int) -> int:
    turn = look.turns[policy]
    state = turn.decision.state
    anew = turn.before is None or turn.before.epoch == state.epoch
    return 0 if anew else state.displaced


def test_the_average_is_of_scores_on_one_scale(stage: Stage) -> None:
    era = stage.models[0].era()
    visit = next(v for v in stage.scenario.visits if era.met(v.user_id))
    profile = Profile(user_id=visit.user_id)
    era.scene.move(visit, 0, lambda: profile)
    found = era.ladders["average"].primary.rank(profile, 1000)
    cast = stage.models[0].cast
    homes = [(stage.models[0].home, stage.models[0].model_id), *cast.seeds]
    scores = []
    for home, model_id in homes:
        opinion = Personal(load(home, model_id)).opinion(profile)
        assert opinion is not None
        scores.append(pd.Series(opinion.scores, opinion.matrix.items.ids))
    table = pd.concat(scores, axis=1)
    scaled = ((table - table.mean()) / table.std(ddof=0)).mean(axis=1)
    expected = scaled * table.std(ddof=0).mean() + table.mean().mean()
    assert found is not None
    assert found.score_of == pytest.approx(expected.to_dict(), abs=1e-6)


def test_smoothing_with_weight_one_is_the_model_itself(stage: Stage) -> None:
    looks = stage.looks(fresh("last"), fresh("model"))
    assert slates(looks, 0) == slates(looks, 1)
    looks = stage.looks(fresh("smooth"), fresh("unstable"))
    assert slates(looks, 0) != slates(looks, 1)


@pytest.mark.parametrize("name", ["late", "earlier", "missing"])
def test_a_lower_rung_never_displaces(stage: Stage, name: str) -> None:
    looks = asked(stage.looks(fresh(name)))
    rungs = [rung_of(look) for look in looks]
    wanted = {"late": "popularity", "earlier": "late", "missing": None}[name]
    lower = [look for look, rung in zip(looks, rungs, strict=True) if rung == wanted]
    share = len(lower) / len(looks)
    assert 0.15 < share < 0.8
    for look in lower:
        offer = look.turns[0].offer
        assert offer is not None
        assert name == "late" or offer.normal == "primary"  # nobody has become a stranger
        if look.turns[0].before is not None:
            assert displaced(look, 0) == 0
            assert look.turns[0].decision.trigger in ("degraded", "quiet")
    assert any(displaced(look, 0) for look in looks)


def rung_of(look: Look) -> str | None:
    offer = look.turns[0].offer
    assert offer is not None
    return None if offer.candidates is None else offer.candidates.rung


def test_never_missing_is_the_model_itself(stage: Stage) -> None:
    looks = stage.looks(fresh("never"), fresh("model"))
    assert slates(looks, 0) == slates(looks, 1)


def test_random_is_worse_and_the_oracle_better_than_the_model(stage: Stage, tmp_path: Path) -> None:
    policies = tuple(fresh(name) for name in ("random", "dice", "model", "oracle"))
    played = stage.scenario.visits[:250]
    shelf, truth = stage.scenario.shelf, stage.scenario.truth
    models = tuple(stage.models)
    cell = Cell(tmp_path / "p", 3, policies, 2, 5, True, models, played, shelf, truth)
    rows = pd.DataFrame(cell.columns()).groupby("policy")[["truth", "displaced"]].mean()
    mean = rows["truth"]
    assert mean[0] < mean[2] - 0.1
    assert mean[2] < mean[3] - 0.1
    assert mean[3] == pytest.approx(1.0, abs=0.03)
    assert rows["displaced"][1] < rows["displaced"][0] / 2


def test_a_warm_start_knows_items_by_their_names() -> None:
    users = np.arange(6, dtype=np.float32).reshape(3, 2)
    items = 10 + np.arange(4, dtype=np.float32).reshape(2, 2)
    start = Start(users, np.array([2, -1, 0]), items, np.array([-1, 1, 0]))
    found_users, found_items = start.factors(seed=1)
    assert found_users[[0, 2]].tolist() == users[[2, 0]].tolist()
    assert found_items[[1, 2]].tolist() == items[[1, 0]].tolist()
    assert (found_users[1] >= 0).all()
    assert (found_users[1] < 0.01).all()


def test_warm_is_nearer_to_the_first_model_than_cold(stage: Stage) -> None:
    first, second = stage.models
    before, cold = first.era().artifact, second.era().artifact

    assert second.cast.warm is not None
    warm = load(*second.cast.warm)

    def far(other: Any) -> float:
        place = [other.matrix.items.index[i] for i in before.matrix.items.ids]
        gap = other.model.item_factors[place] - before.model.item_factors
        return float(np.linalg.norm(gap))

    assert far(warm) < far(cold) * 0.8


def twice(
    knobs: Knobs, state: SlateState | None, candidates: Candidates | None, facts: Facts, now: float
) -> Decision:
    """A wrong decision: the best item in every seat."""
    made = decide(knobs, state, candidates, facts, now)
    return made._replace(state=made.state._replace(seats=made.state.seats[:1] * 5))


def short(
    knobs: Knobs, state: SlateState | None, candidates: Candidates | None, facts: Facts, now: float
) -> Decision:
    """A wrong decision: a seat is empty."""
    made = decide(knobs, state, candidates, facts, now)
    return made._replace(state=made.state._replace(seats=made.state.seats[:4]))


def stale(
    knobs: Knobs, state: SlateState | None, candidates: Candidates | None, facts: Facts, now: float
) -> Decision:
    """A wrong decision: what is gone stays."""
    return decide(knobs, state, candidates, replace(facts, gone={}), now)


@pytest.mark.parametrize(
    ("name", "says"), [("twice", "twice"), ("short", "4 seats"), ("stale", "may not be shown")]
)
def test_a_wrong_slate_is_told_with_its_look(stage: Stage, name: str, says: str) -> None:
    policy = fresh("mine", recommender="model", decide=f"{__name__}:{name}")
    with pytest.raises(BadInput, match=rf"'mine', visit '.+', moment \d+: .*{says}"):
        stage.looks(policy)


def test_the_decision_of_the_product_by_its_name_is_the_product(stage: Stage) -> None:
    sticky = replace(PRESETS["sticky"], k=5)
    looks = stage.looks(
        fresh("named", sticky, recommender="model", decide="policies:decide"),
        fresh("own", sticky, recommender="model"),
    )
    assert slates(looks, 0) == slates(looks, 1)


def test_a_full_refresh_comes_every_so_many_events(stage: Stage) -> None:
    shipped = "simulations.variants.shipped:full_refresh"
    each = {n: (("every", n),) for n in (1, 3)}
    mine = [fresh(f"{n}", recommender="model", decide=shipped, given=g) for n, g in each.items()]
    looks = stage.looks(*mine, fresh("model"))
    assert slates(looks, 0) == slates(looks, 2)
    since: Mapping[str, int] = {}
    for look in looks:
        turn = look.turns[1]
        begun = since.get(look.visit.visit_id, turn.facts.heard)
        if turn.before is None:
            begun = turn.facts.heard
        elif displaced(look, 1):
            assert turn.facts.heard - begun >= 3
        if turn.before is None or turn.facts.heard - begun >= 3:
            begun = turn.facts.heard
        since = {**since, look.visit.visit_id: begun}
    assert 0 < sum(displaced(x, 1) for x in looks) < sum(displaced(x, 0) for x in looks)


def test_lazy_moves_fewer_seats(stage: Stage) -> None:
    lazy = fresh("lazy", recommender="model", decide="simulations.variants.shipped:lazy")
    looks = stage.looks(lazy, fresh("model"))
    assert 0 < moves(looks, 0) < 0.9 * moves(looks, 1)


def moves(looks: Sequence[Look], policy: int) -> int:
    """Items that stayed and changed seats."""
    states = [(x.turns[policy].before, x.turns[policy].decision.state) for x in looks]
    new = [state for before, state in states if before and before.epoch != state.epoch]
    return sum(change.reason == "moved" for state in new for change in state.changes)


STUDY: dict[str, Any] = {
    "name": "s",
    "world": {"users": 50},
    "recommenders": {"calm": {"kind": "average"}},
    "policies": {"fresh": {"preset": "fresh", "recommender": "calm"}},
}


def test_a_study_reads_recommenders_and_decisions() -> None:
    more = {"preset": "fresh", "decide": "simulations.variants.shipped:full_refresh"}
    wide = STUDY["policies"] | {"every 5": {**more, "with": {"every": 5}}}
    study = parse_study({**STUDY, "policies": wide, "hindsight": {"visits": 200}})
    assert study.recommenders == {"calm": Average(kind="average", seeds=3)}
    assert [p.recommender for p in study.policies] == ["calm", "model"]
    assert study.policies[1].given == (("every", 5),)
    assert study.hindsight == 200
    assert with_policy(study, "mine=policies:decide").policies[-1].decide == "policies:decide"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"recommenders": {"model": {"kind": "average"}}}, "recommenders.model"),
        ({"recommenders": {"calm": {"kind": "smooth", "of": "later"}}}, "recommenders.calm.of"),
        ({"recommenders": {"calm": {"kind": "average", "weight": 1.0}}}, "recommenders.calm"),
        ({"recommenders": {}}, "policies.fresh.recommender"),
        ({"policies": {"fresh": {"decide": "nowhere:nothing"}}}, "policies.fresh.decide"),
        ({"policies": {"fresh": {"with": {"every": 1}}}}, "policies.fresh.with"),
        (
            {"model": {"kind": "cosine"}, "recommenders": {"calm": {"kind": "retrain"}}},
            "recommenders.calm.start",
        ),
    ],
)
def test_faults_of_recommenders_are_told(change: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as told:
        parse_study(STUDY | change)
    assert any(fault.field.startswith(field) for fault in told.value.faults)


def test_a_decision_that_cannot_be_called_is_told() -> None:
    with pytest.raises(BadInput, match="no decision"):
        decision_of("policies:RUNGS", {})
