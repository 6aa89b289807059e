"""Which items of a vocabulary may be offered: looked up once where the same ones stay away long."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from recsvc.preparation.eligibility import NOTHING, Gone
from recsvc.recommenders.ranking import Numbers
from recsvc.recommenders.vocabulary import Indices, Vocabulary

Mask = npt.NDArray[np.bool_]

MANY: Final = 256
"""More withdrawn items than that are looked up once for as long as they are the same."""
KEPT: Final = 64
"""Sets of items looked up beforehand; then it begins anew."""
FEW: Final = 16
"""Where at most one in so many may be offered, only these are looked at."""


class Standing(NamedTuple):
    """What may be offered whoever asks: True in `open` (items,); these alone, if they are `few`."""

    open: Mask
    few: Indices | None


@dataclass(frozen=True, eq=False)
class Eligible:
    """The items but those in `gone`, of those that `standing` leaves."""

    gone: frozenset[int] = frozenset()
    standing: Standing | None = None
    everything: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "everything", not self.gone and self.standing is None)

    def __contains__(self, item: int) -> bool:
        return item not in self.gone and (self.standing is None or bool(self.standing.open[item]))

    def few(self) -> Indices | None:
        """All of them, rising, where that is only a small part of the vocabulary; else None."""
        few = None if self.standing is None else self.standing.few
        return few if few is None or not self.gone else few[~np.isin(few, self._gone())]

    def among(self, items: Indices) -> Indices:
        """Those of the items that may be offered, in their order."""
        if self.standing is not None:
            items = items[self.standing.open[items]]
        return items[~np.isin(items, self._gone())] if self.gone else items

    def rule_out(
        self, scores: Numbers, order: Indices | None = None, place: Indices | None = None
    ) -> None:
        """Take away the scores of all others: to -inf.

        `scores` are those of all items, or of the first ones in an `order`, in which every item
        has its `place`.
        """
        if self.standing is not None:
            closed = ~(self.standing.open if order is None else self.standing.open[order])
            scores[closed] = -np.inf
        if self.gone:
            places = self._gone() if place is None else place[self._gone()]
            scores[places[places < len(scores)]] = -np.inf

    def _gone(self) -> Indices:
        return np.fromiter(self.gone, dtype=np.int32, count=len(self.gone))


class Lookup:
    """Finds what may be offered of a vocabulary; safe to call from several threads.

    Items in `closed` are never offered: they have a place, but nothing is known of them any more.
    """

    def __init__(self, items: Vocabulary, closed: Indices | None = None) -> None:
        self._items = items
        self._closed = np.empty(0, dtype=np.int32) if closed is None else closed
        self._standing: dict[tuple[frozenset[str], frozenset[str] | None], Standing] = {}

    def eligible(self, without: Collection[str]) -> Eligible:
        """All items but these."""
        if not isinstance(without, Gone):
            standing = self._looked_up(NOTHING, None) if len(self._closed) else None
            return Eligible(self._indices(without), standing)
        passing = [*without.consumed, *without.dismissed, *without.excluded]
        withdrawn = without.withdrawn
        lasting = NOTHING
        if isinstance(withdrawn, frozenset) and len(withdrawn) > MANY:
            lasting = withdrawn
        else:
            passing += withdrawn
        matching = None if without.outside is None else without.outside.matching
        standing = None
        if lasting or matching is not None or len(self._closed):
            standing = self._looked_up(lasting, matching)
        return Eligible(self._indices(passing), standing)

    def _indices(self, names: Iterable[str]) -> frozenset[int]:
        index = self._items.index
        return frozenset([index[name] for name in names if name in index])

    def _looked_up(self, gone: frozenset[str], matching: frozenset[str] | None) -> Standing:
        """By the sets themselves, which know their hash: a hit costs no look at what is in them."""
        key = (gone, matching)
        found = self._standing.get(key)
        if found is None:
            if len(self._standing) >= KEPT:
                self._standing = {}
            found = self._standing[key] = self._made(gone, matching)
        return found

    def _made(self, gone: frozenset[str], matching: frozenset[str] | None) -> Standing:
        size = len(self._items)
        mask = np.full(size, matching is None)
        if matching is not None:
            mask[list(self._indices(matching))] = True
        mask[list(self._indices(gone))] = False
        mask[self._closed] = False
        count = int(np.count_nonzero(mask))
        few = np.flatnonzero(mask).astype(np.int32) if count * FEW <= size else None
        return Standing(mask, few)
