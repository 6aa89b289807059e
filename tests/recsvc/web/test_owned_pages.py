"""Who may bring candidates, and that cursors and pages stay with their owner."""

from __future__ import annotations

import pytest
from gated import Gated

OFFERED = [{"item_id": f"mine-{n}", "score": 9.0 - n} for n in range(9)]


def test_candidates_need_a_secret_key(gated: Gated) -> None:
    body = {"session_id": "s", "candidates": OFFERED}
    told = {
        who: gated.client.post("/v1/slates/home", json=body, headers=gated.headers(who))
        for who in ("secret", "publishable")
    }
    assert told["secret"].status_code == 200
    assert told["publishable"].status_code == 403
    problem = told["publishable"].json
    assert problem is not None
    assert [error["field"] for error in problem["errors"]] == ["candidates"]


@pytest.mark.parametrize("who", ["publishable", "secret of another owner"])
def test_a_cursor_of_another_owner_opens_nothing(gated: Gated, who: str) -> None:
    cursor = gated.slate("secret", "s1")["next"]
    query = {"session_id": "s1", "cursor": cursor}
    mine = gated.client.get("/v1/slates/home", query_string=query, headers=gated.headers("secret"))
    theirs = gated.client.get("/v1/slates/home", query_string=query, headers=gated.headers(who))
    assert mine.status_code == 200
    assert theirs.status_code == 400


def test_a_page_of_slates_is_one_session_and_its_cursors_work(gated: Gated) -> None:
    headers = gated.headers("publishable")
    body = {"surfaces": [{"surface": "home", "k": 2}]}
    found = gated.client.post("/v1/slates", json=body, headers=headers).json
    assert found is not None
    (slate,) = found["slates"]
    assert found["session_id"] == slate["session_id"]
    query = {"session_id": found["session_id"], "cursor": slate["next"]}
    page = gated.client.get("/v1/slates/home", query_string=query, headers=headers)
    assert page.status_code == 200
