"""The formulas, by hand and against a second opinion."""

from __future__ import annotations

import ir_measures
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import RR, R, Success, nDCG

from recsvc.recommenders.evaluation.metrics import FORMULAS, NAMES, measures

THEIRS = dict(zip(NAMES, (nDCG @ 10, R @ 10, Success @ 10, RR @ 10), strict=True))

users = st.lists(
    st.tuples(st.lists(st.integers(0, 39), min_size=1, unique=True), st.permutations(range(40))),
    min_size=1,
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(users)
def test_every_figure_agrees_with_ir_measures(world: list[tuple[list[int], list[int]]]) -> None:
    hits = np.array([np.isin(ranking[:10], relevant) for relevant, ranking in world])
    ours = measures(hits, np.array([len(relevant) for relevant, _ in world]))
    qrels = [
        ir_measures.Qrel(str(q), str(item), 1)
        for q, (relevant, _) in enumerate(world)
        for item in relevant
    ]
    run = [
        ir_measures.ScoredDoc(str(q), str(item), float(-place))
        for q, (_, ranking) in enumerate(world)
        for place, item in enumerate(ranking)
    ]
    for found in ir_measures.iter_calc(THEIRS.values(), qrels, run):
        name = next(name for name, theirs in THEIRS.items() if theirs == found.measure)
        assert ours[int(found.query_id), NAMES.index(name)] == pytest.approx(found.value, abs=1e-9)


def test_one_case_by_hand() -> None:
    """Two of three relevant items at positions 2 and 5."""
    hits = np.zeros((1, 10), dtype=np.bool_)
    hits[0, [1, 4]] = True
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    expected = [(1 / np.log2(3) + 1 / np.log2(6)) / ideal, 2 / 3, 1, 1 / 2]
    np.testing.assert_allclose(measures(hits, np.array([3]))[0], expected, atol=1e-12)


def test_the_ideal_is_cut_at_ten() -> None:
    hits = np.ones((1, 10), dtype=np.bool_)
    np.testing.assert_allclose(measures(hits, np.array([25]))[0], [1, 10 / 25, 1, 1])


def test_the_text_for_help_defines_every_figure_and_both_splits() -> None:
    for word in ("nDCG@10", "recall@10", "hit rate@10", "MRR@10", "global-time", "leave-last-out"):
        assert word in FORMULAS
