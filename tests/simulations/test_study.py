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


def test_knobs_come_from_all_policies_then_the_preset_then_the_policy() -> None:
    policies = {"fresh": {"preset": "fresh", "margin": 0.25}, "plain": {}}
    study = parse_study(written(policies=policies, knobs={"k": 5, "hold_s": 9.0, "margin": 2.0}))
    fresh, plain = (policy.knobs for policy in study.policies)
    assert (fresh.k, fresh.hold_s, fresh.margin) == (5, 0.0, 0.25)
    assert plain == Knobs(k=5, hold_s=9.0, margin=2.0)
    assert study.k == 5


def test_null_is_written_as_a_word() -> None:
    study = parse_study(written(policies={"fresh": {"session_budget": "null"}}))
    assert study.policies[0].knobs.session_budget is None


def test_every_fault_is_told_at_once() -> None:
    found = faults(
        seeds=[1, 1],
        bootstrap=3,
        world={"users": 1, "days": 5, "test_days": 5},
        policies={
            "fresh": {"preset": "fresh", "churn_limits": 0.2},
            "loose": {"churn_limit": 1.5, "k": "ten"},
            "odd": {"preset": "mild"},
        },
    )
    assert set(found) == {
        "seeds",
        "bootstrap",
        "world.users",
        "world.test_days",
        "policies.fresh.churn_limits",
        "policies.loose.churn_limit",
        "policies.loose.k",
        "policies.odd.preset",
    }


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"replay": {}}, "replay, world"),
        ({"world": {"guests": 3}}, "world"),
        ({"seeds": []}, "seeds"),
        ({"baseline": "plain"}, "baseline"),
        ({"policies": {"fresh": {"grid": {"k": 5}}}}, "policies.fresh.grid"),
        ({"policies": {"fresh": {}, "g": {"grid": {"k": [5, 10]}}}}, "policies"),
        ({"policies": {"fresh": {"personal": "yes"}}}, "policies.fresh.personal"),
        ({"policies": {"fresh": {}, "g": {"grid": {"margin": [0.0] * 500}}}}, "policies"),
        ({"colour": "red"}, "study"),
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
