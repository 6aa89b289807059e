"""The best items of a person who is a vector: the exact scan of all factors, and shorter ones.

A score is at most the product of two lengths, so items are looked at by falling length until none
that follows can be among the best: as exact, and soon over where few items are popular.
C. Teflioudi, R. Gemulla, O. Mykytiuk, "LEMP: Fast retrieval of large entries in a matrix product",
SIGMOD 2015.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol, runtime_checkable

import numpy as np

from recsvc.recommenders.matrix import Floats
from recsvc.recommenders.ranking import best
from recsvc.recommenders.scanning.eligible import Eligible
from recsvc.recommenders.vocabulary import Indices

SMALL: Final = 16_384
"""Catalogues up to this size are scanned whole: to choose would save nothing."""
HEAD: Final = 65_536
"""So many of the longest items are copied in their order: 16 MB of 64 factors."""
FIRST: Final = 4_096
"""So many of them are looked at before it is known how far one must go."""
MOST: Final = 8_192
"""An index is asked for so many at most; where hardly any of them may be shown, all are scanned."""
BESIDE: Final = 32_768
"""So many of the longest items are looked at in full beside a coarse index."""
ROUNDING: Final = 1e-5
"""Error of a product of float32, in products of lengths; with 64 factors it stays below 4e-6."""


@runtime_checkable
class Factored(Protocol):
    """A model whose scores are products of factors, of users (u, f) and items (n, f)."""

    user_factors: Floats
    item_factors: Floats

    def person(self, items: Indices, weights: Floats) -> Floats | None:
        """Factors of a row, shape (f,); None when nothing can be said."""

    def person_known(self, user: int) -> Floats | None:
        """Those of a trained user's own row where they are kept ready."""


class Nearest(Protocol):
    """An index that finds about the best of all items without looking at each in full.

    A `coarse` one errs by a share of an item's length, most with the longest.
    """

    @property
    def coarse(self) -> bool:
        """Whether it misses some of the best."""

    def search(self, person: Floats, n: int) -> Indices:
        """About the n items of the largest products, each once, in any order."""


@dataclass(frozen=True, eq=False)
class Lengths:
    """Items by falling length of their factors: `order`, and `place` (n,) where each stands.

    `head` holds the factors of the longest in that order, `lengths` is of all.
    """

    order: Indices
    place: Indices
    lengths: Floats
    head: Floats

    @classmethod
    def of(cls, factors: Floats) -> Lengths:
        """Of all items; ties in their own order."""
        lengths = np.sqrt(np.einsum("ij,ij->i", factors, factors))
        order = np.argsort(-lengths, kind="stable").astype(np.int32)
        place = np.empty(len(order), dtype=np.int32)
        place[order] = np.arange(len(order), dtype=np.int32)
        head = np.ascontiguousarray(factors[order[:HEAD]])
        return cls(order, place, -lengths[order], head)

    def reach(self, length: float, least: float) -> int:
        """How many items may have a product of `least` with a vector of that length."""
        if least <= 0.0:
            return len(self.order)
        return int(np.searchsorted(self.lengths, np.float32(-least / length), side="right"))


@dataclass(frozen=True, eq=False)
class Scan:
    """Items' factors (n, f), float32 and finite, and ways to look at fewer of them."""

    factors: Floats
    lengths: Lengths | None = None
    index: Nearest | None = None

    @classmethod
    def of(cls, factors: Floats, index: Nearest | None = None) -> Scan:
        """Orders the items where there are enough for that to pay."""
        return cls(factors, Lengths.of(factors) if len(factors) > SMALL else None, index)

    @cached_property
    def longest(self) -> float:
        """The greatest length of an item."""
        if self.lengths is not None:
            return -float(self.lengths.lengths[0])
        return float(np.sqrt(np.einsum("ij,ij->i", self.factors, self.factors).max(initial=0.0)))

    def can_score(self, person: Floats) -> bool:
        """Whether every product is a finite number."""
        return bool(np.isfinite(np.sqrt(person @ person) * np.float32(self.longest)))

    @property
    def whole(self) -> bool:
        """Whether all items are always looked at."""
        return self.lengths is None and self.index is None

    def exact(self, person: Floats, items: Indices) -> Floats:
        """Products with some items. Row by row: what else is asked for changes no last digit."""
        products: Floats = np.einsum("ij,j->i", self.factors[items], person)
        return products

    def best(self, person: Floats, n: int, eligible: Eligible) -> Indices:
        """The n best of the eligible items, falling; equal ones by index."""
        few = eligible.few()
        if few is not None:
            return self._sorted(person, few, n)
        for look in (self._by_length, self._by_index):
            found = look(person, n, eligible)
            if found is not None:
                return self._sorted(person, found, n)
        return self._sorted(person, self._whole(person, n, eligible), n)

    def reaches(self, person: Floats, n: int) -> bool:
        """Whether the n best are found by length alone."""
        return self._by_length(person, n, Eligible()) is not None

    def _sorted(self, person: Floats, items: Indices, n: int) -> Indices:
        scores = self.exact(person, items)
        chosen: Indices = items[np.lexsort((items, -scores))[: max(0, n)]]
        return chosen

    def _error(self, person: Floats) -> float:
        """By how much two ways to work out a product may differ."""
        return ROUNDING * float(np.sqrt(person @ person)) * self.longest

    def _whole(self, person: Floats, n: int, eligible: Eligible) -> Indices:
        """The n best, and those that are as good but for rounding."""
        scores = self.factors @ person
        eligible.rule_out(scores)
        top = best(scores, n)
        if len(top) < n or not len(top):
            return top
        return np.flatnonzero(scores >= scores[top[-1]] - self._error(person)).astype(np.int32)

    def _by_length(self, person: Floats, n: int, eligible: Eligible) -> Indices | None:
        """A few that the n best are among; None where too many would have to be looked at."""
        if self.lengths is None or not 0 < n <= FIRST:
            return None
        order, place, head = self.lengths.order, self.lengths.place, self.lengths.head
        length = float(np.sqrt(person @ person))
        error = self._error(person)
        scores = head[:FIRST] @ person
        eligible.rule_out(scores, order[: len(scores)], place)
        least = _nth(scores, n) - error
        if not (length > 0.0 and np.isfinite(least)):
            return None
        reach = self.lengths.reach(length, least - error)
        if reach > len(head):
            return None
        if reach > len(scores):
            scores = np.concatenate((scores, head[len(scores) : reach] @ person))
            eligible.rule_out(scores, order[:reach], place)
            least = _nth(scores, n) - error
        found: Indices = order[np.flatnonzero(scores >= least - error)]
        return found

    def _by_index(self, person: Floats, n: int, eligible: Eligible) -> Indices | None:
        """What the index finds, if enough of it is eligible; asked for more until it is."""
        if self.index is None or n <= 0:
            return None
        beside = self._longest(person, n, eligible) if self.index.coarse else None
        wanted = 2 * n + 64
        while wanted <= min(MOST, len(self.factors)):
            found = eligible.among(self.index.search(person, wanted))
            if len(found) >= n:
                return found if beside is None else np.union1d(found, beside)
            wanted *= 4
        return None

    def _longest(self, person: Floats, n: int, eligible: Eligible) -> Indices | None:
        """The n best of the longest items."""
        if self.lengths is None:
            return None
        scores = self.lengths.head[:BESIDE] @ person
        order = self.lengths.order[: len(scores)]
        eligible.rule_out(scores, order, self.lengths.place)
        return order[best(scores, n)]


def _nth(scores: Floats, n: int) -> float:
    return float(np.partition(scores, len(scores) - n)[len(scores) - n])
