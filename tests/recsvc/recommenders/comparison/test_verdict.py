"""The gate: every limit has its answer, and not knowing is one of them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from recsvc.config.launch_gate import LaunchGate
from recsvc.recommenders.comparison.figures import (
    Accuracy,
    Churn,
    Comparison,
    Coverage,
    Difference,
    Estimate,
    Group,
)
from recsvc.recommenders.comparison.verdict import judge
from recsvc.recommenders.comparison.words import as_text, next_step

GATE = LaunchGate()


def accuracy(low: float, high: float) -> Accuracy:
    change = Estimate((low + high) / 2, low, high)
    visible = (high - low) / 2 * 1.43
    pooled = Difference(people=500, a=0.1, b=0.1, change=change, visible=visible)
    return Accuracy(how="later events", same_recipe=False, pooled=pooled, windows=())


def churn(share: float, idle: int = 50) -> Churn:
    group = Group("idle", idle, Estimate(share, share, share))
    return Churn(
        all=group, idle=group if idle else None, active=None, by_activity=(), idle_by_activity=(),
        by_popularity=(), position_churn=0.0, shift=0.0, rbo=1.0, by_events=None,
    )  # fmt: skip


def coverage(new: int = 100, reached: float = 0.6, alike: float = 0.8) -> Coverage:
    return Coverage(
        new=new, new_top_10=0.1, new_top_100=reached, alike=alike, seats=0.01, all_top_10_a=0.5,
        all_top_10_b=0.5,
    )  # fmt: skip


def comparison(**figures: Any) -> Comparison:
    good = {
        "known": 50, "people": 50, "answered": 1.0, "churn": churn(0.03), "coverage": coverage(),
        "accuracy": accuracy(-0.01, 0.02),
    }  # fmt: skip
    return Comparison(
        format=1, a="A", b="B", of_a="", of_b="", made=0.0, seed=0, **(good | figures)
    )


def answers(found: Comparison) -> dict[str, str]:
    return {limit.name: limit.answer for limit in judge(found, GATE).limits}


def test_what_keeps_to_every_limit_passes() -> None:
    verdict = judge(comparison(), GATE)
    assert verdict.outcome == "passed"
    assert verdict.missed == ()
    assert set(answers(comparison())) == set(LaunchGate.model_fields)


@pytest.mark.parametrize(
    ("figures", "name", "answer"),
    [
        ({"answered": 0.98}, "answered", "failed"),
        ({"people": 0}, "answered", "cannot tell"),
        ({"churn": churn(0.06)}, "idle_churn", "passed"),
        ({"churn": churn(0.0601)}, "idle_churn", "failed"),
        ({"churn": churn(0.5, idle=0)}, "idle_churn", "not asked"),
        ({"churn": None}, "idle_churn", "cannot tell"),
        ({"accuracy": accuracy(-0.02, 0.01)}, "accuracy_loss", "passed"),
        ({"accuracy": accuracy(-0.021, 0.01)}, "accuracy_loss", "cannot tell"),
        ({"accuracy": accuracy(-0.019, -0.001)}, "accuracy_loss", "passed"),
        ({"accuracy": accuracy(-0.1, -0.019)}, "accuracy_loss", "cannot tell"),
        ({"accuracy": accuracy(-0.1, -0.021)}, "accuracy_loss", "failed"),
        ({"accuracy": None}, "accuracy_loss", "cannot tell"),
        ({"coverage": coverage(reached=0.4)}, "new_coverage", "passed"),
        ({"coverage": coverage(reached=0.39)}, "new_coverage", "failed"),
        ({"coverage": coverage(new=0)}, "new_coverage", "not asked"),
        ({"coverage": coverage(new=3, reached=0.0)}, "new_coverage", "not asked"),
    ],
)
def test_a_limit_is_answered_by_its_figure(figures: dict[str, Any], name: str, answer: str) -> None:
    found = answers(comparison(**figures))
    assert found.pop(name) == answer
    if figures.get("people") != 0:
        assert set(found.values()) == {"passed"}


def test_a_failed_limit_outweighs_an_open_one() -> None:
    both = judge(comparison(churn=churn(0.5), accuracy=None), GATE)
    assert both.outcome == "failed"
    assert both.missed == ("idle_churn", "accuracy_loss")
    assert judge(comparison(accuracy=None), GATE).outcome == "cannot tell"


def test_too_little_data_are_told_how_many_people_would_be_needed() -> None:
    limits = judge(comparison(accuracy=accuracy(-0.08, 0.08)), GATE).limits
    says = next(limit.says for limit in limits if limit.name == "accuracy_loss")
    needed = int(500 * (0.08 * 1.43 / 0.02) ** 2)
    assert f"about {needed:,} would be needed" in says


def test_a_model_that_cannot_be_used_fails_and_nothing_else_is_asked() -> None:
    found = comparison(fault="its arms are missing")
    verdict = judge(found, GATE)
    assert verdict.outcome == "failed"
    assert [(limit.name, limit.says) for limit in verdict.limits] == [
        ("answered", "its arms are missing")
    ]
    assert list(next_step(found, verdict, live=True)) == []


def test_the_text_ends_with_the_verdict_and_every_limit() -> None:
    found = comparison(churn=churn(0.5))
    text = as_text(found, judge(found, GATE))
    assert "THE GATE: failed" in text
    assert "FAILED       idle_churn: the launch changes 50.0 % of the top 10" in text


def test_a_comparison_is_the_same_after_a_round_trip() -> None:
    found = comparison()
    assert msgspec.json.decode(msgspec.json.encode(found), type=Comparison) == found
