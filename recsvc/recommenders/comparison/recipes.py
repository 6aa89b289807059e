"""How an artifact was made, to be made again from other events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from recsvc.errors import BadInput
from recsvc.recommenders.artifacts.manifest import Manifest
from recsvc.recommenders.kinds.als import Start
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.matrix import Matrix
from recsvc.recommenders.models import Model, parameters_for
from recsvc.recommenders.training.warm import learn, starts


@dataclass(frozen=True)
class Learnt:
    """A model and what it was learnt from."""

    model: Model
    matrix: Matrix


@dataclass(frozen=True)
class Recipe:
    """Kind, parameters and seed; `warm`: it went on from an earlier model's factors."""

    kind: str
    parameters: Mapping[str, Any]
    seed: int
    warm: bool = False

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """That of an artifact."""
        return cls(
            manifest.kind, manifest.parameters, manifest.seed, warm=bool(manifest.started_from)
        )

    def cold(self) -> Recipe:
        """The same without an earlier model."""
        return Recipe(self.kind, self.parameters, self.seed)

    def made(self, matrix: Matrix, origin: Learnt | None, *, threads: int) -> Learnt:
        """Learn from the matrix, going on from `origin` where the recipe does.

        Where it cannot (other factors), it goes on from a model of its own, learnt from the same.
        """
        kind = kind_of(self.kind)
        parameters: Any = parameters_for(kind, self.parameters)
        begin: tuple[Start, ...] = ()
        if self.warm and origin is not None:
            try:
                begin = starts(origin.model, origin.matrix, matrix, parameters)
            except BadInput:
                own = self.cold().made(origin.matrix, None, threads=threads)
                begin = starts(own.model, own.matrix, matrix, parameters)
        model = learn(kind, matrix, parameters, begin, seed=self.seed, threads=threads)
        return Learnt(model, matrix)
