"""Items as the table described them that the model was trained with, looked up one by one.

A whole catalogue made into objects would be held by every worker for itself, and be made anew with
each model: a quarter of a second for 50,000 items, in which requests wait.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from recsvc.ports import Item
from recsvc.recommenders.artifacts.artifact import Artifact

TOLD: Final = ("title", "url", "image")


class Titles(Mapping[str, Item]):
    """Items by id, made when they are asked for."""

    def __init__(self, table: pd.DataFrame | None) -> None:
        told = pd.DataFrame({"item_id": []}) if table is None else table
        self._place = {item: place for place, item in enumerate(told["item_id"].tolist())}
        self._columns: dict[str, Any] = {
            name: pa.array(told[name], from_pandas=True) for name in TOLD if name in told.columns
        }

    def __getitem__(self, item_id: str) -> Item:
        place = self._place[item_id]
        return Item(item_id, **{name: c[place].as_py() for name, c in self._columns.items()})

    def __iter__(self) -> Iterator[str]:
        return iter(self._place)

    def __len__(self) -> int:
        return len(self._place)


def titles_of(artifact: Artifact) -> Titles:
    """What is known of the artifact's items; nothing where it was trained without a table."""
    return Titles(artifact.titles)
