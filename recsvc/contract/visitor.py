"""Reads the visitor's doings: events with their acknowledgement, consent, login and logout."""

from __future__ import annotations

import json
from collections.abc import Mapping

from recsvc.contract.asked import as_mapping, method_of, parameters_of, path_of, text, whole
from recsvc.contract.facts import Act, Fact, Given, Skipped, Turn, When

Raw = Mapping[str, object]


def visitor_facts(raw: Raw, when: When) -> tuple[Fact, ...]:
    """Return the accepted events of one record, or the consent, login or logout it is."""
    request = raw.get("request")
    status = whole(raw.get("status"))
    if status is not None and not 200 <= status < 300:
        return (Skipped(when, "refused_writes"),)
    turn = _turn(raw, when)
    if turn is not None:
        return (turn,)
    events = _events(request)
    session_id = text(raw.get("session_id"))
    fates = _fates(events, as_mapping(raw.get("body")))
    acts = [_act(event, when, session_id, fate) for event, fate in zip(events, fates, strict=True)]
    tokens = as_mapping(as_mapping(raw.get("body")).get("tokens"))
    given = (Given(when, session_id, tokens),) if tokens else ()
    return (*(act for act in acts if act is not None), *given)


def _turn(raw: Raw, when: When) -> Turn | None:
    request = raw.get("request")
    path = path_of(request).rstrip("/")
    parts = path.split("/")
    what = parts[-1]
    if "/admin/pins/" in path:
        return Turn(when, "editors_pin", None, None, None)
    erased = method_of(request) == "DELETE" and len(parts) > 1 and parts[-2] == "users"
    if erased:
        return Turn(when, "erase", None, parts[-1], None)
    if what not in {"consent", "login", "logout"} or method_of(request) == "GET":
        return None
    given = parameters_of(request)
    session_id, user_id = text(raw.get("session_id")), text(given.get("user_id"))
    if "users" in parts:
        session_id, user_id = None, parts[parts.index("users") + 1]
    elif "sessions" in parts:
        session_id = parts[parts.index("sessions") + 1]
    personal = given.get("personalisation")
    return Turn(when, what, session_id, user_id, personal if isinstance(personal, bool) else None)


def _events(request: object) -> list[Mapping[str, object]]:
    body: object = request
    if isinstance(request, Mapping) and ("body" in request or "json" in request):
        body = request.get("body", request.get("json"))
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except ValueError:
            return []
    if isinstance(body, Mapping):
        body = body.get("events", [body])
    if not isinstance(body, list):
        return []
    return [event for event in body if isinstance(event, Mapping)]


def _fates(events: list[Mapping[str, object]], reply: Raw) -> list[str]:
    """Return for each event: accepted, duplicate, unsure, or refused."""
    fates = ["accepted"] * len(events)
    for part, fate in (
        ("duplicate", "duplicate"),
        ("discarded", "refused"),
        ("rejected", "refused"),
    ):
        named = reply.get(part)
        count = whole(named)
        if count is not None and count >= len(events):
            fates = [fate] * len(events)
        elif count and fate == "refused":
            fates = ["unsure" if each == "accepted" else each for each in fates]
        for entry in named if isinstance(named, list) else ():
            for number, event in enumerate(events):
                if _means(entry, event, number):
                    fates[number] = fate
    return fates


def _means(entry: object, event: Raw, number: int) -> bool:
    if isinstance(entry, Mapping):
        if entry.get("event_id") is not None:
            return text(entry.get("event_id")) == text(event.get("event_id"))
        return whole(entry.get("index")) == number
    return text(entry) is not None and text(entry) == text(event.get("event_id"))


def _act(event: Raw, when: When, session_id: str | None, fate: str) -> Act | None:
    kind = text(event.get("type"))
    if kind is None or fate == "refused":
        return None
    return Act(
        when=when,
        session_id=text(event.get("session_id")) or session_id,
        user_id=text(event.get("user_id")),
        type=kind,
        event_id=text(event.get("event_id")),
        item_id=text(event.get("item_id")),
        surface=text(event.get("surface")),
        slate_id=text(event.get("slate_id")),
        duplicate=fate == "duplicate",
        sure=fate != "unsure",
    )
