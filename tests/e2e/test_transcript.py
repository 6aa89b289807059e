"""The session that the README shows, on real data: no reload changes anything without a cause."""

from __future__ import annotations

from pathlib import Path

import transcript

from recsvc.contract import Judge


def test_twenty_purchases_and_forty_reloads_change_the_slate_only_for_a_cause(
    real_data: Path,
) -> None:
    steps, _, history = transcript.run(real_data / "online-retail-ii-2009")
    assert len(steps) == 60
    assert sum("reload" in step.did for step in steps) == 40
    assert sum(step.changed for step in steps) >= 3
    assert transcript.unexplained(steps) == []
    for step in steps:
        if step.changed:
            told = step.slate["consistency"]
            assert told["displaced"] <= told["allowed"] <= 2
            assert step.slate["changes_from"] == step.before["epoch"]
    judge = Judge()
    found = [one for record in history.in_order() for one in judge.feed(record)]
    assert [*found, *judge.finish()] == []


def test_a_change_without_a_cause_would_be_seen() -> None:
    def step(did: str, trigger: str, epoch: int, before: int) -> transcript.Step:
        slate = {"epoch": epoch, "consistency": {"trigger": trigger}}
        return transcript.Step(did, slate, {"epoch": before})

    steps = [
        step("1 bought x, look", "step", 2, 1),
        step("   reload", "quiet", 2, 2),
        step("   reload", "step", 3, 2),
    ]
    assert transcript.unexplained(steps) == [steps[2]]
