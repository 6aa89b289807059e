"""A model that follows another: places stay, and people who did nothing keep their lists."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.data import tables_from_frames
from recsvc.errors import BadInput
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.live.serving import ladder
from recsvc.recommenders.matrix import Matrix, matrix_of
from recsvc.recommenders.training.train import train
from recsvc.recommenders.training.warm import following
from simulations.shop import generate

Train = Callable[..., Artifact]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = 86_400
FEW = {"factors": 8, "iterations": 10}

pairs = st.lists(
    st.tuples(st.sampled_from("abcde"), st.sampled_from("uvwxyz"), st.integers(0, 20)), min_size=1
)


def frame_of(rows: list[tuple[str, str, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp"])


def known(matrix: Matrix) -> dict[tuple[str, str], tuple[float, int]]:
    """Each pair's last time and its acts."""
    lines = np.repeat(np.arange(len(matrix.users)), np.diff(matrix.rows.indptr))
    return {
        (matrix.users.ids[u], matrix.items.ids[i]): (time, int(act))
        for u, i, time, act in zip(
            lines, matrix.rows.indices, matrix.times, matrix.acts, strict=True
        )
    }


@given(pairs, pairs, st.data())
def test_no_place_moves_and_no_event_is_lost_when_rows_come_and_go(
    first: list[tuple[str, str, int]], more: list[tuple[str, str, int]], data: Any
) -> None:
    """Also when earlier events appear, or some are gone."""
    kept = data.draw(st.lists(st.sampled_from(first), unique=True))
    before = matrix_of(frame_of(first))
    events = frame_of(kept + more).assign(event=["view", "buy"][len(first) % 2])
    now = matrix_of(events)
    after = following(now, before)
    for there, then in ((after.users, before.users), (after.items, before.items)):
        for name in then.index.keys() & there.index.keys():
            assert there.index[name] == then.index[name]
    assert known(after) == known(now)
    assert after.types == now.types
    after.rows.check_format(full_check=True)
    assert after.rows.has_canonical_format


def test_an_id_of_a_person_who_left_the_data_is_forgotten_and_an_item_is_not() -> None:
    before = matrix_of(frame_of([("gone", "old", 1), ("here", "new", 2)]))
    after = following(matrix_of(frame_of([("here", "new", 2)])), before)
    assert after.users.ids == ("", "here")
    assert after.items.ids == ("old", "new")
    assert after.rows.toarray().tolist() == [[0, 0], [0, 1]]


@pytest.fixture(scope="module")
def shop() -> pd.DataFrame:
    return generate(5, users=300, items=150, days=20).interactions


@pytest.fixture
def trains(home: pathlib.Path) -> Train:
    """Trains and loads; each model a second later than the one before."""
    made: list[Artifact] = []

    def make(events: pd.DataFrame, **more: Any) -> Artifact:
        asked = {"model": "als", "seed": 3, "parameters": FEW, "threads": 1} | more
        folder = train(
            tables_from_frames(events),
            home=home,
            progress=asked.pop("progress", lambda _: None),
            measure=False,
            now=NOW + timedelta(seconds=len(made)),
            **asked,
        )
        made.append(load(home, folder.name))
        return made[-1]

    return make


