"""A rule of the house: the table of operations and the routes are one, and both are whole."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
from conforming import AUTOMATIC, template

import recsvc.errors
from recsvc.errors import RecsvcError
from recsvc.web.openapi.document import document
from recsvc.web.openapi.operation import Operation
from recsvc.web.openapi.operations import OPERATIONS
from recsvc.web.problems import INTERNAL_ERROR

Key = tuple[str, str]
TABLE = {(one.method.upper(), one.path): one for one in OPERATIONS}
NOT_OVER_HTTP = {"error", "bad_data", "unknown_model", "misconfigured"}
"""Codes that commands tell; a service that is up has its model, its data and its settings."""


@pytest.fixture
def app(world: Any) -> flask.Flask:
    """An application; its routes are those of every service."""
    found: flask.Flask = world.client.application
    return found


def routes(app: flask.Flask) -> dict[Key, Callable[..., Any]]:
    """Every method of every route, and its view."""
    return {
        (method, template(rule.rule)): inspect.unwrap(app.view_functions[rule.endpoint])
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - AUTOMATIC
    }


def unequal(app: flask.Flask) -> set[Key]:
    """What only one side has."""
    return set(routes(app)) ^ set(TABLE)


def test_every_route_is_in_the_document_and_the_other_way_round(app: flask.Flask) -> None:
    assert unequal(app) == set()
    app.add_url_rule("/v1/new/<path:name>", view_func=lambda name: name, methods=["PUT"])
    assert unequal(app) == {("PUT", "/v1/new/{name}")}


def statuses(view: Callable[..., Any]) -> Iterator[int]:
    """The statuses that a view writes itself: its own and those of functions of its module."""
    seen: set[Callable[..., Any]] = set()
    waiting = [view]
    while waiting:
        function = waiting.pop()
        if function in seen:
            continue
        seen.add(function)
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(function)))):
            if not isinstance(node, ast.Call):
                continue
            for given in (*node.args, *(word.value for word in node.keywords)):
                yield from _written(given)
            called = node.func.id if isinstance(node.func, ast.Name) else ""
            found = function.__globals__.get(called)
            if inspect.isfunction(found) and found.__module__.startswith("recsvc.web"):
                waiting.append(found)


def _written(given: ast.expr) -> Iterator[int]:
    branches = (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,)
    for one in branches:
        if isinstance(one, ast.Constant) and type(one.value) is int and 200 <= one.value < 600:
            yield one.value


def declared(operation: Operation) -> set[int]:
    """The statuses of the document."""
    told = document(["home"], ["view"])["paths"][operation.path][operation.method]
    return {int(status) for status in told["responses"]}


def test_every_status_that_a_view_writes_is_declared(app: flask.Flask) -> None:
    written = {key: set(statuses(view)) for key, view in routes(app).items()}
    for key, found in written.items():
        assert found <= declared(TABLE[key]), key
    assert written["POST", "/v1/events"] == {202}
    assert {200, 503} <= written["GET", "/readyz"]


def planted() -> Any:
    """A view that answers what nobody declared."""
    return _helper()


def _helper() -> Any:
    return flask.Response(status=418 if flask.request else 200)


def test_a_status_is_seen_in_what_a_view_calls() -> None:
    _helper.__module__ = "recsvc.web.planted"
    assert set(statuses(planted)) == {418, 200}


def kinds(root: type[RecsvcError]) -> Iterator[type[RecsvcError]]:
    """The tree of errors."""
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == recsvc.errors.__name__:
            yield from kinds(kind)


def test_every_stable_code_is_told_by_some_route_and_no_other_is() -> None:
    told = document(["home"], ["view"])["paths"]
    codes = {
        code
        for methods in told.values()
        for operation in methods.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for code in content.get("examples", {})
    }
    there_are = {kind.code for kind in kinds(RecsvcError)}
    assert codes == there_are - NOT_OVER_HTTP | {INTERNAL_ERROR[0]}
