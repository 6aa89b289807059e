"""Every request passes here first: its size, its page, its key, and what the key opens.

A route is closed to pages unless it is listed: whoever adds one decides.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from flask import Flask, Response, g, request

from recsvc.access.access import Access
from recsvc.errors import Forbidden, HeadersTooLarge, TooLong, WrongOrigin
from recsvc.web.asking import TOKEN, USER_TOKEN, Asking

FOR_PAGES: Final = frozenset(
    {
        "slates.get_slate",
        "slates.post_slate",
        "events.post_events",
        "people.get_user_consent",
        "people.put_user_consent",
        "people.get_session_consent",
        "people.put_session_consent",
        "sessions.login",
        "sessions.logout",
    }
)
"""Endpoints that a publishable key may ask, for what it proves to be its own. All others of the
interface need a secret key."""

KEY_IN_ADDRESS: Final = frozenset({"events.post_events"})
"""Endpoints that beacons ask, which can send no header."""

GUARDED: Final = "/v1/"
"""Where keys are needed; health and description are for whoever keeps the service running."""

PATH_MOST: Final = 4_096
QUERY_MOST: Final = 65_536
HEADERS_MOST: Final = 32_768

_METHODS: Final = "GET, POST, PUT"
_ASKED: Final = f"Authorization, Content-Type, If-None-Match, {TOKEN}, {USER_TOKEN}"
_SHOWN: Final = f"ETag, {TOKEN}, Server-Timing, Retry-After"
_PREFLIGHT_S: Final = "600"


def install(app: Flask, access: Access) -> None:
    """Put the gate before all routes of an app."""

    @app.before_request
    def admit() -> Response | None:
        _bound_sizes()
        if not request.path.startswith(GUARDED):
            return None
        origin = request.headers.get("Origin")
        if access.ring is None:
            _stay_at_home()
        elif origin is not None and access.allows(origin):
            g.page = origin
        if access.ring and origin and "Access-Control-Request-Method" in request.headers:
            return _preflight(origin)
        key, in_address = _key()
        caller = access.caller(key, origin, in_address=in_address)
        g.asking = Asking(access, caller)
        g.secret = caller.kind == "secret"
        if not caller.trusted and request.endpoint not in FOR_PAGES and request.endpoint:
            raise Forbidden("This needs a secret key, which only your servers have.")
        return None

    @app.after_request
    def tell_page(answer: Response) -> Response:
        if access.ring is None or not request.path.startswith(GUARDED):
            return answer
        answer.vary.add("Origin")
        # A secret key in a page is a mistake that must not seem to work.
        if "page" in g and not g.get("secret"):
            answer.headers["Access-Control-Allow-Origin"] = g.page
            answer.headers["Access-Control-Expose-Headers"] = _SHOWN
        return answer


def _preflight(origin: str) -> Response:
    if request.method != "OPTIONS" or "page" not in g:
        raise WrongOrigin(f"No key of this service is for pages of {origin[:100]}.")
    answer = Response(status=204)
    answer.headers["Access-Control-Allow-Methods"] = _METHODS
    answer.headers["Access-Control-Allow-Headers"] = _ASKED
    answer.headers["Access-Control-Max-Age"] = _PREFLIGHT_S
    return answer


def _key() -> tuple[str | None, bool]:
    """The key that was sent, and whether it stood in the address."""
    said = request.headers.get("Authorization")
    if said is not None:
        scheme, _, key = said.partition(" ")
        return (key.strip() if scheme.lower() == "bearer" else ""), False
    if request.endpoint in KEY_IN_ADDRESS and "key" in request.args:
        return request.args["key"], True
    return None, False


def _stay_at_home() -> None:
    """Without keys nobody of another machine is let in, whatever server runs the application."""
    peer = request.remote_addr
    try:
        near = not peer or ipaddress.ip_address(peer).is_loopback
    except ValueError:
        near = True  # a socket of this machine's file system
    if not near:
        raise Forbidden("This service is open to its own machine only; make keys for others.")


def _bound_sizes() -> None:
    if len(request.path) > PATH_MOST:
        raise TooLong(f"The path is longer than the {PATH_MOST:,} characters that are read.")
    if len(request.query_string) > QUERY_MOST:
        raise TooLong(f"The query is longer than the {QUERY_MOST:,} bytes that are read; use POST.")
    size = sum(
        len(name) + len(value)
        for name, value in request.environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    )
    if size > HEADERS_MOST:
        raise HeadersTooLarge(f"The headers are larger than the {HEADERS_MOST:,} that are read.")
