"""Every request passes here first: its size, its page, its key, and what the key opens.

A route is closed to pages unless it is listed: whoever adds one decides.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from recsvc.access.access import OPEN, Access
from recsvc.errors import Forbidden, HeadersTooLarge, TooLong, WrongOrigin
from recsvc.web.asking import TOKEN, USER_TOKEN, Asking

FOR_PAGES: Final = frozenset(
    {
        "slates.get_slate",
        "slates.post_slate",
        "slates.post_slates",
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
    """Put the gate before all routes of an app. It reads the environment as the server made it,
    for it is passed at every request."""
    app.after_request(_private)
    if access.ring is None:
        _open(app, Asking(access, OPEN))
    else:
        _guarded(app, access)


def _open(app: Flask, everybody: Asking) -> None:
    @app.before_request
    def admit() -> None:
        environ = request.environ
        _bound_sizes(environ)
        if _asked_for():
            # Without keys no other machine is let in, whatever server runs the application.
            if not _near(environ.get("REMOTE_ADDR")):
                raise Forbidden(
                    "This service is open to its own machine only; make keys for others."
                )
            # A browser on this machine also shows pages of others, which could ask for it: by the
            # address of this machine, or by a name of theirs that leads here.
            host, origin = environ.get("HTTP_HOST"), environ.get("HTTP_ORIGIN")
            if not (_here(host) and _here(origin)):
                raise WrongOrigin(
                    "This service is open to pages and names of its own machine only; make keys "
                    "for others."
                )
            g.asking = everybody


def _guarded(app: Flask, access: Access) -> None:
    @app.before_request
    def admit() -> Response | None:
        environ = request.environ
        _bound_sizes(environ)
        if not _asked_for():
            return None
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None:
            if access.allows(origin):
                g.page = origin
            if "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ:
                return _preflight(origin)
        key, in_address = _key(environ.get("HTTP_AUTHORIZATION"))
        caller = access.caller(key, origin, in_address=in_address)
        g.asking = Asking(access, caller)
        if not caller.trusted and request.endpoint not in FOR_PAGES and request.endpoint:
            raise Forbidden("This needs a secret key, which only your servers have.")
        return None

    @app.after_request
    def tell_page(answer: Response) -> Response:
        if _asked_for():
            answer.headers.add("Vary", "Origin")
            # A secret key in a page is a mistake that must not seem to work.
            if "page" in g and not ("asking" in g and g.asking.caller.trusted):
                answer.headers["Access-Control-Allow-Origin"] = g.page
                answer.headers["Access-Control-Expose-Headers"] = _SHOWN
        return answer


def _asked_for() -> bool:
    """Whether this is a request of the interface: by the route that answers it, however the path
    was spelt, and by the path where there is none."""
    rule = request.url_rule
    return (request.path if rule is None else rule.rule).startswith(GUARDED)


def _preflight(origin: str) -> Response:
    if request.method != "OPTIONS" or "page" not in g:
        raise WrongOrigin(f"No key of this service is for pages of {origin[:100]}.")
    answer = Response(status=204)
    answer.headers["Access-Control-Allow-Methods"] = _METHODS
    answer.headers["Access-Control-Allow-Headers"] = _ASKED
    answer.headers["Access-Control-Max-Age"] = _PREFLIGHT_S
    return answer


def _key(said: str | None) -> tuple[str | None, bool]:
    """The key that was sent, and whether it stood in the address."""
    if said is not None:
        scheme, _, key = said.partition(" ")
        return (key.strip() if scheme.lower() == "bearer" else ""), False
    if request.endpoint in KEY_IN_ADDRESS and "key" in request.args:
        return request.args["key"], True
    return None, False


@lru_cache(maxsize=256)
def _near(peer: str | None) -> bool:
    """Whether a peer is this machine; one without an address uses a socket of its file system."""
    try:
        return not peer or _loopback(peer)
    except ValueError:
        return False


@lru_cache(maxsize=256)
def _here(named: str | None) -> bool:
    """Whether a host, or the origin of a page, is of this machine; who names none is no browser."""
    if not named:
        return True
    try:
        host = urlsplit(named if "//" in named else f"//{named}").hostname or ""
        return host == "localhost" or host.endswith(".localhost") or _loopback(host)
    except ValueError:
        return False


def _loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _private(answer: Response) -> Response:
    """What is said of people stays nowhere on the way, unless the answer says how long."""
    if _asked_for():
        answer.headers.setdefault("Cache-Control", "no-store")
    return answer


def _bound_sizes(environ: Mapping[str, Any]) -> None:
    if len(environ["PATH_INFO"]) > PATH_MOST:
        raise TooLong(f"The path is longer than the {PATH_MOST:,} bytes that are read.")
    if len(environ.get("QUERY_STRING", "")) > QUERY_MOST:
        raise TooLong(f"The query is longer than the {QUERY_MOST:,} bytes that are read; use POST.")
    size = 0
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            size += len(name) + len(value)
    if size > HEADERS_MOST:
        raise HeadersTooLarge(f"The headers are larger than the {HEADERS_MOST:,} that are read.")
