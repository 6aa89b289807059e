"""A model is replaced while requests are under way: each ends with the one that it began with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from recsvc.app import create_app
from recsvc.bootstrap import Live, Service
from recsvc.ports import Item
from recsvc.recommenders.live.watching import Refusal


@pytest.fixture
def swapping(world: Any) -> tuple[Any, list[Live], Live]:
    """A client, what is live, and what follows it."""
    slates = world.service.slates
    ladder = replace(slates.preparation.ladder, version=lambda: 2)
    after = replace(
        slates,
        preparation=replace(slates.preparation, ladder=ladder),
        titles={item: Item(item, f"new {item}") for item in slates.titles},
    )
    live = [Live("model-1", slates)]
    service: Service = replace(world.service, live=lambda: live[-1])
    return create_app(service).test_client(), live, Live("model-2", after)


def test_a_request_under_way_is_answered_by_nothing_of_the_next_model(
    world: Any, swapping: tuple[Any, list[Live], Live], monkeypatch: pytest.MonkeyPatch
) -> None:
    client, live, after = swapping
    rank = world.popular.rank

    def swapped_meanwhile(*words: Any, **more: Any) -> Any:
        live.append(after)
        return rank(*words, **more)

    monkeypatch.setattr(world.popular, "rank", swapped_meanwhile)
    first = client.get("/v1/slates/home?session_id=s").json
    assert live[-1] is after
    assert [item["title"].split("-")[0] for item in first["items"]] == ["Item"] * 5
    again = client.get("/v1/slates/home?session_id=s").json
    assert [item["title"].split("-")[0] for item in again["items"]] == ["new item"] * 5
    assert again["epoch"] == first["epoch"]


def test_readiness_tells_which_model_answers_and_which_was_refused(
    world: Any, swapping: tuple[Any, list[Live], Live]
) -> None:
    client, live, after = swapping
    ready = client.get("/readyz").json
    assert (ready["model"], ready["refused"]) == ("model-1", None)
    live.append(after)
    assert client.get("/readyz").json["model"] == "model-2"
    refused = [Refusal("model-3", "The model model-3 cannot be used: a file is missing.")]
    service = replace(world.service, refused=lambda: refused[-1])
    told = create_app(service).test_client().get("/readyz")
    assert told.status_code == 200, "the process can serve"
    assert told.json["refused"] == {"model": "model-3", "why": refused[0].why}
