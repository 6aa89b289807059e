"""What `results.json` says, read once into typed, finite values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from recsvc.errors import BadData
from simulations.report.visits import Visit

FORMATS = (1, 2)
"""Those of before hold less; what they do not hold is left out."""


class Figure(msgspec.Struct, frozen=True):
    """A mean with its interval; what is not a finite number is None."""

    mean: float | None = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        for name in ("mean", "low", "high"):
            value = getattr(self, name)
            if value is not None and not math.isfinite(value):
                msgspec.structs.force_setattr(self, name, None)


class Study(msgspec.Struct, frozen=True):
    """What was tried; `accuracy` names the measure on the upright axis."""

    name: str = ""
    title: str = ""
    about: str = ""
    kind: str = "replay"
    seeds: tuple[int, ...] = ()
    k: int = 10
    model: str = ""
    level: float = 0.95
    bootstrap: int = 1000
    baseline: str = "fresh"
    accuracy: str = "ndcg_rest"


class Data(msgspec.Struct, frozen=True):
    """How much was played; times are ISO 8601."""

    events: int | None = None
    users: int | None = None
    items: int | None = None
    visits: int | None = None
    visitors: int | None = None
    judged: int | None = None
    first: str | None = None
    last: str | None = None
    cut: str | None = None
    retrain: str | None = None


class Measure(msgspec.Struct, frozen=True):
    """One figure of the tables and what it means."""

    name: str
    label: str
    better: str = "higher"
    means: str = ""


class Policy(msgspec.Struct, frozen=True):
    """One policy; `against` holds paired changes relative to the baseline."""

    name: str
    kind: str = "grid"
    personal: bool = True
    knobs: dict[str, Any] = {}
    figures: dict[str, Figure | None] = {}
    against: dict[str, Figure | None] = {}
    largest_step: int | None = None
    steps: int | None = None
    answers: int | None = None
    over_seeds: dict[str, Figure | None] = {}
    on_front: float | None = None
    price: Price | None = None

    def figure(self, measure: str) -> Figure | None:
        """The figure of that measure, None where it has no mean."""
        found = self.figures.get(measure)
        return found if found is not None and found.mean is not None else None

    def mean(self, measure: str) -> float | None:
        """The mean of that measure, if there is one."""
        found = self.figures.get(measure)
        return None if found is None else found.mean

    def change(self, measure: str) -> Figure | None:
        """The change of that measure relative to the baseline, None where it has no mean."""
        found = self.against.get(measure)
        return found if found is not None and found.mean is not None else None


class Knee(msgspec.Struct, frozen=True):
    """The policy that the study's rule picks, and the rule."""

    policy: str
    rule: str = ""


class Profile(msgspec.Struct, frozen=True, rename={"start": "from", "end": "to"}):
    """Churn while `start` to `end` items were known of the visitor; no end: or more."""

    policy: str
    start: int
    end: int | None = None
    churn: Figure | None = None
    events: int | None = None


class Price(msgspec.Struct, frozen=True):
    """In a hundred events: replacements spared, points of accuracy lost, next items missed, and
    points lost for each replacement spared."""

    spared: Figure | None = None
    lost: Figure | None = None
    missed: Figure | None = None
    each: Figure | None = None


class Undecided(msgspec.Struct, frozen=True):
    """A calmer policy that so many `visitors` would decide; mean changes."""

    policy: str
    churn: float
    accuracy: float
    visitors: int


class Chosen(msgspec.Struct, frozen=True):
    """How often a policy was the calmest free one of a half."""

    policy: str
    times: int


class CrossFitted(msgspec.Struct, frozen=True):
    """Changes for visitors whom the knobs were not chosen on."""

    churn: Figure | None = None
    accuracy: Figure | None = None
    halves: int = 0
    chosen: tuple[Chosen, ...] = ()


class Free(msgspec.Struct, frozen=True):
    """The calmest policy whose loss is surely within `margin`, and what the data can tell."""

    policy: str | None = None
    churn: Figure | None = None
    accuracy: Figure | None = None
    margin: float = 0.01
    visitors: int | None = None
    detectable: float | None = None
    enough: bool = True
    undecided: Undecided | None = None
    cross_fitted: CrossFitted | None = None


class Axes(msgspec.Struct, frozen=True):
    """A figure, or a change, for each of the two axes."""

    churn: Figure | None = None
    accuracy: Figure | None = None


class SlicePolicy(Axes, frozen=True):
    """One policy in one slice; `sure`: its change of accuracy is no chance, corrected."""

    policy: str = ""
    against: Axes | None = None
    chance: float | None = None
    sure: bool = False


class Slice(msgspec.Struct, frozen=True):
    """Some visitors, or some of their events."""

    slice: str
    visitors: int = 0
    events: int = 0
    free: Free = Free()
    policies: tuple[SlicePolicy, ...] = ()


class LeftOut(msgspec.Struct, frozen=True):
    """A slice of too few visitors."""

    slice: str
    visitors: int = 0


class Cut(msgspec.Struct, frozen=True):
    """One way to slice visitors, or their events."""

    name: str
    label: str = ""
    slices: tuple[Slice, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


class Recommended(msgspec.Struct, frozen=True):
    """What the study proposes: its knobs in full, and whether it is free or the knee."""

    policy: str
    why: str = "knee"
    knobs: dict[str, Any] = {}


class Results(msgspec.Struct, frozen=True):
    """All that the report is made of."""

    study: Study
    policies: tuple[Policy, ...]
    data: Data = Data()
    measures: tuple[Measure, ...] = ()
    frontier: tuple[str, ...] = ()
    knee: Knee | None = None
    free: Free | None = None
    production: str | None = None
    recommended: Recommended | None = None
    profiles: tuple[Profile, ...] = ()
    slices: tuple[Cut, ...] = ()
    course: Cut | None = None
    gallery: tuple[Visit, ...] = ()
    hindsight: tuple[dict[str, Any], ...] = ()
    visitors: dict[str, Any] = msgspec.field(default_factory=dict)
    notes: tuple[str, ...] = ()
    format: int = FORMATS[-1]

    def policy(self, name: str) -> Policy | None:
        """The policy of that name, if it was tried."""
        return next((policy for policy in self.policies if policy.name == name), None)

    @property
    def baseline(self) -> Policy | None:
        """The policy that all others are compared with."""
        return self.policy(self.study.baseline)

    @property
    def accuracy(self) -> Measure:
        """The measure on the upright axis; the study's choice, else the first that counts up."""
        by_name = {measure.name: measure for measure in self.measures}
        if self.study.accuracy in by_name:
            return by_name[self.study.accuracy]
        upward = [m for m in self.measures if m.better == "higher" and m.name not in CONSISTENCY]
        return upward[0] if upward else Measure(self.study.accuracy, self.study.accuracy)


# In the order in which the page shows them; all others are about accuracy.
CONSISTENCY = ("churn", "forced", "position_churn", "refinding", "in_reach", "rbo")


def read(results: Mapping[str, Any]) -> Results:
    """Typed results; BadData says what cannot be read."""
    try:
        found = msgspec.convert(results, Results)
    except msgspec.ValidationError as error:
        raise BadData(f"these results cannot be read: {error}") from None
    if found.format not in FORMATS:
        known = " and ".join(str(number) for number in FORMATS)
        raise BadData(f"results of format {found.format}; this report reads formats {known}")
    if not found.policies:
        raise BadData("these results hold no policy")
    return found
