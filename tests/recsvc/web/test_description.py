"""The description is valid, its examples are true, and it costs nothing to ask again."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema_rs
import pytest
from conforming import Undeclared, validator
from flask import Response

from policies import Knobs
from recsvc.web import rendering
from recsvc.web.openapi import examples
from recsvc.web.openapi.document import document


def operations_of(told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    ]


@pytest.fixture
def told(world: Any) -> dict[str, Any]:
    """The document as served."""
    document: dict[str, Any] = world.client.get("/openapi.json").json
    return document


def test_every_operation_has_a_name_of_its_own_and_says_what_it_does(told: Any) -> None:
    names = [operation["operationId"] for _, operation in operations_of(told)]
    assert len(names) == len(set(names)) > 10
    for name, operation in operations_of(told):
        assert operation["summary"], name
        assert operation["description"].endswith("."), name
        assert "500" in operation["responses"], name


def test_every_example_is_one(told: Any) -> None:
    seen = 0
    for name, operation in operations_of(told):
        for one in operation.get("parameters", ()):
            if "example" in one:
                validator(told, one["schema"]).validate(one["example"])
                seen += 1
        bodies = [operation["requestBody"]] if "requestBody" in operation else []
        for answer in (*bodies, *operation["responses"].values()):
            for content in answer.get("content", {}).values():
                listed = [one["value"] for one in content.get("examples", {}).values()]
                for example in [*listed, *([content["example"]] if "example" in content else [])]:
                    faults = list(validator(told, content["schema"]).iter_errors(example))
                    assert not faults, (name, faults)
                    seen += 1
    assert seen > 60


def test_a_false_example_would_be_seen(told: Any) -> None:
    schema = {"$ref": "#/components/schemas/Slate"}
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(told, schema).validate(examples.SLATE | {"epoch": "one"})
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(told, schema).validate(examples.SLATE | {"colour": "red"})


def test_surfaces_and_event_types_are_those_that_this_service_has(worlds: Any) -> None:
    told = worlds(shelf=Knobs(k=3)).client.get("/openapi.json").json
    surface = told["paths"]["/v1/slates/{surface}"]["get"]["parameters"][0]
    assert surface["schema"]["enum"] == ["home", "shelf"]
    event = told["components"]["schemas"]["ReportedEvent"]["properties"]
    assert event["surface"]["enum"] == ["home", "shelf"]
    assert {"view", "dismiss"} < set(event["type"]["enum"])
    assert "choose_alternative" not in event["type"]["enum"]


def test_context_is_told_as_parameters_that_begin_with_its_name(told: Any) -> None:
    parameters = told["paths"]["/v1/slates/{surface}"]["get"]["parameters"]
    context = next(one for one in parameters if one["name"] == "context")
    assert (context["style"], context["explode"]) == ("form", True)
    check = validator(told, context["schema"])
    assert check.is_valid({"context.destination": "Porto", "context.filters_applied": "true"})
    assert not check.is_valid({"destination": "Porto"})
    assert not check.is_valid({"context.": "Porto"})
    assert not check.is_valid({f"context.{'x' * 65}": "Porto"})
    assert not check.is_valid({f"context.{n}": "x" for n in range(17)})


@pytest.mark.parametrize("guarded", [True, False])
def test_what_needs_a_key_says_so_where_keys_are_asked_for(guarded: bool) -> None:
    told = document(["home"], ["view"], guarded=guarded)
    schemes = told["components"]["securitySchemes"]
    for name, operation in operations_of(told):
        named = {scheme for one in operation["security"] for scheme in one}
        assert named <= schemes.keys(), name
        assert bool(named) == (guarded and " /v1/" in name), name


def test_who_may_be_told_that_nothing_changed_is_told_how_to_ask(told: Any) -> None:
    kept = [one for _, one in operations_of(told) if "304" in one["responses"]]
    assert len(kept) >= 2
    for operation in kept:
        headers = {one["name"] for one in operation["parameters"] if one["in"] == "header"}
        assert "If-None-Match" in headers, operation["operationId"]


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_what_you_have_already_is_not_sent_again(world: Any, path: str) -> None:
    first = world.client.get(path)
    assert first.status_code == 200
    again = world.client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = world.client.get(path, headers={"If-None-Match": '"other"'})
    assert other.data == first.data


class Reading(HTMLParser):
    """What a page fetches, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag in ("script", "img", "link", "iframe", "object") or "style" in has:
            self.fetched.append(tag)
        self.fetched += [name for name, _ in attrs if name.startswith("on") or name == "src"]
        self.names.add(has.get("id") or "")
        if tag == "a":
            self.links.append(has["href"] or "")


def test_the_page_needs_nothing_from_elsewhere_and_allows_its_own_style_alone(world: Any) -> None:
    answer = world.client.get("/docs")
    page = Reading()
    page.feed(answer.text)
    assert page.fetched == []
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert answer.headers["Content-Security-Policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    assert "url(" not in style[1]


def test_the_page_tells_of_every_operation_and_its_links_lead_somewhere(
    world: Any, told: Any
) -> None:
    page = Reading()
    page.feed(world.client.get("/docs").text)
    assert {operation["operationId"] for _, operation in operations_of(told)} <= page.names
    assert set(told["components"]["schemas"]) <= page.names
    for link in page.links:
        assert link == "/openapi.json" or link.removeprefix("#") in page.names, link


@pytest.mark.parametrize(
    ("plant", "word"),
    [
        (lambda: rendering.json({"status": 1}), "status"),
        (lambda: rendering.json({"status": "ok", "more": 1}), "more"),
        (lambda: rendering.json({"status": "ok"}, 201), "201 is not declared"),
        (lambda: Response("ok", mimetype="text/plain"), "text/plain is not declared"),
    ],
)
def test_an_answer_that_is_not_declared_fails_the_test_that_sees_it(
    world: Any, plant: Any, word: str
) -> None:
    assert world.client.get("/healthz").status_code == 200
    world.client.application.view_functions["health.healthz"] = plant
    with pytest.raises(Undeclared, match=word):
        world.client.get("/healthz")
