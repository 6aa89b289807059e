"""One suite for all kinds of models, on data whose right answer is known by eye."""

from __future__ import annotations

import importlib
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from implicit.recommender_base import ModelFitError

from recsvc.data import Tables
from recsvc.errors import BadInput, UnknownModel
from recsvc.recommenders.kinds import gpu
from recsvc.recommenders.kinds.folding import Folded
from recsvc.recommenders.kinds.named import KINDS, kind_of
from recsvc.recommenders.kinds.neighbours import Neighbours
from recsvc.recommenders.kinds.popularity import Popularity, PopularityParameters
from recsvc.recommenders.matrix import Matrix, matrix_of
from recsvc.recommenders.models import Model, Parameters, parameters_for

SMALL: dict[str, dict[str, Any]] = {
    "als": {"factors": 2, "regularisation": 1.0},
    "bpr": {"factors": 8, "learning_rate": 0.02, "iterations": 300},
    "lmf": {"factors": 2, "regularisation": 0.6},
    "popularity": {"half_life_days": 0.001},
    "ensemble": {"members": 2, "parameters": {"factors": 2, "regularisation": 1.0}},
}
STORED = ("als", "bpr", "lmf", "popularity", "ensemble")
"""Kinds that keep the scores of trained users ready."""


def settings_of(kind: str) -> Parameters:
    return parameters_for(kind_of(kind), SMALL.get(kind, {}))


def fitted(kind: str, matrix: Matrix, *, seed: int = 7, threads: int = 1) -> Model:
    return kind_of(kind).fit(matrix, settings_of(kind), seed=seed, threads=threads)


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


def test_stored_scores_of_a_known_person_are_those_of_a_fold_in(kind: str, matrix: Matrix) -> None:
    """A first event must change what the event says, not all that fold-in computes otherwise."""
    model = fitted(kind, matrix)
    for user in range(len(matrix.users)):
        items = matrix.row(user)
        folded, stored = model.score(items, ones(items)), model.score_known(user)
        assert folded is not None
        assert (stored is not None) == (kind in STORED)
        if stored is not None:
            np.testing.assert_allclose(folded, stored, atol=1e-5)


def test_the_number_of_threads_and_repetition_change_nothing(kind: str, matrix: Matrix) -> None:
    reference = fitted(kind, matrix, threads=1).arrays()
    for threads in (1, 2, 0):
        again = fitted(kind, matrix, threads=threads).arrays()
        assert reference.keys() == again.keys()
        for name, array in reference.items():
            np.testing.assert_array_equal(array, again[name], err_msg=name)


@pytest.mark.parametrize("kind", ["als", "bpr", "lmf"])
def test_another_seed_gives_other_factors(kind: str, matrix: Matrix) -> None:
    one, two = (fitted(kind, matrix, seed=seed).arrays()["item_factors"] for seed in (1, 2))
    assert not np.allclose(one, two)


def test_arrays_make_the_same_model_again(kind: str, matrix: Matrix) -> None:
    model = fitted(kind, matrix)
    again = kind_of(kind).of(model.arrays(), settings_of(kind), shape=matrix.rows.shape)
    items = matrix.row(3)
    np.testing.assert_array_equal(model.score(items, ones(items)), again.score(items, ones(items)))
    np.testing.assert_array_equal(model.score_rows(matrix.rows), again.score_rows(matrix.rows))


def with_nan(array: np.ndarray) -> np.ndarray:
    spoilt = array.copy()
    spoilt.flat[1] = np.nan
    return spoilt


def test_arrays_that_cannot_be_right_are_refused(kind: str, matrix: Matrix) -> None:
    arrays, shape = fitted(kind, matrix).arrays(), matrix.rows.shape
    for name, array in arrays.items():
        spoilt = [array[:-1], array[None]]
        if array.dtype.kind == "f":
            spoilt += [with_nan(array), array.astype(np.float16)]
        for wrong in spoilt:
            with pytest.raises(ValueError, match=r"."):
                kind_of(kind).of({**arrays, name: wrong}, settings_of(kind), shape=shape)
        with pytest.raises(KeyError):
            kind_of(kind).of(
                {other: arrays[other] for other in arrays if other != name},
                settings_of(kind),
                shape=shape,
            )


