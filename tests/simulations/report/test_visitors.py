"""The section on visitors: its figures are those of the results, its sentences say no more."""

from __future__ import annotations

from typing import Any

import pytest

from recsvc.errors import BadData
from simulations.report.page import environment
from simulations.report.visitors import section


def figure(mean: float, by: float = 0.01) -> dict[str, float]:
    return {"mean": mean, "low": mean - by, "high": mean + by}


def row(policy: str, returns: float, lead: float) -> dict[str, Any]:
    return {
        "policy": policy,
        "figures": {
            "returns": figure(returns),
            "satisfaction": figure(0.61),
            "found_again": figure(0.7777),
            "seconds_again": figure(1.234),
            "changed": None,
        },
        "against": {"returns": figure(lead, 0.002)},
    }


def told(**more: Any) -> dict[str, Any]:
    return {
        "visits": 512,
        "visitors": 300,
        "looks": 4321,
        "sought": 2345,
        "baseline": "fresh",
        "best": "gentle",
        "sure": True,
        "policies": [row("fresh", 0.501, 0.0), row("gentle", 0.523, 0.022)],
        "sensitivity": [
            {
                "parameter": "price_of_a_second",
                "means": "what a second takes",
                "source": None,
                "low": 0.0,
                "standard": 0.02,
                "high": 0.1,
                "best_low": "gentle",
                "best_high": "gentle",
                "flips": [],
            },
            {
                "parameter": "irritation",
                "means": "what change takes",
                "source": "Somebody 1999",
                "low": 0.0,
                "standard": 0.5,
                "high": 2.0,
                "best_low": "fresh",
                "best_high": "gentle",
                "flips": [
                    {"at": 0.1234, "from": "fresh", "to": "gentle"},
                    {"at": 1.5, "from": "gentle", "to": "frozen"},
                ],
                "baseline_flips": [{"at": 0.0567, "from": "fresh", "to": "gentle"}],
            },
        ],
        **more,
    }


def page(results: dict[str, Any]) -> str:
    return environment().get_template("visitors.html").render(visitors=section(results))


def test_every_figure_stands_in_the_tables() -> None:
    text = page(told())
    for shown in (
        "52.3\N{NO-BREAK SPACE}%",
        "[51.3, 53.3]",
        "+2.2 points",
        "[+2.0, +2.4]",
        "77.8\N{NO-BREAK SPACE}%",
        "1.23",
        "[1.22, 1.24]",
        "512 visits of 300 visitors",
        "4,321 looks, 2,345 things sought",
        "fresh up to 0.123, then gentle up to 1.5, then frozen<",
        "fresh up to 0.0567, then gentle<",
        "Somebody 1999",
        "assumed",
        "0 to 0.1",
    ):
        assert shown in text, shown
    assert text.index("gentle</bdi>") < text.index("<bdi>fresh"), "the best comes first"


def test_words_say_who_leads_how_surely_and_what_it_hangs_on() -> None:
    found = section(told())
    assert found is not None
    assert (
        "gentle brings most visitors back: +2.2 points [+2.0, +2.4] against fresh."
        in (found.words[0])
    )
    assert found.words[1] == "Whether fresh would do better hangs on irritation: see below."
    unsure = section(told(sure=False))
    assert unsure is not None
    assert "too little to tell the two apart" in unsure.words[0]
    firm = section(told(sensitivity=told()["sensitivity"][:1]))
    assert firm is not None
    assert "no single number of the model lets fresh catch up" in firm.words[1]
    plain = section(told(best="fresh"))
    assert plain is not None
    assert "no policy brings more visitors back than fresh" in plain.words[0]


def test_names_are_escaped_and_nothing_is_drawn_without_visitors() -> None:
    text = page(told(policies=[row("<b>", 0.5, 0.0)], best="<b>"))
    assert "<b><b>" not in text
    assert "&lt;b&gt;" in text
    assert section({}) is None
    assert page({}).strip() == ""
    with pytest.raises(BadData, match="visitors cannot be read"):
        section({"policies": 3})
