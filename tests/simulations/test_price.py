"""The price of a spared change, and the knobs in force beside a study's policies."""

from __future__ import annotations

import numpy as np
import pytest

from policies import Knobs
from recsvc.errors import BadInput
from simulations.figures import Sampled
from simulations.price import price
from simulations.production import IN_FORCE, with_production
from simulations.study import Study, parse_study

MEASURES = ("churn", "ndcg_rest", "hit_next")


def sampled(calm: list[float]) -> Sampled:
    means = np.array([[0.10, 0.20, 0.30], calm])
    return Sampled(MEASURES, means, np.stack([means] * 50), 100.0)


def test_what_is_spared_and_lost_is_counted_in_a_hundred_events() -> None:
    found = price(sampled([0.06, 0.19, 0.298]), 1, 0, k=10)
    assert found["spared"]["mean"] == pytest.approx(40)
    assert found["lost"]["mean"] == pytest.approx(1)
    assert found["missed"]["mean"] == pytest.approx(0.2)
    assert found["each"]["mean"] == pytest.approx(0.025)


def test_what_spares_nothing_has_no_price_for_each() -> None:
    assert price(sampled([0.12, 0.19, 0.3]), 1, 0, k=10)["each"] is None


@pytest.fixture
def study() -> Study:
    policies = {"fresh": {"preset": "fresh"}, "frozen": {"preset": "frozen"}}
    return parse_study({"name": "s", "world": {}, "policies": policies})


def test_the_knobs_in_force_are_one_more_policy(study: Study) -> None:
    found = with_production(study, "home", Knobs(margin=1.5, dismiss_days=3))
    assert [policy.name for policy in found.policies] == ["fresh", "frozen", IN_FORCE]
    assert found.policies[2].knobs.margin == 1.5
    assert found.policies[2].knobs.dismiss_days == 30
    with pytest.raises(BadInput, match="has 12 seats, but the study 10"):
        with_production(study, "wide", Knobs(k=12))
    with pytest.raises(BadInput, match="another name"):
        with_production(found, "home", Knobs())
