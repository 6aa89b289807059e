"""Turns one recorded object into facts; liberal in shape, strict in what makes a record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from sys import intern

from recsvc.contract.asked import (
    as_mapping,
    ask_of,
    headers_of,
    method_of,
    parameters_of,
    path_of,
    text,
    whole,
)
from recsvc.contract.facts import (
    Answer,
    Ask,
    Change,
    Fact,
    Lost,
    NotModified,
    Published,
    Seat,
    Skipped,
    Supply,
    Switch,
    When,
)
from recsvc.contract.visitor import visitor_facts

Raw = Mapping[str, object]


class NotARecord(ValueError):
    """The object is no record of a history; the message says in plain words why."""


def facts_of(raw: object, line: int = 0) -> tuple[Fact, ...]:
    """Read one record of a history.

    Raises NotARecord for what is no object, has no time or no known kind, or calls itself an
    answered slate without carrying one.
    """
    if not isinstance(raw, Mapping):
        raise NotARecord("a record is a JSON object")
    when = _when(raw, line)
    reader = _KINDS.get(str(raw.get("kind")))
    if reader is None:
        kinds = ", ".join(_KINDS)
        raise NotARecord(f"kind is {raw.get('kind')!r}; it must be one of {kinds}")
    return reader(raw, when)


def _when(raw: Raw, line: int) -> When:
    t = _seconds(raw.get("t"))
    if t is None:
        raise NotARecord("t, the time in seconds, is missing or not a number")
    t0 = _seconds(raw.get("t0"))
    return When(t if t0 is None else min(t0, t), t, t0 is not None, line)


def _seconds(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def _status(raw: Raw, default: int) -> int:
    status = whole(raw.get("status"))
    return default if status is None else status


def _answers(raw: Raw, when: When) -> tuple[Fact, ...]:
    request = raw.get("request")
    parameters = parameters_of(request)
    session_id = text(raw.get("session_id"))
    ask = ask_of(request, parameters, session_id)
    body = as_mapping(raw.get("body"))
    status = _status(raw, 200)
    if status == 304:
        return (NotModified(when, ask, headers_of(raw.get("headers")).get("x-recsvc-token")),)
    if not 200 <= status < 300:
        return (Lost(when, ask.session_id, status),)
    if parameters.get("cursor"):
        return (Skipped(when, "following_pages", ask.session_id),)
    headers = headers_of(raw.get("headers"))
    slates = body.get("slates")
    if not isinstance(slates, list):
        return (_answer(body, ask, when, headers, session_id),)
    return _page(slates, request, parameters, when, session_id)


def _page(
    slates: list[object],
    request: object,
    parameters: dict[str, object],
    when: When,
    session_id: str | None,
) -> tuple[Fact, ...]:
    parts = parameters.get("surfaces")
    parts = parts if isinstance(parts, list) else []
    apart = parameters.get("deduplicate") is False
    shown: frozenset[str] = frozenset()
    found: list[Fact] = []
    for number, body in enumerate(slates):
        own = parts[number] if number < len(parts) else {}
        own = {"surface": own} if isinstance(own, str) else as_mapping(own)
        ask = ask_of(request, {**parameters, **own}, session_id)
        answer = _answer(as_mapping(body), ask, when, {}, session_id, shown)
        found.append(answer)
        if not apart:
            shown |= frozenset(answer.items)
    return tuple(found)


def _answer(
    body: Raw,
    ask: Ask,
    when: When,
    headers: dict[str, str],
    session_id: str | None,
    shown: frozenset[str] = frozenset(),
) -> Answer:
    epoch, items = whole(body.get("epoch")), body.get("items")
    session = text(body.get("session_id")) or session_id or ask.session_id
    surface = text(body.get("surface")) or ask.surface or ""
    if epoch is None or not isinstance(items, list) or session is None:
        raise NotARecord("an answered slate needs session_id, a whole epoch and a list of items")
    subject = text(body.get("subject"))
    counts, source = as_mapping(body.get("consistency")), as_mapping(body.get("served_by"))
    policy = as_mapping(body.get("policy"))
    changes = body.get("changes")
    return Answer(
        when=when,
        ask=ask,
        session_id=session,
        slate_id=text(body.get("slate_id")) or f"{session}/{surface}/{subject}",
        surface=surface,
        subject=subject,
        user_id=text(body.get("user_id")),
        epoch=epoch,
        seats=tuple(_seat(each) for each in items),
        changes_from=whole(body.get("changes_from")),
        changes=tuple(_change(each) for each in changes) if isinstance(changes, list) else (),
        allowed=whole(counts.get("allowed")),
        displaced=whole(counts.get("displaced")),
        refilled=whole(counts.get("refilled")),
        trigger=text(counts.get("trigger")),
        cause=text(counts.get("cause")),
        model=text(source.get("model")),
        degraded=source.get("degraded") is True,
        degraded_reason=text(source.get("degraded_reason")) or "",
        version=whole(policy.get("version")),
        arm=text(policy.get("arm")),
        token=headers.get("x-recsvc-token") or text(body.get("token")),
        etag=headers.get("etag"),
        earlier_on_page=shown,
        rung=text(source.get("rung")),
    )


def _seat(raw: object) -> Seat:
    if isinstance(raw, str):
        return Seat(intern(raw), None, None, False)
    each = as_mapping(raw)
    item_id = text(each.get("item_id"))
    if item_id is None:
        raise NotARecord("an item of the slate has no item_id")
    pinned = each.get("pinned") is True
    return Seat(intern(item_id), whole(each.get("position")), text(each.get("standing")), pinned)


def _change(raw: object) -> Change:
    each = as_mapping(raw)
    item_id = text(each.get("item_id"))
    if item_id is None:
        raise NotARecord("a change has no item_id")
    reason = text(each.get("reason"))
    return Change(
        intern(item_id), whole(each.get("from")), whole(each.get("to")), reason and intern(reason)
    )


def _supplies(raw: Raw, when: When) -> tuple[Fact, ...]:
    request = raw.get("request")
    given = {**as_mapping(raw.get("body")), **parameters_of(request)}
    item_id = text(given.get("item_id")) or text(given.get("id"))
    path = path_of(request)
    if item_id is None and "/items/" in path:
        item_id = path.rsplit("/", 1)[1] or None
    if item_id is None:
        raise NotARecord("an item record names no item")
    if _status(raw, 200) >= 400:
        return (Skipped(when, "refused_writes"),)
    gone = method_of(request) == "DELETE" or given.get("available") is False
    return (Supply(when, item_id, not gone),)


def _switches(raw: Raw, when: When) -> tuple[Fact, ...]:
    given = {**as_mapping(raw.get("body")), **parameters_of(raw.get("request"))}
    if _status(raw, 200) >= 400:
        return (Skipped(when, "refused_writes"),)
    surface = text(given.get("surface"))
    named = text(given.get("switch")) or text(given.get("name"))
    if named is not None:
        given[named] = given.get("on", given.get("value", given.get("enabled")))
    turned = [(name, given.get(name)) for name in ("freeze", "bypass")]
    facts = tuple(Switch(when, n, on, surface) for n, on in turned if isinstance(on, bool))
    if not facts:
        raise NotARecord("a switch record turns neither freeze nor bypass on or off")
    return facts


def _published(raw: Raw, when: When) -> tuple[Fact, ...]:
    given = {**as_mapping(raw.get("body")), **parameters_of(raw.get("request"))}
    if _status(raw, 200) >= 400:
        return (Skipped(when, "refused_writes"),)
    surface = text(given.get("surface"))
    if surface is None and "/knobs/" in path_of(raw.get("request")):
        surface = path_of(raw.get("request")).split("/knobs/")[1].split("/")[0]
    if surface is None:
        raise NotARecord("a knobs record names no surface")
    knobs = given.get("knobs")
    knobs = as_mapping(knobs) if knobs is not None else given
    body = as_mapping(raw.get("body"))
    version = whole(body.get("version"))
    version = whole(given.get("version")) if version is None else version
    return (Published(when, surface, version, dict(knobs)),)


_KINDS: dict[str, Callable[[Raw, When], tuple[Fact, ...]]] = {
    "answer": _answers,
    "event": visitor_facts,
    "item": _supplies,
    "switch": _switches,
    "knobs": _published,
}
