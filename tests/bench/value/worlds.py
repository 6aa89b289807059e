"""What the exact decision is worth: beside trying every slate, and beside a rule of thumb.

Everything is drawn from seeds, so the same figures come out again. The scores of a world drift: a
step keeps `memory` of each item's score and draws the rest anew, so that their distribution stays.
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from policies import Candidates, Facts, Knobs, decide

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "policies"))

import brute
from test_optimum import KINDS, decided, random_case

Scores = npt.NDArray[np.float64]
Slate = list[int]
"""Items by seat, by their number."""

STEADY = Knobs(k=10, hold_s=0.0, session_budget=None, max_shift=0)
SAMPLES = 2000


@dataclass(frozen=True)
class World:
    """Visits of `steps` steps to a slate of k seats, over `items` items whose scores drift."""

    memory: float = 0.95
    k: int = 10
    items: int = 500
    tail: Literal["normal", "exponential"] = "normal"
    visits: int = 100
    steps: int = 20
    seed: int = 1

    def scores(self, visit: int) -> Iterator[Scores]:
        """The scores at the start and at each step, the same for whoever asks."""
        rng = np.random.default_rng([self.seed, visit])
        hidden = rng.normal(size=self.items)
        yield self._told(hidden)
        for _ in range(self.steps):
            fresh = rng.normal(size=self.items)
            hidden = self.memory * hidden + math.sqrt(1 - self.memory**2) * fresh
            yield self._told(hidden)

    def _told(self, hidden: Scores) -> Scores:
        if self.tail == "normal":
            return hidden
        above = 0.5 * np.vectorize(math.erfc)(hidden / math.sqrt(2.0))
        return np.asarray(-np.log(above))


@dataclass(frozen=True)
class Step:
    """One step of a visit: the slate before, the optimum, and the scores of that moment."""

    visit: int
    before: Slate
    after: Slate
    scores: Scores


@dataclass(frozen=True)
class Loss:
    """What the rule of thumb loses of the attainable gain, with a 95 % interval over visits.

    `steps`: share of the steps in which it loses anything.
    """

    share: float
    low: float
    high: float
    steps: float


@dataclass(frozen=True)
class Price:
    """What a setting keeps of what plain recommending gains over never changing, and how many
    seats of ten it gives to newcomers in a step."""

    name: str
    kept: float
    displaced: float


def against_brute(each: int, seed: int = 1) -> tuple[int, Fraction, int]:
    """Over `each` random small cases of every kind: how many, the value lost, slates that differ.

    Kinds are both weights, max_shift 0, 1, 2 and null, with and without both margins; cases have up
    to five seats and nine items, ties, pins, holes and items without a score.
    """
    cases, lost, differ = 0, Fraction(0), 0
    for kind in KINDS:
        rng = random.Random(f"{seed}/{kind}")
        for _ in range(each):
            case = random_case(rng, kind)
            cases += 1
            best, value = brute.best(case)
            slate = decided(case)
            differ += slate != best
            lost += value - brute.value(case, slate)
    return cases, lost, differ


def rule_of_thumb(slate: Slate, scores: Scores, most: int) -> Slate:
    """At most `most` times: the best newcomer takes the seat of the worst incumbent it beats."""
    outside = scores.copy()
    outside[slate] = -np.inf
    newcomers = np.argsort(-outside, kind="stable")[:most].tolist()
    worst = sorted(range(len(slate)), key=lambda seat: scores[slate[seat]])
    new = list(slate)
    for item, seat in zip(newcomers, worst[:most], strict=False):
        if scores[item] <= scores[slate[seat]]:
            break
        new[seat] = item
    return new


def walk(world: World, knobs: Knobs) -> Iterator[Step]:
    """The steps of all visits, each decided from the slate that the last one left."""
    ids = tuple(f"{n:04d}" for n in range(world.items))
    for visit in range(world.visits):
        told = world.scores(visit)
        state = decide(knobs, None, _offer(ids, next(told)), Facts(0, "m", 1), 0.0).state
        for turn, scores in enumerate(told, 1):
            before = [int(seat.item_id) for seat in state.seats]
            facts = Facts(turn, "m", 1)
            state = decide(knobs, state, _offer(ids, scores), facts, float(turn)).state
            yield Step(visit, before, [int(seat.item_id) for seat in state.seats], scores)


def loss(world: World, limit: int, weights: Literal["uniform", "dcg"] = "dcg") -> Loss:
    """What the rule of thumb loses where `limit` seats may change and nothing moves.

    Attainable is, in each step, the value of the optimum less that of doing nothing; lost, that of
    the optimum less that of the rule, from the same slate. The share is of sums over all steps.
    """
    knobs = settings(world, limit, seat_weights=weights)
    weight = seat_weights(world.k, weights)
    attainable, lost = np.zeros(world.visits), np.zeros(world.visits)
    touched = 0
    for step in walk(world, knobs):
        value = _value(weight, step.scores, step.after)
        less = value - _value(weight, step.scores, rule_of_thumb(step.before, step.scores, limit))
        attainable[step.visit] += value - _value(weight, step.scores, step.before)
        lost[step.visit] += less
        # The decision compares scores on a grid of 2^-20 of their spread; this is far above it.
        touched += less > 1e-4
    rng = np.random.default_rng(world.seed)
    drawn = rng.integers(world.visits, size=(SAMPLES, world.visits))
    shares = lost[drawn].sum(axis=1) / attainable[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975]).tolist()
    return Loss(
        float(lost.sum() / attainable.sum()), low, high, touched / (world.visits * world.steps)
    )


def contested(world: World, limit: int, weights: Literal["uniform", "dcg"]) -> list[float]:
    """The share of all displacements at each seat, from the first on."""
    count = np.zeros(world.k)
    for step in walk(world, settings(world, limit, seat_weights=weights)):
        count += [a != b for a, b in zip(step.before, step.after, strict=True)]
    return (count / count.sum()).tolist()  # type: ignore[no-any-return]


def turnover(world: World) -> float:
    """How much plain recommending replaces: share of the top k that a step brings in anew."""
    plain = settings(world, world.k, max_shift=None, seat_weights="dcg")
    steps = list(walk(world, plain))
    return sum(len(set(s.after) - set(s.before)) for s in steps) / (len(steps) * world.k)


def prices(world: World, named: dict[str, Knobs]) -> list[Price]:
    """What each of these knobs keeps of the gain of plain recommending over a frozen slate.

    Every seat counts the same; each follows its own slates through the same visits.
    """
    ends = {
        "frozen": settings(world, 0),
        "fresh": settings(world, world.k),
    }
    found: dict[str, tuple[float, float]] = {}
    for name, knobs in {**ends, **named}.items():
        worth = displaced = 0.0
        for step in walk(world, knobs):
            worth += float(step.scores[step.after].sum())
            displaced += len(set(step.after) - set(step.before))
        found[name] = (worth, displaced / (world.visits * world.steps))
    floor, top = found["frozen"][0], found["fresh"][0]
    return [
        Price(name, (worth - floor) / (top - floor), displaced)
        for name, (worth, displaced) in found.items()
    ]


def settings(world: World, limit: int, **knobs: object) -> Knobs:
    """Knobs that allow `limit` displacements a step."""
    return replace(STEADY, k=world.k, churn_limit=limit / world.k, **knobs)  # type: ignore[arg-type]


def seat_weights(k: int, weights: str) -> Scores:
    """What the seats count."""
    return 1 / np.log2(np.arange(2, k + 2)) if weights == "dcg" else np.ones(k)


def _offer(ids: tuple[str, ...], scores: Scores) -> Candidates:
    return Candidates(ids, scores, "primary", "m")


def _value(weight: Scores, scores: Scores, slate: Sequence[int]) -> float:
    return float((weight * scores[list(slate)]).sum())
