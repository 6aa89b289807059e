"""`recsvc models diff`: what a model would change in the place of another."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from recsvc.cli import options
from recsvc.config.settings import read_settings
from recsvc.errors import RecsvcError

if TYPE_CHECKING:
    from recsvc.config.launch_gate import LaunchGate

EXITS: Final = {"passed": 0, "failed": 1, "cannot tell": 3}
"""Status by verdict; 2 is a mistake in the command, as everywhere."""


@click.command()
@click.argument("a", metavar="A|live")
@click.argument("b", metavar="B")
@click.option(
    "--interactions",
    type=options.EXISTING,
    help="File or folder of interactions, for accuracy; without it accuracy stays open.",
)
@click.option("--column", "columns", multiple=True, metavar="NAME=COLUMN", help="As for train.")
@click.option(
    "--accuracy",
    type=click.Choice(["auto", "later", "backtest"]),
    default="auto",
    show_default=True,
    help="later: the artifacts, on events after both were trained; backtest: their recipes, "
    "trained again at earlier times; auto: later events where there are any.",
)
@click.option(
    "--windows",
    type=click.IntRange(1, 50),
    default=5,
    show_default=True,
    help="Periods of the test.",
)
@click.option(
    "--people",
    type=click.IntRange(min=2),
    default=20_000,
    show_default=True,
    help="So many people at most are asked about, drawn at random.",
)
@click.option("--seed", default=0, show_default=True, help="Of that draw.")
@click.option(
    "--limit",
    "limits",
    multiple=True,
    metavar="NAME=VALUE",
    help="Another limit than that of the settings, for this verdict: --limit idle_churn=0.1.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file."
)
@options.home
def diff(
    a: str,
    b: str,
    interactions: Path | None,
    columns: tuple[str, ...],
    accuracy: Any,
    windows: int,
    people: int,
    seed: int,
    limits: tuple[str, ...],
    json_file: Path | None,
    home: Path | None,
) -> None:
    """What B in the place of A would change, for whom, and whether the gate lets it pass.

    The result is kept beside the models, for `recsvc models promote`. Stopped with Ctrl-C, the same
    command goes on where it was.

    Exit status: 0 passed, 1 failed, 3 cannot tell; 2 for a mistake in the command.

    \b
    Example:
      recsvc models diff live als-20260301T120000Z-1a2b3c4d --interactions orders.parquet
    """
    from recsvc.data import read_tables
    from recsvc.recommenders.comparison.compare import Asked, compare
    from recsvc.recommenders.comparison.kept import keep
    from recsvc.recommenders.comparison.verdict import judge
    from recsvc.recommenders.comparison.words import as_json, as_text, next_step

    settings = read_settings(home=home)
    gate = _with(settings.gate, limits)
    one, two = named(settings.home, a), named(settings.home, b)
    if one == two:
        raise click.UsageError(f"A and B are both {one}; there is nothing to compare.")
    events = None
    if interactions is not None:
        tables = read_tables(interactions, columns=options.mapping_of(columns))
        for line in tables.report.lines():
            options.say(line)
        events = tables.interactions
    asked = Asked(way=accuracy, windows=windows, most=people, seed=seed)
    found = compare(settings.home, one, two, events, tell=options.say, asked=asked)
    path = keep(settings.home, found)
    verdict = judge(found, gate)
    if json_file is not None:
        json_file.write_text(as_json(found, verdict, gate), encoding="utf-8")
        options.say(f"Written to {json_file}.")
    options.say(f"Kept in {path}.")
    click.echo(as_text(found, verdict), nl=False)
    for line in next_step(found, verdict, live=one == live_of(settings.home)):
        options.say(line)
    sys.exit(EXITS[verdict.outcome])


def named(home: Path, name: str) -> str:
    """The model's id, also of the `live` one. Raises UnknownModel."""
    from recsvc.recommenders.artifacts.registry import folder_of, promotion

    return promotion(home).model_id if name == "live" else folder_of(home, name).name


def live_of(home: Path) -> str | None:
    """The id of the live model, intact or not; None where none is."""
    from recsvc.recommenders.artifacts.registry import promotion

    try:
        return promotion(home).model_id
    except RecsvcError:
        return None


def _with(gate: LaunchGate, limits: tuple[str, ...]) -> LaunchGate:
    """The gate with some other limits."""
    from pydantic import ValidationError

    from recsvc.config.faults import faults_of

    changed = gate.model_dump()
    for pair in limits:
        name, equals, value = pair.partition("=")
        try:
            changed[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals:
            raise click.BadParameter(f"{pair!r} is not NAME=VALUE", param_hint="--limit")
    try:
        return type(gate).model_validate(changed)
    except ValidationError as error:
        told = "; ".join(f"{fault.field}: {fault.message}" for fault in faults_of(error))
        raise click.BadParameter(told, param_hint="--limit") from error
