"""`recsvc train` and `recsvc evaluate`."""

from __future__ import annotations

import json as json_
from pathlib import Path

import click

from recsvc.cli import options

MODELS = ("als", "cosine", "popularity")


@click.command()
@options.tables
@click.option("--model", default="als", show_default=True, help=f"One of: {', '.join(MODELS)}.")
@click.option("--seed", default=0, show_default=True, help="Same data, same seed: same model.")
@click.option("--no-promote", is_flag=True, help="Leave the live model as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@options.home
def train(
    interactions: Path,
    items: Path | None,
    users: Path | None,
    columns: tuple[str, ...],
    model: str,
    seed: int,
    no_promote: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Train a model on your interactions, write it as an artifact, and make it live.

    \b
    Example:
      recsvc train --interactions orders.parquet --items items.parquet
    """
    from recsvc.config.settings import read_settings
    from recsvc.data import read_tables
    from recsvc.recommenders.registry import promote
    from recsvc.recommenders.training import train as learn

    settings = read_settings(home=home)
    tables = read_tables(
        interactions, items=items, users=users, columns=options.mapping_of(columns)
    )
    for line in tables.report.lines():
        options.say(line)
    folder = learn(tables, model=model, home=settings.home, seed=seed, progress=options.say)
    if not no_promote:
        promote(settings.home, folder.name)
    if as_json:
        result = {"model": folder.name, "folder": str(folder), "live": not no_promote}
        click.echo(json_.dumps(result))
        return
    click.echo(f"{folder.name} is written to {folder}{'' if no_promote else ' and is live'}.")
    options.say("Next: recsvc serve   (a running service takes the new model when it restarts)")


@click.command()
@options.tables
@click.option(
    "--split",
    type=click.Choice(["global-time", "leave-last-out"]),
    default="global-time",
    show_default=True,
    help="How the events are parted into training and test.",
)
@click.option(
    "--model",
    "models",
    multiple=True,
    help=f"One of: {', '.join(MODELS)}; may be repeated. All of them when left out; the row of "
    "popularity is always printed.",
)
@click.option("--seed", default=0, show_default=True, help="Of models and bootstrap.")
@click.option("--bootstrap", default=1000, show_default=True, help="Samples of an interval.")
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write to a file."
)
def evaluate(
    interactions: Path,
    items: Path | None,
    users: Path | None,
    columns: tuple[str, ...],
    split: str,
    models: tuple[str, ...],
    seed: int,
    bootstrap: int,
    json_file: Path | None,
) -> None:
    """How well models predict what people turned to next, with 95 % intervals over users."""
    from recsvc.data import read_tables
    from recsvc.recommenders.evaluation import evaluate as measure
    from recsvc.recommenders.tabulation import as_json, as_text

    tables = read_tables(
        interactions, items=items, users=users, columns=options.mapping_of(columns)
    )
    for line in tables.report.lines():
        options.say(line)
    found = measure(
        tables,
        split=split,
        models=models or MODELS,
        seed=seed,
        progress=options.say,
        bootstrap=bootstrap,
    )
    if json_file is not None:
        json_file.write_text(as_json(found), encoding="utf-8")
        options.say(f"Written to {json_file}.")
    click.echo(as_text(found), nl=False)


def _with_formulas(command: click.Command) -> click.Command:
    """The help of `evaluate` states every formula, without loading what computes them."""
    from recsvc.recommenders.metrics import FORMULAS

    command.help = f"{command.help}\n\n\b\n" + FORMULAS.replace("\n\n", "\n\n\b\n")
    return command


evaluate = _with_formulas(evaluate)
