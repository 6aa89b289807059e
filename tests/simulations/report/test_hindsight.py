"""The section on hindsight: its figures are those of the results, its sentences say no more."""

from __future__ import annotations

from typing import Any

import pytest
from markupsafe import Markup

from recsvc.errors import BadData
from simulations.report.hindsight import section
from simulations.report.page import environment, svg


def figure(mean: float, by: float = 0.01) -> dict[str, float]:
    return {"mean": mean, "low": mean - by, "high": mean + by}


def row(policy: str, belief: float, truth: float, **more: Any) -> dict[str, Any]:
    worth = {"frozen": 0.1, "policy": 0.1234, "hindsight": 0.9}
    return {
        "policy": policy,
        "exact": True,
        "visits": 200,
        "visitors": 187,
        "answers": 4321,
        "judged": 1234,
        "belief": {**worth, "share": figure(belief)},
        "truth": {**worth, "share": figure(truth), "foresight": figure(0.031)},
        **more,
    }


ROWS = [
    row("limit 0.1", 0.971, 0.021),
    row("sticky", 0.884, 0.032, exact=False),
    {**row("frozen", 0, 0), "belief": {"share": None}, "truth": {"share": None}},
]


def page(rows: list[dict[str, Any]], **more: Any) -> str:
    found = section(rows, **more)
    assert found is not None
    drawn = [None if s is None else Markup(svg(s)) for s in (found.picture, found.narrow)]
    return (
        environment()
        .get_template("hindsight.html")
        .render(hindsight=found, hindsight_picture=drawn[0], hindsight_narrow=drawn[1])
    )


def test_every_figure_stands_in_the_table() -> None:
    text = page(ROWS)
    found = section(ROWS)
    assert found is not None
    first = found.lines[0]
    assert [first.belief[0][:4], first.truth[0][:3], first.foresight[0][:3]] == [
        "97.1",
        "2.1",
        "3.1",
    ]
    assert text.index(first.belief[0]) < text.index(first.truth[0]) < text.rindex("[2.1, 4.1]")
    for shown in ("97.1\N{NO-BREAK SPACE}%", "[96.1, 98.1]", "2.1\N{NO-BREAK SPACE}%", "88.4"):
        assert shown in text
    assert text.count('<tr><th scope="row">') == 3
    assert "200 visits of 187 visitors" in text
    assert "4,321 answers, 1,234 judged" in text
    assert text.count("a bound</td>") == 1
    assert ".1000 / .1234 / .9000" in text


def test_sentences_say_what_the_figures_say() -> None:
    found = section(ROWS, about="limit 0.1")
    assert found is not None
    told = " ".join(found.words)
    assert "With limit 0.1 visitors saw 97.1" in told
    assert "would hardly have helped" in told
    assert "better scores, not better timing" in told
    assert "at least" not in told
    bound = section(ROWS, about="sticky", world=True)
    assert bound is not None
    told = " ".join(bound.words)
    assert "saw at least 88.4" in told
    assert "hardly have helped" not in told
    assert "the answer key" in told
    lost = section([{**row("fresh", 0.6, 0), "truth": {"share": figure(-0.02)}}])
    assert lost is not None
    told = " ".join(lost.words)
    assert "The other 40.0" in told
    assert "no more of that than a slate that never changes (\N{MINUS SIGN}2.0" in told
    assert "better timing" not in told


def test_the_picture_marks_policies_best_first() -> None:
    found = section(list(reversed(ROWS)))
    assert found is not None
    assert found.picture is not None
    texts = [row for layer in found.picture["layer"] for row in layer["data"]["values"]]
    names = [t["text"] for t in sorted(texts, key=lambda t: -t["y"]) if "text" in t]
    assert names.index("limit 0.1") < names.index("sticky")
    assert "frozen" not in names
    assert {t["x"] for t in texts} >= {0.971, 0.021, 0.884, 0.032}
    assert "limit 0.1 97.1" in found.picture_words


def test_without_visits_or_headroom_nothing_is_claimed() -> None:
    assert section([]) is None
    text = page(ROWS[2:])
    assert "nothing to gain" in text
    assert "<svg" not in text


def test_names_are_text_and_what_cannot_be_read_is_told() -> None:
    text = page([row("<b onclick=x>&", 0.9, 0.1)])
    assert "<b onclick" not in text
    assert "&lt;b onclick" in text
    with pytest.raises(BadData, match="hindsight cannot be read"):
        section([{"policy": 3}])
