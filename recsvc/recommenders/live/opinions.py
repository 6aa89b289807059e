"""What a model thinks of every item for one visitor at one moment: formed once, asked often."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from policies.candidates import Candidates
from recsvc.recommenders.matrix import Matrix
from recsvc.recommenders.models import Scores
from recsvc.recommenders.scanning.eligible import Eligible, Lookup
from recsvc.recommenders.scanning.scored import Everything, Scored
from recsvc.recommenders.vocabulary import Indices

EXPLAINED = 50
"""So many of the best items are traced to the visitor's own; no screen shows more at once."""

Because = Mapping[str, tuple[str, ...]]
Explain = Callable[[Indices], Because]


@dataclass(frozen=True)
class Explained(Mapping[str, tuple[str, ...]]):
    """The visitor's items behind each suggestion, worked out when the first one is asked for.

    Most decisions change nothing, and then nobody asks.
    """

    explain: Callable[[], Because]

    @cached_property
    def found(self) -> Because:
        """All of them."""
        return self.explain()

    def __getitem__(self, item_id: str) -> tuple[str, ...]:
        return self.found[item_id]

    def __iter__(self) -> Iterator[str]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)


def _nothing(_: Indices) -> Because:
    return {}


@dataclass(frozen=True, eq=False)
class Opinion:
    """What one rung makes of the items; only those that are `eligible` are offered.

    Slates with different incumbents may be asked for; the best items are looked up once.
    """

    matrix: Matrix
    scored: Scored
    eligible: Eligible
    rung: str
    model: str
    reason: str
    known_events: int = 0
    explain: Explain = _nothing
    _best: dict[int, tuple[Candidates, frozenset[int]]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        matrix: Matrix,
        scores: Scores,
        without: Collection[str],
        *,
        rung: str,
        model: str,
        reason: str,
        known_events: int = 0,
        explain: Explain = _nothing,
    ) -> Opinion:
        """From the scores of all items (items,), without what is in `without`."""
        eligible = Lookup(matrix.items).eligible(without)
        scored = Everything(scores)
        return cls(matrix, scored, eligible, rung, model, reason, known_events, explain)

    @cached_property
    def scores(self) -> Scores:
        """Those of all items, shape (items,); -inf for what may not be offered."""
        scores = self.scored.everything()
        if not self.eligible.everything:
            scores = scores.copy()
            self.eligible.rule_out(scores)
        return scores

    def candidates(self, n: int, incumbents: Sequence[str]) -> Candidates:
        """The n best, and the incumbents not among them that have a score."""
        if n not in self._best:
            top = self.scored.best(n, self.eligible)
            self._best[n] = (self._offer(top, top[:EXPLAINED]), frozenset(top.tolist()))
        offer, there = self._best[n]
        index = self.matrix.items.index
        kept = dict.fromkeys(index[item] for item in incumbents if item in index)
        more = [item for item in kept if item not in there and item in self.eligible]
        if not more:
            return offer
        extra, explain = np.array(more, dtype=np.int32), self.explain
        return Candidates(
            (*offer.item_ids, *(self.matrix.items.ids[item] for item in more)),
            np.concatenate((offer.scores, self.scored.of(extra))),
            self.rung,
            self.model,
            self.reason,
            self.known_events,
            Explained(lambda: {**offer.because, **explain(extra)}),
        )

    def _offer(self, chosen: Indices, explained: Indices) -> Candidates:
        # Not by way of `self`, which keeps the offer: scores and model would stay till the next GC.
        explain = self.explain
        return Candidates(
            tuple(self.matrix.items.ids[item] for item in chosen.tolist()),
            self.scored.of(chosen),
            self.rung,
            self.model,
            self.reason,
            self.known_events,
            Explained(lambda: explain(explained)),
        )
