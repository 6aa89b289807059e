"""What a comparison of two models says, in figures: as it is kept, printed and judged."""

from __future__ import annotations

from typing import Literal

import msgspec

How = Literal["later events", "backtest"]


class Estimate(msgspec.Struct, frozen=True):
    """A mean over people with its 95 % interval."""

    mean: float
    low: float
    high: float


class Group(msgspec.Struct, frozen=True):
    """What the launch changes for some of the people: `churn` is the share of their top 10."""

    name: str
    people: int
    churn: Estimate


class Seats(msgspec.Struct, frozen=True):
    """Items of one class of popularity: their share of A's seats, and how much of it they lose."""

    name: str
    share: float
    churn: float


class Churn(msgspec.Struct, frozen=True, kw_only=True):
    """From A's top 10 to B's for the same people, who did the same.

    `idle` people have nothing new in B's data, `active` ones have. `position_churn`: share of seats
    whose item changed; `shift`: seats that a kept item moved, on average; `rbo`: rank-biased
    overlap, p = .9. `by_events`: what their own new events change for active people before it.
    """

    all: Group
    idle: Group | None
    active: Group | None
    by_activity: tuple[Group, ...]
    idle_by_activity: tuple[Group, ...]
    by_popularity: tuple[Seats, ...]
    position_churn: float
    shift: float
    rbo: float
    by_events: Estimate | None


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Items in B's lists of the people asked: of those `new` in B's data and of all.

    Shares of items on at least one list; `alike` is what items that A knew reach of the top 100
    when as many people met them, weighted as the new ones; `seats`: share of all seats of the top
    10 that new ones have.
    """

    new: int
    new_top_10: float
    new_top_100: float
    alike: float
    seats: float
    all_top_10_a: float
    all_top_10_b: float


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """nDCG@10 of A and B for the same `people`, and the change in relation to A.

    `visible` is the smallest change, as a share of A, that would have been seen with a chance of
    80 %; None where the two cannot differ.
    """

    people: int
    a: float
    b: float
    change: Estimate | None
    visible: float | None


class Window(msgspec.Struct, frozen=True):
    """One period of the test, epoch seconds: what came in it was not known to the models."""

    after: float
    until: float
    difference: Difference


class Accuracy(msgspec.Struct, frozen=True, kw_only=True):
    """The change of accuracy from A to B, pooled over the windows.

    `how`: `later events` tried the artifacts themselves on what neither was trained on; a
    `backtest` trained each one's recipe again at earlier times, on the same data, and so measures
    recipes. `same_recipe`: there was nothing to choose between.
    """

    how: How
    same_recipe: bool
    pooled: Difference
    windows: tuple[Window, ...]


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """What people with new events get from the launch: B against A as it answered until then, told
    of these events. In a backtest A and B are recipes, A is `gap_s` older, and `of_a` is what a new
    A would have given them."""

    how: How
    gap_s: float
    active: Difference
    of_a: Difference | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `made` is in epoch seconds; `of_a` and `of_b` are the SHA-256 of the manifests.

    `fault` says why B cannot be used: then there is nothing else. `answered` is the share of the
    people who got a full list from it. `people` were drawn from `known` ones of both models.
    """

    format: int
    a: str
    b: str
    of_a: str
    of_b: str
    made: float
    seed: int
    fault: str | None = None
    known: int = 0
    people: int = 0
    answered: float = 0.0
    churn: Churn | None = None
    coverage: Coverage | None = None
    accuracy: Accuracy | None = None
    gain: Gain | None = None
    notes: tuple[str, ...] = ()
