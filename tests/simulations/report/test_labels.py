"""Names in a picture stand beside their points and never upon each other."""

from __future__ import annotations

import random
from itertools import combinations

import pytest

from simulations.report.labels import Box, Wish, place, text_width

ROOM: Box = (0.0, 0.0, 600.0, 300.0)


def apart(one: Box, other: Box) -> bool:
    return one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]


def crowd(seed: int, size: int, patience: float | None) -> list[Wish]:
    draw = random.Random(seed)
    return [
        Wish(draw.uniform(20, 580), draw.uniform(20, 280), (f"policy {n}",), n % 3, patience)
        for n in range(size)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_names_of_a_crowd_do_not_collide_and_stay_in_the_room(seed: int) -> None:
    places = [at for at in place(crowd(seed, 40, 30.0), [], ROOM) if at is not None]
    assert len(places) > 20
    for one, other in combinations(places, 2):
        assert apart(one.box, other.box)
    for left, top, right, bottom in (at.box for at in places):
        assert min(left - ROOM[0], top - ROOM[1], ROOM[2] - right, ROOM[3] - bottom) > -1


def test_a_name_that_must_stand_stands_even_in_a_crowd() -> None:
    assert None not in place([Wish(300, 150, ("here",)) for _ in range(12)], [], ROOM)


def test_a_name_keeps_off_what_is_drawn() -> None:
    bar: Box = (100.0, 145.0, 400.0, 155.0)
    [at] = place([Wish(200, 140, ("beside the bar",))], [bar], ROOM)
    assert at is not None
    assert apart(at.box, bar)


def test_the_same_wishes_find_the_same_places() -> None:
    assert place(crowd(1, 30, 20.0), [], ROOM) == place(crowd(1, 30, 20.0), [], ROOM)


def test_wide_signs_take_more_room_than_narrow_ones() -> None:
    assert (
        text_width("推荐", 12) > text_width("WW", 12) > text_width("ab", 12) > text_width("il", 12)
    )
    assert text_width("e\u0301", 12) == text_width("e", 12)
