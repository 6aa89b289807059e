"""`/openapi.json` and `/docs`: one description, for programs and for people."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from functools import cache

import msgspec
from flask import Blueprint, Response, request

from recsvc.serving.checking import CONTROL
from recsvc.web.openapi.document import document
from recsvc.web.openapi.page import page, policy

OFFERED_LATER = frozenset({"choose_alternative"})
"""Acts that are known by name, and that nothing on a slate offers yet."""


def description_door(
    surfaces: Collection[str], observed: Collection[str], *, guarded: bool
) -> Blueprint:
    """The routes of the description of a service with these surfaces and observations."""
    door = Blueprint("description", __name__)

    # Made when first asked for: a worker that nobody asks does not pay.
    @cache
    def described() -> tuple[bytes, bytes, str]:
        told = document(surfaces, {*CONTROL, *observed} - OFFERED_LATER, guarded=guarded)
        html = page(told)
        return msgspec.json.encode(told), html.encode(), policy(html)

    @door.get("/openapi.json")
    def openapi() -> Response:
        return _kept(Response(described()[0], mimetype="application/json"))

    @door.get("/docs")
    def docs() -> Response:
        _, html, rules = described()
        answer = Response(html, mimetype="text/html")
        answer.headers["Content-Security-Policy"] = rules
        answer.headers["X-Content-Type-Options"] = "nosniff"
        answer.headers["Referrer-Policy"] = "no-referrer"
        return _kept(answer)

    return door


def _kept(answer: Response) -> Response:
    """An answer that a browser may keep, and asks whether it still holds."""
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:16])
    answer.headers["Cache-Control"] = "no-cache"
    answer.make_conditional(request)
    return answer
