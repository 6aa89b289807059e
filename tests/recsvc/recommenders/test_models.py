"""One suite for all kinds of models, on data whose right answer is known by eye."""

from __future__ import annotations

import numpy as np
import pytest

from recsvc.data import Tables
from recsvc.errors import BadInput, UnknownModel
from recsvc.recommenders.kinds import KINDS, kind_of
from recsvc.recommenders.matrix import Matrix, matrix_of
from recsvc.recommenders.models import Model, parameters_for

SMALL = {"als": {"factors": 2, "regularisation": 1.0}}


def fitted(kind: str, matrix: Matrix, *, seed: int = 7, threads: int = 1) -> Model:
    model = kind_of(kind)
    parameters = parameters_for(model, SMALL.get(kind, {}))
    return model.fit(matrix, parameters, seed=seed, threads=threads)


@pytest.fixture(scope="module")
def matrix(parity: Tables) -> Matrix:
    return matrix_of(parity.interactions)


def ones(items: np.ndarray) -> np.ndarray:
    return np.ones(len(items), dtype=np.float32)


def test_an_even_person_gets_the_even_item_that_is_missing(
    personal_kind: str, matrix: Matrix
) -> None:
    model = fitted(personal_kind, matrix)
    for user, name in enumerate(matrix.users.ids):
        if name == "u0":
            continue  # has every even item
        items = matrix.row(user)
        scores = model.score(items, ones(items))
        assert scores is not None
        scores[items] = -np.inf
        assert matrix.items.ids[int(scores.argmax())] == f"i{name[1:]}"


def test_scores_of_many_are_the_scores_of_each(kind: str, matrix: Matrix) -> None:
    model = fitted(kind, matrix)
    together = model.score_rows(matrix.rows)
    for user in range(len(matrix.users)):
        items = matrix.row(user)
        alone = model.score(items, ones(items))
        assert alone is not None
        assert alone.dtype == np.float64
        np.testing.assert_allclose(alone, together[user], rtol=1e-4, atol=1e-6)


def test_stored_scores_of_a_known_person_are_those_of_a_fold_in(matrix: Matrix) -> None:
    """A first event must change what the event says, not all that fold-in computes otherwise."""
    model = fitted("als", matrix)
    for user in range(len(matrix.users)):
        items = matrix.row(user)
        folded, stored = model.score(items, ones(items)), model.score_known(user)
        assert folded is not None
        assert stored is not None
        np.testing.assert_allclose(folded, stored, atol=1e-6)


def test_the_number_of_threads_and_repetition_change_nothing(kind: str, matrix: Matrix) -> None:
    reference = fitted(kind, matrix, threads=1).arrays()
    for threads in (1, 2, 0):
        again = fitted(kind, matrix, threads=threads).arrays()
        assert reference.keys() == again.keys()
        for name, array in reference.items():
            np.testing.assert_array_equal(array, again[name], err_msg=name)


def test_another_seed_gives_other_factors(matrix: Matrix) -> None:
    one, two = (fitted("als", matrix, seed=seed).arrays()["item_factors"] for seed in (1, 2))
    assert not np.allclose(one, two)


def test_arrays_make_the_same_model_again(kind: str, matrix: Matrix) -> None:
    model = fitted(kind, matrix)
    parameters = parameters_for(kind_of(kind), SMALL.get(kind, {}))
    again = kind_of(kind).of(model.arrays(), parameters, shape=matrix.rows.shape)
    items = matrix.row(3)
    np.testing.assert_array_equal(model.score(items, ones(items)), again.score(items, ones(items)))


@pytest.mark.parametrize("weights", [(1, 1, 1), (0.3, 1, 5), (0.3, 0.2, 40)])
def test_contributions_add_up_to_the_score(
    personal_kind: str, matrix: Matrix, weights: tuple[float, ...]
) -> None:
    """What is given as the reason is the whole truth: the parts sum to the score shown."""
    model = fitted(personal_kind, matrix)
    items = matrix.items.indices(["i4", "i6", "i9"])
    heard = np.array(weights, dtype=np.float32)
    scores = model.score(items, heard)
    chosen = np.arange(len(matrix.items), dtype=np.int32)
    parts = model.contributions(items, heard, chosen)
    assert scores is not None
    assert parts is not None
    related = parts.sum(axis=1) != 0
    np.testing.assert_allclose(parts.sum(axis=1)[related], scores[related], rtol=2e-3, atol=1e-4)
    assert related.any()


def test_popularity_counts_distinct_users(parity: Tables) -> None:
    doubled = parity.interactions.iloc[[*range(len(parity.interactions)), 5, 5, 5]]
    matrix = matrix_of(doubled)
    scores = fitted("popularity", matrix).score(np.empty(0, dtype=np.int32), np.empty(0))
    assert scores is not None
    met = doubled.groupby("item_id")["user_id"].nunique()
    assert dict(zip(matrix.items.ids, scores, strict=True)) == met.to_dict()
    assert matrix.items.ids[int(scores.argmax())] == "i0"


def test_nobodys_neighbours_rank_below_all_neighbours_and_by_popularity(matrix: Matrix) -> None:
    cosine = kind_of("cosine")
    model = cosine.fit(matrix, parameters_for(cosine, {"neighbours": 2}), seed=0, threads=1)
    item = matrix.items.indices(["i3"])
    scores = model.score(item, ones(item))
    parts = model.contributions(item, ones(item), np.arange(20, dtype=np.int32))
    assert scores is not None
    assert parts is not None
    near = parts[:, 0] > 0
    assert 0 < near.sum() < 20
    assert scores[near].min() > scores[~near].max() > 0
    popular = model.arrays()["popularity"][~near]
    assert (np.diff(scores[~near][np.argsort(popular, kind="stable")]) >= 0).all()


def test_nothing_known_of_a_person_gives_no_personal_scores(
    personal_kind: str, matrix: Matrix
) -> None:
    nothing = np.empty(0, dtype=np.int32)
    assert fitted(personal_kind, matrix).score(nothing, ones(nothing)) is None


def test_an_unknown_model_is_told_with_those_there_are() -> None:
    with pytest.raises(UnknownModel, match="als, cosine, popularity"):
        kind_of("bpr")


def test_every_faulty_parameter_is_named() -> None:
    with pytest.raises(BadInput) as raised:
        parameters_for(KINDS["als"], {"factors": 0, "alpha": "x", "depth": 3})  # type: ignore[dict-item]
    assert [fault.field for fault in raised.value.faults] == ["factors", "alpha", "depth"]
    assert "it has: factors, regularisation, alpha, iterations" in raised.value.detail
