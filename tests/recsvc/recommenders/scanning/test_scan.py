"""Shorter ways through a catalogue find what sorting everything would."""

from __future__ import annotations

from collections.abc import Callable, Collection

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.preparation.eligibility import Gone, Outside
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.matrix import Floats
from recsvc.recommenders.scanning import scan as scans
from recsvc.recommenders.scanning.eligible import Eligible, Lookup
from recsvc.recommenders.scanning.scan import Factored, Lengths, Scan
from recsvc.recommenders.scanning.scored import ByFactors
from recsvc.recommenders.vocabulary import Indices, Vocabulary

NAMES = Vocabulary(tuple(f"i{n}" for n in range(2_000)))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits at which a catalogue of 2,000 is a big one."""
    monkeypatch.setattr(scans, "HEAD", 600)
    monkeypatch.setattr(scans, "FIRST", 150)
    monkeypatch.setattr(scans, "BESIDE", 100)
    monkeypatch.setattr(scans, "SMALL", 100)


class Sighted:
    """An index that finds what it may: the best but those of `blind`, however many are wanted."""

    def __init__(self, factors: Floats, blind: Collection[int] = (), coarse: bool = False) -> None:
        self.factors, self.blind, self.coarse = factors, np.array(list(blind), int), coarse
        self.asked: list[int] = []

    def search(self, person: Floats, n: int) -> Indices:
        self.asked.append(n)
        scores = self.factors @ person
        scores[self.blind] = -np.inf
        return np.argsort(-scores)[:n].astype(np.int32)


def drawn(seed: int, spread: float) -> tuple[Floats, Floats]:
    """Factors of 2,000 items whose lengths are spread so far, and of a person."""
    random = np.random.default_rng(seed)
    lengths = random.lognormal(0, spread, (len(NAMES), 1))
    factors = (random.normal(size=(len(NAMES), 8)) * lengths).astype(np.float32)
    return factors, random.normal(size=8).astype(np.float32)


def sorted_all(
    scores: npt.NDArray[np.float32], n: int, gone: Collection[str], only: Collection[str] | None
) -> list[int]:
    order = np.lexsort((np.arange(len(scores)), -scores)).tolist()
    able = [i for i in order if NAMES.ids[i] not in gone]
    return [i for i in able if only is None or NAMES.ids[i] in only][:n]


Ways = Callable[[Floats], Scan]
WAYS: dict[str, Ways] = {
    "whole": Scan,
    "by length": Scan.of,
    "by index": lambda factors: Scan(factors, index=Sighted(factors)),
    "by length or index": lambda factors: Scan.of(factors, Sighted(factors)),
}


@pytest.mark.parametrize("way", WAYS)
@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.0, 0.7, 2.5]),
    n=st.sampled_from([1, 10, 100, 300]),
    ruled=st.sampled_from(["nothing", "the best", "many", "most", "but few", "all"]),
)
def test_every_way_gives_the_true_best_of_what_may_be_offered(
    way: str, seed: int, spread: float, n: int, ruled: str
) -> None:
    factors, person = drawn(seed, spread)
    random = np.random.default_rng(seed)
    scan = WAYS[way](factors)
    scores = scan.exact(person, np.arange(len(factors), dtype=np.int32))
    order = [NAMES.ids[i] for i in np.argsort(-scores)]
    shares = {"nothing": 0, "the best": 0, "many": 0.3, "most": 0.93, "but few": 0.99, "all": 1}
    keep = random.random(len(NAMES)) >= shares[ruled]
    only = None if shares[ruled] == 0 else frozenset(np.array(NAMES.ids)[keep].tolist())
    gone = frozenset(order[:40]) if ruled == "the best" else frozenset(order[5:7])
    outside = None if only is None else Outside(only, lambda: NAMES.ids)
    eligible = Lookup(NAMES).eligible(Gone(excluded=gone, outside=outside))
    found = scan.best(person, n, eligible)
    assert found.tolist() == sorted_all(scores, n, gone, only)


@pytest.mark.parametrize("way", WAYS)
def test_equal_items_come_in_their_own_order(way: str) -> None:
    factors, person = drawn(3, 1.0)
    factors[:] = factors[np.arange(len(factors)) % 50]  # each forty times
    scan = WAYS[way](factors)
    scores = scan.exact(person, np.arange(len(factors), dtype=np.int32))
    assert scan.best(person, 100, Eligible()).tolist() == sorted_all(scores, 100, (), None)


def test_few_are_looked_at_where_few_are_long() -> None:
    factors, person = drawn(1, 2.5)
    assert Scan.of(factors).reaches(person, 10)
    assert not Scan.of(drawn(1, 0.0)[0]).reaches(person, 10)


def test_nobody_is_missed_among_products_that_differ_by_rounding_alone() -> None:
    """The longest of all is worth less than many that are shorter by a hair."""
    random = np.random.default_rng(0)
    person = np.full(8, 0.5, np.float32)
    factors = np.tile(person, (len(NAMES), 1)) * np.float32(1 - 1e-7)
    factors += random.normal(size=factors.shape).astype(np.float32) * np.float32(1e-7)
    scan = Scan.of(factors)
    scores = scan.exact(person, np.arange(len(factors), dtype=np.int32))
    assert scan.best(person, 50, Eligible()).tolist() == sorted_all(scores, 50, (), None)


def test_a_score_does_not_depend_on_what_else_is_asked_for() -> None:
    factors, person = drawn(5, 1.0)
    scored = ByFactors(Scan.of(factors), person)
    best = scored.best(101, Eligible())
    alone = np.concatenate([scored.of(best[n : n + 1]) for n in range(len(best))])
    np.testing.assert_array_equal(scored.of(best), alone)
    np.testing.assert_allclose(scored.everything()[best], alone, rtol=1e-4)


def test_an_index_is_asked_for_more_until_enough_may_be_offered() -> None:
    factors, person = drawn(2, 0.0)
    index = Sighted(factors)
    scan = Scan(factors, index=index)
    scores = scan.exact(person, np.arange(len(factors), dtype=np.int32))
    gone = [NAMES.ids[i] for i in np.argsort(-scores)[:200]]
    found = scan.best(person, 10, Lookup(NAMES).eligible(gone))
    assert found.tolist() == sorted_all(scores, 10, gone, None)
    assert index.asked == [84, 336]


def test_the_longest_are_looked_at_beside_a_coarse_index() -> None:
    factors, person = drawn(4, 0.5)
    longest = np.argsort(-np.linalg.norm(factors, axis=1))[:100]
    true = Scan(factors).best(person, 20, Eligible()).tolist()
    blind = Sighted(factors, blind=longest.tolist())
    scan = Scan(factors, Lengths.of(factors), blind)
    assert set(true) & set(longest.tolist()), "else this shows nothing"
    assert not scan.reaches(person, 20)
    assert scan.best(person, 20, Eligible()).tolist() != true
    blind.coarse = True
    assert scan.best(person, 20, Eligible()).tolist() == true


@pytest.mark.parametrize("length", [0.0, np.inf, np.nan])
def test_a_person_without_a_direction_gets_items_all_the_same(length: float) -> None:
    factors, _ = drawn(6, 1.0)
    scan = Scan.of(factors)
    person = np.full(8, length, np.float32)
    assert scan.can_score(person) == (length == 0.0)
    if length == 0.0:
        assert scan.best(person, 3, Eligible()).tolist() == [0, 1, 2]


def test_what_is_looked_up_once_is_what_is_looked_up_each_time() -> None:
    """Many withdrawn items are kept at hand, a few are not: nobody can tell."""
    withdrawn = frozenset(NAMES.ids[:1_000:3])
    lookup = Lookup(NAMES)
    for _ in range(2):
        kept = lookup.eligible(Gone(withdrawn=withdrawn, dismissed=frozenset(["i1", "x"])))
        each = lookup.eligible({*withdrawn, "i1", "x"})
        assert (kept.standing is not None, each.standing) == (True, None)
        assert [i in kept for i in range(2_000)] == [i in each for i in range(2_000)]
        every = np.arange(2_000, dtype=np.int32)
        assert kept.among(every).tolist() == each.among(every).tolist()


def test_a_model_that_tells_factors_scores_by_them(
    trained: Callable[..., Artifact], personal_kind: str
) -> None:
    """Else the shorter ways would find the best of something else."""
    model = trained(personal_kind).model
    if not isinstance(model, Factored):
        assert not hasattr(model, "person"), "half of what it takes is a fault"
        return
    items, weights = np.array([3, 8], np.int32), np.array([1.0, 2.0], np.float32)
    person, scores = model.person(items, weights), model.score(items, weights)
    assert person is not None
    assert scores is not None
    np.testing.assert_allclose(model.item_factors @ person, scores, rtol=1e-4, atol=1e-6)
    known, ready = model.person_known(4), model.score_known(4)
    assert (known is None) == (ready is None)
    if known is not None and ready is not None:
        np.testing.assert_allclose(model.item_factors @ known, ready, rtol=1e-4, atol=1e-6)
