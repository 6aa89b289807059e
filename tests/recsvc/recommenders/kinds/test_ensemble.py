"""Several models averaged: the mean of their scores on one scale, at the cost of one scan."""

from __future__ import annotations

import numpy as np
import pytest

from recsvc.data import Tables
from recsvc.errors import BadInput
from recsvc.recommenders.artifacts.manifest import Manifest
from recsvc.recommenders.kinds.als import Als, AlsParameters
from recsvc.recommenders.kinds.ensemble import Ensemble, EnsembleParameters, seed_of
from recsvc.recommenders.matrix import Floats, Matrix, matrix_of
from recsvc.recommenders.training.recipe import recipe

EACH = AlsParameters(factors=3, regularisation=1.0)
THREE = EnsembleParameters(3, EACH)


@pytest.fixture(scope="module")
def matrix(parity: Tables) -> Matrix:
    return matrix_of(parity.interactions)


@pytest.fixture(scope="module")
def three(matrix: Matrix) -> Ensemble:
    """Of members whose scores differ in size by hundreds, as nothing keeps them from."""
    learnt = Ensemble.fit(matrix, THREE, seed=5, threads=1)
    members = []
    for member, size in zip(learnt.members, (1.0, 20.0, 0.05), strict=True):
        arrays = {name: array * np.float32(size) for name, array in member.arrays().items()}
        members.append(Als.of(arrays, EACH, shape=matrix.rows.shape))
    return Ensemble.joined(members, THREE)


def averaged(scores: list[np.ndarray]) -> np.ndarray:
    """By hand: each over its standard deviation, their mean times the mean of these."""
    spreads = [float(one.std()) for one in scores]
    scaled = [one / spread for one, spread in zip(scores, spreads, strict=True)]
    return np.mean(scaled, axis=0) * np.mean(spreads)


def rows() -> list[tuple[np.ndarray, Floats]]:
    chosen = [([4, 6, 9], [1, 1, 1]), ([2], [1]), ([1, 3, 5, 7], [0.3, 2, 1, 40])]
    return [(np.array(i, dtype=np.int32), np.array(w, dtype=np.float32)) for i, w in chosen]


def test_a_score_is_the_mean_of_the_members_scores_by_hand(three: Ensemble) -> None:
    for items, weights in rows():
        wanted = averaged([member.score(items, weights) for member in three.members])
        found = three.score(items, weights)
        assert found is not None
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


def test_the_scores_of_a_known_person_are_so_too(three: Ensemble) -> None:
    for user in range(20):
        wanted = averaged([member.score_known(user) for member in three.members])
        found = three.score_known(user)
        np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=1e-4 * np.abs(wanted).max())


def test_no_member_counts_for_more_because_its_factors_are_larger(three: Ensemble) -> None:
    """A plain sum would be the second member alone."""
    items, weights = rows()[0]
    found = three.score(items, weights)
    shares = [np.corrcoef(found, one.score(items, weights))[0, 1] for one in three.members]
    assert min(shares) > 0.5


def test_members_are_the_models_of_their_seeds_and_the_first_is_the_model_alone(
    matrix: Matrix,
) -> None:
    ensemble = Ensemble.fit(matrix, THREE, seed=5, threads=1)
    seeds = [seed_of(5, number) for number in range(3)]
    assert seeds[0] == 5
    assert len({*seeds, *(seed_of(6, number) for number in range(3))}) == 6
    for member, seed in zip(ensemble.members, seeds, strict=True):
        alone = Als.fit(matrix, EACH, seed=seed, threads=1)
        np.testing.assert_array_equal(member.item_factors, alone.item_factors)
        np.testing.assert_array_equal(member.user_factors, alone.user_factors)


def test_members_look_at_the_ensembles_own_memory(three: Ensemble) -> None:
    """Mapped once and shared by all workers; a copy would be each worker's own."""
    for member in three.members:
        for mine, held in zip(
            (member.user_factors, member.item_factors), three.beside, strict=True
        ):
            assert np.shares_memory(mine, held)
        assert np.shares_memory(member.solver.item_factors, three.beside[1])


def test_an_ensemble_of_one_scores_as_that_one(matrix: Matrix) -> None:
    one = Ensemble.fit(matrix, EnsembleParameters(1, EACH), seed=5, threads=1)
    alone = Als.fit(matrix, EACH, seed=5, threads=1)
    items, weights = rows()[2]
    np.testing.assert_allclose(one.score(items, weights), alone.score(items, weights), rtol=1e-4)


def test_wrong_arrays_are_refused(three: Ensemble, matrix: Matrix) -> None:
    arrays = dict(three.arrays())
    for name, array in arrays.items():
        broken = array.copy()
        broken[-1, -1] = np.nan
        for wrong in (broken, array[:, :-1], array[:-1], array.astype(np.float64)):
            with pytest.raises(ValueError, match="factors"):
                Ensemble.of({**arrays, name: wrong}, THREE, shape=matrix.rows.shape)


@pytest.mark.parametrize("kind", ["cosine", "popularity", "bpr"])
def test_what_is_no_als_is_refused(kind: str) -> None:
    with pytest.raises(BadInput, match=f"--ensemble does not go with {kind}"):
        recipe(kind, {}, 3, None)


@pytest.mark.parametrize("members", [0, 17, -1])
def test_so_is_a_number_of_members_that_cannot_be(members: int) -> None:
    with pytest.raises(BadInput, match="1 to 16 members"):
        recipe("als", {}, members, None)


def test_parameters_given_are_those_of_each_member() -> None:
    kind, chosen = recipe("als", {"factors": 5, "alpha": 2.0}, 4, None)
    assert kind is Ensemble
    assert chosen == EnsembleParameters(4, AlsParameters(factors=5, alpha=2.0))


def test_a_faulty_one_is_named() -> None:
    with pytest.raises(BadInput) as raised:
        recipe("ensemble", {"factors": 0, "depth": 3}, None, None)
    assert [fault.field for fault in raised.value.faults] == ["factors", "depth"]


def manifest(kind: str, parameters: dict[str, object]) -> Manifest:
    empty: dict[str, object] = dict.fromkeys(Manifest.__struct_fields__, 0)
    return Manifest(**(empty | {"kind": kind, "parameters": parameters}))  # type: ignore[arg-type]


def test_what_is_not_given_comes_from_an_earlier_model_of_the_same_kind_alone() -> None:
    als = manifest("als", {"factors": 7, "alpha": 3.0})
    assert recipe("als", {"alpha": 1.5}, None, als)[1] == AlsParameters(factors=7, alpha=1.5)
    assert recipe("als", {}, 2, als)[1] == EnsembleParameters(2, AlsParameters(factors=7, alpha=3))
    cosine = manifest("cosine", {"neighbours": 5})
    assert recipe("als", {}, None, cosine)[1] == AlsParameters()
    both = manifest("ensemble", {"members": 5, "parameters": {"factors": 7}})
    seven = AlsParameters(factors=7)
    assert recipe("ensemble", {}, None, both)[1] == EnsembleParameters(5, seven)
    assert recipe("ensemble", {}, 2, both)[1] == EnsembleParameters(2, seven)
    assert recipe("als", {}, None, both)[1] == seven
