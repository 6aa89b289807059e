"""Several models of one kind that differ by their seed, with their scores averaged.

What differs from seed to seed is chance, and a mean of several has less of it.
L. K. Hansen, P. Salamon, "Neural network ensembles", IEEE PAMI 12(10), 1990.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from recsvc.recommenders import models
from recsvc.recommenders.als import Als, AlsParameters, Start
from recsvc.recommenders.matrix import Floats, Matrix, Rows
from recsvc.recommenders.models import Arrays, Scores
from recsvc.recommenders.vocabulary import Indices

MOST = 16


class EnsembleParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """How many `members` of als, and their `parameters`, all alike."""

    members: Annotated[int, Meta(ge=1, le=MOST)] = 3
    parameters: AlsParameters = AlsParameters()


@dataclass(frozen=True, eq=False)
class Ensemble:
    """The members' factors side by side: users (users, N f) and items (items, N f).

    Each member's scores of a person are divided by their standard deviation over all items, and
    the mean of these is given the average spread again. That deviation follows from the person's
    factors p and the covariance C of the items' factors, sqrt(p' C p), so the weight of a member
    goes into p, and one scan of the items does for all members. Means over all items are left
    out: they are the same for every item.
    """

    kind: ClassVar[str] = "ensemble"
    Parameters: ClassVar[type[models.Parameters]] = EnsembleParameters

    parameters: EnsembleParameters
    members: tuple[Als, ...]
    user_factors: Floats
    item_factors: Floats
    covariances: npt.NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        matrix: Matrix,
        parameters: EnsembleParameters,
        *,
        seed: int,
        threads: int,
        start: Sequence[Start] = (),
    ) -> Self:
        """Learn one member after the other; the first ones go on from where `start` says."""
        learnt = [
            Als.fit(
                matrix,
                parameters.parameters,
                seed=seed_of(seed, number),
                threads=threads,
                start=start[number] if number < len(start) else None,
            )
            for number in range(parameters.members)
        ]
        arrays = {
            name: np.hstack([member.arrays()[name] for member in learnt])
            for name in ("user_factors", "item_factors")
        }
        return cls.of(arrays, parameters, shape=matrix.rows.shape)

    @classmethod
    def of(cls, arrays: Arrays, parameters: EnsembleParameters, *, shape: tuple[int, int]) -> Self:
        """From user_factors and item_factors, float32. Raises ValueError for wrong arrays."""
        users, items = arrays["user_factors"], arrays["item_factors"]
        each = parameters.parameters
        for array, count in zip((users, items), shape, strict=True):
            if array.shape != (count, parameters.members * each.factors):
                raise ValueError(f"factors of all members are {array.shape}")
        members = []
        for first in range(0, users.shape[1], each.factors):
            columns = slice(first, first + each.factors)  # a view: nothing is held twice
            part = {"user_factors": users[:, columns], "item_factors": items[:, columns]}
            members.append(Als.of(part, each, shape=shape))
        covariances = [_covariance(member.item_factors) for member in members]
        return cls(parameters, tuple(members), users, items, np.stack(covariances))

    def arrays(self) -> Arrays:
        """The factors, as the members learnt them."""
        return {"user_factors": self.user_factors, "item_factors": self.item_factors}

    def score(self, items: Indices, weights: Floats) -> Scores | None:
        """The mean of the members' scores."""
        person = self.person(items, weights)
        return None if person is None else self._scan(person)

    def score_known(self, user: int) -> Scores | None:
        """The same of a trained user."""
        return self._scan(self.person_known(user))

    def person(self, items: Indices, weights: Floats) -> Floats | None:
        """One fold-in per member, side by side and weighted; None for an empty row."""
        folded = self._folded(items, weights)
        return None if folded is None else self._person(folded)

    def person_known(self, user: int) -> Floats:
        """The stored factors of a trained user, weighted."""
        return self._person(self.user_factors[user].reshape(len(self.members), -1))

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """Fold-in of every row."""
        folded = np.stack([member.people(rows) for member in self.members], axis=1)
        scores: npt.NDArray[Any] = self._weighted(folded) @ self.item_factors.T
        return scores

    def contributions(
        self, items: Indices, weights: Floats, chosen: Indices
    ) -> npt.NDArray[Any] | None:
        """The weighted sum of the members' own."""
        folded = self._folded(items, weights)
        if folded is None:
            return None
        added: npt.NDArray[Any] = np.zeros((len(chosen), len(items)), dtype=np.float32)
        for member, share in zip(self.members, self.shares(folded[None])[0], strict=True):
            added += np.float32(share) * member.contributions(items, weights, chosen)
        return added

    def shares(self, folded: Floats) -> npt.NDArray[np.float64]:
        """The weight of each member (people, N) for people's factors (people, N, f)."""
        people = folded.astype(np.float64)
        variances = np.einsum("pmf,mfg,pmg->pm", people, self.covariances, people, optimize=True)
        spreads = np.sqrt(np.maximum(variances, 0.0))
        mean = spreads.mean(axis=1, keepdims=True)
        shares: npt.NDArray[np.float64] = mean / np.where(spreads > 0, spreads, 1.0)
        return shares / len(self.members)

    def _folded(self, items: Indices, weights: Floats) -> Floats | None:
        """Factors by member (N, f)."""
        found = [member.person(items, weights) for member in self.members]
        known = [one for one in found if one is not None]
        return np.stack(known) if known else None

    def _person(self, folded: Floats) -> Floats:
        person: Floats = self._weighted(folded[None])[0]
        return person

    def _weighted(self, folded: Floats) -> Floats:
        weighted = (folded * self.shares(folded)[:, :, None]).astype(np.float32)
        return weighted.reshape(len(folded), -1)

    def _scan(self, person: Floats) -> Scores | None:
        scores = (self.item_factors @ person).astype(np.float64)
        return scores if np.isfinite(scores).all() else None


def _covariance(factors: Floats) -> npt.NDArray[np.float64]:
    """Of the items' factors (f, f), each item counted once."""
    mean = factors.mean(axis=0, dtype=np.float64)
    second: npt.NDArray[np.float64] = (factors.T @ factors).astype(np.float64) / len(factors)
    return second - np.outer(mean, mean)


def seed_of(seed: int, number: int) -> int:
    """The seed of a member; the first has the ensemble's own, so that it is the model alone."""
    return seed if not number else int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
