"""What visitors see, in columns: of every look and policy what the behaviour model needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from simulations.draws import stream
from simulations.measures import slate_of
from simulations.play import Done, Look
from simulations.scenario import Visit

ABSENT = -1

Ints = NDArray[np.int16]


@dataclass(frozen=True)
class Looks:
    """Looks at slates of `k` seats, in the order of visits and moments.

    Shapes: `visit` and `step` (looks,) number the visit and the look in it; `user` (visits,) is
    the number of who it is. `seen` (looks, policies, k) counts the looks before, in this visit,
    that had the seat's item; -1 where the seat is empty. `changed` (looks, policies, k) tells seats
    that show something else than at the look before. Of what the visitor turns to after the look,
    `sought` (looks,), if anything: `seat` (looks, policies) is where it stands, `was` where it
    stood when last seen in this visit, both from 0 and -1 for nowhere; `times` how often it was
    seen before.
    """

    visit: NDArray[np.int64]
    step: NDArray[np.int64]
    user: NDArray[np.int64]
    seen: Ints
    changed: NDArray[np.bool_]
    sought: NDArray[np.bool_]
    seat: Ints
    was: Ints
    times: Ints


def drawn(visits: Sequence[Visit], count: int, seed: int) -> list[list[Visit]]:
    """Visitors drawn by chance, each with all visits, until there are `count` visits or no more."""
    users = [list(mine) for _, mine in groupby(visits, key=lambda visit: visit.user_id)]
    order = stream(seed, "visitors").permutation(len(users))
    chosen, have = [], 0
    for number in order.tolist():
        if have >= count:
            break
        chosen.append(number)
        have += len(users[number])
    return [users[number] for number in sorted(chosen)]


@dataclass
class _Eye:
    """What one visitor has seen under one policy in this visit."""

    slate: tuple[str, ...] | None = None
    often: Counter[str] = field(default_factory=Counter)
    where: dict[str, int] = field(default_factory=dict)

    def see(self, slate: tuple[str, ...], k: int) -> tuple[list[int], list[bool]]:
        """How often each seat's item was seen before, and which seats have changed."""
        seen = [self.often[item] for item in slate]
        seen += [ABSENT] * (k - len(slate))
        before = self.slate
        changed = [before is not None and slate[n : n + 1] != before[n : n + 1] for n in range(k)]
        self.slate = slate
        return seen, changed

    def seek(self, item: str) -> tuple[int, int, int]:
        """Where the item stands, where it stood at a look before this one, and how often."""
        assert self.slate is not None  # a visit begins with a look
        seat = self.slate.index(item) if item in self.slate else ABSENT
        return seat, self.where.get(item, ABSENT), self.often[item]

    def remember(self) -> None:
        """The look is over: the next one is compared with it."""
        for n, item in enumerate(self.slate or ()):
            self.often[item] += 1
            self.where[item] = n


def looks_of(plays: Iterable[Iterator[Look | Done]], policies: int, k: int) -> Looks:
    """The columns of plays, one of each visitor. Slates are cut after `k` seats."""
    visit: list[int] = []
    step: list[int] = []
    user: list[int] = []
    seen: list[list[list[int]]] = []
    changed: list[list[list[bool]]] = []
    goals: list[list[tuple[int, int, int]] | None] = []
    for person, played in enumerate(plays):
        eyes: list[_Eye] = []
        current: Visit | None = None
        for one in played:
            if one.visit is not current:
                current = one.visit
                eyes = [_Eye() for _ in range(policies)]
                user.append(person)
                number = 0
            if isinstance(one, Look):
                if number:
                    for eye in eyes:
                        eye.remember()
                shown = [eye.see(slate_of(one, p)[:k], k) for p, eye in enumerate(eyes)]
                visit.append(len(user) - 1)
                step.append(number)
                seen.append([row for row, _ in shown])
                changed.append([row for _, row in shown])
                goals.append(None)
                number += 1
            elif goals[-1] is None:
                goals[-1] = [eye.seek(str(one.moment.item_id)) for eye in eyes]
    nothing = [(ABSENT, ABSENT, 0)] * policies
    found = np.array([goal or nothing for goal in goals], dtype=np.int16)
    found = found.reshape(len(goals), policies, 3)
    return Looks(
        np.array(visit, dtype=np.int64),
        np.array(step, dtype=np.int64),
        np.array(user, dtype=np.int64),
        np.array(seen, dtype=np.int16).reshape(len(goals), policies, k),
        np.array(changed, dtype=np.bool_).reshape(len(goals), policies, k),
        np.array([goal is not None for goal in goals], dtype=np.bool_),
        found[..., 0],
        found[..., 1],
        found[..., 2],
    )
