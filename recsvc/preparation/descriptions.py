"""How items are described: by the host as last put, else by the table of the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from recsvc.ports import Catalogue, Item


def describe(
    item_ids: Sequence[str], titles: Mapping[str, Item], catalogue: Catalogue
) -> dict[str, Item]:
    """Every item by id; an item that nobody described has its id alone."""
    put = catalogue.describe(item_ids)
    return {item: put.get(item) or titles.get(item) or Item(item) for item in item_ids}
