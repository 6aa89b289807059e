"""The example of the docs, served by real workers as the docs say."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from visiting import Client
from workers import Workers

from recsvc.recommenders.artifacts.registry import live

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.fixture
def table(home: Path) -> Path:
    """Items of the shop, every third one of the category `food`, the rest `music`; older by id."""
    ids = pq.read_table(home / "models" / live(home) / "item_ids.parquet")["item_ids"].to_pylist()
    path = home / "items.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["item_id", "category", "age_days"])
        for n, item in enumerate(ids):
            writer.writerow([item, "music" if n % 3 else "food", n])
    return path


def test_the_example_of_the_docs_answers_and_popularity_backs_it_up(
    home: Path, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(DOCS / "examples"))
    monkeypatch.setenv("LATELY_ITEMS", str(table))
    rows = list(csv.DictReader(table.open()))
    category = {row["item_id"]: row["category"] for row in rows}
    with Workers(home, recommender="lately:recommender") as service:
        client = Client(service.url)
        first = client.slate("home", "s")
        assert first["served_by"]["rung"] == "popularity"
        client.consent("sessions", "s")
        food = rows[0]["item_id"]
        client.events(
            {"event_id": "1", "type": "view", "session_id": "s", "surface": "home", "item_id": food}
        )
        seen = []
        for n in range(6):
            slate = client.slate("home", "s")
            allowed = slate["consistency"]["allowed"]
            seen += [c["item_id"] for c in slate["changes"] if c["reason"] == "better_match"]
            assert slate["consistency"]["displaced"] <= allowed <= 2
            assert slate["served_by"]["model"].startswith("lately-")
            assert slate["served_by"]["degraded"] is False
            more = {"event_id": f"more{n}", "type": "view", "session_id": "s", "surface": "home"}
            client.events(more | {"item_id": food})
        assert seen
        assert {category[item] for item in seen} == {"food"}


def test_the_page_prints_the_example_as_it_is() -> None:
    text = (DOCS / "own-recommender.md").read_text()
    example = (DOCS / "examples" / "lately.py").read_text()
    assert example[example.index("class Lately") :].strip() in text


def test_a_recommender_that_does_not_fit_ends_the_start_with_one_message(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match="no module 'lately' where Python looks") as error:
        Workers(home, recommender="lately:recommender").start()
    assert "Traceback" not in str(error.value)
