"""The port `Recommender` over a loaded artifact: personal scores, and popularity for everybody."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from policies.candidates import Candidates
from recsvc.ports import Profile
from recsvc.recommenders.artifact import Artifact
from recsvc.recommenders.matrix import Matrix
from recsvc.recommenders.models import Scores
from recsvc.recommenders.profiles import Row, row_of
from recsvc.recommenders.ranking import best
from recsvc.recommenders.vocabulary import Indices

EXPLAINED = 50
"""So many of the best items are traced to the visitor's own; no screen shows more at once."""


class Personal:
    """Scores of the artifact's model for the visitor's own row; the rung "primary".

    Items of the visitor's own history are candidates like others: what has been consumed is for
    the caller to say with `without`.
    """

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact

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
        matrix = self._artifact.matrix
        row = row_of(matrix, profile)
        if not len(row.items):
            return None
        scores = self._scores(row)
        if scores is None:
            return None
        chosen, top = _choose(matrix, scores, n, incumbents, without)
        ids = matrix.items.ids
        explained = np.concatenate((chosen[:top][:EXPLAINED], chosen[top:]))
        return Candidates(
            tuple(ids[i] for i in chosen.tolist()),
            scores[chosen],
            "primary",
            self.model,
            "for_you",
            len(row.items),
            self._because(row, explained),
        )

    def _scores(self, row: Row) -> Scores | None:
        model = self._artifact.model
        ready = None if row.user is None else model.score_known(row.user)
        return model.score(row.items, row.weights) if ready is None else ready

    def _because(self, row: Row, chosen: Indices) -> dict[str, tuple[str, ...]]:
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
    """How many distinct users met an item, the same for everybody; the rung "popularity"."""

    def __init__(self, artifact: Artifact) -> None:
        self._artifact = artifact
        self._counts = artifact.popularity.astype(np.float64)

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
        profile: Profile,  # noqa: ARG002
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates:
        """The n most popular but `without`, and the known incumbents; the profile is not used."""
        matrix = self._artifact.matrix
        chosen, _ = _choose(matrix, self._counts.copy(), n, incumbents, without)
        ids = matrix.items.ids
        return Candidates(
            tuple(ids[i] for i in chosen.tolist()),
            self._counts[chosen],
            "popularity",
            self.model,
            "popular",
        )


def ladder(artifact: Artifact) -> tuple[Personal | Popular, ...]:
    """The recommenders of an artifact, best rung first."""
    if artifact.manifest.kind == "popularity":
        return (Popular(artifact),)
    return (Personal(artifact), Popular(artifact))


def _choose(
    matrix: Matrix,
    scores: Scores,
    n: int,
    incumbents: Sequence[str],
    without: Collection[str],
) -> tuple[Indices, int]:
    """The best n and then the incumbents not among them; how many come before the incumbents.

    Incumbents keep their scores in `scores`; what is in `without` loses them.
    """
    index = matrix.items.index
    gone = [index[item] for item in without if item in index]
    scores[gone] = -np.inf
    top = best(scores, n)
    there = set(top.tolist()) | set(gone)
    kept = dict.fromkeys(index[item] for item in incumbents if item in index)
    more = [item for item in kept if item not in there]
    return np.concatenate((top, np.array(more, dtype=np.int32))), len(top)


def _history(matrix: Matrix, user_id: str, by: Collection[str]) -> tuple[str, ...]:
    user = matrix.users.index.get(user_id)
    if user is None:
        return ()
    return tuple(matrix.items.ids[item] for item in matrix.met(user, by).tolist())
