"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Any)

EXISTING = click.Path(exists=True, path_type=Path)


def tables(command: Command) -> Command:
    """The options that name tables."""
    for option in reversed(
        (
            click.option(
                "--interactions",
                required=True,
                type=EXISTING,
                help="File or folder of interactions: Parquet, CSV, MovieLens, Online Retail II.",
            ),
            click.option("--items", type=EXISTING, help="Table of items (item_id, title, …)."),
            click.option("--users", type=EXISTING, help="Table of users (user_id, attributes…)."),
            click.option(
                "--column",
                "columns",
                multiple=True,
                metavar="NAME=COLUMN",
                help="Where a file calls a canonical column otherwise: --column user_id=customer.",
            ),
        )
    ):
        command = option(command)
    return command


home = click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of models and embedded stores (RECSVC_HOME; ./var).",
)


def mapping_of(columns: tuple[str, ...]) -> Mapping[str, str]:
    """NAME=COLUMN pairs as a mapping."""
    pairs = {}
    for pair in columns:
        name, equals, column = pair.partition("=")
        if not (name and equals and column):
            raise click.BadParameter(f"{pair!r} is not NAME=COLUMN", param_hint="--column")
        pairs[name] = column
    return pairs


def say(line: str) -> None:
    """Progress goes to standard error: standard output is for results."""
    click.echo(line, err=True)
