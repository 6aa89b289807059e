"""A study that cannot be run says so at once, with every fault at its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policies import PRESETS, Knobs
from recsvc.errors import BadInput
from simulations.study import parse_study, read_study

STUDIES = sorted((Path(__file__).resolve().parents[2] / "studies").glob("*.toml"))


def written(**more: Any) -> dict[str, Any]:
    return {"name": "s", "world": {}, "policies": {"fresh": {"preset": "fresh"}}, **more}


def faults(**more: Any) -> dict[str, str]:
    with pytest.raises(BadInput) as error:
        parse_study(written(**more))
    assert all(fault.field in error.value.detail for fault in error.value.faults)
    return {fault.field: fault.message for fault in error.value.faults}


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_the_studies_of_the_project_can_be_read(path: Path) -> None:
    study = read_study(path)
    assert study.policies[study.number(study.baseline)].knobs == PRESETS["fresh"]
    assert {"fresh", "frozen", "popularity"} <= {policy.name for policy in study.policies}


def test_a_grid_is_one_policy_for_each_point() -> None:
    grid = {"churn_limit": [0.1, 0.2], "hold_s": [0.0, 30.0]}
    study = parse_study(
        written(policies={"fresh": {"preset": "fresh"}, "g": {"preset": "fresh", "grid": grid}})
    )
    assert [policy.name for policy in study.policies] == [
        "fresh",
        "g churn_limit=0.1 hold_s=0.0",
        "g churn_limit=0.1 hold_s=30.0",
        "g churn_limit=0.2 hold_s=0.0",
        "g churn_limit=0.2 hold_s=30.0",
    ]
    assert study.policies[2].knobs.churn_limit == 0.1
    assert study.policies[2].knobs.hold_s == 30.0
    assert study.policies[2].knobs.max_shift is None


def test_what_all_policies_have_comes_before_their_own_knobs() -> None:
    policies = {"fresh": {"preset": "fresh", "margin": 0.25}, "plain": {"k": 5, "hold_s": 9.0}}
    study = parse_study(written(policies=policies, knobs={"k": 5, "consumed_by": ["view"]}))
    fresh, plain = (policy.knobs for policy in study.policies)
    assert (fresh.k, fresh.consumed_by, fresh.margin) == (5, ("view",), 0.25)
    assert fresh.max_shift is None
    assert plain == Knobs(k=5, hold_s=9.0, consumed_by=("view",))
    assert study.k == 5


def test_what_makes_a_policy_is_no_knob_of_all() -> None:
    found = faults(knobs={"churn_limit": 0.5, "k": 0})
    assert set(found) == {"knobs.churn_limit", "knobs.k"}


def test_null_is_written_as_a_word() -> None:
    study = parse_study(written(policies={"fresh": {"session_budget": "null"}}))
    assert study.policies[0].knobs.session_budget is None


def test_seconds_count_only_where_something_may_change() -> None:
    rows = {"fresh": {"preset": "fresh"}, "frozen": {"preset": "frozen"}, "sticky": {}}
    rows |= {"budget": {"hold_s": 0.0}, "idle": {"preset": "frozen", "half_life_s": 60.0}}
    study = parse_study(written(policies=rows))
    assert [policy.timed for policy in study.policies] == [False, False, True, True, True]


def test_every_fault_is_told_at_once() -> None:
    found = faults(
        seeds=[1, 1],
        world={"days": 5, "test_days": 5},
        model={"kind": "als", "parameters": {"factors": -3.0, "colour": 1.0}},
        policies={
            "fresh": {"preset": "fresh", "churn_limits": 0.2},
            "loose": {"churn_limit": 1.5, "k": "ten"},
            "odd": {"preset": "mild"},
        },
    )
    assert set(found) == {
        "seeds",
        "world.test_days",
        "model.parameters.factors",
        "model.parameters.colour",
        "policies.fresh.churn_limits",
        "policies.loose.churn_limit",
        "policies.loose.k",
        "policies.odd.preset",
    }


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"replay": {}}, "replay, world"),
        ({"world": {"guests": 3, "hosts": 2}}, "world.hosts"),
        ({"world": {"users": 1}}, "world.users"),
        ({"bootstrap": 3}, "bootstrap"),
        ({"seeds": [2**70]}, "seeds.0"),
        ({"model": {"kind": "alz"}}, "model.kind"),
        ({"replay": {"event": "look"}, "world": None}, "replay.event"),
        ({"replay": {"remembers": "training"}, "world": None}, "replay.remembers"),
        ({"policies": {"fresh": {}, "g": {"preset": ["calm"]}}}, "policies.g.preset"),
        ({"policies": {"fresh": {}, "g": {"grid": {"margin": [0.1, 0.1]}}}}, "policies"),
        ({"policies": {"fresh": {}, "g": {"grid": {"preset": ["fresh"]}}}}, "policies.g.grid"),
        ({"policies": {"fresh": {"slate_key": ["town"]}}}, "policies.fresh.slate_key"),
        ({"seeds": []}, "seeds"),
        ({"baseline": "plain"}, "baseline"),
        ({"policies": {"fresh": {"grid": {"k": 5}}}}, "policies.fresh.grid"),
        ({"policies": {"fresh": {}, "g": {"grid": {"k": [5, 10]}}}}, "policies"),
        ({"policies": {"fresh": {"personal": "yes"}}}, "policies.fresh.personal"),
        ({"policies": {"fresh": {}, "g": {"grid": {"margin": [0.0] * 500}}}}, "policies"),
        ({"colour": "red", "shape": "round"}, "shape"),
    ],
)
def test_a_fault_is_told_at_its_field(more: dict[str, Any], field: str) -> None:
    assert field in faults(**more)


@pytest.mark.parametrize("start", [0, 1, 1.5, -0.1])
def test_a_replay_begins_within_the_log(start: float) -> None:
    with pytest.raises(BadInput, match=r"replay\.from"):
        parse_study(
            {"name": "s", "replay": {"from": start}, "policies": {"fresh": {"preset": "fresh"}}}
        )


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text("name = \n")
    with pytest.raises(BadInput, match="line 1"):
        read_study(path)


def test_rules_are_knobs_of_a_study_and_those_that_ask_the_time_count_seconds() -> None:
    written = {
        "name": "rules",
        "seeds": [1],
        "world": {},
        "baseline": "fresh",
        "policies": {
            "fresh": {"preset": "fresh"},
            "known": {"preset": "fresh", "refresh_when": "user.events >= 3"},
            "late": {"preset": "fresh", "hold_when": [{"fact": "local.hour", "at_least": 22}]},
            "calm": {"preset": "fresh", "grid": {"hold_when": ["session.requests < 3", "null"]}},
        },
    }
    study = parse_study(written)
    assert {policy.name: policy.timed for policy in study.policies} == {
        "fresh": False,
        "known": False,
        "late": True,
        "calm session.requests < 3": False,
        "calm null": False,
    }
    assert study.policies[2].told()["hold_when"] == "local.hour >= 22"
    written["policies"]["late"]["hold_when"] = "local.hours > 3"  # type: ignore[index]
    with pytest.raises(BadInput, match=r"policies\.late\.hold_when: .*did you mean local\.hour"):
        parse_study(written)
