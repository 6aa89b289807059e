"""The gate before a launch, and the way back."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest

from recsvc.config.launch_gate import LaunchGate
from recsvc.data import Tables
from recsvc.errors import BadData, UnknownModel
from recsvc.recommenders.artifacts.journal import entries
from recsvc.recommenders.artifacts.registry import live, live_file, promote
from recsvc.recommenders.comparison.compare import Asked, compare
from recsvc.recommenders.comparison.kept import keep
from recsvc.recommenders.comparison.launching import (
    go_live,
    launch_if_it_passes,
    roll_back,
    standing,
)
from recsvc.recommenders.training.train import train
from simulations.shop import generate

GATE = LaunchGate()
Make = Callable[..., str]


@pytest.fixture(scope="module")
def small() -> Tables:
    return generate(3, users=80, items=60, days=10)


@pytest.fixture
def make(small: Tables, home: pathlib.Path) -> Make:
    def made(kind: str = "popularity", seed: int = 1) -> str:
        return train(
            small, model=kind, home=home, seed=seed, progress=lambda _: None, measure=False
        ).name

    return made


def compared(home: pathlib.Path, a: str, b: str, small: Tables) -> None:
    asked = Asked(way="quick")
    keep(home, compare(home, a, b, small.interactions, tell=lambda _: None, asked=asked))


def broken(home: pathlib.Path, model_id: str) -> None:
    (home / "models" / model_id / "popularity.npy").write_bytes(b"")


def test_the_first_model_goes_live_since_there_is_nothing_to_compare_with(
    make: Make, home: pathlib.Path
) -> None:
    launch = standing(home, make(), GATE)
    assert (launch.state, launch.open, launch.outcome) == ("first", True, "nothing to compare with")


def test_what_was_never_compared_with_the_live_model_is_not_open(
    make: Make, home: pathlib.Path, small: Tables
) -> None:
    first, second, third = make(), make(), make()
    promote(home, first)
    assert standing(home, second, GATE).state == "not compared"
    compared(home, first, second, small)
    assert standing(home, second, GATE).open
    promote(home, third)
    assert standing(home, second, GATE).state == "not compared", "another one is live by now"
    assert not standing(home, second, GATE).open


def test_a_comparison_does_not_count_for_files_that_have_changed_since(
    make: Make, home: pathlib.Path, small: Tables
) -> None:
    first, second = make(), make()
    promote(home, first)
    compared(home, first, second, small)
    manifest = home / "models" / second / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"seed": 1', '"seed": 2'))
    assert standing(home, second, GATE).state == "not compared"


def test_what_is_kept_is_judged_by_the_limits_in_force(
    make: Make, home: pathlib.Path, small: Tables
) -> None:
    first, second = make(), make("cosine")
    promote(home, first)
    compared(home, first, second, small)
    strict = standing(home, second, GATE)
    assert strict.verdict is not None
    assert "idle_churn" in strict.verdict.missed
    lenient = standing(home, second, LaunchGate(idle_churn=1.0, accuracy_loss=1.0))
    assert lenient.verdict is not None
    assert "idle_churn" not in lenient.verdict.missed


def test_a_damaged_model_is_refused_whatever_was_found_before(
    make: Make, home: pathlib.Path, small: Tables
) -> None:
    first, second = make(), make()
    promote(home, first)
    compared(home, first, second, small)
    broken(home, second)
    with pytest.raises(BadData):
        standing(home, second, GATE)


@pytest.mark.parametrize("gone", [True, False])
def test_a_live_model_that_cannot_answer_holds_nobody_up(
    make: Make, home: pathlib.Path, gone: bool
) -> None:
    first, second = make(), make()
    promote(home, first)
    if gone:
        (home / "models" / first).rename(home / "elsewhere")
    else:
        broken(home, first)
    launch = standing(home, second, GATE)
    assert launch.state == "first"
    assert first in launch.why


def test_a_launch_goes_through_only_where_the_gate_lets_it(
    make: Make, home: pathlib.Path, small: Tables
) -> None:
    told: list[str] = []
    first, same, other = make(), make(), make("cosine")

    def launched(name: str) -> bool:
        return launch_if_it_passes(home, name, small.interactions, GATE, told.append).open

    assert launched(first)
    assert launched(same)
    assert live(home) == same
    assert not launched(other)
    assert live(home) == same
    kept = entries(home / "models")
    assert [(entry.before, entry.after, entry.verdict) for entry in kept] == [
        (None, first, "nothing to compare with"),
        (first, same, "passed"),
    ]
    assert f"comparing with the live model, {same}" in told


def test_a_reason_is_kept_with_what_it_overrides(
    make: Make, home: pathlib.Path, small: Tables
) -> None:
    first, other = make(), make("cosine")
    promote(home, first)
    compared(home, first, other, small)
    go_live(home, other, standing(home, other, GATE), "Monday's campaign")
    last = entries(home / "models")[-1]
    assert (last.before, last.after, last.reason) == (first, other, "Monday's campaign")
    assert last.verdict == "failed"
    assert "idle_churn" in last.failed


def test_rolling_back_twice_goes_further_back_and_promoting_forward_again(
    make: Make, home: pathlib.Path
) -> None:
    first, second, third = make(), make(), make()
    for name in (first, second, third):
        promote(home, name)
    assert roll_back(home, "slow") == (second, ())
    assert live(home) == second
    assert roll_back(home)[0] == first
    with pytest.raises(UnknownModel):
        roll_back(home)
    promote(home, third)
    assert roll_back(home)[0] == first
    acts = [(entry.act, entry.reason) for entry in entries(home / "models")]
    assert acts[3] == ("rollback", "slow")


def test_rolling_back_needs_nothing_of_the_live_model(make: Make, home: pathlib.Path) -> None:
    first, second, third = make(), make(), make()
    for name in (first, second, third):
        promote(home, name)
    (home / "models" / third / "manifest.json").unlink()
    broken(home, second)
    found, passed_over = roll_back(home)
    assert found == live(home) == first
    assert len(passed_over) == 1
    assert second in passed_over[0]


def test_rolling_back_works_where_the_pointer_is_lost(make: Make, home: pathlib.Path) -> None:
    first, second = make(), make()
    promote(home, first)
    promote(home, second)
    live_file(home).unlink()
    assert roll_back(home)[0] == second


def test_promotions_before_there_was_a_journal_can_be_rolled_back(
    make: Make, home: pathlib.Path
) -> None:
    first, second = make(), make()
    live_file(home).write_text(f"{first} 17\n")
    promote(home, second)
    assert roll_back(home)[0] == first