def parted(events: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Up to a day before the end, and everything."""
    return events[events["timestamp"] <= events["timestamp"].max() - DAY], events


def top(artifact: Artifact, user: str, without: tuple[str, ...] = ()) -> list[str]:
    found = ladder(artifact)[0].rank(Profile(user), 10, without=without)
    assert found is not None
    return list(found.item_ids[:10])


def churn(one: Artifact, two: Artifact, users: list[str]) -> float:
    kept = [len(set(top(one, user)) & set(top(two, user))) for user in users]
    return 1 - float(np.mean(kept)) / 10


@pytest.mark.parametrize(
    ("kind", "share"), [({}, 0.5), ({"ensemble": 3}, 0.5), ({"model": "blend"}, 0.8)], ids=str
)
def test_who_did_nothing_keeps_the_list_with_a_warm_model_more_than_with_a_cold_one(
    trains: Train, shop: pd.DataFrame, kind: dict[str, Any], share: float
) -> None:
    """What is popular now moves for everybody: of a blend only the personal part can keep still."""
    before, now = parted(shop)
    asked = {**kind, "parameters": {"factors": 16, "regularisation": 1.0}}
    first = trains(before, **asked)
    cold, warm = trains(now, **asked), trains(now, **asked, start=first)
    active = set(now["user_id"][now["timestamp"] > before["timestamp"].max()])
    idle = [user for user in first.matrix.users.ids if user not in active]
    assert len(idle) > 50
    assert len(active) > 20
    assert churn(first, warm, idle) < churn(first, cold, idle) * share


def test_what_is_new_reaches_newcomers_through_a_warm_model(
    trains: Train, shop: pd.DataFrame
) -> None:
    """Forty new people meet an item of old and a new one; the next gets the new one offered."""
    old, last = shop["item_id"].iloc[0], shop["timestamp"].max()
    crowd = [(f"new{n}", item, last + 60) for n in range(40) for item in ("hit", old)]
    now = pd.concat((shop, frame_of([*crowd, ("new40", old, last + 60)])))
    settings = {**FEW, "regularisation": 1.0}
    warm = trains(now, start=trains(shop, parameters=settings), parameters=settings)
    assert "hit" in top(warm, "new40", without=(old,))


def test_a_warm_model_is_the_same_again_whatever_the_threads(
    trains: Train, shop: pd.DataFrame
) -> None:
    before, now = parted(shop)
    first = trains(before)
    one, two = (trains(now, start=first, threads=threads) for threads in (1, 2))
    for name, array in one.model.arrays().items():
        np.testing.assert_array_equal(array, two.model.arrays()[name])
    assert one.manifest.started_from == first.model_id
    assert first.manifest.started_from == ""


def test_places_stay_in_the_artifact_and_items_without_events_are_never_offered(
    trains: Train, shop: pd.DataFrame
) -> None:
    first = trains(shop)
    left = set(first.matrix.items.ids[:40])
    later = shop[~shop["item_id"].isin(left)].iloc[::-1]
    again = trains(later, start=first)
    assert again.matrix.items.ids == first.matrix.items.ids
    places = first.matrix.users.index
    assert all(places[name] == place for name, place in again.matrix.users.index.items())
    for rung in ladder(again):
        for without in ((), ("nothing",)):
            offered = rung.rank(Profile(again.matrix.users.ids[-1]), 1000, without=without)
            assert offered is not None
            assert set(offered.item_ids) == set(later["item_id"])


@pytest.mark.parametrize("kind", ["cosine", "popularity"])
def test_other_kinds_keep_their_places_and_say_that_they_learn_anew(
    trains: Train, shop: pd.DataFrame, kind: str
) -> None:
    before, now = parted(shop)
    told: list[str] = []
    first = trains(before.iloc[::2], model=kind, parameters={})
    second = trains(now, model=kind, parameters={}, start=first, progress=told.append)
    assert second.matrix.items.ids[: len(first.matrix.items)] == first.matrix.items.ids
    assert any("only indices" in line for line in told)


def test_one_of_several_goes_on_alone_and_several_from_one(
    trains: Train, shop: pd.DataFrame
) -> None:
    before, now = parted(shop)
    alone = trains(before)
    three = trains(now, start=alone, ensemble=3)
    back = trains(now, start=three)
    assert three.manifest.kind == "ensemble"
    assert back.manifest.kind == "als"
    width = FEW["factors"]
    warm = trains(now, start=alone).model.arrays()["item_factors"]
    factors = three.model.arrays()["member_item_factors"]
    assert factors.shape[1] == 3 * width
    np.testing.assert_array_equal(factors[:, :width], warm)
    cold = trains(now, start=None, ensemble=3).model.arrays()["member_item_factors"]
    # The further ones have learnt as long as a cold model has, not the one step of a warm one.
    size = np.linalg.norm(factors[:, width:]) / np.linalg.norm(cold[:, width:])
    assert size == pytest.approx(1, abs=0.05)


def test_settings_that_are_not_given_are_those_of_the_earlier_model(
    trains: Train, shop: pd.DataFrame
) -> None:
    first = trains(shop, parameters={"factors": 4, "regularisation": 3.0}, ensemble=2)
    again = trains(shop, model="ensemble", start=first, parameters={})
    assert again.manifest.parameters == first.manifest.parameters
    other = trains(shop, model="als", start=again, parameters={"alpha": 2.0})
    assert (other.manifest.parameters["factors"], other.manifest.parameters["alpha"]) == (4, 2.0)


def test_factors_of_another_number_cannot_be_gone_on_from(
    trains: Train, shop: pd.DataFrame
) -> None:
    with pytest.raises(BadInput, match="8 factors, not 4"):
        trains(shop, parameters={"factors": 4}, start=trains(shop))


def test_night_after_night_without_change_changes_nothing_in_the_end(
    trains: Train, shop: pd.DataFrame
) -> None:
    first = trains(shop, parameters={**FEW, "warm_iterations": 50})
    again = trains(shop, parameters={}, start=first)
    last = trains(shop, parameters={}, start=again)
    people = list(first.matrix.users.ids)[:60]
    assert churn(again, last, people) < 0.02
