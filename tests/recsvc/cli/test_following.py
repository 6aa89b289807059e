"""`recsvc train --from` as it is typed every night, the first one included."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recsvc.cli.training import train
from recsvc.data import tables_from_frames, write_tables
from recsvc.recommenders.artifacts.artifact import load
from recsvc.recommenders.artifacts.registry import model_ids
from recsvc.recommenders.scanning import ann
from simulations.shop import generate

NIGHTLY = ("--from", "live", "--parameter", "factors=4", "--parameter", "iterations=2")


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The events up to each of two evenings."""
    events = generate(3, users=120, items=80, days=12).interactions
    folders = []
    for days in (1, 0):
        folder = tmp_path_factory.mktemp("night")
        until = events["timestamp"].max() - days * 86_400
        write_tables(tables_from_frames(events[events["timestamp"] <= until]), folder)
        folders.append(folder)
    return folders


def trained(folder: Path, home: Path, *words: str) -> Result:
    line = ["--interactions", str(folder), "--home", str(home), *words]
    return CliRunner().invoke(train, line, catch_exceptions=False)


def test_one_line_serves_the_first_night_and_every_other(
    nights: list[Path], tmp_path: Path
) -> None:
    first = trained(nights[0], tmp_path, *NIGHTLY, "--ensemble", "2")
    assert first.exit_code == 0
    assert "learnt from nothing" in first.stderr
    trained(nights[1], tmp_path, "--from", "live", "--no-promote")
    one, two = (load(tmp_path, name) for name in model_ids(tmp_path))
    assert two.manifest.started_from == one.model_id
    assert one.manifest.parameters["members"] == 2
    assert two.manifest.parameters == one.manifest.parameters
    assert two.matrix.items.ids[: len(one.matrix.items)] == one.matrix.items.ids


@pytest.mark.parametrize(("word", "kind"), [("approximate", "approximate"), ("none", None)])
def test_an_index_is_of_the_kind_that_was_asked_for(
    nights: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, word: str, kind: str | None
) -> None:
    monkeypatch.setattr(ann, "PAYS", 10)
    monkeypatch.setattr(ann, "SOON", 1.1)
    trained(nights[0], tmp_path, "--parameter", "factors=4", "--index", word)
    (name,) = model_ids(tmp_path)
    index = load(tmp_path, name).manifest.index
    assert (None if index is None else index.kind) == kind


def test_a_model_that_is_not_there_is_told_with_those_that_are(
    nights: list[Path], tmp_path: Path
) -> None:
    from recsvc.errors import UnknownModel

    with pytest.raises(UnknownModel, match="There is no model 'yesterday'"):
        trained(nights[0], tmp_path, "--from", "yesterday")
