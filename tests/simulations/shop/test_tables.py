"""The generated shop is always the same, and looks like one."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from recsvc.data import Tables, data_hash, write_tables
from recsvc.errors import BadInput
from simulations import shop
from simulations.shop import turns
from simulations.shop.guests import DAY_S
from simulations.shop.names import DESTINATIONS, KINDS, TONGUES
from simulations.shop.world import END


@pytest.fixture(scope="module")
def default() -> Tables:
    return shop.generate(1)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_tables(shop.generate(5, 120, 90, 20), tmp_path / folder)
    for name in ("interactions", "items", "users"):
        first, second = (tmp_path / folder / f"{name}.parquet" for folder in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def test_another_seed_gives_another_shop() -> None:
    assert data_hash(shop.generate(5, 50, 40, 10)) != data_hash(shop.generate(6, 50, 40, 10))


def test_the_size_of_a_chunk_changes_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = data_hash(shop.generate(5, 80, 60, 15))
    monkeypatch.setattr(turns, "_CHUNK", 7)
    assert data_hash(shop.generate(5, 80, 60, 15)) == whole


def test_the_default_shop_takes_a_few_seconds_of_one_core() -> None:
    began = time.process_time()
    shop.generate(2)
    assert time.process_time() - began < 6.0


def test_titles_and_ids_are_unique_and_every_stay_has_its_page(default: Tables) -> None:
    items, users = default.items, default.users
    assert items is not None
    assert users is not None
    assert len(items) == items["title"].nunique() == items["item_id"].nunique() == 1200
    assert items["item_id"].iloc[41] == "stay-0042"
    assert items["url"].iloc[41] == "/stays/stay-0042"
    assert users["user_id"].iloc[16] == "guest-00017"
    assert "image" not in items
    assert items["title"].str.fullmatch(r"\S.*\S, \S.*").all()


def test_titles_stay_unique_in_a_catalogue_larger_than_the_vocabulary() -> None:
    items = shop.generate(3, 5, 9000, 5).items
    assert items is not None
    assert items["title"].nunique() == 9000


def test_a_view_of_the_sea_is_offered_only_where_there_is_a_sea(default: Tables) -> None:
    assert default.items is not None
    coastal = {place.name for place in DESTINATIONS if place.coastal}
    with_view = default.items[default.items["sea_view"]]
    assert 0 < len(with_view) < len(default.items)
    assert set(with_view["destination"]) <= coastal


def test_every_tongue_names_every_kind_without_repetition() -> None:
    assert {place.tongue for place in DESTINATIONS} == set(TONGUES)
    for tongue in TONGUES.values():
        assert len(tongue.heads) == len(KINDS)
        assert len(set(tongue.tails)) == len(tongue.tails)
        assert all(len(set(heads)) == len(heads) for heads in tongue.heads)


def test_every_guest_comes_and_no_event_lies_outside_the_days(default: Tables) -> None:
    rows = default.interactions
    assert rows["user_id"].nunique() == 2000
    assert rows["timestamp"].dtype == np.int64
    assert rows["timestamp"].max() < END
    assert rows["timestamp"].min() >= END - 60 * DAY_S
    assert set(rows["event"]) == {"view", "click", "purchase"}
    assert rows.groupby("session_id")["user_id"].nunique().max() == 1


def test_a_session_books_at_most_once_and_only_what_it_looked_at(default: Tables) -> None:
    rows = default.interactions
    booked = rows[rows["event"] == "purchase"]
    assert not booked["session_id"].duplicated().any()
    assert 0.05 < len(booked) / rows["session_id"].nunique() < 0.3
    looked = rows[rows["event"] != "purchase"][["session_id", "item_id", "timestamp"]]
    assert not looked.duplicated(["session_id", "item_id"]).any()
    both = booked.merge(looked, on=["session_id", "item_id"], suffixes=("", "_look"))
    assert len(both) == len(booked)
    assert (both["timestamp"] > both["timestamp_look"]).all()


def test_popularity_has_a_head_and_a_long_tail(default: Tables) -> None:
    counts = default.interactions["item_id"].value_counts().to_numpy()
    assert 0.25 < counts[:120].sum() / counts.sum() < 0.7
    assert np.median(counts) < counts.mean()
    assert counts.size > 1100


def test_evenings_are_busier_than_nights(default: Tables) -> None:
    hours = (default.interactions["timestamp"] // 3600 % 24).to_numpy()
    evening, night = (np.isin(hours, span).sum() for span in ([19, 20, 21], [2, 3, 4]))
    assert evening > 5 * night


def test_the_days_end_at_the_last_midnight_by_the_given_end() -> None:
    rows = shop.generate(1, 40, 30, 10, end=1_700_000_000.5).interactions
    midnight = 1_700_000_000 // 86_400 * 86_400
    assert midnight - 10 * 86_400 <= rows["timestamp"].min()
    assert midnight - 3 * 86_400 < rows["timestamp"].max() < midnight


def test_a_session_before_midnight_does_not_run_past_the_end() -> None:
    for seed in range(5):
        rows = shop.generate(seed, 600, 40, 1).interactions
        assert rows["timestamp"].min() >= END - DAY_S
        assert END - 3600 < rows["timestamp"].max() < END


@pytest.mark.parametrize("sizes", [(1, 1, 1), (1, 3, 1), (3, 1, 2), (30, 40, 1)])
def test_the_smallest_shops_are_shops(sizes: tuple[int, int, int]) -> None:
    tables = shop.generate(0, *sizes)
    assert tables.interactions["user_id"].nunique() == sizes[0]
    assert tables.report.dropped == {}


@pytest.mark.parametrize("sizes", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (1, 1, 99_999)])
def test_a_shop_without_anything_in_it_is_refused(sizes: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput, match="a shop needs"):
        shop.generate(0, *sizes)
