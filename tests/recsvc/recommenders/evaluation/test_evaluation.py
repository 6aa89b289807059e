"""The table: honest about chance, always beside popularity, the same for the same seed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recsvc.data import Tables, tables_from_frames
from recsvc.errors import BadData, BadInput, UnknownModel
from recsvc.recommenders.evaluation.evaluate import Evaluation, estimates, evaluate
from recsvc.recommenders.evaluation.tabulation import as_json, as_text

SMALL = {"als": {"factors": 2, "regularisation": 1.0}}


def run(tables: Tables, *models: str, seed: int = 3, split: str = "leave-last-out") -> Evaluation:
    return evaluate(
        tables,
        split=split,
        models=models,
        seed=seed,
        progress=lambda _: None,
        bootstrap=50,
        parameters=SMALL,
    )


def without_seconds(evaluation: Evaluation) -> object:
    content = json.loads(as_json(evaluation))
    for row in content["rows"]:
        row.pop("seconds")
    return content


def test_popularity_is_always_there_and_once(parity: Tables) -> None:
    assert [row.model for row in run(parity, "als").rows] == ["als", "popularity"]
    assert [row.model for row in run(parity, "popularity").rows] == ["popularity"]


def test_personal_models_see_what_popularity_cannot(parity: Tables) -> None:
    """Each user's last event is an item of its own parity: the two missing ones are both shown."""
    table = run(parity, "als", "cosine")
    assert table.users == 20
    assert table.row("als").hit_rate.mean == 1
    assert table.row("cosine").hit_rate.mean == 1
    assert table.row("als").ndcg.mean > table.row("popularity").ndcg.mean


def test_the_same_seed_gives_the_same_table_and_another_seed_another(parity: Tables) -> None:
    assert without_seconds(run(parity, "als")) == without_seconds(run(parity, "als"))
    one, two = (run(parity, seed=seed).row("popularity").ndcg for seed in (1, 2))
    assert one.mean == two.mean
    assert one.low != two.low


def test_an_interval_holds_its_mean_and_shrinks_with_the_root_of_the_users() -> None:
    values = np.random.default_rng(0).random((400, 4))
    few = estimates(values[:100], bootstrap=400, seed=1)[0]
    many = estimates(values, bootstrap=400, seed=1)[0]
    assert few.low < few.mean < few.high
    normal = 2 * 1.96 * values[:, 0].std() / np.sqrt(400)
    assert many.high - many.low == pytest.approx(normal, rel=0.2)
    assert few.high - few.low == pytest.approx(2 * (many.high - many.low), rel=0.3)


def test_the_text_shows_every_model_best_first_with_intervals(parity: Tables) -> None:
    text = as_text(run(parity, "popularity", "cosine"))
    lines = text.splitlines()
    assert lines[0].startswith("split leave-last-out: 20 users")
    assert [line.split()[0] for line in lines[-2:]] == ["cosine", "popularity"]
    assert "1.0000 [1.0000, 1.0000]" in lines[-2]


def test_a_programme_reads_the_full_figures(parity: Tables) -> None:
    table = run(parity, "cosine")
    content = json.loads(as_json(table))
    assert content["rows"][0]["ndcg"]["mean"] == table.row("cosine").ndcg.mean
    assert content["split"] == "leave-last-out"


def test_unknown_models_faulty_parameters_and_no_samples_are_refused(parity: Tables) -> None:
    with pytest.raises(UnknownModel):
        run(parity, "magic")
    with pytest.raises(BadInput, match="factors"):
        evaluate(
            parity,
            split="global-time",
            models=["als"],
            seed=1,
            progress=print,
            parameters={"als": {"factors": -1}},
        )
    with pytest.raises(BadInput, match="bootstrap"):
        evaluate(parity, split="global-time", models=[], seed=1, progress=print, bootstrap=0)


def test_too_little_data_is_one_clear_error(parity: Tables) -> None:
    alone = parity.interactions[parity.interactions["user_id"] == "u2"]
    with pytest.raises(BadData, match="two users"):
        run(tables_from_frames(alone), "als")
