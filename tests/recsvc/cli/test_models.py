"""`recsvc models` as a person types it: list, compare, make live, go back."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recsvc.cli.main import cli
from recsvc.data import write_tables
from recsvc.errors import BadData, UnknownModel
from simulations.shop import generate

Typed = Callable[..., Result]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of a small shop's events, and those of its first weeks."""
    folder = tmp_path_factory.mktemp("tables")
    tables = generate(3, users=200, items=120, days=20)
    write_tables(tables, folder / "all")
    events = tables.interactions
    early = events[events["timestamp"] <= events["timestamp"].quantile(0.8)]
    write_tables(
        dataclasses.replace(tables, interactions=early.reset_index(drop=True)), folder / "early"
    )
    return folder


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    monkeypatch.delenv("RECSVC_CONFIG", raising=False)

    def run(*words: str | Path) -> Result:
        return CliRunner().invoke(cli, [*map(str, words), "--home", str(tmp_path / "var")])

    return run


def trained(typed: Typed, data: Path, model: str, *more: str, part: str = "early") -> str:
    words = ("train", "--interactions", data / part, "--model", model, "--json", *more)
    name: str = json.loads(typed(*words).stdout)["model"]
    return name


def test_from_one_live_model_to_another_and_back(typed: Typed, data: Path, tmp_path: Path) -> None:
    first = trained(typed, data, "popularity")
    other = trained(typed, data, "cosine", "--no-promote")
    listed = json.loads(typed("models", "list", "--json").stdout)
    assert [(one["model"], one["live"]) for one in listed] == [(first, True), (other, False)]
    assert listed[0]["verdict"] == "nothing to compare with"

    refused = typed("models", "promote", other)
    assert refused.exit_code == 1
    assert f"recsvc models diff live {other}" in refused.stderr

    out = tmp_path / "diff.json"
    words = ("models", "diff", "live", other, "--interactions", data / "all", "--json", out)
    diff = typed(*words)
    assert diff.exit_code == 1
    assert "THE GATE: failed" in diff.stdout
    assert "FAILED       idle_churn" in diff.stdout
    told = json.loads(out.read_text())
    assert told["comparison"]["accuracy"]["how"] == "later events"
    assert told["verdict"]["outcome"] == "failed"
    assert told["gate"]["idle_churn"] == 0.06

    refused = typed("models", "promote", other, "--json")
    assert refused.exit_code == 1
    assert "idle_churn" in json.loads(refused.stdout)["missed"]
    assert json.loads(typed("models", "list", "--json").stdout)[0]["live"]

    assert typed("models", "promote", other, "--because", " ").exit_code == 2
    done = typed("models", "promote", other, "--because", "we sell by likeness now")
    assert done.exit_code == 0
    assert f"{other} is live, in the place of {first}." in done.stdout
    assert f"* {other}" in typed("models", "list").stdout
    assert "because: we sell by likeness now" in typed("models", "show", "live").stdout

    back = typed("models", "rollback", "--because", "people complained")
    assert back.exit_code == 0
    assert f"{first} is live again, in the place of {other}." in back.stdout
    assert json.loads(typed("models", "show", "live", "--json").stdout)["model"] == first
    again = typed("models", "rollback")
    assert isinstance(again.exception, UnknownModel)


def test_a_limit_of_the_command_is_for_its_own_verdict_alone(typed: Typed, data: Path) -> None:
    trained(typed, data, "popularity")
    other = trained(typed, data, "cosine", "--no-promote")
    limits = ("--limit", "idle_churn=1", "--limit", "accuracy_loss=1")
    diff = typed("models", "diff", "live", other, "--interactions", data / "all", *limits)
    assert diff.exit_code == 0
    assert "THE GATE: passed" in diff.stdout
    assert typed("models", "promote", other).exit_code == 1


def test_limits_of_the_settings_are_those_that_count(
    typed: Typed, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trained(typed, data, "popularity")
    other = trained(typed, data, "cosine", "--no-promote")
    config = tmp_path / "recsvc.toml"
    config.write_text("[gate]\nidle_churn = 1.0\naccuracy_loss = 1.0\n")
    monkeypatch.setenv("RECSVC_CONFIG", str(config))
    words = ("models", "diff", "live", other, "--interactions", data / "all")
    assert typed(*words).exit_code == 0
    done = typed("models", "promote", other)
    assert done.exit_code == 0, done.output
    config.write_text("[gate]\nidle_chrun = 1.0\n")
    wrong = typed("models", "list")
    assert "gate.idle_chrun" in str(wrong.exception)


def test_without_interactions_the_verdict_is_that_it_cannot_tell(typed: Typed, data: Path) -> None:
    trained(typed, data, "popularity")
    same = trained(typed, data, "popularity", "--no-promote")
    diff = typed("models", "diff", "live", same)
    assert diff.exit_code == 3
    assert "give it --interactions FILE" in diff.stdout
    assert typed("models", "promote", same).exit_code == 3
    assert typed("models", "diff", "live", same, "--limit", "accuracy_loss=1").exit_code == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("diff", "live"), "Missing argument 'B'"),
        (("diff", "live", "live"), "nothing to compare"),
        (("diff", "live", "OTHER", "--limit", "speed=3"), "there is no such name here"),
        (("diff", "live", "OTHER", "--limit", "idle_churn"), "is not NAME=VALUE"),
        (("diff", "live", "OTHER", "--limit", "idle_churn=2"), "less than or equal to 1"),
        (("promote",), "Missing argument 'ID'"),
    ],
)
def test_a_mistake_in_the_command_is_told_and_ends_with_2(
    typed: Typed, data: Path, words: tuple[str, ...], told: str
) -> None:
    trained(typed, data, "popularity")
    other = trained(typed, data, "popularity", "--no-promote") if "OTHER" in words else ""
    done = typed("models", *(other if word == "OTHER" else word for word in words))
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_second_training_goes_live_only_through_the_gate(typed: Typed, data: Path) -> None:
    first = trained(typed, data, "popularity")
    same = typed("train", "--interactions", data / "early", "--model", "popularity")
    assert same.exit_code == 0
    assert "and is live." in same.stdout
    other = typed("train", "--interactions", data / "early", "--model", "cosine", "--json")
    assert other.exit_code == 1
    told = json.loads(other.stdout)
    assert told["live"] is False
    assert told["verdict"] == "failed"
    assert "idle_churn" in told["missed"]
    listed = json.loads(typed("models", "list", "--json").stdout)
    live = {one["model"]: one["live"] for one in listed}
    assert sorted(live.values()) == [False, False, True]
    assert not live[first]
    assert not live[told["model"]]


def test_a_damaged_live_model_is_told_and_can_be_left_behind(
    typed: Typed, data: Path, tmp_path: Path
) -> None:
    first = trained(typed, data, "popularity")
    second = trained(typed, data, "popularity")
    (tmp_path / "var" / "models" / second / "manifest.json").write_text("{")
    listed = typed("models", "list")
    assert listed.exit_code == 0
    assert "cannot be used" in listed.stdout
    assert isinstance(typed("models", "promote", second, "--because", "x").exception, BadData)
    assert f"{first} is live again" in typed("models", "rollback").stdout


def test_an_empty_home_is_told_what_to_do(typed: Typed) -> None:
    assert "recsvc train" in typed("models", "list").stderr
    assert json.loads(typed("models", "list", "--json").stdout) == []
    assert "recsvc train" in str(typed("models", "promote", "als").exception)
