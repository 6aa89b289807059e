"""The whole service in one process: memory for stores, a clock and scores that the test moves."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np
import pytest
from conforming import conform
from flask.testing import FlaskClient

from policies import Candidates, Knobs, Pick
from recsvc.access.access import Access
from recsvc.access.names import retired
from recsvc.access.users import UserTokens
from recsvc.app import create_app
from recsvc.bootstrap import Live, Service
from recsvc.config.events import EVENT_WEIGHTS
from recsvc.config.filters import Filter
from recsvc.config.surfaces import Published, Surfaces
from recsvc.ports import Item, Profile, SessionStore
from recsvc.preparation.ladder import Ladder
from recsvc.preparation.shelves import Shelves, Value
from recsvc.preparation.turn import Preparation
from recsvc.serving.checking import EventCheck
from recsvc.serving.consenting import Consenting, said_in
from recsvc.serving.hearing import Hearing
from recsvc.serving.identity import Identity
from recsvc.serving.memory import Memory
from recsvc.serving.slates import Slates
from recsvc.stores.memory import MemorySessions
from recsvc.stores.records import MEMORY, open_records

ITEMS = tuple(f"item-{letter}" for letter in "abcdefghijklmnopqrst")


class Liking:
    """Ranks by fixed scores, plus 100 for whatever stands after an item of the profile."""

    def __init__(self, model: str, rung: str) -> None:
        self.model = model
        self.rung = rung
        self.scores = {item: float(len(ITEMS) - n) for n, item in enumerate(ITEMS)}
        self.calls = 0
        self.fails: Exception | None = None

    def knows(self, item_id: str) -> bool:
        return item_id in self.scores

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        self.calls += 1
        if self.fails is not None:
            raise self.fails
        if self.rung == "primary" and not (profile.events or profile.user_id):
            return None
        liked = {ITEMS[(ITEMS.index(item) + 1) % len(ITEMS)] for item, _ in profile.events}
        scores = {i: s + 100.0 * (i in liked) for i, s in self.scores.items() if i not in without}
        best = sorted(scores, key=lambda item: -scores[item])[:n]
        chosen = list(dict.fromkeys([*best, *(i for i in incumbents if i in scores)]))
        return Candidates(
            tuple(chosen), np.array([scores[i] for i in chosen]), self.rung, self.model
        )


@dataclass
class World:
    """What a test may move: `now`, the recommenders; and how it asks."""

    client: FlaskClient
    service: Service
    primary: Liking
    popular: Liking
    clock: list[float]
    numbers: Any = field(default_factory=count)

    def pass_time(self, seconds: float) -> None:
        self.clock[0] += seconds

    def slate(self, surface: str = "home", session: str = "s", **more: Any) -> dict[str, Any]:
        answer = self.client.get(
            f"/v1/slates/{surface}", query_string={"session_id": session, **more}
        )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json
        return body

    def items(self, surface: str = "home", session: str = "s", **more: Any) -> list[str]:
        return [item["item_id"] for item in self.slate(surface, session, **more)["items"]]

    def event(self, kind: str, item: str | None = None, **more: Any) -> dict[str, Any]:
        event = {"event_id": f"e{next(self.numbers)}", "type": kind, "session_id": "s"}
        event |= {"surface": "home"} | ({} if item is None else {"item_id": item}) | more
        answer = self.client.post("/v1/events", json={"events": [event]})
        assert answer.status_code == 202, answer.text
        body: dict[str, Any] = answer.json
        return body

    def user_agrees(self, user: str, *, yes: bool = True) -> None:
        answer = self.client.put(f"/v1/users/{user}/consent", json={"personalisation": yes})
        assert answer.status_code == 200

    def agree(self, session: str = "s") -> None:
        answer = self.client.put(f"/v1/sessions/{session}/consent", json={"personalisation": True})
        assert answer.status_code == 200


def make_world(
    picks: Mapping[str, tuple[Pick, ...]] | None = None,
    access: Access | None = None,
    sessions: SessionStore | None = None,
    filtering: Mapping[str, tuple[Filter, ...]] | None = None,
    attributes: Mapping[str, Mapping[str, Value]] | None = None,
    **knobs: Knobs,
) -> World:
    """A service with these surfaces; `home` has five seats and no hold unless given.

    `attributes` are those of the items' table: values by item, by attribute.
    """
    given = {"home": Knobs(k=5, hold_s=0.0)} | knobs
    picked = picks or {}
    surfaces = Surfaces(
        {
            name: Published(
                name, k, picks=picked.get(name, ()), filters=(filtering or {}).get(name, ())
            )
            for name, k in given.items()
        }
    )
    clock = [1_800_000_000.0]
    records = open_records(MEMORY)
    primary, popular = Liking("model-1", "primary"), Liking("popularity/model-1", "popularity")
    sessions = sessions or MemorySessions()
    table = attributes or {}
    shelves = Shelves(lambda name: table.get(name, {}), records.catalogue.changed_since, ITEMS)
    memory = Memory(
        sessions,
        max(k.session_ttl_s for k in given.values()),
        last_word=lambda session: records.people.consent(said_in(session)),
    )

    def known(item_id: str) -> bool:
        return primary.knows(item_id) or bool(records.catalogue.describe([item_id]))

    live = Live(
        "model-1",
        Slates(
            surfaces=surfaces,
            memory=memory,
            preparation=Preparation(
                events=records.events,
                dismissals=records.people.dismissals,
                withdrawn=lambda _: records.catalogue.withdrawn(),
                ladder=Ladder(primary, popular, history=lambda _user, _by: frozenset()),
                weights=EVENT_WEIGHTS,
                trained_until=0.0,
                carried=records.people.carried,
                outside=shelves.outside,
            ),
            people=records.people,
            catalogue=records.catalogue,
            titles={item: Item(item, item.title()) for item in ITEMS},
            clock=lambda: clock[0],
            new_id=lambda: "issued",
        ),
    )
    service = Service(
        live=lambda: live,
        hearing=Hearing(
            surfaces=surfaces,
            memory=memory,
            events=records.events,
            people=records.people,
            check=EventCheck(surfaces, EVENT_WEIGHTS, known),
            weights=EVENT_WEIGHTS,
            retired=retired,
            clock=lambda: clock[0],
        ),
        consenting=Consenting(memory, records.people, lambda: clock[0]),
        identity=Identity(memory, records.events, retired, lambda: clock[0]),
        access=access or Access(UserTokens({}, 3600.0, lambda: clock[0])),
        catalogue=records.catalogue,
        sessions=sessions,
        clock=lambda: clock[0],
        max_body_bytes=1_000_000,
        checks={"sessions": sessions.ready, "records": records.ready},
    )
    return World(conform(create_app(service)).test_client(), service, primary, popular, clock)


@pytest.fixture
def world() -> World:
    """A service with one surface `home` of five seats without a hold."""
    return make_world()


@pytest.fixture
def worlds() -> Any:
    """Make services with other surfaces."""
    return make_world
