"""Parameters as a person types them, and a search from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from recsvc.cli.parameters import parameters_by_model, parameters_of
from recsvc.cli.training import evaluate, train
from recsvc.data import write_tables
from recsvc.errors import BadInput
from simulations.shop import generate


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(generate(3, users=200, items=120, days=20), folder)
    return folder


def run(command: click.Command, shop: Path, *words: object) -> Result:
    said = ["--interactions", str(shop), *map(str, words)]
    return CliRunner().invoke(command, said, catch_exceptions=False)


def test_numbers_are_numbers_none_is_none_and_other_words_stay() -> None:
    pairs = ["factors=32", "alpha = 1.5", "half_life_days=None", "k1=1e2", "b=x"]
    told = {"factors": 32, "alpha": 1.5, "half_life_days": None, "k1": 100.0, "b": "x"}
    assert parameters_of(pairs) == told
    assert isinstance(parameters_of(pairs)["factors"], int)


@pytest.mark.parametrize("pair", ["factors", "=3", "factors=", ""])
def test_what_is_no_pair_is_told(pair: str) -> None:
    with pytest.raises(click.BadParameter, match="is not NAME=VALUE"):
        parameters_of([pair])


def test_of_several_models_each_gets_its_own_parameters() -> None:
    pairs = ["als.factors=8", "bm25.k1=0.5", "als.alpha=2", "popularity.half_life_days=7"]
    assert parameters_by_model(pairs, ["als", "bm25"]) == {
        "als": {"factors": 8, "alpha": 2},
        "bm25": {"k1": 0.5},
        "popularity": {"half_life_days": 7},
    }
    assert parameters_by_model(["factors=8"], ["als"]) == {"als": {"factors": 8}}
    with pytest.raises(click.BadParameter, match=r"MODEL\.NAME=VALUE"):
        parameters_by_model(["factors=8"], ["als", "bm25"])
    with pytest.raises(click.BadParameter, match="'lmf' is not evaluated"):
        parameters_by_model(["lmf.factors=8"], ["als", "bm25"])


def test_a_search_trains_what_it_found_and_goes_on_when_asked_again(
    shop: Path, tmp_path: Path
) -> None:
    words = ["--model", "bm25", "--search", 3, "--parameter", "k1=2.5", "--no-promote", "--json"]
    first = run(train, shop, *words, "--home", tmp_path)
    assert first.exit_code == 0
    assert "trial 3/3: nDCG@10" in first.stderr
    assert "known from an earlier run" not in first.stderr
    folder = Path(json.loads(first.stdout)["folder"])
    manifest = json.loads((folder / "manifest.json").read_text())
    noted = [json.loads(line) for line in next((tmp_path / "searches").iterdir()).open()]
    best = max(noted, key=lambda tried: tried["ndcg"])
    assert manifest["parameters"] == best["parameters"]
    assert manifest["parameters"]["k1"] == 2.5
    assert manifest["metrics"]["search ndcg@10"] == best["ndcg"]
    again = run(train, shop, *words, "--home", tmp_path, "--seed", 0)
    assert again.stderr.count("known from an earlier run") == 3


def test_train_and_evaluate_take_parameters_and_refuse_wrong_ones(
    shop: Path, tmp_path: Path
) -> None:
    few = ["--model", "cosine", "--parameter", "neighbours=2", "--bootstrap", 10]
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    assert run(evaluate, shop, *few, "--json", one).exit_code == 0
    assert run(evaluate, shop, "--model", "cosine", "--bootstrap", 10, "--json", two).exit_code == 0
    rows = [json.loads(file.read_text())["rows"] for file in (one, two)]
    assert rows[0][0]["ndcg"] != rows[1][0]["ndcg"]
    assert rows[0][1]["ndcg"] == rows[1][1]["ndcg"]
    words = ["--model", "cosine", "--parameter", "neighbours=2", "--no-promote", "--json"]
    folder = json.loads(run(train, shop, *words, "--home", tmp_path).stdout)["folder"]
    manifest = json.loads((Path(folder) / "manifest.json").read_text())
    assert manifest["parameters"] == {"neighbours": 2}
    with pytest.raises(BadInput, match="depth"):
        run(train, shop, "--parameter", "depth=2", "--home", tmp_path)
