"""A shop of four tastes: people meet the items of their own taste, some of which are new late."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from recsvc.data import Tables, tables_from_frames
from recsvc.recommenders.artifacts import artifact as artifacts
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.kinds.als import Als
from recsvc.recommenders.training.train import train

DAY = 86_400
START = 1_700_000_000
TASTES, PEOPLE, ITEMS, EACH = 4, 240, 24, 14
LATE = 4
"""Items of each taste that nobody meets before the twelfth day."""
SMALL: Mapping[str, Any] = {"factors": 8, "regularisation": 1.0, "iterations": 8}


def events(seed: int = 5) -> pd.DataFrame:
    """Twenty days of them."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(PEOPLE):
        taste = person % TASTES
        for item in rng.choice(ITEMS, size=EACH, replace=False):
            first = 12 if item >= ITEMS - LATE else 0
            when = START + int(rng.uniform(first * DAY, 20 * DAY))
            rows.append((f"u{person}", f"t{taste}-{item}", when))
    return pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])


@dataclass(frozen=True)
class Shop:
    """`until` has the events of so many days; `train` makes a model of them, and puts it away."""

    all: Tables
    home: pathlib.Path
    kept: dict[tuple[float, str], str] = field(default_factory=dict)

    @property
    def interactions(self) -> pd.DataFrame:
        return self.all.interactions

    def until(self, day: float) -> Tables:
        found = self.interactions[self.interactions["timestamp"] <= START + day * DAY]
        return dataclasses.replace(self.all, interactions=found.reset_index(drop=True))

    def train(self, day: float, kind: str = "als", **more: Any) -> str:
        settings = {"parameters": SMALL if kind == "als" else None, "seed": 1} | more
        return train(
            self.until(day),
            model=kind,
            home=self.home,
            progress=lambda _: None,
            measure=False,
            threads=1,
            **settings,
        ).name

    def made(self, day: float, kind: str = "als") -> str:
        """One that several tests look at; made once."""
        if (day, kind) not in self.kept:
            self.kept[day, kind] = self.train(day, kind)
        return self.kept[day, kind]

    def damaged(
        self, model_id: str, damage: Callable[[Artifact, npt.NDArray[Any]], npt.NDArray[Any]]
    ) -> str:
        """The same artifact under another name, with other item factors."""
        found = load(self.home, model_id)
        assert isinstance(found.model, Als)
        arrays = {
            "user_factors": np.array(found.model.user_factors),
            "item_factors": damage(found, np.array(found.model.item_factors)),
        }
        model = Als.of(arrays, found.model.parameters, shape=found.matrix.rows.shape)
        kind, moment, _ = model_id.split("-")
        name = f"{kind}-{moment}-{len(list((self.home / 'models').iterdir())):08x}"
        manifest = msgspec.structs.replace(found.manifest, model_id=name)
        return artifacts.write(self.home, manifest, model, found.matrix, found.titles).name


@pytest.fixture(scope="session")
def tables() -> Tables:
    return tables_from_frames(events())


@pytest.fixture(scope="session")
def shop(tables: Tables, tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tables, tmp_path_factory.mktemp("shop"))
