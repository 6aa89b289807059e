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
