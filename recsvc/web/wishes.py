"""From a query or a body to what is asked for: both ways of asking are one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from werkzeug.datastructures import MultiDict

from recsvc.config.surfaces import Surfaces
from recsvc.errors import Fault
from recsvc.serving.answers import SlateRequest
from recsvc.serving.paging import PageRequest
from recsvc.web.asking import asking, tokens_sent
from recsvc.web.parsing import bad_fields, sift
from recsvc.web.requests import SlateQuery

LISTS = ("exclude",)


def query_of(surfaces: Surfaces, surface: str, values: Mapping[str, Any]) -> SlateQuery:
    """What a query asks for. Raises `BadInput` with all faults."""
    # Which one counts would be a guess, and a gate before this service might guess otherwise.
    twice = [n for n, given in values.items() if isinstance(given, list) and n not in LISTS]
    once = {name: given for name, given in values.items() if name not in twice}
    again = [Fault(name, "is given more than once") for name in twice]
    return _read(surfaces, surface, once, again, strict=False)


def body_of(surfaces: Surfaces, surface: str, values: Mapping[str, Any]) -> SlateQuery:
    """What a body asks for. Raises `BadInput` with all faults."""
    return _read(surfaces, surface, values, [], strict=True)


def _read(
    surfaces: Surfaces, surface: str, values: Mapping[str, Any], found: list[Fault], *, strict: bool
) -> SlateQuery:
    usable, faults = sift(SlateQuery, values, strict=strict)
    found = [*found, *faults]
    if usable.get("cursor") is not None and usable.get("session_id") is None:
        found.append(Fault("session_id", "is required with a cursor: that of the answer it is of"))
    if found:
        raise bad_fields([*nowhere(surfaces, surface, "surface"), *found])
    return SlateQuery(**usable)


def nowhere(surfaces: Surfaces, surface: str, field: str) -> list[Fault]:
    """The fault of a surface that there is not."""
    known = ", ".join(sorted(surfaces.by_name))
    return [] if surface in surfaces else [Fault(field, f"is one of: {known}")]


def slate_request(surface: str, query: SlateQuery) -> SlateRequest:
    """The slate that is asked for, by names as they are kept."""
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
        tokens=tokens_sent(query.token),
    )


def page_request(surface: str, query: SlateQuery) -> PageRequest:
    """The further page that is asked for; the cursor says of which slate."""
    who = asking()
    user = who.vouched(query.user_id, query.user_token)
    return PageRequest(
        surface=surface,
        session_id=who.session(query.session_id, user, query.token) or "",
        cursor=query.cursor or "",
        user_id=who.kept_user(user),
        k=query.k,
        exclude=tuple(query.exclude),
    )


def _text(said: str | float) -> str:
    """What a page says as a query would carry it."""
    return said if isinstance(said, str) else json.dumps(said)


def parameters(args: MultiDict[str, str]) -> dict[str, Any]:
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
