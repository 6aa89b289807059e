"""`/v1/users/{id}/consent` and `/v1/sessions/{id}/consent`: nothing personal without a yes."""

from __future__ import annotations

from flask import Blueprint, Response

from recsvc.ports import Consent
from recsvc.serving.consenting import Consenting
from recsvc.web import rendering
from recsvc.web.answers import ConsentTold
from recsvc.web.asking import asking
from recsvc.web.parsing import body, json_object, named, read
from recsvc.web.requests import ConsentWord, SessionPath, UserPath


def people_door(consenting: Consenting) -> Blueprint:
    """The routes of consent."""
    door = Blueprint("people", __name__)

    @door.get("/v1/users/<path:user_id>/consent")
    def get_user_consent(user_id: str) -> Response:
        return _body(consenting.of_user(_user(user_id)))

    @door.put("/v1/users/<path:user_id>/consent")
    def put_user_consent(user_id: str) -> Response:
        return _body(consenting.user_says(_user(user_id), _word()))

    @door.get("/v1/sessions/<path:session_id>/consent")
    def get_session_consent(session_id: str) -> Response:
        session_id = named(SessionPath, session_id=session_id).session_id
        who = asking()
        return _body(consenting.of_session(str(who.session(session_id, who.vouched(None)))))

    @door.put("/v1/sessions/<path:session_id>/consent")
    def put_session_consent(session_id: str) -> Response:
        session_id = named(SessionPath, session_id=session_id).session_id
        return _body(consenting.session_says(asking().session_to_write(session_id), _word()))

    return door


def _user(user_id: str) -> str:
    return asking().user_of_path(named(UserPath, user_id=user_id).user_id)


def _word() -> Consent:
    word = read(ConsentWord, json_object(body()), strict=True)
    return Consent(word.personalisation, word.analytics)


def _body(consent: Consent) -> Response:
    return rendering.json(ConsentTold(consent.personalisation, consent.analytics))
