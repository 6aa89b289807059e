"""What every model is: learnt from rows, scores a person from a row, and can be put into arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

import msgspec
import numpy as np
import numpy.typing as npt

from recsvc.errors import BadInput, Fault
from recsvc.recommenders.matrix import Floats, Matrix, Rows
from recsvc.recommenders.vocabulary import Indices

Scores = npt.NDArray[np.float64]
Arrays = Mapping[str, npt.NDArray[Any]]


class Parameters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of one kind of model; each kind has its own fields."""


def searched(low: float, high: float) -> dict[str, Any]:
    """The part of a parameter's Meta that lets a search vary it: between these two, and evenly in
    its logarithm unless `low` is 0."""
    return {"searched": (low, high)}


class Model(Protocol):
    """Learnt once, then read-only: safe to call from several threads.

    A person is a row: distinct item indices and as many weights above 0; 1 is what a row of the
    training data weighs.
    """

    kind: ClassVar[str]
    Parameters: ClassVar[type[Parameters]]

    @classmethod
    def fit(cls, matrix: Matrix, parameters: Any, *, seed: int, threads: int) -> Self:
        """Learn from the matrix. The same matrix and seed give the same model, whatever
        the number of threads (0: one per core)."""

    @classmethod
    def of(cls, arrays: Arrays, parameters: Any, *, shape: tuple[int, int]) -> Self:
        """The model that `arrays` came from; shape: (users, items). Raises ValueError where the
        arrays cannot be right."""

    def arrays(self) -> Arrays:
        """All that was learnt, to be written."""

    def score(self, items: Indices, weights: Floats) -> Scores | None:
        """Scores (n_items,) for one person; None when nothing can be said."""

    def score_known(self, user: int) -> Scores | None:
        """Scores (n_items,) of a trained user's own row where they are kept ready, else None."""

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        """Scores (rows, n_items) for many at once, as `score` gives them."""

    def contributions(
        self, items: Indices, weights: Floats, chosen: Indices
    ) -> npt.NDArray[Any] | None:
        """What each of the person's items adds to each chosen item's score, shape (chosen, items).

        None where the model has no such sum.
        """


def parameters_for(model: type[Model], given: Mapping[str, Any]) -> Parameters:
    """The parameters, defaults where nothing is given. Raises BadInput naming all faults."""
    kinds = model.Parameters
    faults = []
    for name, value in given.items():
        if name not in kinds.__struct_fields__:
            known = ", ".join(kinds.__struct_fields__) or "none"
            faults.append(Fault(name, f"{model.kind} has no such parameter; it has: {known}"))
            continue
        try:
            msgspec.convert({name: value}, kinds)
        except msgspec.ValidationError as error:
            faults.append(Fault(name, str(error).split(" - at")[0]))
    if faults:
        told = "; ".join(f"{fault.field}: {fault.message}" for fault in faults)
        raise BadInput(f"The parameters of {model.kind} cannot be used: {told}", faults)
    return msgspec.convert(dict(given), kinds)
