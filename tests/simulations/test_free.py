"""Free consistency: what is surely no loss, and what choosing among many is worth to others."""

from __future__ import annotations

import numpy as np
import pytest

from simulations.figures import Tally
from simulations.free import Tried, cross_fitted, free_consistency
from simulations.intervals import draws
from tests.simulations.tallies import tally

NAMES = ("fresh", "light", "strong", "costly")
TRIED = Tried(NAMES, (1, 2, 3), 0)


def free(found: Tally, tried: Tried = TRIED) -> dict[str, object]:
    sampled = found.sampled(draws(len(found.values), 500, 1)).axes()
    return free_consistency(sampled, tried, len(found.values))


def test_the_calmest_policy_whose_loss_is_surely_within_the_margin_is_free() -> None:
    found = free(tally([0.2, 0.15, 0.1, 0.02], [0.0, 0.0, -0.002, -0.05], visitors=2000))
    assert found["policy"] == "strong"
    assert found["churn"]["mean"] == pytest.approx(-0.5, abs=0.02)  # type: ignore[index]
    assert found["accuracy"]["low"] >= -0.01  # type: ignore[index]
    assert found["enough"] is True
    assert found["undecided"] is None


def test_an_end_of_the_range_is_never_proposed() -> None:
    found = tally([0.2, 0.15, 0.1, 0.02], [0.0, 0.0, 0.0, 0.0], visitors=2000)
    assert free(found)["policy"] == "costly"
    assert free(found, Tried(NAMES, (1, 2), 0))["policy"] == "strong"


def test_where_all_lose_nothing_is_free() -> None:
    found = free(tally([0.2, 0.15, 0.1, 0.02], [0.0, -0.05, -0.05, -0.05], visitors=2000))
    assert found["policy"] is found["churn"] is found["accuracy"] is None


def test_too_few_visitors_decide_nothing_and_it_is_said_how_many_would() -> None:
    few = free(tally([0.2, 0.1], [0.0, 0.0], visitors=60, noise=0.08), Tried(NAMES[:2], (1,), 0))
    assert few["policy"] is None
    assert few["enough"] is False
    assert few["detectable"] > 0.01  # type: ignore[operator]
    told = few["undecided"]
    assert isinstance(told, dict)
    assert told["policy"] == "light"
    # So many more that the interval of a policy that loses nothing lies within the margin.
    wanted = int(60 * (few["detectable"] / 0.01) ** 2)  # type: ignore[operator]
    assert wanted / 4 < told["visitors"] < wanted * 4
    more = tally([0.2, 0.1], [0.0, 0.0], visitors=wanted * 12, noise=0.08)
    assert free(more, Tried(NAMES[:2], (1,), 0))["policy"] == "light"


def test_others_get_less_than_those_whom_the_knobs_were_chosen_on() -> None:
    """Forty policies alike, all of which lose 1 %: the best of them on these visitors is luck,
    which others do not share."""
    churn = [0.2] + [0.1] * 40
    tried = Tried(("fresh", *(f"p{n}" for n in range(40))), tuple(range(1, 41)), 0)
    flattered, honest = [], []
    for seed in range(12):
        found = tally(churn, [0.0] + [-0.01] * 40, visitors=300, noise=0.06, seed=seed)
        apart, together = cross_fitted(found, tried, 200, 1, halves=2), free(found, tried)
        if together["policy"] is not None:
            flattered.append(together["accuracy"]["mean"])  # type: ignore[index]
            honest.append(apart["accuracy"]["mean"])
        assert sum(one["times"] for one in apart["chosen"]) == 4
    assert len(flattered) > 6
    assert np.mean(flattered) > 0
    assert -0.014 < np.mean(honest) < -0.005


def test_every_visitor_is_served_once_by_what_was_chosen_without_them() -> None:
    """Two kinds of visitors: what is chosen on one half is judged on the other, so the figures are
    those of the policies themselves where all halves choose alike."""
    found = tally([0.2, 0.1], [0.0, 0.0], visitors=1000, noise=0.01)
    apart = cross_fitted(found, Tried(NAMES[:2], (1,), 0), 300, 1)
    assert apart["chosen"] == [{"policy": "light", "times": 20}]
    means = found.values.sum(axis=0) / found.over.sum(axis=0)
    assert apart["churn"]["mean"] == pytest.approx(means[1, 0] / means[0, 0] - 1, abs=1e-6)
    assert apart["accuracy"]["mean"] == pytest.approx(means[1, 1] / means[0, 1] - 1, abs=1e-6)
    assert np.isfinite(apart["churn"]["low"])


def test_the_same_seed_gives_the_same_halves() -> None:
    found = tally([0.2, 0.15, 0.1, 0.02], [0.0, 0.0, -0.004, -0.03], visitors=300)
    assert cross_fitted(found, TRIED, 200, 1) == cross_fitted(found, TRIED, 200, 1)
    assert cross_fitted(found, TRIED, 200, 1) != cross_fitted(found, TRIED, 200, 2)
