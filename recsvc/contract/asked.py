"""Reads what was asked out of the shapes in which recorders write a request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from recsvc.contract.facts import Ask

_FRAME = frozenset({"method", "path", "url", "query", "params", "body", "json", "headers"})
Parameters = dict[str, object]


def as_mapping(value: object) -> Mapping[str, object]:
    """Return a mapping for a mapping or for JSON text of one, else an empty one."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str | None:
    """Return an id as text; None for what is absent or empty."""
    if value is None or isinstance(value, Mapping | list) or value == "":
        return None
    return str(value)


def whole(value: object) -> int | None:
    """Return a whole number, also one written as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int | str):
        try:
            return int(value)
        except ValueError:
            return None
    return None


def path_of(request: object) -> str:
    """Return the path of a request without its query; empty if the recorder left it out."""
    if isinstance(request, Mapping):
        request = request.get("path") or request.get("url")
    if not isinstance(request, str):
        return ""
    address = request.split(" ", 1)[1] if " /" in request else request
    return urlsplit(address).path


def method_of(request: object) -> str:
    """Return the method in capitals; empty if the recorder left it out."""
    if isinstance(request, Mapping):
        return str(request.get("method") or "").upper()
    if isinstance(request, str) and " /" in request:
        return request.split(" ", 1)[0].upper()
    return ""


def parameters_of(request: object) -> Parameters:
    """Gather path query, query, body and flat keys into one dictionary; the body wins."""
    found: Parameters = {}
    address = request
    if isinstance(request, Mapping):
        address = request.get("path") or request.get("url")
    if isinstance(address, str) and "?" in address:
        for name, values in parse_qs(urlsplit(address.split(" ", 1)[-1]).query).items():
            found[name] = values if len(values) > 1 else values[0]
    if isinstance(request, Mapping):
        for part in ("query", "params"):
            value = request.get(part)
            if isinstance(value, str):
                value = {n: v if len(v) > 1 else v[0] for n, v in parse_qs(value).items()}
            found.update(as_mapping(value))
        found.update((str(n), v) for n, v in request.items() if n not in _FRAME)
        for part in ("json", "body"):
            found.update(as_mapping(request.get(part)))
    return found


def headers_of(value: object) -> dict[str, str]:
    """Return headers with names in small letters, from a mapping or a list of pairs."""
    if isinstance(value, Mapping):
        return {str(name).lower(): str(each) for name, each in value.items()}
    if isinstance(value, list):
        pairs = [pair for pair in value if isinstance(pair, list | tuple) and len(pair) == 2]
        return {str(name).lower(): str(each) for name, each in pairs}
    return {}


def ask_of(request: object, parameters: Parameters, session_id: str | None) -> Ask:
    """Read one slate's ask out of the gathered `parameters` of `request`."""
    headers = headers_of(request.get("headers")) if isinstance(request, Mapping) else {}
    return Ask(
        session_id=text(parameters.get("session_id")) or session_id,
        surface=text(parameters.get("surface")) or _surface_in(path_of(request)),
        subject=text(parameters.get("subject")),
        user_id=text(parameters.get("user_id")),
        k=whole(parameters.get("k")),
        context=_context(parameters),
        exclude=_ids(parameters.get("exclude")),
        since=whole(parameters.get("since")),
        token=headers.get("x-recsvc-token") or text(parameters.get("token")),
        etag=headers.get("if-none-match"),
    )


def _surface_in(path: str) -> str | None:
    _, found, rest = path.partition("/slates/")
    return unquote(rest.split("/")[0]) or None if found else None


def _context(parameters: Parameters) -> tuple[tuple[str, str], ...]:
    named = {str(name): value for name, value in as_mapping(parameters.get("context")).items()}
    prefix = "context."
    named.update((n[len(prefix) :], v) for n, v in parameters.items() if n.startswith(prefix))
    plain = {
        n: v if isinstance(v, str) else json.dumps(v, sort_keys=True) for n, v in named.items()
    }
    return tuple(sorted(plain.items()))


def _ids(value: object) -> frozenset[str]:
    if isinstance(value, str):
        return frozenset({value, *value.split(",")})
    if isinstance(value, list | tuple):
        return frozenset(str(each) for each in value)
    return frozenset()
