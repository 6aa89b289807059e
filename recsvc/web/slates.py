"""`/v1/slates`: a slate, or what follows it, by query or by JSON; the slates of a page at once."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from flask import Blueprint, Response, request

from recsvc.serving.answers import Answer
from recsvc.serving.paging import Pages
from recsvc.serving.slates import Slates
from recsvc.web import rendering
from recsvc.web.asking import TOKEN
from recsvc.web.etags import etag, etag_of, has_it, names
from recsvc.web.parsing import body, json_object
from recsvc.web.requests import SlateQuery
from recsvc.web.wishes import body_of, page_of, page_request, parameters, query_of, slate_request


def slates_door(current: Callable[[], Slates]) -> Blueprint:
    """The routes of slates; each request takes the `current` ones once, and keeps to them."""
    door = Blueprint("slates", __name__)

    @door.get("/v1/slates/<surface>")
    def get_slate(surface: str) -> Response:
        began = perf_counter()
        slates = current()
        query = query_of(slates.surfaces, surface, parameters(request.args))
        if query.cursor is not None:
            page = _further(Pages(slates), surface, query, began)
            return _unchanged(page) if names(page.headers["ETag"]) else page
        answer = slates.answer(slate_request(surface, query))
        tag = etag(answer)
        if has_it(answer, tag):
            return _told(_renewed(Response(status=304), answer), began, tag)
        return _told(rendering.slate(answer, _ms_since(began)), began, tag)

    @door.post("/v1/slates/<surface>")
    def post_slate(surface: str) -> Response:
        began = perf_counter()
        slates = current()
        query = body_of(slates.surfaces, surface, json_object(body()))
        if query.cursor is not None:
            return _further(Pages(slates), surface, query, began)
        answer = slates.answer(slate_request(surface, query))
        return _told(rendering.slate(answer, _ms_since(began)), began, etag(answer))

    @door.post("/v1/slates")
    def post_slates() -> Response:
        began = perf_counter()
        slates = current()
        asked, deduplicate = page_of(slates.surfaces, json_object(body()))
        found = slates.answers(asked, deduplicate=deduplicate)
        return _timed(rendering.several(found, _ms_since(began)), began)

    return door


def _further(pages: Pages, surface: str, query: SlateQuery, began: float) -> Response:
    response = rendering.further(pages.page(page_request(surface, query)))
    return _told(response, began, etag_of(response.get_data()))


def _unchanged(response: Response) -> Response:
    kept = {name: response.headers[name] for name in ("ETag", "Cache-Control", "Server-Timing")}
    return Response(status=304, headers=kept)


def _told(response: Response, began: float, tag: str) -> Response:
    response.headers["ETag"] = tag
    return _timed(response, began)


def _timed(response: Response, began: float) -> Response:
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Server-Timing"] = f"app;dur={_ms_since(began):.2f}"
    return response


def _renewed(response: Response, answer: Answer) -> Response:
    """A page that has the slate may lack its newest token."""
    if answer.token is not None and answer.token not in answer.request.tokens:
        response.headers[TOKEN] = answer.token
    return response


def _ms_since(began: float) -> float:
    return (perf_counter() - began) * 1000