def test_the_heavier_of_two_events_decides(personal_kind: str, matrix: Matrix) -> None:
    model = fitted(personal_kind, matrix)
    both = matrix.items.indices(["i4", "i5"])
    for weights, rest in (((5, 0.05), 0), ((0.05, 5), 1)):
        scores = model.score(both, np.array(weights, dtype=np.float32))
        assert scores is not None
        scores[[*both, matrix.items.index["i0"]]] = -np.inf
        best = np.argsort(-scores)[:6]
        assert {int(matrix.items.ids[item][1:]) % 2 for item in best} == {rest}


def same_for_everybody(model: Model) -> np.ndarray | float:
    """What a score has that nothing of the person adds: the bias of the item."""
    return model.item_factors[:, -1] if isinstance(model, Folded) else 0.0


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
    assert parts.shape == (len(chosen), len(items))
    related = parts.sum(axis=1) != 0
    own = (scores - same_for_everybody(model))[related]
    np.testing.assert_allclose(parts.sum(axis=1)[related], own, rtol=2e-3, atol=1e-4)
    assert related.any()


def test_popularity_has_no_reason_in_the_person(matrix: Matrix) -> None:
    items = matrix.row(3)
    assert fitted("popularity", matrix).contributions(items, ones(items), items) is None


def test_popularity_counts_distinct_users(parity: Tables) -> None:
    doubled = parity.interactions.iloc[[*range(len(parity.interactions)), 5, 5, 5]]
    matrix = matrix_of(doubled)
    plain = Popularity.fit(matrix, PopularityParameters(), seed=0, threads=1)
    scores = plain.score(np.empty(0, dtype=np.int32), np.empty(0))
    assert scores is not None
    met = doubled.groupby("item_id")["user_id"].nunique()
    assert dict(zip(matrix.items.ids, scores, strict=True)) == met.to_dict()
    assert matrix.items.ids[int(scores.argmax())] == "i0"


def test_popularity_halves_with_every_half_life_since_a_users_last_event() -> None:
    """Two days ago three people met i0; one met i1 a day ago, and another met it twice just now."""
    day = 86_400
    events = [("a", "i0", 0), ("b", "i0", 0), ("c", "i0", 0), ("a", "i1", day)]
    events += [("b", "i1", 0), ("b", "i1", 2 * day)]
    matrix = matrix_of(pd.DataFrame(events, columns=["user_id", "item_id", "timestamp"]))
    order = matrix.items.indices(["i0", "i1"])

    def scores(days: float) -> list[float]:
        settings = PopularityParameters(half_life_days=days)
        model = Popularity.fit(matrix, settings, seed=0, threads=1)
        assert model.arrays()["popularity"][order].tolist() == [3, 2], "counts are kept as they are"
        return model.scores[order].tolist()

    assert scores(1) == [0.75, 1.5]
    assert scores(2) == pytest.approx([1.5, 1 + 0.5**0.5])
    assert scores(1e5) == pytest.approx([3, 2], rel=1e-4)


def test_similarities_are_those_of_the_papers_formulas(matrix: Matrix) -> None:
    met = matrix.rows.toarray().astype(float)
    rarely = np.log(met.shape[1] / (1 + met.sum(axis=1)))[:, None]
    users = met.sum(axis=0)
    k1, b = 3.0, 0.4
    damped = (k1 + 1) / (k1 * (1 - b + b * users / users.mean()) + 1)
    weighted = {"cosine": met, "tfidf": met * rarely, "bm25": met * rarely * damped}
    for kind, pairs in weighted.items():
        lengths = 1.0 if kind == "bm25" else np.linalg.norm(pairs, axis=0)
        wanted = (pairs / lengths).T @ (pairs / lengths)
        given = {"neighbours": 20, **({"k1": k1, "b": b} if kind == "bm25" else {})}
        settings = parameters_for(kind_of(kind), given)
        model = kind_of(kind).fit(matrix, settings, seed=0, threads=1)
        assert isinstance(model, Neighbours)
        np.testing.assert_allclose(model.similarity.toarray(), wanted, rtol=1e-5, atol=1e-9)


