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
from recsvc.recommenders.kinds.als import Als, AlsParameters, Start
from recsvc.recommenders.kinds.factors import Factors
from recsvc.recommenders.kinds.narrow import Doubles, narrowed
from recsvc.recommenders.matrix import Floats, Matrix, Rows
from recsvc.recommenders.models import Arrays
from recsvc.recommenders.threads import one_blas_thread
from recsvc.recommenders.vocabulary import Indices

MOST = 16


class EnsembleParameters(models.Parameters, frozen=True, forbid_unknown_fields=True):
    """How many `members` of als, and their `parameters`, all alike."""

    members: Annotated[int, Meta(ge=1, le=MOST)] = 3
    parameters: AlsParameters = AlsParameters()


@dataclass(frozen=True, eq=False)
class Ensemble(Factors):
    """Members, and all of them in one: factors of users (users, r) and items (items, r).

    Each member's scores of a person are divided by their standard deviation over all items, and
    the mean of these is given the average spread again. That deviation follows from the person's
    factors p and the covariance C of the items' factors, sqrt(p' C p), so the weight of a member
    goes into p, and one product with all members' factors side by side is the mean. `turn`
    (r, N f) takes such a person to fewer columns, see `narrow`. Means over all items are left out:
    they are the same for every item.
    """

    kind: ClassVar[str] = "ensemble"
    Parameters: ClassVar[type[models.Parameters]] = EnsembleParameters

    parameters: EnsembleParameters
    members: tuple[Als, ...]
    beside: tuple[Floats, Floats]
    covariances: Doubles
    user_factors: Floats
    item_factors: Floats
    turn: Floats

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
        return cls.joined(
            [
                Als.fit(
                    matrix,
                    parameters.parameters,
                    seed=seed_of(seed, number),
                    threads=threads,
                    start=start[number] if number < len(start) else None,
                )
                for number in range(parameters.members)
            ],
            parameters,
        )

    @classmethod
    def joined(cls, members: Sequence[Als], parameters: EnsembleParameters) -> Self:
        """Of members that have learnt."""
        users = np.hstack([member.user_factors for member in members])
        items = np.hstack([member.item_factors for member in members])
        covariances = _covariances(members)
        people = weighted(users.reshape(len(users), len(members), -1), covariances)
        narrow = narrowed(people, items)
        arrays = {
            "member_user_factors": users,
            "member_item_factors": items,
            "user_factors": narrow.people(people),
            "item_factors": narrow.items,
            "turn": narrow.turn,
        }
        return cls.of(arrays, parameters, shape=(len(users), len(items)))

    @classmethod
    def of(cls, arrays: Arrays, parameters: EnsembleParameters, *, shape: tuple[int, int]) -> Self:
        """From the members' factors side by side and those of all in one, float32.

        Raises ValueError for wrong arrays.
        """
        users, items = arrays["member_user_factors"], arrays["member_item_factors"]
        each = parameters.parameters
        width = parameters.members * each.factors
        narrow = [arrays[name] for name in ("user_factors", "item_factors", "turn")]
        rank = len(narrow[2])
        sizes = ((shape[0], width), (shape[1], width), (shape[0], rank), (shape[1], rank))
        for array, size in zip((users, items, *narrow), (*sizes, (rank, width)), strict=True):
            if array.shape != size or array.dtype != np.float32:
                raise ValueError(f"factors of all members are {array.dtype} {array.shape}")
            if not np.isfinite(array).all():
                raise ValueError("factors of all members hold NaN or infinity")
        members = []
        for first in range(0, width, each.factors):
            columns = slice(first, first + each.factors)  # a view: nothing is held twice
            part = {"user_factors": users[:, columns], "item_factors": items[:, columns]}
            members.append(Als.of(part, each, shape=shape))
        return cls(parameters, tuple(members), (users, items), _covariances(members), *narrow)

    def arrays(self) -> Arrays:
        """The factors, as the members learnt them and all in one."""
        return {
            "member_user_factors": self.beside[0],
            "member_item_factors": self.beside[1],
            "user_factors": self.user_factors,
            "item_factors": self.item_factors,
            "turn": self.turn,
        }

    def person(self, items: Indices, weights: Floats) -> Floats | None:
        """One fold-in per member, weighted and turned, (r,); None for an empty row."""
        folded = self._folded(items, weights)
        if folded is None:
            return None
        person: Floats = self.turn @ weighted(folded[None], self.covariances)[0]
        return person

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """Fold-in of every row."""
        folded = np.stack([member.people(rows) for member in self.members], axis=1)
        with one_blas_thread():
            people = weighted(folded, self.covariances) @ self.turn.T
            scores: npt.NDArray[Any] = people @ self.item_factors.T
        return scores

    def contributions(
        self, items: Indices, weights: Floats, chosen: Indices
    ) -> npt.NDArray[Any] | None:
        """The weighted sum of the members' own."""
        folded = self._folded(items, weights)
        if folded is None:
            return None
        added: npt.NDArray[Any] = np.zeros((len(chosen), len(items)), dtype=np.float32)
        shares = _shares(folded[None], self.covariances)[0]
        for member, share in zip(self.members, shares, strict=True):
            added += np.float32(share) * member.contributions(items, weights, chosen)
        return added

    def _folded(self, items: Indices, weights: Floats) -> Floats | None:
        """Factors by member (N, f)."""
        found = [member.person(items, weights) for member in self.members]
        known = [one for one in found if one is not None]
        return np.stack(known) if known else None


def weighted(folded: Floats, covariances: Doubles) -> Floats:
    """People's factors (p, N, f) side by side (p, N f), those of a member times its weight."""
    shares = _shares(folded, covariances)
    return (folded * shares[:, :, None]).astype(np.float32).reshape(len(folded), -1)


def _shares(folded: Floats, covariances: Doubles) -> Doubles:
    """The weight of each member (p, N) for people's factors (p, N, f)."""
    people = folded.astype(np.float64).swapaxes(0, 1)
    variances = (np.matmul(people, covariances) * people).sum(axis=2).T
    spreads = np.sqrt(np.maximum(variances, 0.0))
    members = np.where(spreads > 0, spreads, 1.0) * folded.shape[1]
    shares: Doubles = spreads.mean(axis=1, keepdims=True) / members
    return shares


def _covariances(members: Sequence[Als]) -> Doubles:
    with one_blas_thread():
        found: Doubles = np.stack([_covariance(member.item_factors) for member in members])
    return found


def _covariance(factors: Floats) -> Doubles:
    """Of the items' factors (f, f), each item counted once."""
    mean = factors.mean(axis=0, dtype=np.float64)
    second: Doubles = (factors.T @ factors).astype(np.float64) / len(factors)
    covariance: Doubles = second - np.outer(mean, mean)
    return covariance


def seed_of(seed: int, number: int) -> int:
    """The seed of a member; the first has the ensemble's own, so that it is the model alone."""
    return seed if not number else int(np.random.SeedSequence([seed, number]).generate_state(1)[0])
