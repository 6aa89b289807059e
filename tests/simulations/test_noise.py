"""A limit makes slates better when scores are noisy, and cannot when they are right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from policies import PRESETS
from simulations.variants.noise import Floats, Noisy

FRESH = PRESETS["fresh"]
KNOBS = {
    "fresh": FRESH,
    "frozen": replace(FRESH, churn_limit=0.0),
    "one of ten": replace(FRESH, churn_limit=0.1),
    "margin": replace(FRESH, margin=1.0, margin_by_profile=False),
}


def gap(one: Floats, other: Floats) -> tuple[float, float]:
    """The mean of a paired difference, and its standard error over repetitions."""
    by = one.mean(axis=1) - other.mean(axis=1)
    return float(by.mean()), float(by.std(ddof=1) / np.sqrt(len(by)))


@pytest.fixture(scope="module")
def worth() -> dict[str, Floats]:
    return Noisy(repetitions=60).worth(KNOBS, seed=1)


@pytest.mark.parametrize("sticky", ["one of ten", "margin"])
def test_stickiness_raises_accuracy_under_noise(worth: dict[str, Floats], sticky: str) -> None:
    mean, error = gap(worth[sticky], worth["fresh"])
    assert mean > 0.5
    assert mean > 5 * error


def test_frozen_is_as_good_as_any_single_draw(worth: dict[str, Floats]) -> None:
    mean, error = gap(worth["frozen"], worth["fresh"])
    assert abs(mean) < 4 * error
    # The top of noisy scores: that of the utilities, times 1 / sqrt(1 + noise^2).
    best = np.sort(np.random.default_rng(1).normal(size=(4000, 200)))[:, -10:].sum(1).mean()
    assert worth["fresh"].mean() == pytest.approx(best / np.sqrt(1.25), rel=0.01)


def test_without_noise_nothing_is_to_be_gained() -> None:
    found = Noisy(noise=0.0, repetitions=3, steps=4).worth(KNOBS, seed=1)
    for name in ("frozen", "one of ten", "margin"):
        assert found[name] == pytest.approx(found["fresh"])
