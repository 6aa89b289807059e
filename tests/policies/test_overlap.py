"""Rankings compared from the top: published values, definitions, and what bad input is told."""

from __future__ import annotations

import random
from typing import Any

import pytest
from rbo_by_definition import (
    Ranking,
    agreement,
    even_rbo_tied,
    mean_over_orders,
    rbo_by_definition,
)

from policies.overlap import TREATMENTS, Ties, average_overlap, rbo, rbo_tied, rbo_truncated

# Six comparisons by the authors' own programme (Corsi and Urbano, SIGIR 2024, their test data),
# where the letters stand for other names: patience, then the values of w, a and b.
PUBLISHED: list[tuple[str, str, float, tuple[float, float, float]]] = [
    ("c aeg i", "ai g c d", 0.930093081332594, (0.697096710, 0.678580739, 0.684614956)),
    ("b e c ad", "e h b ci", 0.968922741966306, (0.580287544, 0.580994269, 0.583518285)),
    ("cf bg j", "cfgj ab", 0.965413635276732, (0.946064538, 0.920515345, 0.956844652)),
    ("ghik a", "abej cg", 0.915183282098296, (0.274548419, 0.263952908, 0.266654845)),
    ("c aefd", "defghj", 0.978453594913787, (0.574466120, 0.548375369, 0.566079505)),
    ("dg lmp", "behr kl j d m i ac q", 0.939143311444625, (0.250465563, 0.214773978, 0.217392246)),
]


def tied(ranking: str | Ranking) -> list[str | tuple[str, ...]]:
    """Words are ties: "a bc" is a, then b and c tied."""
    words = ranking.split() if isinstance(ranking, str) else ranking
    return [word if len(word) == 1 else tuple(word) for word in words]


def random_ranking(rng: random.Random, most: int = 6, length: int | None = None) -> list[str]:
    items = rng.sample("abcdefgh", length or rng.randint(1, most))
    ranking: list[str] = []
    while items:
        size = rng.choice([1, 1, 2, 3])
        ranking.append("".join(items[:size]))
        items = items[size:]
    return ranking


def length(ranking: Ranking) -> int:
    return len("".join(ranking))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("abcdefg", "bacdefg", 0.9),
        ("1234567", "13245768", 0.9451585),
        ("abcdefghij", "abcdefghij", 1.0),
        ("abc", "xyz", 0.0),
        ("", "", 1.0),
        ("", "abc", 0.0),
    ],
)
def test_extrapolated_rbo_has_its_published_values(
    before: str, after: str, expected: float
) -> None:
    assert rbo(before, after) == pytest.approx(expected, abs=1e-12)
    assert rbo(after, before) == pytest.approx(expected, abs=1e-12)
    for ties in TREATMENTS:
        assert rbo_tied(before, after, ties=ties) == pytest.approx(expected, abs=1e-12)
        assert rbo_tied(after, before, ties=ties) == pytest.approx(expected, abs=1e-12)


def test_extrapolated_rbo_agrees_with_its_definition_on_random_lists() -> None:
    rng = random.Random(3)
    for _ in range(500):
        items = list("abcdefghijklmnop")
        one, two = (rng.sample(items, rng.randint(1, 12)) for _ in range(2))
        p = rng.choice([0.5, 0.9, 0.98])
        assert rbo(one, two, p) == pytest.approx(rbo_by_definition(one, two, p), abs=1e-12)


def test_without_ties_every_treatment_is_rbo() -> None:
    rng = random.Random(4)
    for _ in range(300):
        one, two = (rng.sample("abcdefghijkl", rng.randint(0, 9)) for _ in range(2))
        p = rng.choice([0.5, 0.9, 0.98])
        for ties in TREATMENTS:
            assert rbo_tied(one, two, p, ties) == pytest.approx(rbo(one, two, p), abs=1e-12)
            alone = [(item,) for item in two]
            assert rbo_tied(one, alone, p, ties) == rbo_tied(one, two, p, ties)


@pytest.mark.parametrize(("before", "after", "p", "expected"), PUBLISHED)
def test_rbo_with_ties_has_its_published_values(
    before: str, after: str, p: float, expected: tuple[float, float, float]
) -> None:
    found = [rbo_tied(tied(before), tied(after), p, ties) for ties in TREATMENTS]
    assert found == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("ties", TREATMENTS)
def test_rankings_of_one_length_agree_with_the_definition(ties: Ties) -> None:
    rng = random.Random(5)
    for _ in range(150):
        size = rng.randint(1, 6)
        one, two = (random_ranking(rng, length=size) for _ in range(2))
        p = rng.choice([0.5, 0.9, 0.98])
        expected = even_rbo_tied(one, two, p, ties)
        assert rbo_tied(tied(one), tied(two), p, ties) == pytest.approx(expected, abs=1e-12)


