"""Errors as `application/problem+json`: a stable code, plain words, every fault; never a trace."""

from __future__ import annotations

import logging
import math
from http import HTTPStatus

import msgspec
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from recsvc.errors import BadInput, Fault, RecsvcError, TooLarge, TooMany, Unauthorized
from recsvc.web import rendering
from recsvc.web.answers import Problem

log = logging.getLogger(__name__)

PROBLEM = "application/problem+json"
INTERNAL_ERROR = ("internal_error", "Internal error")


def problem(
    status: int, code: str, title: str, detail: str, faults: tuple[Fault, ...] = ()
) -> Response:
    """The answer that tells of an error."""
    told = Problem("about:blank", title, status, code, detail, rendering.faults(faults))
    answer = Response(msgspec.json.encode(told), status, mimetype=PROBLEM)
    answer.headers["Cache-Control"] = "no-store"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = "1"
    return answer


_WORDS = {
    404: "There is no such address here; /docs describes those that there are.",
    405: "This address does not take that method; Allow names those that it takes.",
}


def _ours(error: RecsvcError) -> Response:
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s: %s", error.code, error.detail)
    answer = problem(error.status, error.code, error.title, error.detail, error.faults)
    if isinstance(error, Unauthorized):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="recsvc"'
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(math.ceil(error.wait_s))
    return answer


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    phrase = HTTPStatus(status).phrase
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        fault = Fault("body", "is larger than this service reads")
        return _ours(TooLarge("The body is larger than this service reads.", [fault]))
    detail = _WORDS.get(status) or error.description or phrase
    if status == HTTPStatus.BAD_REQUEST:
        return _ours(BadInput(detail))  # one code for one status, whoever finds it out
    answer = problem(status, phrase.lower().replace(" ", "_"), phrase, detail)
    if allowed := getattr(error, "valid_methods", None):
        answer.headers["Allow"] = ", ".join(sorted(allowed))
    return answer


def _unforeseen(error: Exception) -> Response:
    log.exception("an unforeseen error", exc_info=error)
    detail = "Something went wrong on our side; it has been logged. Try again."
    return problem(500, *INTERNAL_ERROR, detail)


def install(app: Flask) -> None:
    """Make every error of an app a problem."""
    app.register_error_handler(RecsvcError, _ours)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unforeseen)
