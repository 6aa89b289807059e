"""A visitor's profile as a row of the model: known history and what was heard since."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from recsvc.ports import Profile
from recsvc.recommenders.matrix import Floats, Matrix
from recsvc.recommenders.vocabulary import Indices

MAX_WEIGHT = 100.0
"""Heavier events weigh as much: an absurd weight must not drown a profile or overflow a factor."""


@dataclass(frozen=True, eq=False)
class Row:
    """Distinct item indices with weights; `user` is set while the row is just the trained one."""

    items: Indices
    weights: Floats
    user: int | None = None


def row_of(matrix: Matrix, profile: Profile) -> Row:
    """The trained row and the events, each item once with its largest weight.

    Repeats do not add up, as they do not in training. Events without a weight above 0, or with an
    item that the model does not know, say nothing to it.
    """
    user = None if profile.user_id is None else matrix.users.index.get(profile.user_id)
    trained = matrix.row(user) if user is not None else np.empty(0, dtype=np.int32)
    heard = _heard(matrix, profile)
    if not heard:
        return Row(trained, np.ones(len(trained), dtype=np.float32), user)
    weights = dict.fromkeys(trained.tolist(), 1.0)
    changed = False
    for item, weight in heard.items():
        if weight > weights.get(item, 0.0):
            weights[item] = weight
            changed = True
    items = np.fromiter(weights, dtype=np.int32, count=len(weights))
    values = np.fromiter(weights.values(), dtype=np.float32, count=len(weights))
    return Row(items, values, None if changed else user)


def _heard(matrix: Matrix, profile: Profile) -> dict[int, float]:
    heard: dict[int, float] = {}
    for item_id, weight in profile.events:
        item = matrix.items.index.get(item_id)
        if item is not None and math.isfinite(weight) and weight > 0:
            heard[item] = max(heard.get(item, 0.0), min(weight, MAX_WEIGHT))
    return heard
