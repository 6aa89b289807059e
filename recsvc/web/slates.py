"""`/v1/slates/{surface}`: a slate, asked for by query or by JSON."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from recsvc.errors import Fault
from recsvc.serving.slates import SlateRequest, Slates
from recsvc.web import rendering
from recsvc.web.parsing import bad_fields, json_object, sift
from recsvc.web.requests import SlateQuery

LISTS = ("exclude",)
LATER = ("cursor", "since")


def slates_door(slates: Slates) -> Blueprint:
    """The routes of slates."""
    door = Blueprint("slates", __name__)

    @door.get("/v1/slates/<surface>")
    def get_slate(surface: str) -> Response:
        return _serve(slates, surface, _of_query(request.args), strict=False)

    @door.post("/v1/slates/<surface>")
    def post_slate(surface: str) -> Response:
        return _serve(slates, surface, json_object(request.get_data()), strict=True)

    return door


def _serve(slates: Slates, surface: str, values: dict[str, Any], *, strict: bool) -> Response:
    began = perf_counter()
    asked = _asked(surface, values, strict=strict)
    answer = slates.answer(asked)
    return rendering.slate(answer, (perf_counter() - began) * 1000)


def _asked(surface: str, values: dict[str, Any], *, strict: bool) -> SlateRequest:
    later = [Fault(n, "is not built in this version") for n in LATER if values.pop(n, None)]
    usable, faults = sift(SlateQuery, values, strict=strict)
    if later or faults:
        raise bad_fields([*later, *faults])
    query = SlateQuery(**usable)
    return SlateRequest(
        surface=surface,
        session_id=query.session_id,
        user_id=query.user_id,
        k=query.k,
        subject=query.subject,
        context=query.context,
        exclude=tuple(query.exclude),
    )


def _of_query(args: MultiDict[str, str]) -> dict[str, Any]:
    """Query parameters in the form of the JSON body: `context.NAME` and repeated ones gathered."""
    values: dict[str, Any] = {}
    for name, given in args.lists():
        if name in LISTS:
            values[name] = given
        elif name.startswith("context."):
            values.setdefault("context", {})[name.removeprefix("context.")] = given[-1]
        else:
            values[name] = given[-1]
    return values
