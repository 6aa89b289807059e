"""`/v1/slates/{surface}`: a slate, asked for by query or by JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from time import perf_counter
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from recsvc.access.names import told
from recsvc.errors import Fault
from recsvc.serving.answers import Answer, SlateRequest
from recsvc.serving.slates import Slates
from recsvc.web import rendering
from recsvc.web.asking import asking
from recsvc.web.etags import etag, has_it
from recsvc.web.parsing import bad_fields, body, json_object, sift
from recsvc.web.requests import SlateQuery

LISTS = ("exclude",)
LATER = ("cursor",)


def slates_door(slates: Slates) -> Blueprint:
    """The routes of slates."""
    door = Blueprint("slates", __name__)

    @door.get("/v1/slates/<surface>")
    def get_slate(surface: str) -> Response:
        began = perf_counter()
        answer = _serve(slates, surface, _of_query(request.args), strict=False)
        tag = etag(answer)
        if has_it(answer, tag):
            return _told(Response(status=304), tag, began)
        return _told(rendering.slate(answer, _ms_since(began)), tag, began)

    @door.post("/v1/slates/<surface>")
    def post_slate(surface: str) -> Response:
        began = perf_counter()
        answer = _serve(slates, surface, json_object(body()), strict=True)
        return _told(rendering.slate(answer, _ms_since(began)), etag(answer), began)

    return door


def _told(response: Response, tag: str, began: float) -> Response:
    response.headers["ETag"] = tag
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Server-Timing"] = f"app;dur={_ms_since(began):.2f}"
    return response


def _ms_since(began: float) -> float:
    return (perf_counter() - began) * 1000


def _serve(slates: Slates, surface: str, values: dict[str, Any], *, strict: bool) -> Answer:
    asked = _asked(slates, surface, values, strict=strict)
    answer = slates.answer(asked)
    return replace(answer, session_id=told(answer.session_id))


def _asked(slates: Slates, surface: str, values: dict[str, Any], *, strict: bool) -> SlateRequest:
    later = [Fault(name, "is not built in this version") for name in LATER if name in values]
    if not strict:
        # Which one counts would be a guess, and a gate before this service might guess otherwise.
        twice = [n for n, given in values.items() if isinstance(given, list) and n not in LISTS]
        later += [Fault(name, "is given more than once") for name in twice]
        values = {name: given for name, given in values.items() if name not in twice}
    here = {name: value for name, value in values.items() if name not in LATER}
    usable, faults = sift(SlateQuery, here, strict=strict)
    if later or faults:
        known = ", ".join(sorted(slates.surfaces.by_name))
        nowhere = [] if surface in slates.surfaces else [Fault("surface", f"is one of: {known}")]
        raise bad_fields([*nowhere, *later, *faults])
    query = SlateQuery(**usable)
    who = asking()
    user = who.vouched(query.user_id, query.user_token)
    return SlateRequest(
        surface=surface,
        session_id=who.session(query.session_id, user, query.token),
        user_id=who.kept_user(user),
        k=query.k,
        subject=query.subject,
        context={name: _text(said) for name, said in query.context.items()},
        exclude=tuple(query.exclude),
        explain=query.explain,
        since=query.since,
    )


def _text(said: str | float) -> str:
    """What a page says as a query would carry it, so that both ways of asking are one."""
    return said if isinstance(said, str) else json.dumps(said)


def _of_query(args: MultiDict[str, str]) -> dict[str, Any]:
    """Query parameters in the form of the JSON body: `context.NAME` and repeated ones gathered."""
    values: dict[str, Any] = {}
    context: dict[str, str] = {}
    for name, given in args.lists():
        if name in LISTS or len(given) > 1:
            values[name] = given
        elif name.startswith("context."):
            context[name.removeprefix("context.")] = given[0]
        else:
            values[name] = given[0]
    # A plain `context` is left for the check to complain of.
    return {"context": context, **values} if context else values
