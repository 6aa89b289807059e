"""The answer key says what visitors truly want: the draws agree with it, and with nothing else."""

from __future__ import annotations

import pickle
import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import chisquare

from simulations.scenario import Visit
from simulations.shop import World
from simulations.shop.answers import Answers
from simulations.shop.guests import DAY_S, drifted
from simulations.shop.pace import ACCIDENTS, LOST
from simulations.shop.stays import BLOCKS, WIDTH

# Beyond this a figure is not chance: one false alarm in ten thousand seeds, and seeds are fixed.
ALARM = 4.0


def turned_to(world: World) -> Iterator[tuple[Visit, int, int]]:
    """Visit, moment and place of every event that came of taste."""
    place = {item_id: number for number, item_id in enumerate(world.shelf.item_ids)}
    for visit in world.visits:
        for number, moment in enumerate(visit.moments):
            if moment.type in ("view", "click") and not world.truth.by_accident(visit, number):
                yield visit, number, place[moment.item_id or ""]


def z_of_the_log_chance(world: World, truth: Answers) -> float:
    """How far the mean log chance of what was turned to is from what the truth expects."""
    excess, variance = 0.0, 0.0
    for visit, number, item in turned_to(world):
        chances = truth.chances(visit, number)
        logs = np.log(np.maximum(chances, 1e-12))
        mean = float(chances @ logs)
        excess += logs[item] - mean
        variance += float(chances @ logs**2) - mean**2
    return excess / variance**0.5


def z_of_the_focus(world: World, truth: Answers) -> float:
    """How much more what is turned to resembles the places seen before it than the truth expects.

    A score test: the direction is what the visit looked at so far, the truth gives only chances.
    """
    features = world.truth.features.astype(float)
    average = features.mean(axis=0)
    excess, variance = 0.0, 0.0
    seen: dict[str, np.ndarray] = {}
    for visit, number, item in turned_to(world):
        chances = truth.chances(visit, number)
        likeness = features @ seen.get(visit.visit_id, np.zeros(WIDTH))
        mean = float(chances @ likeness)
        excess += likeness[item] - mean
        variance += float(chances @ likeness**2) - mean**2
        seen[visit.visit_id] = seen.get(visit.visit_id, np.zeros(WIDTH)) + features[item] - average
    return excess / variance**0.5


def with_tastes(truth: Answers, tastes: np.ndarray) -> Answers:
    return replace(truth, tastes=tastes)


def test_what_was_drawn_is_as_likely_as_the_truth_says(open_world: World) -> None:
    assert abs(z_of_the_log_chance(open_world, open_world.truth)) < ALARM
    assert abs(z_of_the_focus(open_world, open_world.truth)) < ALARM


def test_the_chances_are_right_at_every_rank(open_world: World) -> None:
    spread = np.random.default_rng(0)
    levels = []
    for visit, number, item in turned_to(open_world):
        chances = open_world.truth.chances(visit, number)
        above = chances[chances > chances[item]].sum()
        levels.append(above + spread.random() * chances[chances == chances[item]].sum())
    counts = np.histogram(levels, bins=20, range=(0.0, 1.0))[0]
    assert counts.sum() > 5000
    assert chisquare(counts).pvalue > 1e-4


