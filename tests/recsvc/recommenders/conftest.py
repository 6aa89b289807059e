"""A world whose right answers are known by eye: even users like even items, odd users odd ones."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recsvc.data import Tables, tables_from_frames
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.training.train import train

# A blend learns from the order of events, which is arbitrary here: see test_blend.
PERSONAL = ("als", "bpr", "lmf", "cosine", "tfidf", "bm25", "ensemble")
KINDS = (*PERSONAL, "popularity")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FEW: dict[str, dict[str, Any]] = {
    "als": {"factors": 2, "regularisation": 1.0},
    "bpr": {"factors": 8, "learning_rate": 0.02, "iterations": 300},
    "lmf": {"factors": 2, "regularisation": 0.6},
    "ensemble": {"members": 2, "parameters": {"factors": 2, "regularisation": 1.0}},
}

Trained = Callable[..., Artifact]


def silent(_: str) -> None:
    """Progress that nobody reads."""


def parity_frame() -> pd.DataFrame:
    """User n likes all items of its parity but item n itself; item i0 is everybody's besides.

    The order in time is arbitrary.
    """
    pairs = [
        (f"u{user}", f"i{item}")
        for user in range(20)
        for item in range(20)
        if (item == 0 or user % 2 == item % 2) and (item != user or user == 0)
    ]
    frame = pd.DataFrame(pairs, columns=["user_id", "item_id"])
    order = np.random.default_rng(0).permutation(len(frame))
    return frame.assign(timestamp=1_700_000_000 + order)


@pytest.fixture(scope="session")
def parity() -> Tables:
    items = pd.DataFrame({"item_id": [f"i{n}" for n in range(20)]})
    return tables_from_frames(parity_frame(), items.assign(title="item " + items["item_id"]))


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "home"


@pytest.fixture
def trained(parity: Tables, home: pathlib.Path) -> Trained:
    """Trains on the parity world and loads what was written."""

    def make(kind: str, *, seed: int = 7, threads: int = 1) -> Artifact:
        folder = train(
            parity,
            model=kind,
            home=home,
            seed=seed,
            progress=silent,
            parameters=FEW.get(kind),
            threads=threads,
            measure=False,
            now=NOW,
        )
        return load(home, folder.name)

    return make


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """Every kind of model in turn."""
    return str(request.param)


@pytest.fixture(params=PERSONAL)
def personal_kind(request: pytest.FixtureRequest) -> str:
    """Every kind of model that looks at the person."""
    return str(request.param)
