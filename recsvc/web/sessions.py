"""`/v1/sessions/{id}/login` and `/logout`: a session becomes a user's, or begins anew."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from recsvc.access import names
from recsvc.serving.identity import Identity
from recsvc.web import rendering
from recsvc.web.answers import LoginTold, LogoutTold
from recsvc.web.asking import asking
from recsvc.web.parsing import body, json_object, named, read
from recsvc.web.requests import LoginWord, SessionPath


def sessions_door(identity: Identity, new_id: Callable[[], str]) -> Blueprint:
    """The routes of logins; `new_id` names a session where the gate issues no names."""
    door = Blueprint("sessions", __name__)

    @door.post("/v1/sessions/<path:session_id>/login")
    def login(session_id: str) -> Response:
        session_id = named(SessionPath, session_id=session_id).session_id
        word = read(LoginWord, json_object(body()), strict=True)
        who = asking()
        user = who.vouched(word.user_id, word.user_token)
        identity.login(who.session_to_log_in(session_id), str(who.kept_user(user)))
        return rendering.json(LoginTold(session_id, word.user_id))

    @door.post("/v1/sessions/<path:session_id>/logout")
    def logout(session_id: str) -> Response:
        session_id = named(SessionPath, session_id=session_id).session_id
        who = asking()
        identity.logout(who.session_to_write(session_id))
        return rendering.json(LogoutTold(names.told(who.session(None) or new_id())))

    return door
