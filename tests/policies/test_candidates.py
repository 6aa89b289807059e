"""What cannot be ranked is refused before anything is decided."""

from __future__ import annotations

import pytest
from given import KNOBS, NOW, facts, offer, shown, slate

from policies import Candidates, decide


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_scores_that_are_not_finite_are_refused(score: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        offer({"a": 1.0, "b": score})


def test_an_item_offered_twice_a_missing_score_and_an_unknown_rung_are_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        Candidates.of(["a", "a"], [1.0, 2.0], rung="primary", model="m")
    with pytest.raises(ValueError, match="scores"):
        Candidates.of(["a", "b"], [1.0], rung="primary", model="m")
    with pytest.raises(ValueError, match="rung"):
        offer("ab", rung="best")


@pytest.mark.parametrize("unit", [1.0, 1e-300, 5e-324, 1e307])
def test_scores_of_any_size_are_told_apart(unit: float) -> None:
    scores = {item: unit * n for n, item in enumerate("abcdefg", 1)}
    answer = decide(KNOBS, slate("abcde"), offer(scores), facts(), NOW)
    assert sorted(shown(answer)) == ["c", "d", "e", "f", "g"]
    assert [change.gap for change in answer.state.changes] == [3.0, 2.0, 3.0, 2.0]
