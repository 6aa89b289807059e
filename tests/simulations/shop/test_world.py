"""A world's visits are the events after its cut, look like visits, and follow a task."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from recsvc.data import data_hash
from recsvc.errors import BadInput
from recsvc.recommenders.evaluation.evaluate import evaluate
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.matrix import matrix_of
from recsvc.recommenders.models import parameters_for
from simulations.shop import World, generate, make_world
from simulations.shop.guests import DAY_S

SMALL = {"users": 60, "items": 80, "days": 20}


def of_events(world: World) -> pd.DataFrame:
    """The events of the visits' moments, in the columns of the tables."""
    rows = [
        (visit.user_id, moment.item_id, int(moment.at), visit.visit_id, moment.type)
        for visit in world.visits
        for moment in visit.moments
        if not moment.look
    ]
    return pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp", "session_id", "event"])


def gaps(world: World, first: str, second: str) -> np.ndarray:
    """Seconds between two moments in a row, of these types ("event" for all but looks)."""
    found = []
    for visit in world.visits:
        types = ["look" if moment.look else "event" for moment in visit.moments]
        found += [
            visit.moments[n + 1].at - visit.moments[n].at
            for n in range(len(types) - 1)
            if (types[n], types[n + 1]) == (first, second)
        ]
    return np.array(found)


def test_the_same_seed_gives_the_same_world() -> None:
    one, two = (make_world(4, **SMALL, test_days=6) for _ in range(2))
    assert data_hash(one.tables) == data_hash(two.tables)
    assert one.visits == two.visits
    assert np.array_equal(one.truth.tastes, two.truth.tastes)


def test_where_a_world_is_cut_changes_none_of_its_events() -> None:
    hashes = {data_hash(make_world(4, **SMALL, test_days=days).tables) for days in (0, 5, 20)}
    assert hashes == {data_hash(generate(4, 60, 80, 20))}


def test_more_guests_do_not_disturb_the_others() -> None:
    few, many = (generate(4, users, 80, 20).interactions for users in (40, 60))
    columns = ["user_id", "item_id", "timestamp", "event"]
    both = [
        rows[rows["user_id"] <= "guest-00040"].sort_values(columns)[columns].to_numpy().tolist()
        for rows in (few, many)
    ]
    assert both[0] == both[1]
    assert many["user_id"].nunique() == 60


def test_the_visits_are_the_events_after_the_cut(world: World) -> None:
    after = world.tables.interactions
    after = after[after["timestamp"] > world.cut].drop(columns="weight")
    order = ["timestamp", "session_id"]
    expected = after.sort_values(order).reset_index(drop=True)
    found = of_events(world).sort_values(order).reset_index(drop=True)
    pd.testing.assert_frame_equal(found[list(expected.columns)], expected, check_dtype=False)
    assert not set(expected["session_id"]) & set(
        world.tables.interactions["session_id"][world.tables.interactions["timestamp"] <= world.cut]
    )


def test_a_scenario_is_cut_and_retrained_in_the_test_period(world: World) -> None:
    scenario = world.scenario()
    assert scenario.cut == world.end - 14 * DAY_S
    assert scenario.retrain == world.end - 7 * DAY_S
    keys = [(visit.user_id, visit.start) for visit in scenario.visits]
    assert keys == sorted(keys)
    assert all(start > scenario.cut for _, start in keys)
    assert scenario.visits[-1].moments[-1].at < world.end
    assert len(keys) > 1500


def test_every_event_follows_a_look_and_moments_come_in_order_of_time(world: World) -> None:
    for visit in world.visits:
        types = [moment.type or "look" for moment in visit.moments]
        times = [moment.at for moment in visit.moments]
        assert all(one < two for one, two in pairwise(times))
        assert types[0] == "look"
        events = [n for n, kind in enumerate(types) if kind != "look"]
        assert all(types[n - 1] == "look" for n in events)
        assert 2 <= len(events) <= 12
        assert "purchase" not in types or events[-1] == types.index("purchase")


def test_no_two_visits_of_a_guest_overlap(world: World) -> None:
    for one, two in pairwise(world.visits):
        if one.user_id == two.user_id:
            assert two.start >= one.moments[-1].at + 1800


def test_looks_and_stays_take_the_time_that_people_take(world: World) -> None:
    reading, staying = gaps(world, "look", "event"), gaps(world, "event", "look")
    assert 7 < np.median(reading) < 12
    assert 40 < np.median(staying) < 65
    assert 0.02 < (staying > 180).mean() < 0.2
    assert staying.max() < 3600
    assert 0.5 < np.log(staying).std() < 1.2


def test_slates_are_reloaded_now_and_then_and_some_twice_at_once(world: World) -> None:
    reloads, looks = gaps(world, "look", "look"), gaps(world, "look", "event")
    assert 0.1 < reloads.size / looks.size < 0.5
    assert (reloads <= 3).mean() > 0.1
    thrice = [
        all(moment.look for moment in visit.moments[n : n + 3])
        for visit in world.visits
        for n in range(len(visit.moments) - 2)
    ]
    assert 0.02 < np.mean(thrice) < 0.2