def test_unknown_order_is_the_average_over_all_orders_of_the_ties() -> None:
    rng = random.Random(6)
    uneven = 0
    for _ in range(250):
        one, two = (random_ranking(rng) for _ in range(2))
        short, long = sorted((one, two), key=length)
        within = all(
            len(tie) == 1 or length(long[: n + 1]) <= length(short) for n, tie in enumerate(long)
        )
        if not within and length(one) != length(two):
            continue
        uneven += length(one) != length(two)
        expected = mean_over_orders(one, two, 0.9)
        assert rbo_tied(tied(one), tied(two), 0.9, "a") == pytest.approx(expected, abs=1e-12)
    assert uneven > 40


def test_what_follows_the_shorter_ranking_agrees_with_the_share_present_of_a_tie() -> None:
    # At depth 1 they agree. At depth 2 each of b, c is half present, and what S would go on with
    # is taken to agree with a half: (1 + 1/2) / 2; the average of all orders assumes 1 there.
    p = 0.5
    expected = (1 - p) / p * (1 * p + 0.75 * p**2 + 1 * p**3) + 1 * p**3
    assert rbo_tied("a", tied("a bc"), p, "a") == pytest.approx(expected)
    assert mean_over_orders(["a"], ["a", "bc"], p) == pytest.approx(1.0)


def test_what_ties_let_anybody_reach_is_the_measure_of_b() -> None:
    # Nothing is known of either order: half the pairs of items met at depth 1 are the same.
    one, p = tied("ab"), 0.9
    assert agreement(["ab"], ["ab"], 1, "a") == 0.5
    assert rbo_tied(one, one, p, "a") == pytest.approx((1 - p) / p * (0.5 * p + p**2) + p**2)
    assert rbo_tied(one, one, p, "b") == rbo_tied(one, one, p, "w") == pytest.approx(1.0)


def test_rbo_with_ties_is_symmetric_bounded_and_one_for_equals() -> None:
    rng = random.Random(7)
    below = 0
    for _ in range(800):
        one, two = (tied(random_ranking(rng, most=8)) for _ in range(2))
        p = rng.choice([0.1, 0.5, 0.9, 0.99])
        values = {ties: rbo_tied(one, two, p, ties) for ties in TREATMENTS}
        for ties, value in values.items():
            assert 0.0 <= value <= 1.0
            assert value == pytest.approx(rbo_tied(two, one, p, ties), abs=1e-12)
            mirrored = [tuple(reversed(tie)) if isinstance(tie, tuple) else tie for tie in one]
            assert value == pytest.approx(rbo_tied(mirrored, two, p, ties), abs=1e-12)
        assert values["a"] <= values["b"] + 1e-12
        below += values["a"] < values["b"] - 1e-12
        assert rbo_tied(one, one, p, "w") == pytest.approx(1.0, abs=1e-12)
        assert rbo_tied(one, one, p, "b") == pytest.approx(1.0, abs=1e-12)
    assert below > 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((["a", ()], ["a"]), "a tie of no items"),
        ((["a", ("b", "a")], ["a"]), "'a' is ranked twice"),
        ((["a"], [("b", "b")]), "'b' is ranked twice"),
        ((["a"], ["a"], 0.9, "c"), "unknown treatment of ties 'c'"),
        ((["a"], ["a"], 1.0), "p is 1.0"),
        ((["a"], ["a"], 0.0, "w"), "p is 0.0"),
        ((["a"], ["a"], float("nan")), "p is nan"),
    ],
)
def test_what_is_no_ranking_is_refused(arguments: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rbo_tied(*arguments)


def test_what_is_no_slate_is_refused() -> None:
    for one, two in (("aba", "abc"), ("abc", "bcb"), ("aa", "aa")):
        with pytest.raises(ValueError, match="is listed twice"):
            rbo(one, two)
    for measure in (rbo, rbo_truncated):
        with pytest.raises(ValueError, match="patience lies between 0 and 1"):
            measure("ab", "ab", 1.0)
    with pytest.raises(ValueError, match="depth is 0"):
        average_overlap("ab", "ab", 0)


def test_truncated_rbo_of_identical_lists_is_what_was_seen() -> None:
    assert rbo_truncated("abcdefghij", "abcdefghij") == pytest.approx(0.6513, abs=5e-5)
    assert rbo_truncated("abc", "xyz") == 0.0
    assert rbo_truncated("abcdefg", "bacdefg") < rbo("abcdefg", "bacdefg")


def test_average_overlap_has_the_published_values() -> None:
    expected = [0.0, 0.0, 0.222, 0.292, 0.313, 0.317, 0.312]
    found = [average_overlap("abcdefg", "zcavwxy", depth) for depth in range(1, 8)]
    assert found == pytest.approx(expected, abs=5e-4)
