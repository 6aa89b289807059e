"""A no holds, whatever tokens of before tell and whatever became of the store meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from recsvc.ports import Consent
from recsvc.serving.consenting import said_in

PATH = "/v1/sessions/s/consent"


def says(world: Any, *, personalisation: bool, analytics: bool) -> None:
    word = {"personalisation": personalisation, "analytics": analytics}
    assert world.client.put(PATH, json=word).status_code == 200


@pytest.mark.parametrize("word", [Consent(), Consent(True, False), Consent(False, True)])
@pytest.mark.parametrize("begun", [False, True])
def test_a_no_to_a_session_that_the_store_has_lost_is_not_undone_by_a_token_of_before(
    world: Any, word: Consent, begun: bool
) -> None:
    """Nobody knows that anything is taken back: to the store the visitor is a stranger."""
    says(world, personalisation=True, analytics=True)
    token = world.slate()["token"]
    world.pass_time(1)
    world.service.sessions.drop("s")
    if begun:
        world.slate()
    says(world, personalisation=word.personalisation, analytics=word.analytics)
    world.pass_time(1)
    world.slate(token=token)
    told = {"personalisation": word.personalisation, "analytics": word.analytics}
    assert world.client.get(PATH).json == told


def test_the_last_word_holds_where_there_was_a_no_before(world: Any) -> None:
    people = world.service.consenting.people
    says(world, personalisation=True, analytics=True)
    assert people.consent(said_in("s")) is None  # no token tells more
    says(world, personalisation=False, analytics=False)
    token = world.slate()["token"]
    says(world, personalisation=True, analytics=True)
    assert people.consent(said_in("s")) == Consent(True, True)
    world.slate(token=token)
    assert world.client.get(PATH).json == {"personalisation": True, "analytics": True}


def test_a_word_that_is_kept_already_is_not_written_again(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    says(world, personalisation=False, analytics=False)
    monkeypatch.setattr(type(world.service.consenting.people), "put_consent", None)
    says(world, personalisation=False, analytics=False)
