"""Items are described as the table of the training data said."""

from __future__ import annotations

import pandas as pd
import pytest

from recsvc.ports import Item
from recsvc.recommenders.live.titles import Titles


def test_what_the_table_says_is_told_and_what_it_does_not_say_is_none() -> None:
    table = pd.DataFrame(
        {
            "item_id": ["a", "b", "c"],
            "title": ["Ä", None, float("nan")],
            "image": ["https://shop.example/a.png", None, "x"],
            "price": [1, 2, 3],
        }
    )
    titles = Titles(table)
    assert titles["a"] == Item("a", title="Ä", image="https://shop.example/a.png")
    assert titles["b"] == Item("b")
    assert titles.get("c") == Item("c", image="x")
    assert titles.get("d") is None
    with pytest.raises(KeyError):
        titles["d"]
    assert list(titles) == ["a", "b", "c"]
    assert len(titles) == 3


def test_without_a_table_nothing_is_told() -> None:
    assert dict(Titles(None)) == {}
