"""Knobs as people write them, checked strictly: every fault at once, each at its field."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Annotated, Any, Final, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from policies import Knobs
from recsvc.config.faults import faults_of
from recsvc.errors import BadInput, Fault
from recsvc.rules import compiled, read_rule

RULES: Final = ("hold_when", "refresh_when")
"""Knobs that hold rules. A refresh changes the screen, so nothing that moves by itself may ask for
one: reloading, or time alone, would then be a cause."""


def _model() -> type[BaseModel]:
    """The pydantic model of the one table of knobs."""
    hints = get_type_hints(Knobs)
    fields: dict[str, Any] = {}
    for field in dataclasses.fields(Knobs):
        limits = {n: v for n, v in field.metadata.items() if n in ("ge", "le", "gt")}
        kind = hints[field.name]
        if kind == tuple[str, ...]:
            kind = list[str]
        elif kind in (float, float | None):
            limits["allow_inf_nan"] = False
        fields[field.name] = (Annotated[kind, Field(**limits)], field.default)
    config = ConfigDict(strict=True, extra="forbid")
    return create_model("KnobsModel", __config__=config, **fields)


KNOBS_MODEL: Final = _model()


def read_knobs(written: Mapping[str, Any], where: str = "") -> Knobs:
    """Knobs from a mapping; unknown names, wrong types and values out of range fail together.

    Raises `BadInput` with one fault a field; `where` leads the names of the fields.
    """
    values: dict[str, Any] = {}
    faults: list[Fault] = []
    rules: dict[str, str | None] = {}
    for name in RULES:
        field = f"{where}.{name}" if where else name
        steady = name == "refresh_when"
        rules[name], wrong = read_rule(written.get(name), field, steady=steady)
        faults += wrong
    try:
        model = KNOBS_MODEL.model_validate({n: v for n, v in written.items() if n not in RULES})
        values = {field.name: getattr(model, field.name) for field in dataclasses.fields(Knobs)}
    except ValidationError as error:
        faults.extend(faults_of(error, where))
    if faults:
        detail = "These knobs cannot be used: " + "; ".join(
            f"{f.field} {f.message}" for f in faults
        )
        raise BadInput(detail, faults)
    values = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
    return Knobs(**values | rules)


def with_nulls(table: Mapping[str, Any]) -> dict[str, Any]:
    """Knobs as TOML holds them: it has no null of its own, so "null" or "none" is written."""
    return {key: None if value in ("null", "none") else value for key, value in table.items()}


def warnings_of(knobs: Knobs) -> tuple[str, ...]:
    """What a product owner should know before these knobs go live."""
    found = []
    no_seat = knobs.churn_limit < 1 and math.floor(knobs.churn_limit * knobs.k + 1e-9) == 0
    if no_seat or knobs.session_budget == 0:
        found.append("this surface is frozen")
    for name in RULES:
        rule = getattr(knobs, name)
        if rule is not None and not compiled(rule).uses:
            found.append(f"{name} asks no fact, so that it is always true or always false")
    return tuple(found)
