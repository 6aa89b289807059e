"""Whom two models are compared on: people whom both know, and what each model must be told."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.matrix import Matrix

MOST: Final = 20_000
"""People asked at most: of so many a share of 5 % is known to within .3 %."""

State = Literal["idle", "active", "shortened"]
Told = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Person:
    """Somebody whom both know. `events_a` are the items of B's data that A's lack, and the other
    way round; who is `active` has some of the former, who is `shortened` only of the latter.

    `length`: items known of the person; `consumed`: those that may not be offered.
    """

    user_id: str
    state: State
    length: int
    events_a: Told
    events_b: Told
    consumed: frozenset[str]


def known_to_both(a: Artifact, b: Artifact) -> list[str]:
    """The people whom both know, in B's order."""
    return [user for user in b.matrix.users.index if user in a.matrix.users.index]


def drawn(people: list[str], most: int, seed: int) -> list[str]:
    """All of them, or so many at random, in their order."""
    if len(people) <= most:
        return people
    chosen = np.random.default_rng(seed).choice(len(people), size=most, replace=False)
    return [people[n] for n in np.sort(chosen)]


def person(a: Artifact, b: Artifact, user_id: str, consumed_by: Collection[str] | None) -> Person:
    """One of them; `consumed_by` are the types of events after which an item is not offered, None
    for all."""
    mine = [_acts(one.matrix, user_id) for one in (a, b)]
    more, less = mine[1].items() - mine[0].items(), mine[0].items() - mine[1].items()
    events_a = tuple((item, 1.0) for item in mine[1] if item not in mine[0])
    events_b = tuple((item, 1.0) for item in mine[0] if item not in mine[1])
    consumed = {
        item
        for acts, one in zip(mine, (a, b), strict=True)
        for item, did in acts.items()
        if consumed_by is None or not one.matrix.types or not did.isdisjoint(consumed_by)
    }
    return Person(
        user_id,
        "active" if more else "shortened" if less else "idle",
        len(mine[0].keys() | mine[1].keys()),
        events_a,
        events_b,
        frozenset(consumed),
    )


def _acts(matrix: Matrix, user_id: str) -> dict[str, frozenset[str]]:
    """What the person did, by item."""
    user = matrix.users.index[user_id]
    start, end = matrix.rows.indptr[user], matrix.rows.indptr[user + 1]
    bits = matrix.acts[start:end].tolist() if matrix.types else [0] * int(end - start)
    names = {
        mask: frozenset(kind for n, kind in enumerate(matrix.types) if mask >> n & 1)
        for mask in set(bits)
    }
    items = matrix.row(user).tolist()
    return {matrix.items.ids[item]: names[mask] for item, mask in zip(items, bits, strict=True)}
