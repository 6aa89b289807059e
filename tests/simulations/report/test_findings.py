"""What is free, who pays and what a change costs, as the page tells it; knobs as they go live."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recsvc.config.knobs import read_knobs
from recsvc.errors import BadInput
from simulations.report import write_report
from simulations.report.costs import cost_lines, course_table, in_force_words, price_words
from simulations.report.free import free_words
from simulations.report.numerals import MINUS
from simulations.report.results import read
from simulations.report.slices import slices
from tests.simulations.report import made_up


@pytest.fixture
def results() -> dict[str, Any]:
    return made_up.results()


def test_what_was_chosen_and_what_others_get_are_told_apart(results: dict[str, Any]) -> None:
    words = free_words(read(results))
    assert words is not None
    assert "28.0\N{NO-BREAK SPACE}% [26.8, 29.2] fewer replacements than with fresh" in words.answer
    assert "the loss is surely below 1\N{NO-BREAK SPACE}%" in words.answer
    assert "21.0\N{NO-BREAK SPACE}% [19.0, 23.0] fewer" in words.others
    assert words.chosen.endswith("limit 0.1 13, limit 0.3 7.")


def test_too_little_power_is_said_plainly(results: dict[str, Any]) -> None:
    words = free_words(read(results))
    assert words is not None
    assert (
        "too little power: with 1,740 visitors a loss below 1.2\N{NO-BREAK SPACE}%" in words.power
    )
    assert "about\N{NO-BREAK SPACE}9,200 visitors would tell" in words.undecided
    results["free"]["enough"] = True
    calm = free_words(read(results))
    assert calm is not None
    assert calm.power == ""


def test_where_nothing_is_free_it_says_so(results: dict[str, Any]) -> None:
    results["free"] |= {"policy": None, "churn": None, "accuracy": None}
    words = free_words(read(results))
    assert words is not None
    assert words.answer.startswith("No policy that was tried is calmer")


def test_those_who_surely_pay_are_named_and_the_others_are_not(results: dict[str, Any]) -> None:
    found = slices(read(results))
    assert found is not None
    assert "in 2 of 5 slices" in found.words
    assert "at first 0: " + MINUS + "2.0" in found.words
    assert "6 or more" not in found.words
    assert found.tables[0].left_out == "Left out, for too few visitors: Iceland (3)."
    assert found.tables[0].rows[0].free == "too few visitors to tell"
    for cut in results["slices"]:
        for one in cut["slices"]:
            for policy in one["policies"]:
                policy["sure"] = False
    nobody = slices(read(results))
    assert nobody is not None
    assert nobody.words.startswith("Nobody surely pays for limit 0.1: in none of 5 slices")


def test_the_price_is_told_in_things_that_people_miss(results: dict[str, Any]) -> None:
    words = price_words(read(results))
    assert words.startswith("In a hundred events limit 0.1 spares visitors 24.0 replacements")
    assert "0.27 times the next thing is not on the screen" in words
    assert "one such miss for 89 replacements spared" in words
    (line,) = [line for line in cost_lines(read(results)) if line.name == "limit 0.1"]
    assert line.front == "87.3\N{NO-BREAK SPACE}%"


def test_the_knobs_in_force_are_marked(results: dict[str, Any], tmp_path: Path) -> None:
    assert in_force_words(read(results)).startswith("The knobs in force now (hold 30 s)")
    page = write_report(results, tmp_path)[0].read_text()
    assert page.count('<span class="tag k">in force</span>') >= 2
    assert "hold 30 s now" in (tmp_path / "frontier.svg").read_text()


def test_the_course_of_a_visit_is_told_in_replacements(results: dict[str, Any]) -> None:
    table = course_table(read(results))
    assert table is not None
    assert table.heads == ("1", "2", "3 or more")
    assert table.rows[0][2][0] == ("50.0", "[46.0, 54.0]")


def test_the_knobs_are_written_as_the_service_takes_them(
    results: dict[str, Any], tmp_path: Path
) -> None:
    write_report(results, tmp_path)
    written = json.loads((tmp_path / "knobs.json").read_text())
    assert written == results["recommended"]["knobs"]
    assert read_knobs(written).margin == 0.5


def test_knobs_that_the_service_would_refuse_are_not_written(
    results: dict[str, Any], tmp_path: Path
) -> None:
    results["recommended"]["knobs"]["churn_limit"] = 2
    with pytest.raises(BadInput, match="churn_limit"):
        write_report(results, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_results_of_the_format_before_are_still_drawn(
    results: dict[str, Any], tmp_path: Path
) -> None:
    for name in ("free", "recommended", "production", "slices", "course"):
        del results[name]
    for policy in results["policies"]:
        for name in ("price", "on_front", "over_seeds"):
            del policy[name]
    files = write_report(results | {"format": 1}, tmp_path)
    assert [file.name for file in files] == ["report.html", "frontier.svg", "frontier.png"]
    assert "What is free" not in files[0].read_text()
