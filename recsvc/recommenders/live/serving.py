"""The port `Recommender` over a loaded artifact: personal scores, and popularity for everybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from policies.candidates import Candidates
from recsvc.ports import Profile
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.kinds.popularity import Popularity
from recsvc.recommenders.live.opinions import Because, Opinion
from recsvc.recommenders.live.profiles import Row, row_of
from recsvc.recommenders.matrix import Matrix
from recsvc.recommenders.scanning.eligible import Lookup
from recsvc.recommenders.scanning.scan import Factored, Scan
from recsvc.recommenders.scanning.scored import ByFactors, Everything, Scored
from recsvc.recommenders.vocabulary import Indices


class Personal:
    """Scores of the artifact's model for the visitor's own row; the rung "primary".

    Items of the visitor's own history are candidates like others: what has been consumed is for
    the caller to say with `without`.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self._lookup = Lookup(artifact.matrix.items, _unheard_of(artifact))
        model = artifact.model
        self._factors = model if isinstance(model, Factored) else None
        self._scan = (
            None if self._factors is None else Scan.of(self._factors.item_factors, artifact.index)
        )

    @property
    def model(self) -> str:
        """The artifact's identity."""
        return self._artifact.model_id

    def knows(self, item_id: str) -> bool:
        """Whether the item was in the training data."""
        return item_id in self._artifact.matrix.items.index

    def history(self, user_id: str, by: Collection[str]) -> tuple[str, ...]:
        """Items on which the user did one of these things in the training data.

        All items that the user met where the data did not tell; () for an unknown user.
        """
        return _history(self._artifact.matrix, user_id, by)

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        """The n best but `without`, and the known incumbents; None when the profile says nothing.

        `because` names up to two of the visitor's items for the best EXPLAINED items and the
        incumbents, those that add most to the score.
        """
        opinion = self.opinion(profile, without)
        return None if opinion is None else opinion.candidates(n, incumbents)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """What the model thinks of every item but `without`; None when the profile says nothing."""
        row = row_of(self._artifact.matrix, profile)
        scored = self._scored(row) if len(row.items) else None
        if scored is None:
            return None
        return Opinion(
            self._artifact.matrix,
            scored,
            self._lookup.eligible(without),
            rung="primary",
            model=self.model,
            reason="for_you",
            known_events=len(row.items),
            explain=lambda chosen: self._because(row, chosen),
        )

    def _scored(self, row: Row) -> Scored | None:
        model, factors, scan = self._artifact.model, self._factors, self._scan
        if factors is not None and scan is not None and not scan.whole:
            person = None if row.user is None else factors.person_known(row.user)
            if person is None:
                person = factors.person(row.items, row.weights)
            return (
                ByFactors(scan, person) if person is not None and scan.can_score(person) else None
            )
        scores = None if row.user is None else model.score_known(row.user)
        if scores is None:
            scores = model.score(row.items, row.weights)
        return None if scores is None else Everything(scores)

    def _because(self, row: Row, chosen: Indices) -> Because:
        parts = self._artifact.model.contributions(row.items, row.weights, chosen)
        if parts is None or not parts.size:
            return {}
        # An item is no reason for itself.
        parts[chosen[:, None] == row.items] = 0
        ids, lines = self._artifact.matrix.items.ids, np.arange(len(chosen))
        first = parts.argmax(axis=1)
        strongest = parts[lines, first]
        parts[lines, first] = 0
        second = parts.argmax(axis=1)
        pairs = zip(
            chosen.tolist(),
            row.items[first].tolist(),
            (strongest > 0).tolist(),
            row.items[second].tolist(),
            (parts[lines, second] > 0).tolist(),
            strict=True,
        )
        return {
            ids[item]: (ids[a], ids[b]) if b_counts else (ids[a],)
            for item, a, a_counts, b, b_counts in pairs
            if a_counts
        }


class Popular:
    """How many distinct users met an item, or met it lately where the model is of that kind.

    The same for everybody; the rung "popularity".
    """

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self._lookup = Lookup(artifact.matrix.items, _unheard_of(artifact))
        model, counts = artifact.model, artifact.popularity.astype(np.float64)
        self._scored = Everything(model.scores if isinstance(model, Popularity) else counts)

    @property
    def model(self) -> str:
        """Not the artifact's own name, unless that is popularity: other scores, another model."""
        model_id = self._artifact.model_id
        return (
            model_id if self._artifact.manifest.kind == "popularity" else f"popularity/{model_id}"
        )

    def knows(self, item_id: str) -> bool:
        """Whether the item was in the training data."""
        return item_id in self._artifact.matrix.items.index

    def history(self, user_id: str, by: Collection[str]) -> tuple[str, ...]:
        """Items on which the user did one of these things in the training data.

        All items that the user met where the data did not tell; () for an unknown user.
        """
        return _history(self._artifact.matrix, user_id, by)

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates:
        """The n most popular but `without`, and the known incumbents; the profile is not used."""
        return self.opinion(profile, without).candidates(n, incumbents)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion:  # noqa: ARG002
        """How popular every item but `without` is."""
        return Opinion(
            self._artifact.matrix,
            self._scored,
            self._lookup.eligible(without),
            rung="popularity",
            model=self.model,
            reason="popular",
        )


def ladder(artifact: Artifact) -> tuple[Personal | Popular, ...]:
    """The recommenders of an artifact, best rung first."""
    if artifact.manifest.kind == "popularity":
        return (Popular(artifact),)
    return (Personal(artifact), Popular(artifact))


def _history(matrix: Matrix, user_id: str, by: Collection[str]) -> tuple[str, ...]:
    user = matrix.users.index.get(user_id)
    if user is None:
        return ()
    return tuple(matrix.items.ids[item] for item in matrix.met(user, by).tolist())


def _unheard_of(artifact: Artifact) -> Indices:
    """Items that left the data: they keep their index, and nobody is known to have met them."""
    matrix = artifact.matrix
    met = np.bincount(matrix.rows.indices, minlength=len(matrix.items))
    return np.flatnonzero(met == 0).astype(np.int32)