def test_the_truth_of_another_guest_is_found_out(open_world: World) -> None:
    truth = open_world.truth
    other = with_tastes(truth, np.roll(truth.tastes, len(truth.tastes) // 2, axis=0))
    assert z_of_the_log_chance(open_world, other) < -3 * ALARM


def test_a_truth_without_the_drift_of_the_visit_is_found_out(open_world: World) -> None:
    truth = open_world.truth
    first = np.repeat(truth.begins[:-1], np.diff(truth.begins))
    assert z_of_the_focus(open_world, with_tastes(truth, truth.tastes[first])) > 2 * ALARM


def test_a_truth_without_what_one_place_changed_is_found_out(open_world: World) -> None:
    truth = open_world.truth
    before = np.maximum(np.arange(len(truth.tastes)) - 1, 0)
    before[truth.begins[:-1]] = truth.begins[:-1]
    assert z_of_the_focus(open_world, with_tastes(truth, truth.tastes[before])) > ALARM


def test_a_truth_without_what_was_looked_at_or_has_closed_is_found_out(open_world: World) -> None:
    truth = open_world.truth
    forgetful = replace(truth, items=np.full_like(truth.items, truth.items[0]))
    always = replace(
        truth.shelf, opens=np.zeros_like(truth.shelf.opens), closes=truth.shelf.closes + np.inf
    )
    assert abs(z_of_the_log_chance(open_world, forgetful)) > ALARM
    assert abs(z_of_the_log_chance(open_world, replace(truth, shelf=always))) > ALARM


def test_a_worth_is_a_chance_and_no_place_that_is_closed_or_was_seen_has_one(world: World) -> None:
    for visit in world.visits[::20]:
        seen: set[str] = set()
        for number, moment in enumerate(visit.moments):
            worth = world.truth.worth(visit, number)
            assert 0.999 < sum(worth.values()) < 1.0 + 1e-9
            assert min(worth.values()) > 0.0
            assert not worth.keys() & (seen | world.shelf.withdrawn(moment.at))
            if moment.item_id is not None:
                seen.add(moment.item_id)


def test_what_is_booked_is_as_likely_as_the_truth_says(open_world: World) -> None:
    excess, variance, number_of_bookings = 0.0, 0.0, 0
    for visit in open_world.visits:
        for number, moment in enumerate(visit.moments):
            if moment.type == "purchase":
                chances = open_world.truth.decided(visit, number)
                share = np.array(list(chances.values())) / sum(chances.values())
                logs = np.log(share)
                mean = float(share @ logs)
                excess += logs[list(chances).index(moment.item_id or "")] - mean
                variance += float(share @ logs**2) - mean**2
                number_of_bookings += 1
    assert number_of_bookings > 150
    assert abs(excess) / variance**0.5 < ALARM


def test_only_what_was_looked_at_is_booked(world: World) -> None:
    for visit in world.visits[::20]:
        seen: set[str] = set()
        for number, moment in enumerate(visit.moments):
            chances = world.truth.decided(visit, number)
            assert chances.keys() == seen - world.shelf.withdrawn(moment.at)
            assert sum(chances.values()) < 1.0
            seen |= {moment.item_id} - {None}


def test_the_slate_before_an_event_and_the_event_have_the_same_truth(world: World) -> None:
    for visit in world.visits[::50]:
        for number, moment in enumerate(visit.moments):
            if not moment.look:
                before, now = (world.truth.worth(visit, n) for n in (number - 1, number))
                shared = before.keys() & now.keys()
                assert len(shared) > 0.97 * len(now)
                assert all(before[item] == pytest.approx(now[item], rel=0.2) for item in shared)


def test_what_the_truth_is_asked_for_must_exist(world: World) -> None:
    visit = world.visits[0]
    for number in (-1, len(visit.moments)):
        with pytest.raises(IndexError, match="has no moment"):
            world.truth.worth(visit, number)


def test_a_world_goes_to_other_processes_small_and_whole(world: World) -> None:
    packed = pickle.dumps(world)
    assert len(packed) < 20e6
    copy = pickle.loads(packed)
    visit = world.visits[7]
    assert copy.visits[7] == visit
    assert copy.truth.worth(visit, 2) == world.truth.worth(visit, 2)


def test_the_truth_is_cheap(world: World) -> None:
    asked = [(visit, n) for visit in world.visits[:100] for n in range(len(visit.moments))]
    began = time.process_time()
    for visit, number in asked:
        world.truth.worth(visit, number)
    assert (time.process_time() - began) / len(asked) < 500e-6


def test_tastes_move_within_a_visit(world: World) -> None:
    distance = []
    for visit in world.visits[:500]:
        first, last = (world.truth.taste(visit, n) for n in (0, len(visit.moments) - 1))
        distance.append(float(np.abs(first - last).max()))
    assert np.median(distance) > 0.2
    assert np.mean(np.array(distance) == 0.0) < 0.05


def test_tastes_return_to_the_guest_and_drift_apart_with_time() -> None:
    guests, draw = 4000, np.random.default_rng(0)
    days = np.array([0, 2, 12, 50])
    start = np.tile(days * DAY_S, guests)
    steps = draw.standard_normal((start.size, WIDTH))
    away = drifted(np.zeros((guests, WIDTH)), np.repeat(np.arange(guests), 4), start, steps)
    kind = away[:, BLOCKS["kind"].start].reshape(guests, 4)
    along = [float(np.corrcoef(kind[:, 0], kind[:, n])[0, 1]) for n in range(1, 4)]
    assert along == pytest.approx(np.exp(-days[1:] / 20.0), abs=0.05)
    assert kind.std(axis=0) == pytest.approx(0.6, abs=0.03)
    assert (away[:, BLOCKS["appeal"]] == 0.0).all()


def test_visits_of_a_guest_agree_less_the_more_time_lies_between_them(open_world: World) -> None:
    hidden = BLOCKS["hidden"]  # no trip and no filter asks for what no attribute shows
    near, far = [], []
    taste = {v.visit_id: open_world.truth.taste(v, 0)[hidden] for v in open_world.visits}
    of_guest: dict[str, list[Visit]] = {}
    for visit in open_world.visits:
        of_guest.setdefault(visit.user_id, []).append(visit)
    for visits in of_guest.values():
        for at, one in enumerate(visits):
            for two in visits[at + 1 :]:
                gap = (two.start - one.start) / DAY_S
                pair = (taste[one.visit_id], taste[two.visit_id])
                near += [pair] * (gap < 3)
                far += [pair] * (gap > 30)
    closely, loosely = (
        float(np.corrcoef(*(np.concatenate(side) for side in zip(*pairs, strict=True)))[0, 1])
        for pairs in (near, far)
    )
    assert closely > loosely + 0.1
    assert loosely > 0.5  # the same person all the same


def test_noise_has_the_stated_shares(world: World, open_world: World) -> None:
    for truth in (world.truth, open_world.truth):
        made = truth.items >= 0
        seen, lost = made & truth.recorded, made & ~truth.recorded
        assert truth.accident[seen].mean() == pytest.approx(ACCIDENTS, abs=0.012)
        assert not truth.accident[lost].any()
        real = made & ~truth.accident
        assert lost.sum() / real.sum() == pytest.approx(LOST, abs=0.012)


def test_an_accident_tells_nothing_and_changes_no_taste(open_world: World) -> None:
    truth, place = open_world.truth, {i: n for n, i in enumerate(open_world.shelf.item_ids)}
    slips, chances = [], []
    for visit in open_world.visits:
        for number, moment in enumerate(visit.moments[:-1]):
            if moment.type in ("view", "click") and truth.by_accident(visit, number):
                after = truth.taste(visit, number + 1)
                slips.append(np.array_equal(after, truth.taste(visit, number)))
                chances.append(truth.chances(visit, number)[place[moment.item_id or ""]])
    assert len(slips) > 200
    assert all(slips)
    assert np.median(chances) < 1e-3
