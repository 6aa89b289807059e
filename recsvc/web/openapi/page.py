"""`/docs`: the document as one page, without scripts and without anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup, escape

Json = Mapping[str, Any]
WIDTH = 76
EXACT = 2**53
"""A bound of what readers of JSON can hold; people need not be told of it."""

SHOWN = ("session_id", "k", "context", "explain")
"""Parameters of a query that the command to type has."""

PROBLEMS_SHOWN = ("bad_input",)
"""One problem is enough to see how they look; which others there are is in the list of answers."""


class Row(NamedTuple):
    """One field or parameter in a table."""

    name: str
    kind: Markup
    words: str
    needed: bool
    place: str = ""


def page(document: Json) -> str:
    """The page as HTML."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("recsvc.web.openapi"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"words": words, "json": pretty, "kind": kind}
    return environment.get_template("docs.html").render(
        document=document, groups=_groups(document), curl=curl, parameters=parameters,
        fields=fields, answers=answers, guarded=_guarded(document),
    )  # fmt: skip


def policy(html: str) -> str:
    """The content security policy of the page: its own style and nothing else."""
    found = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    style = "" if found is None else found[1]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )


def _guarded(document: Json) -> bool:
    return any(
        operation["security"] for path in document["paths"].values() for operation in path.values()
    )


def _groups(document: Json) -> list[tuple[Json, list[tuple[str, str, Json]]]]:
    told = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    return [
        (tag, [each for each in told if each[2]["tags"] == [tag["name"]]])
        for tag in document["tags"]
    ]


def words(text: str) -> Markup:
    """Plain words, with what stands in backticks as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))


def pretty(value: Any) -> str:
    """JSON to read: what fits into a line stays in one."""
    return _pretty(value, 0)


def _pretty(value: Any, indent: int) -> str:
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(line) + indent <= WIDTH:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        parts = [f"{json.dumps(k)}: {_pretty(v, indent + 2)}" for k, v in value.items()]
    else:
        parts = [_pretty(v, indent + 2) for v in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{' ' * indent}{closing}"


def parameters(operation: Json) -> list[Row]:
    """What a path, a query and headers take."""
    return [
        Row(
            f"{one['name']}.NAME" if one["schema"].get("type") == "object" else one["name"],
            kind(one["schema"].get("additionalProperties", one["schema"])),
            one.get("description", ""),
            one.get("required", False),
            one["in"],
        )
        for one in operation.get("parameters", ())
    ]


def fields(schema: Json) -> list[Row]:
    """The fields of a body."""
    needed = schema.get("required", ())
    return [
        Row(name, kind(one), one.get("description", ""), name in needed)
        for name, one in schema.get("properties", {}).items()
    ]


def answers(operation: Json) -> Iterator[tuple[str, Json, str | None, list[Any]]]:
    """Status, answer, name of its type if it is one of ours, and examples to show."""
    for status, answer in operation["responses"].items():
        content: Json = next(iter(answer.get("content", {}).values()), {})
        ref = content.get("schema", {}).get("$ref")
        yield status, answer, ref and ref.rsplit("/", 1)[1], list(_examples(content))


def _examples(content: Json) -> Iterator[Any]:
    if "example" in content:
        yield content["example"]
    for code, example in content.get("examples", {}).items():
        if code in PROBLEMS_SHOWN:
            yield example["value"]


def kind(schema: Json) -> Markup:
    """What a value is, in words: "a whole number, 1 to 100"."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        return Markup('<a href="#{0}">{0}</a>').format(name)
    if "anyOf" in schema:
        return Markup(" or ").join(dict.fromkeys(kind(one) for one in schema["anyOf"]))
    if "enum" in schema:
        listed = Markup(", ").join(Markup("<code>{}</code>").format(one) for one in schema["enum"])
        return listed if len(schema["enum"]) == 1 else Markup("one of ") + listed
    if schema.get("type") == "array" and "items" in schema and schema.get("maxItems") != 0:
        return Markup("list{}: ").format(_bounds(schema, "Items", "")) + kind(schema["items"])
    named = _KINDS.get(schema.get("format") or schema.get("type") or "", "anything")
    unit = "characters" if named == "text" else ""
    for what in ("Length", "Items", "Properties"):
        named += _bounds(schema, what, unit)
    if "minimum" in schema or "maximum" in schema:
        most = schema.get("maximum")
        named += _between(schema.get("minimum"), None if most == EXACT else most, "")
    return Markup("{}").format(named)


_KINDS = {
    "string": "text", "integer": "whole number", "number": "number", "boolean": "true or false",
    "null": "null", "object": "object", "array": "list", "date-time": "time",
}  # fmt: skip


def _bounds(schema: Json, what: str, unit: str) -> str:
    low, high = schema.get(f"min{what}"), schema.get(f"max{what}")
    return "" if low is high is None else _between(low, high, unit)


def _between(low: float | None, high: float | None, unit: str) -> str:
    told = [f"{n:,}" if n is not None else "" for n in (low, high)]
    if not low and high is not None and unit == "":
        span = f"at most {told[1]}" if low is None else f"{told[0]} to {told[1]}"
    elif not told[0]:
        span = f"at most {told[1]}"
    elif not told[1]:
        span = f"at least {told[0]}"
    else:
        span = f"{told[0]} to {told[1]}"
    return f", {span} {unit}".rstrip()


def curl(path: str, method: str, operation: Json) -> str:
    """A command to type; the host is the one of a service on this machine."""
    query: list[tuple[str, Any]] = []
    for one in operation.get("parameters", ()):
        if one["in"] == "path":
            path = path.replace(f"{{{one['name']}}}", quote(one["example"]))
        elif one["in"] == "query" and one["name"] in SHOWN:
            pairs = one["example"] if isinstance(one["example"], dict) else {one["name"]: one}
            query += [(n, _text(v["example"] if v is one else v)) for n, v in pairs.items()]
    address = f"http://127.0.0.1:8000{path}" + (f"?{urlencode(query)}" if query else "")
    command = "curl -s" if method == "get" else f"curl -s -X {method.upper()}"
    lines = [f"{command} {shlex.quote(address)}"]
    if "requestBody" in operation:
        body = operation["requestBody"]["content"]["application/json"]["example"]
        lines += ["  -H 'Content-Type: application/json'", f"  -d {shlex.quote(pretty(body))}"]
    return " \\\n".join(lines)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
