"""The best n, exactly."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from recsvc.recommenders.ranking import best

numbers = st.lists(st.sampled_from([-np.inf, -1.5, 0.0, 0.25, 0.5, 3.0]), max_size=30)


@given(numbers, st.integers(-1, 40))
def test_it_is_what_sorting_everything_would_give(scores: list[float], n: int) -> None:
    allowed = [i for i, score in enumerate(scores) if score > -np.inf]
    expected = sorted(allowed, key=lambda i: (-scores[i], i))[: max(0, n)]
    assert best(np.array(scores, dtype=np.float64), n).tolist() == expected


@given(st.integers(0, 2**32 - 1), st.integers(1, 120), st.sampled_from(["spread", "tied", "gone"]))
def test_a_sample_that_misleads_costs_time_and_nothing_else(seed: int, n: int, kind: str) -> None:
    random = np.random.default_rng(seed)
    scores = random.normal(size=random.integers(1, 4000)).astype(np.float32)
    if kind == "tied":
        scores = np.round(scores)
    if kind == "gone":
        scores[random.random(len(scores)) < random.random()] = -np.inf
        scores[:: random.integers(1, 40)] += 10  # what is sampled is unlike the rest
    found = best(scores, n)
    every = np.lexsort((np.arange(len(scores)), -scores))
    assert found.tolist() == every[np.isfinite(scores[every])][:n].tolist()
