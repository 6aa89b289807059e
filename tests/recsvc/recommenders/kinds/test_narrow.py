"""Fewer columns, the same products."""

from __future__ import annotations

import numpy as np
import pytest

from recsvc.recommenders.kinds.narrow import LOST, narrowed


def factors(seed: int, rows: int, columns: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def test_copies_of_a_model_in_other_bases_take_no_more_columns_than_one() -> None:
    """What seeds do, in its pure form: each a rotation of the same factors."""
    people, items = factors(1, 60, 4), factors(2, 90, 4)
    turns = [np.linalg.qr(factors(seed, 4, 4))[0] for seed in (3, 4, 5)]
    beside = [np.hstack([one @ turn for turn in turns]) for one in (people, items)]
    narrow = narrowed(*beside)
    assert narrow.items.shape == (90, 4)
    found = narrow.people(beside[0]) @ narrow.items.T
    np.testing.assert_allclose(found, beside[0] @ beside[1].T, rtol=1e-4, atol=1e-4)


def test_independent_columns_are_all_kept() -> None:
    people, items = factors(1, 60, 6), factors(2, 90, 6)
    narrow = narrowed(people, items)
    assert narrow.turn.shape == (6, 6)
    np.testing.assert_allclose(narrow.people(people) @ narrow.items.T, people @ items.T, atol=1e-4)


@pytest.mark.parametrize("faint", [1e-4, 1e-7])
def test_no_more_is_lost_than_allowed(faint: float) -> None:
    """A column that adds next to nothing goes, one that adds more than that stays."""
    people, items = factors(1, 60, 6), factors(2, 90, 6)
    items[:, -1] *= np.float32(faint)
    narrow = narrowed(people, items)
    assert len(narrow.turn) == (6 if faint**2 > LOST else 5)
    wanted = people @ items.T
    error = narrow.people(people).astype(np.float64) @ narrow.items.T - wanted
    assert (error**2).sum() <= 2 * LOST * (wanted**2).sum()


def test_people_of_whom_nothing_is_known_and_items_of_none_are_no_fault() -> None:
    narrow = narrowed(np.zeros((3, 4), dtype=np.float32), np.zeros((5, 4), dtype=np.float32))
    assert np.isfinite(narrow.items).all()
    assert np.isfinite(narrow.turn).all()
