"""The OpenAPI document, from the table of operations and the types that check and render."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from importlib.metadata import version
from typing import Any, Final, NamedTuple

import msgspec
from msgspec import Struct

from recsvc.errors import (
    BadUserToken,
    Forbidden,
    HeadersTooLarge,
    RecsvcError,
    TooLong,
    TooMany,
    Unauthorized,
    WrongOrigin,
)
from recsvc.web.answers import Problem
from recsvc.web.asking import TOKEN, USER_TOKEN
from recsvc.web.openapi import examples
from recsvc.web.openapi.operation import GROUPS, SCHEMES, Answer, Operation
from recsvc.web.openapi.operations import OPERATIONS
from recsvc.web.problems import INTERNAL_ERROR, PROBLEM
from recsvc.web.requests import PRINTABLE, Candidate, ReportedEvent, SlateEntry

Json = dict[str, Any]


class Code(NamedTuple):
    """One kind of error: its stable code, its title, and what it means."""

    code: str
    title: str
    words: str


REF: Final = "#/components/schemas/{name}"

PRINTABLE_TOLD: Final = r"^[^\x00-\x1f\x7f\ufffd]*$"
"""`PRINTABLE` in the dialect of JSON Schema; JSON in UTF-8 has no halves of surrogate pairs."""

ABOUT: Final = """\
What you are looking at changes only for a cause, never by more than the limit, and always with a
reason. Reloading is not a cause.

