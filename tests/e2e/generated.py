"""Requests made up from the document, good and bad, sent to the real application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import flask
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from recsvc.app import create_app
from recsvc.bootstrap import build
from recsvc.config.settings import read_settings

USER_TOKEN = "X-Recsvc-User-Token"
LIKELY = ("dismiss", "view", "purchase")
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)

# Whether an item is in the catalogue, or a pin on the slate, no schema can say: events in good
# form may be refused. All else that fits the document must be taken.
CONFIG = {
    "checks": {"negative_data_rejection": {"expected-statuses": ["4xx"]}},
    "operations": [
        {
            "include-name": "POST /v1/events",
            "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "401"]}},
        }
    ],
}


@dataclass
class Found:
    """How many requests of each kind were sent, what was answered, and what was wrong."""

    items: list[str]
    sent: Counter[str] = field(default_factory=Counter)
    answered: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)

    def send(self, kind: str, case: Any) -> None:
        """One request, checked by everything that schemathesis knows."""
        self.sent[kind] += 1
        if case.meta is not None and case.meta.generation.mode is GenerationMode.POSITIVE:
            _keep_to_what_is_there(case)
        if kind == GenerationMode.POSITIVE.value and self.sent[kind] % 4:
            self._make_likely(case)
        answer = case.call()
        self.answered[case.operation.label, answer.status_code] += 1
        try:
            case.validate_response(answer)
        except schemathesis.errors.FailureGroup as failures:
            for failure in failures.exceptions:
                name = f"{case.operation.label}: {type(failure).__name__}"
                self.wrong.setdefault(name, f"{failure}\n{case.as_curl_command()}")

    def _make_likely(self, case: Any) -> None:
        """Nobody invents what somebody signed, an item of the catalogue or what is shown."""
        case.headers.pop(USER_TOKEN, None)
        case.query.pop("user_token", None)
        if isinstance(case.body, dict):
            case.body.pop("user_token", None)
            for number, event in enumerate(case.body.get("events", ())):
                event |= {
                    "item_id": self.items[number % len(self.items)],
                    "type": LIKELY[number % len(LIKELY)],
                }
                event.pop("timestamp", None)


def _keep_to_what_is_there(case: Any) -> None:
    """No schema can say which cursors we gave, what a model is without candidates, or that no item
    is offered twice and no slate asked for twice."""
    case.query.pop("cursor", None)
    body = case.body if isinstance(case.body, dict) else {}
    body.pop("cursor", None)
    if not body.get("candidates"):
        body.pop("model", None)
    for entries, name in (("candidates", "item_id"), ("surfaces", "surface")):
        if isinstance(body.get(entries), list):
            body[entries] = list({each[name]: each for each in body[entries]}.values())


def served(home: Path) -> flask.Flask:
    """The application with its real stores and model."""
    return create_app(build(read_settings(home=home)))


def generated(app: flask.Flask, cases: int) -> Found:
    """About so many requests over all operations, the same ones each time.

    First those at the edges of every schema, then random ones, half of them against the document.
    """
    config = schemathesis.Config.from_dict(CONFIG)
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    operations = [one.ok() for one in schema.get_all_operations()]
    shown = app.test_client().get("/v1/slates/home?k=20").get_json()["items"]
    found = Found([item["item_id"] for item in shown])
    share = cases // (2 * len(operations))
    for operation in operations:
        for case in _spread(list(_edges(schema, operation)), share):
            found.send("edge", case)
    free = [one for one in operations if one.body or list(one.iter_parameters())]
    each = -(-(cases - found.sent.total()) // (len(MODES) * len(free)))
    for operation in free:
        for mode in MODES:
            _random(found, operation, mode, each, 0)
    # Some operations have less to say than their share.
    turn = 0
    while found.sent.total() < cases:
        turn += 1
        _random(found, free[turn % len(free)], MODES[turn % 2], 20, turn)
    return found


def _edges(schema: Any, operation: Any) -> Iterator[Any]:
    return schema.iter_coverage_cases(
        operation, generation_modes=list(MODES), generation_config=schema.config.generation
    )


def _spread(cases: list[Any], most: int) -> list[Any]:
    step = max(1, len(cases) // most)
    return cases[::step][:most]


def _random(found: Found, operation: Any, mode: GenerationMode, cases: int, turn: int) -> None:
    @seed(2026 + turn)
    @settings(
        max_examples=cases,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        found.send(mode.value, case)

    try:
        run()
    except Unsatisfiable:
        return  # nothing can be against what takes anything
