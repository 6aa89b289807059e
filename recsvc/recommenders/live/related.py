"""What people met who also met a visitor's latest items; the rung "neighbours", learnt by nobody.

The neighbours of a session are the latest people behind each of its items. It needs no more than
the rows of the training data, so it is there for every kind of model.
D. Jannach, M. Ludewig, "When recurrent neural networks meet the neighborhood for session-based
recommendation", RecSys 2017.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np

from policies.candidates import Candidates
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.live.opinions import Because, Opinion
from recsvc.recommenders.live.profiles import row_of
from recsvc.recommenders.matrix import Floats
from recsvc.recommenders.models import Scores
from recsvc.recommenders.scanning.eligible import Lookup
from recsvc.recommenders.scanning.scored import Everything
from recsvc.recommenders.vocabulary import Indices

LATEST: Final = 8
"""So many of a visitor's latest items are looked at."""
PEOPLE: Final = 200
"""So many of the latest people behind an item: those who came last to the data."""
MEETINGS: Final = 20_000
"""So many of the items that the people behind one item met; more would take too long."""
KNOW_ITEMS: Final = ("cosine", "tfidf", "bm25")
"""Kinds of models that were learnt from pairs of items."""

Near = tuple[Indices, float]
"""Items that were met, an item as often as it was, and what one time is worth."""


class Related:
    """A score is the sum over the visitor's items of the cosine with each, by weight.

    Of the people behind an item only the latest are counted, and their number is scaled up. Items
    that they did not meet come below all others, the most popular first.
    """

    def __init__(self, artifact: Artifact) -> None:
        matrix = artifact.matrix
        self._artifact, self._matrix = artifact, matrix
        unheard_of = np.flatnonzero(artifact.popularity == 0).astype(np.int32)
        self._lookup = Lookup(matrix.items, unheard_of)
        columns = matrix.rows.tocsc()
        self._people: Indices = columns.indices
        self._starts: Indices = columns.indptr
        self._counts = artifact.popularity.astype(np.float64)
        with np.errstate(divide="ignore"):
            self._shrunk = np.where(self._counts > 0, self._counts**-0.5, 0.0)
        self._below = 0.5 * self._counts / max(1.0, float(self._counts.max(initial=0.0)))

    @property
    def model(self) -> str:
        """Not the artifact's own name: other scores, another model."""
        return f"neighbours/{self._artifact.model_id}"

    def knows(self, item_id: str) -> bool:
        """Whether the item was in the training data."""
        return item_id in self._matrix.items.index

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        """The n best but `without`, and the known incumbents; None when the profile says nothing.

        Only what was heard of the visitor counts, not the history in the training data.
        """
        opinion = self.opinion(profile, without)
        return None if opinion is None else opinion.candidates(n, incumbents)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """How near every item but `without` is; None when the profile says nothing."""
        heard = Profile(events=profile.events[-LATEST:])
        row = row_of(self._matrix, heard)
        if not len(row.items):
            return None
        near = [self._near(item) for item in row.items.tolist()]
        columns = np.concatenate([met for met, _ in near])
        worth = np.concatenate(
            [
                np.full(len(met), weight * one)
                for (met, one), weight in zip(near, row.weights, strict=True)
            ]
        )
        sums = np.bincount(columns, worth, len(self._counts)).astype(np.float64, copy=False)
        scores: Scores = sums * self._shrunk
        if not (scores > 0).any():
            return None

        def explain(chosen: Indices) -> Because:
            return self._because(row.items, row.weights, near, chosen)

        return Opinion(
            self._matrix,
            Everything(self._filled(scores)),
            self._lookup.eligible(without),
            rung="neighbours",
            model=self.model,
            reason="for_you",
            known_events=len(row.items),
            explain=explain,
        )

    def _near(self, item: int) -> Near:
        """What the people behind an item met but for itself, each time they did."""
        begin, end = int(self._starts[item]), int(self._starts[item + 1])
        people = self._people[max(begin, end - PEOPLE) : end]
        rows = self._matrix.rows
        starts, lengths = rows.indptr[people], rows.indptr[people + 1] - rows.indptr[people]
        # The latest people, and of them so many as met no more than that together.
        reached = int(np.searchsorted(np.cumsum(lengths[::-1]), MEETINGS, side="right"))
        starts, lengths = (of[len(people) - max(1, reached) :] for of in (starts, lengths))
        before = np.cumsum(lengths) - lengths
        where = np.repeat(starts - before, lengths) + np.arange(int(lengths.sum()))
        met = rows.indices[where]
        one = float(self._shrunk[item]) * (end - begin) / max(1, len(lengths))
        return met[met != item], one

    def _filled(self, scores: Scores) -> Scores:
        """Below the least of those that are near: popularity, between 0 and half of it."""
        far = scores <= 0
        scores[far] = scores[~far].min() * self._below[far]
        return scores

    def _because(
        self, own: Indices, weights: Floats, near: Sequence[Near], chosen: Indices
    ) -> Because:
        """The visitor's item that adds most to each chosen one."""
        line = np.full(len(self._counts), -1)
        line[chosen] = np.arange(len(chosen))
        parts = np.zeros((len(own), len(chosen)))
        for part, (met, one), weight in zip(parts, near, weights, strict=True):
            lines = line[met]
            part += np.bincount(lines[lines >= 0], minlength=len(chosen)) * (one * weight)
        ids, strongest = self._matrix.items.ids, parts.argmax(axis=0)
        pairs = zip(chosen.tolist(), strongest.tolist(), parts.max(axis=0).tolist(), strict=True)
        return {ids[item]: (ids[own[first]],) for item, first, part in pairs if part > 0}


def by_subject(artifact: Artifact) -> str:
    """The rung for what goes with an item: most models know people, and fold an item in as one."""
    return "primary" if artifact.manifest.kind in KNOW_ITEMS else "neighbours"
