"""How items are described: by the host as last put, else by the table of the training data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from recsvc.ports import Catalogue, Item


def describe(
    item_ids: Sequence[str], titles: Mapping[str, Item], catalogue: Catalogue
) -> dict[str, Item]:
    """Every item by id; what the host did not say of an item is taken from the table."""
    put = catalogue.describe(item_ids)
    return {item: _merged(put.get(item), titles.get(item) or Item(item)) for item in item_ids}


def _merged(put: Item | None, known: Item) -> Item:
    if put is None:
        return known
    return replace(
        put,
        title=put.title if put.title is not None else known.title,
        url=put.url if put.url is not None else known.url,
        image=put.image if put.image is not None else known.image,
    )
