"""Who answers, and what is normal: the primary, what goes with the session, popularity."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from policies import Candidates, Knobs
from recsvc.config.events import EVENT_WEIGHTS
from recsvc.ports import Consent, Event, Profile
from recsvc.preparation.asking import Slate, Wish
from recsvc.preparation.ladder import Ladder, Offer
from recsvc.preparation.turn import Preparation, Turn
from recsvc.preparation.visitor import Visitor
from recsvc.stores.memory import MemoryEvents

HEARD = Profile(events=(("a", 1.0),))


class Says:
    """A rung that gives its own items, nothing, or an error; perhaps late."""

    def __init__(self, rung: str, items: str = "abcdef", *, fails: bool = False, late: float = 0):
        self.rung, self.items, self.fails, self.late = rung, items, fails, late
        self.model = f"model of {rung}"
        self.asked: list[Profile] = []

    def knows(self, item_id: str) -> bool:
        return item_id in self.items

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        self.asked.append(profile)
        time.sleep(self.late)
        if self.fails:
            raise RuntimeError("of no use")
        chosen = [item for item in self.items if item not in without][:n]
        scores = [float(len(chosen) - n) for n in range(len(chosen))]
        if not self.items:
            return None
        return Candidates.of(chosen, scores, rung=self.rung, model=self.model)


def ladder_of(primary: Says, neighbours: Says | None, **more: object) -> Ladder:
    popular = Says("popularity", "uvwxyz")
    return Ladder(
        primary,
        popular,
        history=lambda _user, _by: frozenset(),
        neighbours=neighbours,
        **more,  # type: ignore[arg-type]
    )


def ask(ladder: Ladder, profile: Profile | None = HEARD, *, subject: bool = False) -> Offer:
    return ladder.ask(profile, 5, incumbents=(), without={"b"}, deadline_s=0.05, subject=subject)


def told(offer: Offer) -> tuple[str | None, str, str, str | None]:
    """The rung that answered, what is normal and its model, and the trouble."""
    rung = None if offer.candidates is None else offer.candidates.rung
    return rung, offer.normal, offer.model, offer.trouble


def test_while_the_primary_has_something_to_say_nobody_else_is_asked() -> None:
    neighbours = Says("neighbours")
    found = ask(ladder_of(Says("primary"), neighbours))
    assert told(found) == ("primary", "primary", "model of primary", None)
    assert neighbours.asked == []


def test_where_it_has_nothing_to_say_neighbours_are_normal() -> None:
    found = ask(ladder_of(Says("primary", ""), Says("neighbours")))
    assert told(found) == ("neighbours", "neighbours", "model of neighbours", None)
    assert found.candidates is not None
    assert found.candidates.item_ids == ("a", "c", "d", "e", "f")


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


def test_where_it_fails_or_is_late_neighbours_are_a_fallback(pool: ThreadPoolExecutor) -> None:
    found = ask(ladder_of(Says("primary", fails=True), Says("neighbours")))
    assert told(found) == ("neighbours", "primary", "model of primary", "primary_failed")
    found = ask(ladder_of(Says("primary", late=0.2), Says("neighbours"), pool=pool))
    assert told(found) == ("neighbours", "primary", "model of primary", "deadline")


@pytest.mark.parametrize(
    "neighbours", [None, Says("neighbours", ""), Says("neighbours", fails=True)]
)
def test_without_neighbours_popularity_answers(neighbours: Says | None) -> None:
    normal = ask(ladder_of(Says("primary", ""), neighbours))
    assert told(normal) == ("popularity", "popularity", "model of popularity", None)
    failed = ask(ladder_of(Says("primary", fails=True), neighbours))
    assert told(failed) == ("popularity", "primary", "model of primary", "primary_failed")


def test_without_consent_or_events_neighbours_are_not_asked() -> None:
    neighbours = Says("neighbours")
    ladder = ladder_of(Says("primary", ""), neighbours)
    for profile in (None, Profile(), Profile("u1")):
        assert told(ask(ladder, profile))[:2] == ("popularity", "popularity")
    assert neighbours.asked == []


def test_popularity_is_no_primary() -> None:
    """It says the same of everybody; whoever is heard is answered by neighbours."""
    popular = Says("popularity", "uvwxyz")
    ladder = Ladder(
        popular, popular, history=lambda _user, _by: frozenset(), neighbours=Says("neighbours")
    )
    assert told(ask(ladder))[:2] == ("neighbours", "neighbours")
    assert told(ask(ladder, Profile("u1"))) == (
        "popularity",
        "popularity",
        "model of popularity",
        None,
    )


def test_slates_about_an_item_are_for_the_rung_that_is_meant_for_them() -> None:
    for rung in ("primary", "neighbours"):
        ladder = ladder_of(Says("primary"), Says("neighbours"), by_subject=rung)
        assert told(ask(ladder, subject=True)) == (rung, rung, f"model of {rung}", None)
        assert told(ask(ladder))[:2] == ("primary", "primary")


def test_an_item_without_neighbours_is_left_to_the_primary_and_they_are_asked_once() -> None:
    neighbours = Says("neighbours", "")
    ladder = ladder_of(Says("primary"), neighbours, by_subject="neighbours")
    assert told(ask(ladder, subject=True))[:2] == ("primary", "primary")
    assert len(neighbours.asked) == 1
    ladder = ladder_of(Says("primary", ""), neighbours, by_subject="neighbours")
    assert told(ask(ladder, subject=True))[:2] == ("popularity", "popularity")
    assert len(neighbours.asked) == 2


def turn_of(
    room: Preparation, heard: int, before: Turn | None = None, *, agreed: bool = True, **wish: str
) -> Turn:
    """The next turn of a session."""
    visitor = Visitor("s", None, None, Consent(personalisation=agreed))
    state = None if before is None else before.decision.state
    knobs = Knobs(k=3, hold_s=0.0)
    known = room.known(visitor, 100.0 + heard)
    return room.turn(known, Slate(state, heard, 1), Wish(**wish), knobs)  # type: ignore[arg-type]


def test_a_session_goes_from_popularity_to_its_neighbours_step_by_step() -> None:
    events = MemoryEvents()
    room = Preparation(
        events=events,
        dismissals=lambda _user, _now: (),
        withdrawn=lambda _now: frozenset(),
        ladder=ladder_of(Says("primary", ""), Says("neighbours")),
        weights=EVENT_WEIGHTS,
        trained_until=0.0,
    )
    first = turn_of(room, 0)
    assert (first.decision.state.rung, first.decision.degraded) == ("popularity", False)
    events.append([Event("e1", "view", "s", "home", 101.0, 101.0, item_id="a")])
    second = turn_of(room, 1, first)
    assert (second.decision.state.rung, second.decision.degraded) == ("neighbours", False)
    assert second.decision.trigger == "step"
    assert turn_of(room, 1, second).offer is None, "nothing new was heard: nobody is asked"


@pytest.mark.parametrize("agreed", [True, False])
@pytest.mark.parametrize("rung", ["primary", "neighbours"])
def test_a_slate_about_an_item_rests_when_it_is_asked_for_again(rung: str, agreed: bool) -> None:
    room = Preparation(
        events=MemoryEvents(),
        dismissals=lambda _user, _now: (),
        withdrawn=lambda _now: frozenset(),
        ladder=ladder_of(Says("primary"), Says("neighbours"), by_subject=rung),
        weights=EVENT_WEIGHTS,
        trained_until=0.0,
    )
    first = turn_of(room, 0, agreed=agreed, subject="a")
    assert first.decision.state.rung == first.facts.normal == rung
    assert turn_of(room, 0, first, agreed=agreed, subject="a").offer is None
