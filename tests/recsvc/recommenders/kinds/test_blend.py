"""The blend: trusts the personal model where it was right, and says how far."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recsvc.data import Tables, read_tables
from recsvc.errors import BadData
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.evaluation.evaluate import estimates, per_user
from recsvc.recommenders.evaluation.splits import trial
from recsvc.recommenders.kinds import blend as blend_module
from recsvc.recommenders.kinds.blend import Blend, BlendParameters
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.kinds.trust import HALF_LIVES, USUAL, Choices, Trust, choices, learnt
from recsvc.recommenders.matrix import Matrix, Rows, matrix_of
from recsvc.recommenders.models import Model, parameters_for

DAY = 86_400
FEW = BlendParameters(factors=4, regularisation=1.0, iterations=5)
TRUST = Trust(2.0, 1.0, -0.3, 1.0, 0.5, 0.03, np.log(2), np.log(50))


def ones(items: np.ndarray) -> np.ndarray:
    return np.ones(len(items), dtype=np.float32)


def world(
    choose: Callable[[np.random.Generator, int, int], int], *, often: float = 1 / 3
) -> Matrix:
    """Thirty days of 150 people; `choose` says by day and person which of 60 items is met.

    The first 50 people have the part `often` of the events.
    """
    draw = np.random.default_rng(5)
    when = np.sort(draw.integers(0, 30 * DAY, 3000))
    who = np.where(
        draw.random(3000) < often, draw.integers(0, 50, 3000), draw.integers(50, 150, 3000)
    )
    met = [
        choose(draw, day, user)
        for day, user in zip((when // DAY).tolist(), who.tolist(), strict=True)
    ]
    return matrix_of(
        pd.DataFrame(
            {
                "user_id": [f"u{user}" for user in who.tolist()],
                "item_id": [f"i{item}" for item in met],
                "timestamp": when,
            }
        )
    )


def fashion(draw: np.random.Generator, day: int, _: int) -> int:
    """Everybody turns to the items of the day, and every day has two new ones."""
    return 2 * day + int(draw.integers(2))


def taste(draw: np.random.Generator, _: int, user: int) -> int:
    """People of each of three tastes keep to its twenty items, whatever the day."""
    return 20 * (user % 3) + int(draw.integers(20))


def fitted(matrix: Matrix, *, threads: int = 1) -> Blend:
    return Blend.fit(matrix, FEW, seed=7, threads=threads)


@pytest.fixture(scope="module")
def tasteful() -> Matrix:
    return world(taste)


@pytest.fixture(scope="module")
def blend(tasteful: Matrix) -> Blend:
    return fitted(tasteful)


def shares(model: Blend, matrix: Matrix) -> float:
    rows = [matrix.row(user) for user in range(len(matrix.users))]
    return float(np.mean([model.personal_share(row, ones(row)) for row in rows]))


def test_where_taste_rules_the_blend_is_personal_and_where_fashion_rules_it_is_not(
    blend: Blend, tasteful: Matrix
) -> None:
    fashionable = world(fashion)
    assert shares(blend, tasteful) > 0.8
    assert shares(fitted(fashionable), fashionable) < 0.3


def test_where_fashion_rules_the_items_of_the_last_day_come_first() -> None:
    matrix = world(fashion)
    model = fitted(matrix)
    assert model.trust.half_life_days == HALF_LIVES[0]
    newest = set(matrix.items.indices(["i58", "i59"]).tolist())
    for user in range(20):
        items = matrix.row(user)
        scores = model.score(items, ones(items))
        assert scores is not None
        assert set(np.argsort(-scores)[:2].tolist()) == newest


def test_people_who_can_be_foretold_are_trusted_further() -> None:
    """Those with many events have a taste of thirty items; those with few take what comes."""

    def choose(draw: np.random.Generator, _: int, user: int) -> int:
        return 30 * (user % 2) + int(draw.integers(30)) if user < 50 else int(draw.integers(60))

    few, many = fitted(world(choose, often=0.6)).trust.of_events(np.array([5, 20]))
    assert many > few + 0.2


def test_each_period_is_foretold_from_all_before_it_and_ends_where_the_next_begins(
    tasteful: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[Matrix, Rows]] = []

    def look(early: Matrix, late: Rows, _: Model) -> Choices | None:
        seen.append((early, late))
        return None

    monkeypatch.setattr(blend_module, "choices", look)
    fitted(tasteful)
    pairs = len(tasteful.times)
    assert len(seen) == FEW.periods
    until = tasteful.rows
    for early, late in seen:
        assert late.nnz == pytest.approx(pairs / 10, abs=2)
        assert (early.rows + late != until).nnz == 0
        assert early.times.max() <= np.sort(tasteful.times)[early.rows.nnz]
        until = early.rows


def test_people_are_taken_to_choose_from_what_they_have_not_met() -> None:
    """All of so few items are on offer: a person has as many lines as there are new ones."""
    matrix = world(lambda draw, _, user: 20 * (user % 2) + int(draw.integers(20)))
    late = (matrix.rows[::-1] - matrix.rows[::-1].multiply(matrix.rows)).tocsr()
    late.eliminate_zeros()
    told = choices(matrix, late, fitted(matrix))
    assert told is not None
    people = np.flatnonzero(np.diff(late.indptr))
    new = len(matrix.items) - np.diff(matrix.rows.indptr)[people]
    assert np.diff(np.append(told.starts, len(told.ever))).tolist() == new.tolist()
    np.testing.assert_allclose(np.add.reduceat(told.chosen, told.starts), 1, rtol=1e-5)


def test_the_share_tells_what_lifts_the_best_new_items_above_the_average(
    blend: Blend, tasteful: Matrix
) -> None:
    for user in range(20):
        items = tasteful.row(user)
        scores = blend.score(items, ones(items))
        assert scores is not None
        new = np.setdiff1d(np.argsort(-scores), items, assume_unique=True)
        top = new[np.argsort(-scores[new])][:10]
        popular = (blend.popular[top].mean() - blend.popular.mean()) / (
            scores[top].mean() - scores.mean()
        )
        expected = np.clip(1 - popular, 0, 1)
        assert blend.personal_share(items, ones(items)) == pytest.approx(expected, abs=1e-3)


def chosen_by(trust: Trust, people: int) -> Choices:
    """What people chose whose odds are those that the trust gives, each out of 40 items."""
    draw = np.random.default_rng(3)
    lines = people * 40
    personal = draw.exponential(0.2, lines).astype(np.float32)
    recent = draw.gamma(2, 1, (len(HALF_LIVES), lines)).astype(np.float32)
    ever = draw.gamma(3, 1, lines).astype(np.float32)
    length = np.repeat(draw.uniform(0.7, 4, people), 40).astype(np.float32)
    scores = (
        trust.now * recent[HALF_LIVES.index(trust.half_life_days)]
        + trust.ever * ever
        + (trust.level + trust.slope * (length - 2)) * np.log1p(personal / trust.softening)
    ).reshape(people, 40)
    best = (scores + draw.gumbel(size=scores.shape)).argmax(axis=1)
    chosen = (best[:, None] == np.arange(40)).astype(np.float32).reshape(-1)
    return Choices(personal, recent, ever, length, chosen, np.arange(people) * 40)


@pytest.mark.parametrize("softening", [0.01, 0.1])
def test_what_people_chose_by_is_found_from_their_choices(softening: float) -> None:
    truth = replace(TRUST, softening=softening)
    halves = [chosen_by(truth, 1500), chosen_by(truth, 1500)]
    found = learnt(halves)
    assert (found.half_life_days, found.softening) == (2.0, softening)
    np.testing.assert_allclose(found.array()[1:5], truth.array()[1:5], atol=0.1)


def test_the_usual_weighs_as_much_as_one_persons_choices() -> None:
    """Where the likelihood of the choices and the distance to what is usual, together, are best."""
    told = chosen_by(replace(TRUST, level=5.0, now=-3.0), 20)
    found = learnt([told])
    soft = np.log1p(told.personal / found.softening)
    recent = told.recent[HALF_LIVES.index(found.half_life_days)]
    columns = np.stack((recent, told.ever, soft, soft * (told.length - 2)), axis=1)

    def objective(weights: np.ndarray) -> float:
        scores = (columns @ weights).reshape(20, 40)
        log_odds = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return float(
            ((weights - USUAL) ** 2).sum() / 2 - log_odds[told.chosen.reshape(20, 40) > 0].sum()
        )

    weights = found.array()[1:5]
    steps = np.eye(4) * 1e-4
    slopes = [(objective(weights + step) - objective(weights - step)) / 2e-4 for step in steps]
    np.testing.assert_allclose(slopes, 0, atol=0.05)


def test_no_choices_leave_the_usual() -> None:
    assert tuple(learnt([]).array()[1:5]) == USUAL


def test_trust_moves_by_a_hair_with_a_further_event_and_not_beyond_what_was_seen() -> None:
    trust = TRUST.of_events(np.arange(1, 200))
    assert (np.diff(trust) >= 0).all()
    assert np.diff(trust).max() < 0.25
    assert (trust[48:] == trust[-1]).all()
    assert (replace(TRUST, level=-9.0).of_events(np.array([0, 9.5])) == 0).all()


@pytest.mark.parametrize("weights", [(1, 1, 1), (0.3, 1, 5)])
def test_reasons_and_popularity_add_up_to_the_score(
    blend: Blend, tasteful: Matrix, weights: tuple[float, ...]
) -> None:
    items = tasteful.items.indices(["i4", "i6", "i9"])
    heard = np.array(weights, dtype=np.float32)
    chosen = np.arange(len(tasteful.items), dtype=np.int32)
    scores = blend.score(items, heard)
    parts = blend.contributions(items, heard, chosen)
    assert scores is not None
    np.testing.assert_allclose(parts.sum(axis=1) + blend.popular, scores, rtol=2e-3, atol=5e-3)
    assert (parts.sum(axis=1) > 0.1).sum() >= 10


def test_many_rows_a_stored_person_and_a_fold_in_score_alike(
    blend: Blend, tasteful: Matrix
) -> None:
    together = blend.score_rows(tasteful.rows)
    for user in range(len(tasteful.users)):
        items = tasteful.row(user)
        alone, stored = blend.score(items, ones(items)), blend.score_known(user)
        assert alone is not None
        assert stored is not None
        assert alone.dtype == stored.dtype == np.float64
        np.testing.assert_allclose(alone, together[user], atol=1e-3)
        np.testing.assert_allclose(alone, stored, atol=1e-3)


def test_an_empty_row_has_no_personal_score(blend: Blend) -> None:
    nothing = np.empty(0, dtype=np.int32)
    assert blend.score(nothing, ones(nothing)) is None
    assert blend.personal_share(nothing, ones(nothing)) == 0


def test_the_number_of_threads_changes_nothing(blend: Blend, tasteful: Matrix) -> None:
    again = fitted(tasteful, threads=2).arrays()
    for name, array in blend.arrays().items():
        np.testing.assert_array_equal(array, again[name], err_msg=name)


def test_a_written_blend_is_the_same_after_loading(
    trained: Callable[..., Artifact], parity: Tables
) -> None:
    loaded = trained("blend").model
    matrix = matrix_of(parity.interactions)
    kept = Blend.fit(matrix, BlendParameters(), seed=7, threads=1)
    items = matrix.row(3)
    np.testing.assert_array_equal(kept.score(items, ones(items)), loaded.score(items, ones(items)))
    np.testing.assert_array_equal(kept.score_known(3), loaded.score_known(3))


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("blend_popular", lambda array: array[:-1]),
        ("blend_popular", lambda array: array * np.float32("nan")),
        ("blend_known", lambda array: array.astype(np.float64)),
        ("blend_trust", lambda array: array[:-1]),
        ("blend_trust", lambda array: array * np.nan),
        ("blend_trust", lambda array: -array),
        ("item_factors", lambda array: array[:-1]),
    ],
)
def test_arrays_that_cannot_be_right_are_refused(
    blend: Blend, tasteful: Matrix, name: str, wrong: Callable[[np.ndarray], np.ndarray]
) -> None:
    arrays = {**blend.arrays(), name: wrong(blend.arrays()[name])}
    with pytest.raises(ValueError, match=r"blend|trust|factors"):
        Blend.of(arrays, FEW, shape=tasteful.rows.shape)


def test_a_matrix_without_times_is_refused_with_what_to_do(tasteful: Matrix) -> None:
    timeless = Matrix(tasteful.users, tasteful.items, tasteful.rows)
    with pytest.raises(BadData, match="Train from events"):
        fitted(timeless)


def test_events_that_all_happened_at_once_leave_the_usual_trust(tasteful: Matrix) -> None:
    at_once = replace(tasteful, times=np.zeros(len(tasteful.times)))
    assert tuple(fitted(at_once).trust.array()[1:5]) == USUAL


def test_on_films_it_beats_als_and_popularity_for_the_same_people(real_data: pathlib.Path) -> None:
    """With a small ALS, for time; docs/blend.md has the figures of the usual one."""
    task = trial(read_tables(real_data / "movietweetings-140k").interactions, "global-time")
    small: dict[str, float] = {"factors": 16, "iterations": 5}
    kinds = {"blend": {**small, "periods": 1}, "als": small, "popularity": {}}
    reached = {}
    for kind, given in kinds.items():
        model = kind_of(kind)
        learned = model.fit(task.train, parameters_for(model, given), seed=42, threads=1)
        reached[kind] = per_user(learned, task)
    for other in ("als", "popularity"):
        ndcg = estimates(reached["blend"] - reached[other], bootstrap=200, seed=0)[0]
        assert ndcg.low > 0.02, other
