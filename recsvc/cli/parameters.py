"""`--parameter NAME=VALUE`: settings of a model, as a mapping."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

Given = Mapping[str, int | float | str | None]

option = click.option(
    "--parameter",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter of the model, as --parameter factors=128; may be repeated. MODEL.NAME=VALUE "
    "where there are several models.",
)


def parameters_of(pairs: Sequence[str]) -> Given:
    """NAME=VALUE pairs by name: whole numbers, numbers, `none`; the model refuses other words."""
    found = {}
    for pair in pairs:
        name, equals, value = (part.strip() for part in pair.partition("="))
        if not (name and equals and value):
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--parameter")
        found[name] = _value(value)
    return found


def parameters_by_model(pairs: Sequence[str], models: Sequence[str]) -> Mapping[str, Given]:
    """The same for several models: MODEL.NAME=VALUE, or NAME=VALUE where there is but one model."""
    found: dict[str, dict[str, Any]] = {}
    for name, value in parameters_of(pairs).items():
        model, dot, own = name.rpartition(".")
        if not dot and len(models) != 1:
            raise click.BadParameter(
                f"whose is {name!r}? With several models it is MODEL.NAME=VALUE",
                param_hint="--parameter",
            )
        model = model or models[0]
        if model not in (*models, "popularity"):
            raise click.BadParameter(f"{model!r} is not evaluated", param_hint="--parameter")
        found.setdefault(model, {})[own] = value
    return found


def _value(told: str) -> int | float | str | None:
    if told.lower() == "none":
        return None
    for kind in (int, float):
        try:
            return kind(told)
        except ValueError:
            continue
    return told
