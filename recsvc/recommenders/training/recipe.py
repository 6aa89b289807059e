"""What to learn: a kind of model and its parameters, as asked for and as the earlier model had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from recsvc.errors import BadInput
from recsvc.recommenders.artifacts.manifest import Manifest
from recsvc.recommenders.kinds.als import Als
from recsvc.recommenders.kinds.ensemble import MOST, Ensemble, EnsembleParameters
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.models import Model, Parameters, parameters_for

Recipe = tuple[type[Model], Parameters]


def recipe(
    model: str, given: Mapping[str, Any], ensemble: int | None, before: Manifest | None
) -> Recipe:
    """The kind and all its parameters: those `given`, else those of the model `before` this one.

    `ensemble` makes an als one of so many members; `given` are then the parameters of each.
    Raises UnknownModel, and BadInput for parameters and for what can not, or need not, be averaged.
    """
    kind = kind_of(model)
    if ensemble is None and kind is not Ensemble:
        return kind, parameters_for(kind, {**_earlier(before, kind.kind), **given})
    if kind is not Ensemble and kind is not Als:
        raise BadInput(f"Only als can be an ensemble: --ensemble does not go with {model}.")
    if ensemble is not None and not 1 <= ensemble <= MOST:
        raise BadInput(f"An ensemble has 1 to {MOST} members, not {ensemble}.")
    own = {name: given[name] for name in EnsembleParameters.__struct_fields__ if name in given}
    each = {name: value for name, value in given.items() if name not in own}
    each = {**_earlier(before, Als.kind), **own.get("parameters", {}), **each}
    count = ensemble or own.get("members") or _members(before)
    settings = {"members": count, "parameters": msgspec.to_builtins(parameters_for(Als, each))}
    return Ensemble, parameters_for(Ensemble, settings)


def _earlier(before: Manifest | None, kind: str) -> Mapping[str, Any]:
    """The parameters of an earlier model of this kind; those of members are parameters of als."""
    if before is not None and before.kind == kind:
        return before.parameters
    if before is not None and (before.kind, kind) == (Ensemble.kind, Als.kind):
        found: Mapping[str, Any] = before.parameters["parameters"]
        return found
    return {}


def _members(before: Manifest | None) -> int:
    if before is None or before.kind != Ensemble.kind:
        return EnsembleParameters().members
    return int(before.parameters["members"])
