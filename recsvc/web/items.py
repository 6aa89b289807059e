"""`/v1/items/{id}`: the host describes an item, or withdraws it from every slate at once."""

from __future__ import annotations

from flask import Blueprint, Response, request

from recsvc.ports import Catalogue, Item
from recsvc.web import rendering
from recsvc.web.parsing import json_object, read
from recsvc.web.requests import ItemWord


def items_door(catalogue: Catalogue) -> Blueprint:
    """The routes of items."""
    door = Blueprint("items", __name__)

    @door.put("/v1/items/<item_id>")
    def put_item(item_id: str) -> Response:
        word = read(ItemWord, json_object(request.get_data()), strict=True)
        item = Item(item_id, word.title, word.url, word.image, word.available, word.attributes)
        catalogue.put(item)
        return rendering.json({"item_id": item_id, "available": item.available})

    @door.delete("/v1/items/<item_id>")
    def delete_item(item_id: str) -> Response:
        catalogue.delete(item_id)
        return Response(status=204)

    return door
