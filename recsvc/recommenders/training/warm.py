"""A model that follows an earlier one: indices that stay, and where its factors start.

Cold, the same settings find other factors as soon as one user or item more shifts the random start,
and everybody's list changes. Going on from the earlier factors moves them by what the new data say.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp

from recsvc.errors import BadInput
from recsvc.recommenders.kinds.als import Als, AlsParameters, Start
from recsvc.recommenders.kinds.blend import Blend, BlendParameters
from recsvc.recommenders.kinds.ensemble import Ensemble, EnsembleParameters
from recsvc.recommenders.matrix import Matrix, Rows
from recsvc.recommenders.models import Model, Parameters
from recsvc.recommenders.vocabulary import Indices, Vocabulary, continued


def following(matrix: Matrix, before: Matrix) -> Matrix:
    """The same events with every user and item in the place that it had `before`.

    Items that left the data stay with empty columns. Of users who left only an empty row stays,
    without the id: a model must not remember people who asked to be forgotten.
    """
    users = continued(before.users, matrix.users, remember=False)
    items = continued(before.items, matrix.items, remember=True)
    rows = matrix.rows
    lines = users.indices(matrix.users.ids)[_owners(rows)]
    columns = items.indices(matrix.items.ids)[rows.indices]
    order = np.lexsort((columns, lines))
    indptr = np.searchsorted(lines[order], np.arange(len(users) + 1)).astype(np.int32)
    moved = sp.csr_matrix(
        (rows.data[order], columns[order], indptr), shape=(len(users), len(items))
    )
    times = matrix.times[order] if len(matrix.times) else matrix.times
    acts = matrix.acts[order] if len(matrix.acts) else matrix.acts
    return Matrix(users, items, moved, matrix.types, acts, times)


def _owners(rows: Rows) -> Indices:
    """The user of each entry."""
    return np.repeat(np.arange(rows.shape[0], dtype=np.int32), np.diff(rows.indptr))


def starts(before: Model, known: Matrix, matrix: Matrix, chosen: Parameters) -> tuple[Start, ...]:
    """Where the model's members start, as many as the earlier one has; () where none can.

    `known` is the matrix of the earlier model. Raises BadInput for another number of factors.
    """
    wanted = _of(chosen)
    members = _members(before)
    users = known.users.indices(matrix.users.ids)
    items = known.items.indices(matrix.items.ids)
    found = []
    for member in members:
        if wanted is None or not isinstance(member, Als):
            return ()
        if member.parameters.factors != wanted.factors:
            raise BadInput(
                f"The model to go on from has {member.parameters.factors} factors, not "
                f"{wanted.factors}. Train with as many, or without --from."
            )
        found.append(Start(member.user_factors, users, member.item_factors, items))
    return tuple(found)


def _members(model: Model) -> Sequence[Model]:
    if isinstance(model, Ensemble):
        return model.members
    return (model.personal if isinstance(model, Blend) else model,)


def _of(chosen: Parameters) -> AlsParameters | None:
    if isinstance(chosen, EnsembleParameters):
        return chosen.parameters
    if isinstance(chosen, BlendParameters):
        return chosen.als
    return chosen if isinstance(chosen, AlsParameters) else None


def learn(
    kind: type[Model],
    matrix: Matrix,
    chosen: Parameters,
    begin: tuple[Start, ...],
    *,
    seed: int,
    threads: int,
) -> Model:
    """A model of that kind, going on from where `begin` says; () learns from nothing."""
    if begin and isinstance(chosen, AlsParameters):
        return Als.fit(matrix, chosen, seed=seed, threads=threads, start=begin[0])
    if begin and isinstance(chosen, EnsembleParameters):
        return Ensemble.fit(matrix, chosen, seed=seed, threads=threads, start=begin)
    if begin and isinstance(chosen, BlendParameters):
        return Blend.fit(matrix, chosen, seed=seed, threads=threads, start=begin[0])
    return kind.fit(matrix, chosen, seed=seed, threads=threads)


def stayed(before: Matrix, matrix: Matrix) -> str:
    """What kept its place, what is new and what left the data, in one line."""
    users = _told(before.users, matrix.users)
    items = _told(before.items, matrix.items)
    left = len(matrix.items.index) - len(np.unique(matrix.rows.indices))
    return f"users: {users}; items: {items}, {left:,} have no events any more"


def _told(before: Vocabulary, now: Vocabulary) -> str:
    known = len(before.index.keys() & now.index.keys())
    return f"{known:,} keep their places, {len(now.index) - known:,} are new"
