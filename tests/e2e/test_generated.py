"""What the document says is what the service does, for requests that nobody thought of.

`RECSVC_GENERATED=2000` sends as many; `make generated` does.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest
from generated import generated, served

from recsvc.web import rendering

CASES = int(os.environ.get("RECSVC_GENERATED", "300"))


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Requests by the hundred are not to be logged one by one."""
    caplog.set_level(logging.ERROR)


def test_generated_requests_meet_no_server_error_and_nothing_that_is_not_declared(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = generated(served(home), CASES)
    print(f"\n{found.sent.total()} requests {dict(found.sent)}: {len(found.wrong)} wrong")
    assert not found.wrong, "\n\n".join(f"{name}: {why}" for name, why in found.wrong.items())
    assert found.sent.total() >= CASES
    assert min(found.sent[kind] for kind in ("edge", "positive", "negative")) >= CASES / 10
    assert [status for _, status in found.answered if status >= 500] == []
    assert caplog.records == []
    for label in ("GET /v1/slates/{surface}", "POST /v1/slates/{surface}", "POST /v1/events"):
        good = sum(n for (of, status), n in found.answered.items() if of == label and status < 300)
        bad = sum(n for (of, status), n in found.answered.items() if of == label and status == 400)
        assert good >= 3, label
        assert bad >= 5, label


def test_a_view_that_answers_a_wrong_type_is_found(home: Path) -> None:
    app = served(home)
    told = {"personalisation": "yes", "analytics": False}
    app.view_functions["people.get_user_consent"] = lambda user_id: rendering.json(told)
    found = generated(app, 60)
    assert "GET /v1/users/{user_id}/consent: JsonSchemaError" in found.wrong
    assert {name.split(":")[0] for name in found.wrong} == {"GET /v1/users/{user_id}/consent"}


def test_a_view_that_fails_is_found(home: Path) -> None:
    app = served(home)
    app.view_functions["items.put_item"] = lambda item_id: 1 / 0
    found = generated(app, 60)
    assert "PUT /v1/items/{item_id}: ServerError" in found.wrong
