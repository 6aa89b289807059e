"""From a query or a body to what is asked for: both ways of asking are one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from werkzeug.datastructures import MultiDict

from recsvc.config.surfaces import Surfaces
from recsvc.errors import Fault
from recsvc.serving.answers import SlateRequest
from recsvc.serving.paging import PageRequest
from recsvc.web.asking import asking, tokens_sent
from recsvc.web.candidates import faults_of_candidates, offered
from recsvc.web.parsing import bad_fields, sift
from recsvc.web.requests import PageWord, SlateEntry, SlateQuery, SlateWord

LISTS = ("exclude",)


def query_of(surfaces: Surfaces, surface: str, values: Mapping[str, Any]) -> SlateQuery:
    """What a query asks for. Raises `BadInput` with all faults."""
    # Which one counts would be a guess, and a gate before this service might guess otherwise.
    twice = [n for n, given in values.items() if isinstance(given, list) and n not in LISTS]
    once = {name: given for name, given in values.items() if name not in twice}
    again = [Fault(name, "is given more than once") for name in twice]
    return _read(SlateQuery, surfaces, surface, once, again)


def body_of(surfaces: Surfaces, surface: str, values: Mapping[str, Any]) -> SlateWord:
    """What a body asks for. Raises `BadInput` with all faults."""
    return _read(SlateWord, surfaces, surface, values, [])


Q = TypeVar("Q", bound=SlateQuery)


def _read(
    form: type[Q],
    surfaces: Surfaces,
    surface: str,
    values: Mapping[str, Any],
    found: list[Fault],
) -> Q:
    usable, faults = sift(form, values, strict=form is not SlateQuery)
    found = [*found, *faults]
    if form is SlateWord:
        k = usable.get("k") or (surfaces[surface].knobs.k if surface in surfaces else 1)
        found += faults_of_candidates(usable, k)
    if usable.get("cursor") is not None and usable.get("session_id") is None:
        found.append(Fault("session_id", "is required with a cursor: that of the answer it is of"))
    if found:
        raise bad_fields([*nowhere(surfaces, surface, "surface"), *found])
    return form(**usable)


def nowhere(surfaces: Surfaces, surface: str, field: str) -> list[Fault]:
    """The fault of a surface that there is not."""
    known = ", ".join(sorted(surfaces.by_name))
    return [] if surface in surfaces else [Fault(field, f"is one of: {known}")]


def slate_request(surface: str, query: SlateQuery) -> SlateRequest:
    """The slate that is asked for, by names as they are kept. Raises `Forbidden`."""
    who = asking()
    user = who.vouched(query.user_id, query.user_token)
    request = SlateRequest(
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
    if isinstance(query, SlateWord) and query.candidates is not None:
        return replace(request, offered=offered(query.candidates, query.model))
    return request


def page_of(surfaces: Surfaces, values: Mapping[str, Any]) -> tuple[list[SlateRequest], bool]:
    """The slates of a page, and whether an item may be on one of them only.

    Raises `BadInput` with the faults of all entries.
    """
    usable, faults = sift(PageWord, values, strict=True)
    entries: list[SlateEntry] = []
    for number, given in enumerate(usable.get("surfaces", ())):
        entry, wrong = _entry(surfaces, given)
        faults += [Fault(f"surfaces[{number}]{field}", words) for field, words in wrong]
        entries += [] if entry is None else [entry]
    if faults:
        raise bad_fields(faults)
    page, who = PageWord(**usable), asking()
    user = who.vouched(page.user_id, page.user_token)
    tokens = tokens_sent(page.token, *(entry.token for entry in entries))
    shared = SlateRequest(
        surface="",
        session_id=who.session(page.session_id, user, next(iter(tokens), None)),
        user_id=who.kept_user(user),
        tokens=tokens,
    )
    return [_wanted(entry, shared) for entry in entries], page.deduplicate


def _entry(surfaces: Surfaces, given: Any) -> tuple[SlateEntry | None, list[tuple[str, str]]]:
    """One entry of a page, or what is wrong with it: field and words."""
    if not isinstance(given, dict):
        return None, [("", "must be an object")]
    usable, faults = sift(SlateEntry, given, strict=True)
    if "surface" in usable:
        faults += nowhere(surfaces, usable["surface"], "surface")
    wrong = [(f".{fault.field}", fault.message) for fault in faults]
    return (None if wrong else SlateEntry(**usable)), wrong


def _wanted(entry: SlateEntry, shared: SlateRequest) -> SlateRequest:
    return replace(
        shared,
        surface=entry.surface,
        k=entry.k,
        subject=entry.subject,
        context={name: _text(said) for name, said in entry.context.items()},
        exclude=tuple(entry.exclude),
        explain=entry.explain,
        since=entry.since,
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
