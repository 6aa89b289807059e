"""Who did something new, and what each model must be told of it."""

from __future__ import annotations

import pathlib

import pandas as pd
import pytest

from recsvc.data import tables_from_frames
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.comparison.people import drawn, known_to_both, person
from recsvc.recommenders.training.train import train

BEFORE = [
    ("quiet", "a", "view"), ("quiet", "b", "purchase"), ("busy", "a", "purchase"),
    ("buyer", "a", "view"), ("loser", "a", "view"), ("loser", "b", "view"), ("gone", "b", "view"),
]  # fmt: skip
AFTER = [
    ("quiet", "a", "view"), ("quiet", "b", "purchase"), ("busy", "a", "purchase"),
    ("busy", "c", "view"), ("buyer", "a", "view"), ("buyer", "a", "purchase"),
    ("loser", "a", "view"), ("newcomer", "c", "view"),
]  # fmt: skip


@pytest.fixture
def two(tmp_path: pathlib.Path) -> tuple[Artifact, Artifact]:
    found = []
    for number, rows in enumerate((BEFORE, AFTER)):
        frame = pd.DataFrame(rows, columns=["user_id", "item_id", "event"])
        tables = tables_from_frames(frame.assign(timestamp=range(1000, 1000 + len(frame))))
        folder = train(
            tables, model="popularity", home=tmp_path, seed=number, progress=lambda _: None,
            measure=False,
        )  # fmt: skip
        found.append(load(tmp_path, folder.name))
    return found[0], found[1]


@pytest.mark.parametrize(
    ("who", "state"),
    [("quiet", "idle"), ("busy", "active"), ("buyer", "active"), ("loser", "shortened")],
)
def test_idle_are_those_of_whom_the_later_data_tell_nothing_new(
    two: tuple[Artifact, Artifact], who: str, state: str
) -> None:
    assert person(*two, who, None).state == state


def test_people_whom_only_one_knows_are_not_compared(two: tuple[Artifact, Artifact]) -> None:
    assert set(known_to_both(*two)) == {"quiet", "busy", "buyer", "loser"}


def test_each_model_is_told_what_the_other_one_knows_more(two: tuple[Artifact, Artifact]) -> None:
    busy, loser = (person(*two, who, None) for who in ("busy", "loser"))
    assert (busy.events_a, busy.events_b) == ((("c", 1.0),), ())
    assert (loser.events_a, loser.events_b) == ((), (("b", 1.0),))
    assert loser.length == 2


def test_only_consumed_items_stay_away_where_the_data_tell_what_was_done(
    two: tuple[Artifact, Artifact],
) -> None:
    assert person(*two, "quiet", ("purchase",)).consumed == {"b"}
    assert person(*two, "quiet", None).consumed == {"a", "b"}
    assert person(*two, "buyer", ("purchase",)).consumed == {"a"}


def test_a_draw_keeps_the_order_and_is_the_same_for_the_same_seed() -> None:
    people = [f"u{n}" for n in range(100)]
    some = drawn(people, 10, 3)
    assert some == drawn(people, 10, 3) == sorted(some, key=people.index)
    assert some != drawn(people, 10, 4)
    assert len(set(some)) == 10
    assert drawn(people, 100, 3) == people
