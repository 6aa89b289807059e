"""`/v1/items/{id}`: the host describes an item, or withdraws it from every slate at once."""

from __future__ import annotations

from flask import Blueprint, Response

from recsvc.ports import Catalogue, Item
from recsvc.web import rendering
from recsvc.web.answers import ItemTold
from recsvc.web.parsing import body, json_object, named, read
from recsvc.web.requests import ItemPath, ItemWord


def items_door(catalogue: Catalogue) -> Blueprint:
    """The routes of items."""
    door = Blueprint("items", __name__)

    @door.put("/v1/items/<path:item_id>")
    def put_item(item_id: str) -> Response:
        item_id = named(ItemPath, item_id=item_id).item_id
        word = read(ItemWord, json_object(body()), strict=True)
        item = Item(item_id, word.title, word.url, word.image, word.available, word.attributes)
        catalogue.put(item)
        return rendering.json(ItemTold(item_id, item.available))

    @door.delete("/v1/items/<path:item_id>")
    def delete_item(item_id: str) -> Response:
        catalogue.delete(named(ItemPath, item_id=item_id).item_id)
        return Response(status=204)

    return door
