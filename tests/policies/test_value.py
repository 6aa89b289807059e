"""What docs/decision.md shows is what the decision does, and can be measured again."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_optimum import KINDS, decided

from tests.bench.value import worlds
from tests.bench.value.example import before, rows, visit
from tests.bench.value.worlds import (
    World,
    against_brute,
    contested,
    loss,
    prices,
    rule_of_thumb,
    settings,
    turnover,
)

DOCS = Path(__file__).resolve().parents[2] / "docs"
SMALL = World(visits=10, steps=10)


def drawn(picture: str) -> list[str]:
    """The words of a picture, from the top of the file down."""
    text = (DOCS / "decision" / f"{picture}.svg").read_text()
    return re.findall(r"<text[^>]*>([^<]+)</text>", text)


def test_the_drawn_slates_are_those_that_the_decision_gives() -> None:
    told = [before(), *(row for each in rows().values() for row in each)]
    words = [row.setting for row in told] + [cell.item for row in told for cell in row.cells]
    assert set(words) <= {word.replace("&quot;", '"') for word in drawn("settings")}
    items = {cell.item for row in told for cell in row.cells}
    in_picture = [word for word in drawn("settings") if word in items]
    assert in_picture == [cell.item for row in told for cell in row.cells]


def test_the_drawn_visit_is_the_one_that_the_decision_gives() -> None:
    moments = visit()
    items = {cell.item for moment in moments for cell in moment.cells}
    told = [
        word
        for moment in moments
        for word in (*moment.happened.split("\n"), *(cell.item for cell in moment.cells))
    ]
    assert [word for word in drawn("visit") if word in items] == [w for w in told if w in items]
    triggers = [moment.trigger.split("_")[-1] for moment in moments]
    assert [word for word in drawn("visit") if word in set(triggers)] == triggers


def test_nothing_is_lost_against_brute_force_in_any_kind_of_case() -> None:
    assert against_brute(4, seed=2) == (4 * len(KINDS), 0, 0)


def test_a_decision_that_changes_less_than_it_might_is_seen_to_lose(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worlds, "decided", lambda case: decided(replace(case, displacements=0)))
    cases, lost, differ = against_brute(4, seed=2)
    assert lost > 0
    assert 0 < differ < cases


def test_the_rule_of_thumb_seats_the_best_newcomer_where_the_worst_incumbent_was() -> None:
    scores = np.array([0.3, 0.9, 0.1, 0.8, 0.5, 0.2])
    assert rule_of_thumb([0, 1, 2], scores, 1) == [0, 1, 3]
    assert rule_of_thumb([0, 1, 2], scores, 2) == [4, 1, 3]
    assert rule_of_thumb([0, 1, 2], scores, 3) == [4, 1, 3]
    assert rule_of_thumb([1, 3, 4], scores, 2) == [1, 3, 4]


def test_the_rule_of_thumb_is_as_good_where_every_seat_counts_the_same_and_loses_where_not() -> (
    None
):
    assert loss(SMALL, 2, "uniform").share == pytest.approx(0.0, abs=1e-12)
    found = loss(SMALL, 2)
    assert 0.05 < found.low < found.share < found.high < 0.25
    assert loss(SMALL, 2) == found


def test_opinions_that_drift_faster_change_more_and_only_dcg_contests_the_first_seat_most() -> None:
    shares = [turnover(replace(SMALL, memory=memory)) for memory in (0.998, 0.95, 0.8)]
    assert shares == sorted(shares)
    plain, top = (contested(SMALL, 1, weights) for weights in ("uniform", "dcg"))  # type: ignore[arg-type]
    assert sum(plain) == pytest.approx(1.0)
    assert top[0] == max(top) > 1.5 * plain[0]


def test_a_wider_limit_keeps_more_of_what_plain_recommending_gains() -> None:
    found = {
        p.name: p for p in prices(SMALL, {"two": settings(SMALL, 2), "one": settings(SMALL, 1)})
    }
    assert (found["frozen"].kept, found["fresh"].kept) == (0.0, 1.0)
    assert 0.0 < found["one"].kept < found["two"].kept < 1.0
    assert found["frozen"].displaced == 0.0 < found["one"].displaced <= 1.0


def test_the_page_shows_every_picture_and_says_what_was_measured() -> None:
    page = (DOCS / "decision.md").read_text()
    pictures = {path.name for path in (DOCS / "decision").glob("*.svg")}
    assert {name for name in pictures if f"](decision/{name})" not in page} == set()
    assert len(pictures) == 5
    found = loss(World(), 2)
    assert f"{100 * found.share:.1f} % [{100 * found.low:.1f}, {100 * found.high:.1f}]" in page