def test_a_user_who_says_nothing_spoils_no_similarity() -> None:
    """Who met all items but one weighs 0 in TF-IDF: what nobody else met has no length."""
    events = [("u", f"i{n}", n) for n in (1, 2, 3)]
    events += [(f"v{n}", f"i{m}", n) for n in range(3) for m in (0, 1)]
    matrix = matrix_of(pd.DataFrame(events, columns=["user_id", "item_id", "timestamp"]))
    for kind in ("cosine", "tfidf", "bm25"):
        model = fitted(kind, matrix)
        assert np.isfinite(model.arrays()["similarity_data"]).all()
        items = matrix.items.indices(["i0"])
        scores = model.score(items, ones(items))
        assert scores is not None
        assert np.isfinite(scores).all()
        scores[items] = -np.inf
        assert matrix.items.ids[int(scores.argmax())] == "i1"


@pytest.mark.parametrize("kind", ["bpr", "lmf"])
def test_the_item_that_everybody_has_is_the_one_that_all_are_told_to_like(
    kind: str, matrix: Matrix
) -> None:
    model = fitted(kind, matrix)
    assert isinstance(model, Folded)
    assert matrix.items.ids[int(model.item_factors[:, -1].argmax())] == "i0"
    assert (model.user_factors[:, -1] == 1).all()


@pytest.mark.parametrize("kind", ["bpr", "lmf"])
def test_steps_too_long_to_end_anywhere_are_told(kind: str, matrix: Matrix) -> None:
    model = kind_of(kind)

    class Diverging:
        def __init__(self, **_: object) -> None:
            pass

        def fit(self, *_: object, **__: object) -> None:
            raise ModelFitError("NaN encountered in factors")

    with pytest.MonkeyPatch.context() as patch:
        names = {"bpr": "BayesianPersonalizedRanking", "lmf": "LogisticMatrixFactorization"}
        patch.setattr(f"recsvc.recommenders.kinds.{kind}.{names[kind]}", Diverging)
        with pytest.raises(BadInput, match="lower learning_rate"):
            model.fit(matrix, settings_of(kind), seed=0, threads=1)


@pytest.mark.parametrize(
    ("kind", "name"), [("als", "AlternatingLeastSquares"), ("bpr", "BayesianPersonalizedRanking")]
)
def test_what_a_gpu_trained_is_served_from_the_cpu(
    kind: str, name: str, matrix: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stands in for implicit's solvers on a device, whose factors are there until asked for, and
    whose ALS forgets alpha when it trains."""
    model = kind_of(kind)
    settings = msgspec.structs.replace(
        settings_of(kind), **({"alpha": 3.0} if kind == "als" else {})
    )
    reference = model.fit(matrix, settings, seed=7, threads=1).arrays()
    module = importlib.import_module(f"recsvc.recommenders.kinds.{kind}")
    on_cpu = getattr(module, name)

    class OnDevice:
        def __init__(self, **settings: Any) -> None:
            self._settings = {**settings, "use_gpu": False}
            self._trained = on_cpu(**(self._settings | ({"alpha": 1.0} if kind == "als" else {})))

        def fit(self, rows: Any, *, show_progress: bool) -> None:
            self._trained.fit(rows, show_progress=show_progress)

        def to_cpu(self) -> Any:
            found = on_cpu(**self._settings)
            for factors in ("user_factors", "item_factors"):
                setattr(found, factors, getattr(self._trained, factors))
            return found

    def solver(**settings: Any) -> Any:
        return OnDevice(**settings) if settings["use_gpu"] else on_cpu(**settings)

    monkeypatch.setattr(gpu, "PRESENT", True)
    monkeypatch.setattr(module, name, solver)
    trained = model.fit(matrix, settings, seed=7, threads=1).arrays()
    for part, array in reference.items():
        np.testing.assert_allclose(trained[part], array, rtol=1e-5, atol=1e-7)


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
    told = "als, bpr, lmf, cosine, tfidf, bm25, popularity"
    with pytest.raises(UnknownModel, match=told):
        kind_of("crystal-ball")


def test_every_faulty_parameter_is_named() -> None:
    with pytest.raises(BadInput) as raised:
        parameters_for(KINDS["als"], {"factors": 0, "alpha": "x", "depth": 3})  # type: ignore[dict-item]
    assert [fault.field for fault in raised.value.faults] == ["factors", "alpha", "depth"]
    assert "it has: factors, regularisation, alpha, iterations" in raised.value.detail
