"""`/v1/users/{id}/consent` and `/v1/sessions/{id}/consent`: nothing personal without a yes."""

from __future__ import annotations

from flask import Blueprint, Response, request

from recsvc.errors import BadInput, Fault
from recsvc.ports import Consent
from recsvc.serving.consenting import Consenting
from recsvc.web import rendering
from recsvc.web.parsing import json_object, read
from recsvc.web.requests import ConsentWord


def people_door(consenting: Consenting) -> Blueprint:
    """The routes of consent."""
    door = Blueprint("people", __name__)

    @door.get("/v1/users/<user_id>/consent")
    def get_user_consent(user_id: str) -> Response:
        return _body(consenting.of_user(_id(user_id, "user_id")))

    @door.put("/v1/users/<user_id>/consent")
    def put_user_consent(user_id: str) -> Response:
        return _body(consenting.user_says(_id(user_id, "user_id"), _word()))

    @door.get("/v1/sessions/<session_id>/consent")
    def get_session_consent(session_id: str) -> Response:
        return _body(consenting.of_session(_id(session_id, "session_id")))

    @door.put("/v1/sessions/<session_id>/consent")
    def put_session_consent(session_id: str) -> Response:
        return _body(consenting.session_says(_id(session_id, "session_id"), _word()))

    return door


def _word() -> Consent:
    word = read(ConsentWord, json_object(request.get_data()), strict=True)
    return Consent(word.personalisation, word.analytics)


def _id(value: str, field: str) -> str:
    if len(value) > 128:
        raise BadInput("The id is too long.", [Fault(field, "has 1 to 128 characters")])
    return value


def _body(consent: Consent) -> Response:
    return rendering.json(
        {"personalisation": consent.personalisation, "analytics": consent.analytics}
    )
