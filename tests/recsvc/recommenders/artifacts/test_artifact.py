"""An artifact: complete or not there, the same after a round trip, refused when damaged."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from recsvc.data import Tables, data_hash, tables_from_frames
from recsvc.errors import BadData, Conflict, UnknownModel
from recsvc.ports import Profile
from recsvc.recommenders.artifacts import artifact as artifacts
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.artifacts.registry import live, model_ids, promote
from recsvc.recommenders.live.serving import ladder
from recsvc.recommenders.training.train import train

Trained = Callable[..., Artifact]


def again(tables: Tables, home: pathlib.Path, like: Artifact, **changes: Any) -> pathlib.Path:
    """Train once more as the artifact was, but for the changes."""
    settings: dict[str, Any] = {
        "model": like.manifest.kind,
        "seed": like.manifest.seed,
        "parameters": like.manifest.parameters,
        "measure": False,
        "progress": lambda _: None,
    }
    return train(tables, home=home, **(settings | changes))


def folder_of(home: pathlib.Path, artifact: Artifact) -> pathlib.Path:
    return home / "models" / artifact.model_id


def test_a_round_trip_gives_equal_scores(
    trained: Trained, kind: str, home: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    first = trained(kind)
    shutil.copytree(home, tmp_path / "elsewhere")
    second = load(tmp_path / "elsewhere", first.model_id, digests=True)
    for profile in (Profile("u3"), Profile("u3", (("i4", 1.0),)), Profile(None, (("i5", 0.5),))):
        for one, two in zip(ladder(first), ladder(second), strict=True):
            a, b = one.rank(profile, 50), two.rank(profile, 50)
            assert a is not None
            assert b is not None
            assert a.item_ids == b.item_ids
            np.testing.assert_array_equal(a.scores, b.scores)


def test_the_manifest_says_what_it_was_made_of(trained: Trained, parity: Tables) -> None:
    manifest = trained("als").manifest
    assert (manifest.users, manifest.items, manifest.kind) == (20, 20, "als")
    assert manifest.rows == manifest.pairs == len(parity.interactions)
    assert manifest.data_hash == data_hash(parity)
    assert manifest.parameters == {
        "factors": 2,
        "regularisation": 1.0,
        "alpha": 1.0,
        "iterations": 15,
        "warm_iterations": 1,
    }
    assert manifest.seed == 7
    assert manifest.first == 1_700_000_000
    assert manifest.last == manifest.first + manifest.rows - 1
    assert "implicit" in manifest.versions
    assert {"item_factors.npy", "items.parquet", "popularity.npy"} <= set(manifest.files)
    assert manifest.model_id.startswith("als-20260301T120000Z-")


def test_titles_travel_with_the_model(trained: Trained) -> None:
    titles = trained("popularity").titles
    assert titles is not None
    assert dict(zip(titles["item_id"], titles["title"], strict=True))["i3"] == "item i3"


def test_training_notes_what_it_measures_and_says_when_it_cannot(
    parity: Tables, home: pathlib.Path, trained: Trained
) -> None:
    said: list[str] = []
    artifact = trained("cosine")
    few = tables_from_frames(parity.interactions.assign(timestamp=5))
    folder = again(few, home, artifact, measure=True, progress=said.append)
    assert load(home, folder.name).manifest.metrics == {}
    assert any("test period is empty" in line for line in said)
    shuffled = parity.interactions.sample(frac=1, random_state=1)
    mixed = tables_from_frames(shuffled.assign(timestamp=range(len(shuffled))))
    folder = again(mixed, home, artifact, measure=True)
    metrics = load(home, folder.name).manifest.metrics
    assert metrics["ndcg@10"] > metrics["popularity ndcg@10"]
    assert metrics["ndcg@10 low"] <= metrics["ndcg@10"] <= metrics["ndcg@10 high"]


def test_the_same_data_and_seed_write_the_same_bytes(
    parity: Tables, home: pathlib.Path, kind: str, trained: Trained
) -> None:
    first = trained(kind)
    second = again(parity, home, first, threads=2)
    files = load(home, second.name).manifest.files
    assert files == first.manifest.files


def test_an_artifact_is_never_overwritten(trained: Trained) -> None:
    trained("popularity")
    with pytest.raises(Conflict, match="already there"):
        trained("popularity")


def test_a_failed_write_leaves_nothing_behind(
    trained: Trained, home: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(artifacts, "sync_folder", full)
    with pytest.raises(OSError, match="no space"):
        trained("als")
    assert list((home / "models").iterdir()) == []


def test_before_any_training_the_error_says_what_to_run(home: pathlib.Path) -> None:
    with pytest.raises(UnknownModel, match="recsvc train"):
        live(home)
    with pytest.raises(UnknownModel, match="recsvc train"):
        load(home, "als-20260101T000000Z-00000000")


@pytest.mark.parametrize("name", ["../models", "", ".", "als", "/etc", "a\x00b"])
def test_no_name_leads_out_of_the_models_folder(
    trained: Trained, home: pathlib.Path, name: str
) -> None:
    trained("popularity")
    with pytest.raises(UnknownModel):
        load(home, name)
    with pytest.raises(UnknownModel):
        promote(home, name)


def test_the_promoted_model_is_live_until_another_is(
    parity: Tables, trained: Trained, home: pathlib.Path
) -> None:
    first = trained("popularity")
    with pytest.raises(UnknownModel):
        live(home)
    promote(home, first.model_id)
    assert live(home) == first.model_id
    second = again(parity, home, first, now=None)
    assert live(home) == first.model_id, "training alone changes nothing for visitors"
    promote(home, second.name)
    assert live(home) == second.name
    assert model_ids(home) == (first.model_id, second.name)
    assert sorted(path.name for path in (home / "models").iterdir() if path.is_file()) == [
        "live",
        "promotions.jsonl",
    ]


def test_a_live_model_that_is_gone_is_told(trained: Trained, home: pathlib.Path) -> None:
    artifact = trained("popularity")
    promote(home, artifact.model_id)
    shutil.rmtree(folder_of(home, artifact))
    with pytest.raises(UnknownModel, match="recsvc train"):
        live(home)


def poison(path: pathlib.Path, change: Callable[[np.ndarray], np.ndarray]) -> None:
    """Replace an array by another of the same size in bytes."""
    size = path.stat().st_size
    np.save(path, change(np.load(path)))
    assert path.stat().st_size == size


def with_nan(array: np.ndarray) -> np.ndarray:
    array.flat[3] = np.nan
    return array


def far_index(array: np.ndarray) -> np.ndarray:
    array.flat[3] = 10_000
    return array


DAMAGE: dict[str, tuple[str, str, Callable[[pathlib.Path], object]]] = {
    "truncated": ("als", "item_factors.npy", lambda p: os.truncate(p, p.stat().st_size - 8)),
    "missing": ("als", "user_factors.npy", lambda p: p.unlink()),
    "empty": ("als", "item_ids.parquet", lambda p: p.write_bytes(b"")),
    "NaN factors": ("als", "item_factors.npy", lambda p: poison(p, with_nan)),
    "transposed": ("als", "item_factors.npy", lambda p: poison(p, np.transpose)),
    "NaN similarity": ("cosine", "similarity_data.npy", lambda p: poison(p, with_nan)),
    "wild neighbour": ("cosine", "similarity_indices.npy", lambda p: poison(p, far_index)),
    "wild row": ("popularity", "rows_indices.npy", lambda p: poison(p, far_index)),
    "negative counts": ("popularity", "popularity.npy", lambda p: poison(p, lambda a: a * -1)),
    "garbled array": ("als", "user_factors.npy", lambda p: p.write_bytes(b"x" * p.stat().st_size)),
    "garbled table": ("als", "user_ids.parquet", lambda p: p.write_bytes(b"x" * p.stat().st_size)),
    "no manifest": ("als", "manifest.json", lambda p: p.unlink()),
    "half a manifest": ("als", "manifest.json", lambda p: p.write_bytes(p.read_bytes()[:99])),
    "a list": ("als", "manifest.json", lambda p: p.write_bytes(b"[]")),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_artifact_is_refused_with_a_way_out(
    trained: Trained, home: pathlib.Path, name: str
) -> None:
    model, file, damage = DAMAGE[name]
    artifact = trained(model)
    damage(folder_of(home, artifact) / file)
    with pytest.raises(BadData, match="recsvc train"):
        load(home, artifact.model_id)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"format": 99}, "format 1"),
        ({"kind": "magic"}, "'magic'"),
        ({"users": 3}, "users"),
        ({"parameters": {"factors": 9}}, "factors"),
        ({"parameters": {"depth": 9}}, "depth"),
        ({"model_id": "als-20200101T000000Z-00000000"}, "manifest is of"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    trained: Trained, home: pathlib.Path, change: dict[str, object], told: str
) -> None:
    artifact = trained("als")
    path = folder_of(home, artifact) / "manifest.json"
    path.write_bytes(msgspec.json.encode(msgspec.json.decode(path.read_bytes()) | change))
    with pytest.raises(BadData, match=told):
        load(home, artifact.model_id)


def test_a_silent_change_of_bytes_is_found_when_digests_are_asked_for(
    trained: Trained, home: pathlib.Path
) -> None:
    artifact = trained("als")
    poison(folder_of(home, artifact) / "item_factors.npy", lambda array: array + 1)
    load(home, artifact.model_id)
    with pytest.raises(BadData, match="not the file that was written"):
        load(home, artifact.model_id, digests=True)


def test_loading_leaves_one_thread_to_blas(trained: Trained) -> None:
    """Two pools of threads at once make a fold-in, and training, many times slower."""
    with threadpool_limits(limits=2, user_api="blas"):
        trained("popularity")
        found = [pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"]
    assert found
    assert set(found) == {1}


def test_no_rows_at_all_is_one_clear_error(
    parity: Tables, home: pathlib.Path, trained: Trained
) -> None:
    nothing = Tables(parity.interactions.iloc[:0], None, None, parity.report)
    with pytest.raises(BadData, match="no interactions"):
        again(nothing, home, trained("popularity"))