JSON in UTF-8; times in answers are ISO 8601 in UTC, in events seconds since 1970. Fields that are
not described are refused. Errors are `application/problem+json` with a stable `code`, plain words
and every faulty field. An address that there is not answers 404 `not_found`, a method that an
address does not take 405 `method_not_allowed`; every GET answers HEAD as well."""

HEADERS: Final[dict[str, Json]] = {
    "ETag": {"description": "Names this version of the body.", "schema": {"type": "string"}},
    "Cache-Control": {"description": "How long it may be kept.", "schema": {"type": "string"}},
    "Server-Timing": {
        "description": "Milliseconds in the application.",
        "schema": {"type": "string", "pattern": r"^app;dur=[0-9.]+$"},
    },
    "WWW-Authenticate": {
        "description": "How to show who asks.",
        "schema": {"type": "string", "pattern": "^Bearer "},
    },
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
ASKED_HEADERS: Final[dict[str, Json]] = {
    USER_TOKEN: {
        "description": "A user token, where the body and the address carry none.",
        "schema": {"type": "string", "maxLength": 4096},
        "example": "eyJhbGciOiJIUzI1NiJ9…",
    },
    TOKEN: {
        "description": "The newest token of a slate, where the body and the address carry none.",
        "schema": {"type": "string"},
        "example": "AQABI0VniavN7w…",
    },
    "If-None-Match": {
        "description": "An ETag that you have; the answer is 304 if it still holds.",
        "schema": {"type": "string"},
        "example": '"0123456789abcdef"',
    },
}


def document(
    surfaces: Collection[str], event_types: Collection[str], *, guarded: bool = False
) -> Json:
    """The whole description; `surfaces` and `event_types` are those that this service has.

    `guarded` says that it asks for keys.
    """
    types = sorted(set(_types()), key=lambda one: one.__name__)
    schemas = _schemas(types)
    event = schemas["ReportedEvent"]["properties"]
    event["type"] = {"type": "string", "enum": sorted(event_types)}
    for entry in (event, schemas["SlateEntry"]["properties"]):
        entry["surface"] = {"type": "string", "enum": sorted(surfaces)}
    paths: dict[str, Json] = {}
    for operation in OPERATIONS:
        told = _operation(operation, surfaces)
        told["security"] = [{name: []} for name in operation.security if guarded]
        paths.setdefault(operation.path, {})[operation.method] = told
    return {
        "openapi": "3.1.0",
        "info": {"title": "recsvc", "version": version("recsvc"), "description": ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": words} for name, words in GROUPS.items()],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": SCHEMES},
    }


def _types() -> Iterable[type[Struct]]:
    yield from (Problem, ReportedEvent, SlateEntry, Candidate)
    for operation in OPERATIONS:
        if operation.body is not None:
            yield operation.body
        bodies = [body for one in operation.answers for body in (one.body, one.instead)]
        yield from (body for body in bodies if body is not None)


def _schemas(types: Iterable[type[Struct]]) -> Json:
    _, schemas = msgspec.json.schema_components(types, ref_template=REF)
    return {name: _told(schema) for name, schema in schemas.items()}


def _told(schema: Any) -> Any:
    """A schema with its patterns in the dialect of JSON Schema."""
    if isinstance(schema, dict):
        return {key: _told(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_told(value) for value in schema]
    return PRINTABLE_TOLD if schema == PRINTABLE else schema


def _operation(operation: Operation, surfaces: Collection[str]) -> Json:
    told: Json = {
        "operationId": operation.name,
        "tags": [operation.group],
        "summary": operation.summary,
        "description": operation.words,
    }
    parameters = [
        *_in_path(operation.named, surfaces),
        *_in_query(operation.query),
        *({"name": name, "in": "header"} | ASKED_HEADERS[name] for name in operation.headers),
    ]
    if parameters:
        told["parameters"] = parameters
    if operation.body is not None:
        content = {"schema": _ref(operation.body), "example": operation.example}
        told["requestBody"] = {"required": True, "content": dict.fromkeys(operation.media, content)}
    told["responses"] = _responses(operation)
    return told


def _responses(operation: Operation) -> Json:
    told = {str(answer.status): _answer(answer) for answer in operation.answers}
    kinds: dict[int, list[Code]] = {}
    for error in (*operation.errors, *_of_the_gate(operation)):
        words = (error.__doc__ or error.title).splitlines()[0]
        kinds.setdefault(error.status, []).append(Code(error.code, error.title, words))
    kinds[RecsvcError.status] = [Code(*INTERNAL_ERROR, "Something went wrong on our side.")]
    for status, codes in kinds.items():
        told[str(status)] = _problem(status, codes)
    return dict(sorted(told.items()))


def _of_the_gate(operation: Operation) -> tuple[type[RecsvcError], ...]:
    """What is asked of a request before it gets to its route."""
    sizes: tuple[type[RecsvcError], ...] = (TooLong, HeadersTooLarge)
    if not operation.security:
        return sizes
    asked = (Unauthorized, *((BadUserToken,) if operation.users else ()))
    return (*asked, Forbidden, WrongOrigin, TooMany, *sizes)


def _answer(answer: Answer) -> Json:
    told: Json = {"description": answer.words}
    if answer.headers:
        told["headers"] = {name: HEADERS[name] | {"required": True} for name in answer.headers}
    if answer.body is not None:
        schema = _ref(answer.body)
        if answer.instead is not None:
            schema = {"anyOf": [schema, _ref(answer.instead)]}
        told["content"] = {answer.media: {"schema": schema, "example": answer.example}}
    elif answer.headers and answer.status == 200:
        kind = "object" if answer.media == "application/json" else "string"
        told["content"] = {answer.media: {"schema": {"type": kind}}}
    return told


def _problem(status: int, codes: list[Code]) -> Json:
    """Errors of one status: a problem whose code is one of these."""
    exact = {"status": {"const": status}, "code": {"enum": [code.code for code in codes]}}
    told: Json = {
        "description": "\n\n".join(f"`{code.code}`: {code.words}" for code in codes),
        "headers": {"Cache-Control": HEADERS["Cache-Control"] | {"required": True}},
        "content": {
            PROBLEM: {
                "schema": {"allOf": [_ref(Problem), {"type": "object", "properties": exact}]},
                "examples": {
                    code.code: {"value": examples.problem(status, code.code, code.title)}
                    for code in codes
                },
            }
        },
    }
    if status in (429, 503):
        told["headers"]["Retry-After"] = HEADERS["Retry-After"] | {"required": True}
    if status == 401:
        told["headers"]["WWW-Authenticate"] = HEADERS["WWW-Authenticate"] | {"required": True}
    return told


def _in_path(named: type[Struct] | None, surfaces: Collection[str]) -> Iterable[Json]:
    for name, words, schema in _fields(named):
        if name == "surface":
            schema = {"type": "string", "enum": sorted(surfaces)}
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": words,
            "schema": schema,
        } | ({"example": min(surfaces)} if name == "surface" else _example(name))


def _in_query(query: type[Struct] | None) -> Iterable[Json]:
    """Parameters as a query carries them: there is no null, and what is repeated is a list."""
    for name, words, schema in _fields(query):
        told: Json = {"name": name, "in": "query", "description": words, "schema": schema}
        if schema.get("type") in ("array", "object"):
            told |= {"style": "form", "explode": True}
        if schema.get("type") == "object":
            told["description"] = f"{words} Written as `{name}.NAME=VALUE`, once for each name."
            told["schema"] = _dotted(name, schema)
        yield told | _example(name)


def _example(name: str) -> Json:
    return {"example": examples.PARAMETERS[name]} if name in examples.PARAMETERS else {}


def _dotted(name: str, schema: Json) -> Json:
    """A free object whose properties are parameters themselves: `context.NAME`.

    `deepObject` would be `context[NAME]`. A form that explodes writes each property by its own
    name, so the names begin with `context.`; values are text.
    """
    key = schema["propertyNames"]
    prefix = f"{name}."
    longest, pattern = key["maxLength"] + len(prefix), key["pattern"].removeprefix("^")
    text = next(one for one in schema["additionalProperties"]["anyOf"] if one["type"] == "string")
    return {
        "type": "object",
        "maxProperties": schema["maxProperties"],
        "propertyNames": {
            "pattern": f"^{re.escape(prefix)}{pattern}",
            "minLength": len(prefix) + 1,
            "maxLength": longest,
        },
        "additionalProperties": text,
    }


def _fields(struct: type[Struct] | None) -> Iterable[tuple[str, str, Json]]:
    """Name, words and schema of each field, without the null that stands for "not given"."""
    if struct is None:
        return
    for name, schema in _schemas([struct])[struct.__name__]["properties"].items():
        words = schema.pop("description", "")
        if schema.get("default", 0) in (None, [], {}):
            del schema["default"]
        options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
        yield name, words, options[0] if len(options) == 1 else schema


def _ref(struct: type[Struct]) -> Json:
    return {"$ref": REF.format(name=struct.__name__)}
