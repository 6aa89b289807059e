"""Whether answers are what the document says, checked on every answer of an application."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
from flask import Flask, Response, request

from recsvc.web.problems import PROBLEM

AUTOMATIC = {"HEAD", "OPTIONS"}
BODILESS = (204, 304)


def template(rule: str) -> str:
    """A route of Flask as OpenAPI writes it: `/v1/items/{item_id}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def conform(app: Flask) -> Flask:
    """Make every answer of the application that its document does not declare an AssertionError."""

    told: list[Told] = []

    @app.after_request
    def check(answer: Response) -> Response:
        if not told:
            told.append(Told(app.view_functions["description.openapi"]().get_json()))
        fault = told[0].wrong(answer)
        if fault is not None:
            raise Undeclared(f"{request.method} {request.path}: {fault}")
        return answer

    app.testing = True  # what a check after the request raises reaches the test
    return app


class Undeclared(AssertionError):
    """An answer that the document does not declare."""


@dataclass
class Told:
    """A document, and what of it was needed."""

    document: dict[str, Any]
    validators: dict[tuple[str, str, int], Any] = field(default_factory=dict)

    def wrong(self, answer: Response) -> str | None:
        """What the document does not say of this answer; None if it says it all."""
        rule = request.url_rule
        if rule is None:  # the document can only say in words what is answered where nothing is
            return None if answer.mimetype == PROBLEM else f"{answer.mimetype} without a route"
        if request.method in AUTOMATIC:
            return None
        responses = self.document["paths"][template(rule.rule)][request.method.lower()]["responses"]
        declared = responses.get(str(answer.status_code))
        if declared is None:
            return f"{answer.status_code} is not declared, but {', '.join(responses)}"
        absent = [name for name in declared.get("headers", {}) if name not in answer.headers]
        if absent:
            return f"{', '.join(absent)} should be among the headers"
        content = declared.get("content", {})
        if not content:
            return None if answer.status_code in BODILESS else "a body is not declared"
        if answer.mimetype not in content:
            return f"{answer.mimetype} is not declared, but {', '.join(content)}"
        if answer.mimetype.endswith("json"):
            key = (rule.rule, request.method, answer.status_code)
            if key not in self.validators:
                schema = content[answer.mimetype]["schema"]
                self.validators[key] = validator(self.document, schema)
            faults = self.validators[key].iter_errors(answer.json)
            return "; ".join(f"{one.instance_path}: {one.message}" for one in faults) or None
        return None


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """Checks values against a schema of the document; answers have no field that is not told."""
    closed = {
        name: one if "additionalProperties" in one else one | {"additionalProperties": False}
        for name, one in document["components"]["schemas"].items()
        if "properties" in one
    }
    whole = schema | {"components": {"schemas": closed}}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
