"""On real purchases: figures that were measured independently, and time."""

from __future__ import annotations

import pathlib
import time

import pytest

from recsvc.data import Tables, read_tables
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import load
from recsvc.recommenders.evaluation.evaluate import evaluate
from recsvc.recommenders.live.serving import Personal
from recsvc.recommenders.training.train import train


@pytest.fixture(scope="module")
def tables(real_data: pathlib.Path) -> Tables:
    return read_tables(real_data / "online-retail-ii-2009")


def test_als_beats_cosine_beats_popularity_by_the_known_figures(tables: Tables) -> None:
    table = evaluate(
        tables,
        split="global-time",
        models=["als", "cosine"],
        seed=42,
        progress=lambda _: None,
        bootstrap=100,
    )
    als, cosine, popularity = (table.row(m).ndcg.mean for m in ("als", "cosine", "popularity"))
    assert table.users == 970
    assert 0.081 <= als <= 0.099
    assert als > cosine == pytest.approx(0.080, abs=0.002)
    assert popularity == pytest.approx(0.0350, abs=0.001)


def test_training_takes_seconds_and_a_ranking_less_than_a_millisecond(
    tables: Tables, tmp_path: pathlib.Path
) -> None:
    began = time.perf_counter()
    folder = train(
        tables, model="als", home=tmp_path, seed=42, progress=lambda _: None, measure=False
    )
    assert time.perf_counter() - began < 60
    artifact = load(tmp_path, folder.name)
    recommender, items = Personal(artifact), artifact.matrix.items.ids
    took = []
    for n, user in enumerate(artifact.matrix.users.ids[:101]):
        profile = Profile(user, ((items[n], 1.0), (items[-n], 0.3)))
        began = time.perf_counter()
        assert recommender.rank(profile, 200, incumbents=items[:10]) is not None
        took.append(time.perf_counter() - began)
    assert sorted(took)[50] < 0.001
