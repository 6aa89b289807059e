"""The index of a big catalogue: built where it helps, measured, kept with the model, checked."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsvc.data import Tables, tables_from_frames
from recsvc.errors import BadData
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.artifacts.manifest import entry_of, read_manifest
from recsvc.recommenders.live.serving import Personal
from recsvc.recommenders.scanning import ann
from recsvc.recommenders.scanning import scan as scans
from recsvc.recommenders.training.train import train

faiss = pytest.importorskip("faiss", reason="the extra `ann` is not installed")

ITEMS, USERS = 3_000, 400
EVERYBODY = [Profile(f"u{n}") for n in range(0, USERS, 10)]


@pytest.fixture(scope="module")
def tables() -> Tables:
    """People who each met thirty items at random."""
    random = np.random.default_rng(0)
    pairs = [(f"u{u}", f"i{i}") for u in range(USERS) for i in random.choice(ITEMS, 30, False)]
    pairs += [("u0", f"i{i}") for i in range(ITEMS)]
    return tables_from_frames(
        pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(timestamp=1)
    )


@pytest.fixture(autouse=True)
def big(monkeypatch: pytest.MonkeyPatch) -> None:
    """3,000 items are a big catalogue, and to look by length never ends."""
    monkeypatch.setattr(ann, "PAYS", 1_000)
    monkeypatch.setattr(scans, "SMALL", 1_000)
    monkeypatch.setattr(scans, "FIRST", 120)
    monkeypatch.setattr(scans, "BESIDE", 120)
    monkeypatch.setattr(scans, "HEAD", 120)


def made(tables: Tables, home: Path, kind: ann.Kind | None = "half", **more: object) -> Path:
    told: list[str] = []
    folder = train(
        tables,
        model="als",
        home=home,
        seed=1,
        progress=told.append,
        parameters={"factors": 16, "regularisation": 0.1, "iterations": 3},
        measure=False,
        index=kind,
        **more,  # type: ignore[arg-type]
    )
    indexed = read_manifest(folder).index is not None
    assert any("recall@100" in line for line in told) == indexed
    return folder


def best_of(artifact: Artifact, n: int = 30) -> list[tuple[str, ...]]:
    personal = Personal(artifact)
    answers = [personal.rank(profile, n, without=["i5"]) for profile in EVERYBODY]
    return [answer.item_ids for answer in answers if answer is not None]


def exactly(artifact: Artifact, n: int = 30) -> list[tuple[str, ...]]:
    """By sorting all items."""
    found = []
    for profile in EVERYBODY:
        opinion = Personal(artifact).opinion(profile, ["i5"])
        assert opinion is not None
        order = np.argsort(-opinion.scores, kind="stable")[:n]
        found.append(tuple(artifact.matrix.items.ids[i] for i in order))
    return found


def test_half_precision_is_kept_with_the_model_and_serves_the_true_best(
    tables: Tables, tmp_path: Path
) -> None:
    folder = made(tables, tmp_path)
    card = read_manifest(folder).index
    assert card is not None
    assert (card.kind, card.recall_at_100) == ("half", 1.0)
    artifact = load(tmp_path, folder.name, digests=True)
    assert artifact.index is not None
    assert best_of(artifact) == exactly(artifact)


def test_the_share_that_an_approximate_index_finds_is_measured(
    tables: Tables, tmp_path: Path
) -> None:
    folder = made(tables, tmp_path, "approximate")
    card = read_manifest(folder).index
    assert card is not None
    assert card.kind == "approximate"
    artifact = load(tmp_path, folder.name)
    found, true = best_of(artifact, 100), exactly(artifact, 100)
    share = np.mean([len(set(a) & set(b)) / 100 for a, b in zip(found, true, strict=True)])
    assert card.recall_at_100 == pytest.approx(share, abs=0.02)
    assert card.recall_at_100 > 0.9


def test_a_bad_index_is_told_by_its_recall(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the items are hidden from it; the figure says so."""
    random = np.random.default_rng(1)
    factors, people = (random.normal(size=(n, 16)).astype(np.float32) for n in (ITEMS, 50))
    search = ann.Faiss.search

    def blind(self: ann.Faiss, person: np.ndarray, n: int) -> np.ndarray:  # type: ignore[type-arg]
        found = search(self, person, n)
        return found[found % 2 == 0]

    monkeypatch.setattr(ann.Faiss, "search", blind)
    assert 0.3 < ann.build(factors, people, "half").card.recall_at_100 < 0.7


def test_no_index_is_built_where_there_is_no_need(
    tables: Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [made(tables, tmp_path / "unwanted", None)]
    monkeypatch.setattr(scans, "HEAD", ITEMS)  # to look by length ends
    folders.append(made(tables, tmp_path / "soon"))
    monkeypatch.setattr(ann, "PAYS", 10_000)
    monkeypatch.setattr(scans, "HEAD", 120)
    folders.append(made(tables, tmp_path / "small"))
    for folder in folders:
        assert read_manifest(folder).index is None
        assert not (folder / ann.FILE).exists()
        assert load(folder.parents[1], folder.name).index is None


def test_without_faiss_training_says_so_and_serving_looks_at_all_items(
    tables: Tables,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    folder = made(tables, tmp_path)
    monkeypatch.setattr(ann, "library", lambda: None)
    artifact = load(tmp_path, folder.name)
    assert artifact.index is None
    assert "recsvc[ann]" in caplog.text
    assert best_of(artifact) == exactly(artifact)
    told: list[str] = []
    assert ann.indexed(artifact.model, "half", told.append) is None
    assert "recsvc[ann]" in told[0]


@pytest.mark.parametrize("damage", ["noise", "empty", "other model", "missing"])
def test_an_index_that_cannot_be_used_is_refused_with_its_model(
    tables: Tables, tmp_path: Path, damage: str
) -> None:
    folder = made(tables, tmp_path)
    path = folder / ann.FILE
    if damage == "other model":
        random = np.random.default_rng(1)
        factors = random.normal(size=(ITEMS - 1, 16)).astype(np.float32)
        ann.write(ann.build(factors, factors[:5], "half"), folder)
    elif damage == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if damage == "empty" else b"noise" * 1_000)
    manifest = folder / "manifest.json"
    entry = entry_of(path) if path.exists() else None
    text = manifest.read_text()
    if entry is not None:  # the sizes agree: it is the file itself that is looked at
        size = read_manifest(folder).files[ann.FILE].size
        manifest.write_text(text.replace(f'"size": {size}', f'"size": {entry.size}'))
    with pytest.raises(BadData, match=ann.FILE):
        load(tmp_path, folder.name)
    shutil.rmtree(folder)
