"""Whole files: verdicts, unreadable lines, bounded memory, and no code shared with the decision."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import recsvc.contract
from recsvc.contract import Judge, Unreadable, check_history
from recsvc.contract.memory import EPOCHS_KEPT, SLATES_KEPT

Story = Any


def lines(story: Story) -> list[str]:
    return [json.dumps(record) for record in story.records]


def test_a_clean_file_is_judged_clean_and_counted(story: Story) -> None:
    story.serve()
    story.serve("VWXYZ", session="s2")
    verdict = check_history(["", *lines(story), "\n"])
    assert verdict.clean
    assert (verdict.answers, verdict.slates, verdict.sessions) == (3, 2, 2)


def test_a_broken_promise_is_in_the_verdict(story: Story) -> None:
    story.serve("ABCDF", E="displaced", F="better_match", dt=40)
    verdict = check_history(lines(story))
    assert not verdict.clean
    (violation,) = verdict.violations
    assert violation.clause == "C8"
    assert violation.t == story.t
    for name in ("s1", "s1-home", "1000001", "E", "F"):
        assert name in violation.message


def test_suspicions_still_open_at_the_end_are_reported(story: Story) -> None:
    story.serve("ABCDF", E="displaced", F="better_match", dt=40, t0=story.t + 39.9)
    judge = Judge()
    assert [v for record in story.records for v in judge.feed(record)] == []
    assert [v.clause for v in judge.finish()] == ["C8"]
    assert [v.clause for v in check_history(lines(story)).violations] == ["C8"]


def test_suspicions_are_reported_once_time_has_passed(story: Story) -> None:
    story.serve("ABCDF", E="displaced", F="better_match", dt=40, t0=story.t + 39.9)
    story.serve(dt=31)
    judge = Judge()
    assert [v.clause for record in story.records for v in judge.feed(record)] == ["C8"]


def test_what_could_not_be_judged_is_counted_by_cause(tell: Callable[[], Story]) -> None:
    story = tell()
    story.serve("ABCDE")
    story.serve("ABCDF", E="displaced", F="better_match", dt=40, changes_from=1)
    story.add("answer", session_id="s1", status=502, body=None)
    story.event("refresh", surface="nowhere")
    counts = check_history(lines(story)).not_judged
    assert counts == {
        "knobs_unknown": 2,
        "changes_from_unseen": 1,
        "errors_5xx": 1,
        "acts_without_slate": 1,
    }


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("{", "not JSON"),
        ("[1]", "JSON object"),
        ('{"t": 1, "kind": "x"}', "kind"),
        ("[" * 9999, "not JSON"),
    ],
)
def test_an_unreadable_line_is_named(story: Story, broken: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why) as caught:
        check_history([*lines(story), broken])
    assert caught.value.line_number == 3
    assert caught.value.why


def test_lines_out_of_order_are_refused(story: Story) -> None:
    story.serve(dt=60)
    with pytest.raises(Unreadable, match="sort the lines by t"):
        check_history(reversed(lines(story)))


def test_a_slate_reached_again_after_many_others_still_never_goes_back(story: Story) -> None:
    old = story.records[-1]
    story.event("click", "A")
    story.serve("ABCDF", E="displaced", F="better_match", dt=40)
    for number in range(SLATES_KEPT + 1):
        story.serve("ABCDE", surface=f"other{number}")
    story.records.append({**old, "t": story.t + 1})
    assert [each.clause for each in check_history(lines(story)).violations] == ["C3"]


def long_history(story: Story, answers: int) -> Iterator[str]:
    yield from lines(story)
    story.records.clear()
    for number in range(answers):
        item = "F" if number % 2 == 0 else "E"
        gone = "E" if item == "F" else "F"
        story.event("click", "A")
        story.serve(f"ABCD{item}", dt=400, **{gone: "displaced", item: "better_match"})
        yield from lines(story)
        story.records.clear()


def test_memory_of_a_slate_is_bounded_over_a_long_history(story: Story) -> None:
    judge = Judge()
    for line in long_history(story, 300):
        assert judge.feed(json.loads(line)) == []
    (slate,) = judge._world.sessions["s1"].slates.values()
    assert len(slate.epochs) == EPOCHS_KEPT
    assert judge.answers == 301


def test_the_judge_needs_the_standard_library_alone() -> None:
    folder = Path(recsvc.contract.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                own = name.startswith("recsvc.contract")
                assert own or name.split(".")[0] in sys.stdlib_module_names, (path.name, name)