def test_some_visits_end_with_a_look_and_some_with_an_event(world: World) -> None:
    ends = np.mean([visit.moments[-1].look for visit in world.visits])
    assert 0.4 < ends < 0.8


def test_nobody_turns_to_a_place_that_is_closed(world: World) -> None:
    rows = world.tables.interactions
    number = {item: n for n, item in enumerate(world.shelf.item_ids)}
    at = rows["item_id"].map(number).to_numpy()
    times = rows["timestamp"].to_numpy()
    assert (world.shelf.opens[at] <= times).all()
    assert (times < world.shelf.closes[at]).all()


def test_places_come_and_go_and_the_new_ones_find_guests(world: World) -> None:
    shelf, rows = world.shelf, world.tables.interactions
    new = {shelf.item_ids[n] for n in np.flatnonzero(shelf.opens > world.cut).tolist()}
    past, test = (rows[part] for part in (rows.timestamp <= world.cut, rows.timestamp > world.cut))
    assert 20 < len(new) < 120
    assert not new & set(past["item_id"])
    assert len(new & set(test["item_id"])) > len(new) / 2
    assert 0.7 < np.mean((shelf.opens == 0.0) & np.isinf(shelf.closes)) < 0.9
    assert 10 < len(shelf.withdrawn(world.cut)) < 200


def test_a_task_drives_what_is_looked_at(world: World) -> None:
    assert world.tables.items is not None
    items = world.tables.items.set_index("item_id")
    place, kind = items["destination"].to_dict(), items["kind"].to_dict()
    there, villas = [], {True: [], False: []}
    for visit in world.visits:
        looked = [moment.item_id for moment in visit.moments if moment.type in ("view", "click")]
        there += [place[item] == visit.context["destination"] for item in looked]
        wanted = visit.context.get("kind") == "villa"
        villas[wanted] += [kind[item] == "villa" for item in looked]
    assert 0.6 < np.mean(there) < 0.85
    assert items["destination"].value_counts(normalize=True).iloc[0] < 0.25
    assert np.mean(villas[True]) > 3 * np.mean(villas[False])


def test_filters_stand_in_the_context_only_while_they_are_applied(world: World) -> None:
    filters = {"kind", "price_band", "sea_view", "family_friendly", "pool", "pets_welcome"}
    filters |= {"breakfast"}
    for visit in world.visits:
        context = dict(visit.context)
        assert context.pop("destination")
        applied = context.pop("filters_applied")
        assert (applied == "true") == bool(context)
        assert set(context) <= filters
    shares = [visit.context["filters_applied"] == "true" for visit in world.visits]
    assert 0.3 < np.mean(shares) < 0.5


def test_the_tasks_of_two_trips_differ(open_world: World) -> None:
    places: dict[str, set[str]] = {}
    for visit in open_world.visits:
        places.setdefault(visit.user_id, set()).add(visit.context["destination"])
    often = [len(names) for names in places.values()]
    assert np.mean(np.array(often) > 1) > 0.5


@pytest.mark.parametrize("test_days", [-1, 21])
def test_a_test_period_outside_the_days_is_refused(test_days: int) -> None:
    with pytest.raises(BadInput, match="test_days"):
        make_world(0, **SMALL, test_days=test_days)


def test_als_beats_popularity_and_is_far_from_perfect(world: World) -> None:
    found = evaluate(
        world.tables,
        split="global-time",
        models=["als"],
        seed=1,
        progress=lambda line: None,
        bootstrap=10,
    )
    als, popular = (found.row(name).ndcg.mean for name in ("als", "popularity"))
    assert 1.5 * popular < als < 0.5


def test_a_world_without_a_test_period_has_no_visits() -> None:
    world = make_world(0, **SMALL, test_days=0)
    assert world.visits == ()
    assert replace(world.scenario(), visits=()).cut == world.end


def test_a_model_that_folds_a_visit_in_knows_better_what_is_wanted_next(world: World) -> None:
    rows = world.tables.interactions
    known = matrix_of(rows[rows["timestamp"] <= world.cut])
    als = kind_of("als")
    model = als.fit(known, parameters_for(als, {}), seed=1, threads=1)
    ids, place, users = known.items.ids, known.items.index, known.users.index
    worth: dict[bool, list[float]] = {False: [], True: []}
    for visit in world.visits[::8]:
        past = known.row(users[visit.user_id]).tolist() if visit.user_id in users else []
        seen: list[int] = []
        for number, moment in enumerate(visit.moments):
            if moment.type in ("view", "click") and past and len(seen) >= 2:
                truth = world.truth.worth(visit, number)
                for folded in worth:
                    items = np.unique([*past, *seen] if folded else past).astype(np.int32)
                    scores = np.array(model.score(items, np.ones(items.size, np.float32)))
                    scores[seen] = -np.inf
                    best = [ids[n] for n in np.argsort(-scores)[:10].tolist()]
                    worth[folded].append(sum(truth.get(item, 0.0) for item in best))
            if moment.item_id in place:
                seen.append(place[moment.item_id])
    assert len(worth[True]) > 200
    assert np.mean(worth[True]) > 1.15 * np.mean(worth[False])
