"""`recsvc train` and `recsvc evaluate`."""

from __future__ import annotations

import json as json_
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recsvc.cli import options
from recsvc.cli.model_diff import EXITS
from recsvc.cli.parameters import option as parameter
from recsvc.cli.parameters import parameters_by_model, parameters_of

if TYPE_CHECKING:
    from recsvc.recommenders.artifacts.artifact import Artifact
    from recsvc.recommenders.comparison.launching import Launch
    from recsvc.recommenders.scanning.ann import Kind

INDICES: dict[str, Kind | None] = {"half": "half", "approximate": "approximate", "none": None}
MODELS = ("als", "bpr", "lmf", "cosine", "tfidf", "bm25", "popularity", "ensemble", "blend")


@click.command()
@options.tables
@click.option(
    "--model", help=f"One of: {', '.join(MODELS)}. That of --from when left out, else als."
)
@click.option("--seed", default=0, show_default=True, help="Same data, same seed: same model.")
@click.option(
    "--from",
    "start",
    metavar="MODEL_ID",
    help="Follow an earlier model, or the `live` one: users and items keep their indices, and an "
    "ALS goes on from its factors, so that lists change only where the data did.",
)
@click.option(
    "--ensemble",
    metavar="N",
    type=click.IntRange(min=1),
    help="Average the scores of N als of different seeds.",
)
@parameter
@click.option(
    "--search",
    "trials",
    metavar="N",
    type=click.IntRange(min=1),
    help="First look for parameters in N trials, on a validation period before the one that the "
    "model is measured on; those given by --parameter stay. Goes on after an interruption.",
)
@click.option(
    "--index",
    type=click.Choice(["half", "approximate", "none"]),
    default="half",
    show_default=True,
    help="How a catalogue of 100,000 items or more is looked through, where that is faster than "
    "looking at all: exactly in half precision, or in a quarter of that time and memory with a "
    "recall that is measured and noted. Needs recsvc[ann].",
)
@click.option("--no-promote", is_flag=True, help="Leave the live model as it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
@options.home
def train(
    interactions: Path,
    items: Path | None,
    users: Path | None,
    columns: tuple[str, ...],
    model: str | None,
    seed: int,
    start: str | None,
    ensemble: int | None,
    parameters: tuple[str, ...],
    trials: int | None,
    index: str,
    no_promote: bool,
    as_json: bool,
    home: Path | None,
) -> None:
    """Train a model on your interactions, write it as an artifact, and make it live.

    Where a model is live already, the new one takes its place only if it passes the gate, as with
    `recsvc models diff` and `recsvc models promote`; else it is there and not live, and the exit
    status is 1 (a limit failed) or 3 (cannot tell).

    \b
    Examples:
      recsvc train --interactions orders.parquet --items items.parquet
      recsvc train --interactions orders.parquet --from live     # every night
      recsvc train --interactions orders.parquet --search 30     # now and then
    """
    from recsvc.config.settings import read_settings
    from recsvc.data import read_tables
    from recsvc.recommenders.comparison.launching import launch_if_it_passes
    from recsvc.recommenders.training.search import search
    from recsvc.recommenders.training.train import train as learn

    settings = read_settings(home=home)
    tables = read_tables(
        interactions, items=items, users=users, columns=options.mapping_of(columns)
    )
    for line in tables.report.lines():
        options.say(line)
    before = None if start is None else _earlier(settings.home, start)
    kind = model or ("als" if before is None else before.manifest.kind)
    given, figures = parameters_of(parameters), None
    if trials is not None:
        # The members of an ensemble are als.
        searched = "als" if kind == "ensemble" else kind
        found = search(
            tables,
            model=searched,
            home=settings.home,
            trials=trials,
            seed=seed,
            progress=options.say,
            fixed=given,
        )
        given, figures = found.best.parameters, found.figures
    folder = learn(
        tables,
        model=kind,
        home=settings.home,
        seed=seed,
        progress=options.say,
        parameters=given,
        start=before,
        ensemble=ensemble,
        figures=figures,
        index=INDICES[index],
    )
    launch = None
    if not no_promote:
        launch = launch_if_it_passes(
            settings.home, folder.name, tables.interactions, settings.gate, options.say
        )
    _tell(folder, launch, as_json)
    if launch is not None and not launch.open:
        sys.exit(EXITS[launch.outcome])


def _tell(folder: Path, launch: Launch | None, as_json: bool) -> None:
    """What became of the model; `launch` is None where it was not to go live."""
    from recsvc.cli.models import said

    live = launch is not None and launch.open
    if as_json:
        verdict = None if launch is None else launch.verdict
        result = {"model": folder.name, "folder": str(folder), "live": live}
        judged = {} if verdict is None else {"verdict": verdict.outcome, "missed": verdict.missed}
        click.echo(json_.dumps(result | judged))
        return
    click.echo(f"{folder.name} is written to {folder}{' and is live' if live else ''}.")
    if launch is not None and launch.verdict is not None:
        for line in said(folder.name, launch, live):
            options.say(line)
    if live:
        options.say("Next: recsvc serve   (a running service takes it up within a second)")
    elif launch is None:
        options.say(f"Next: recsvc models diff live {folder.name} --interactions FILE")


def _earlier(home: Path, name: str) -> Artifact | None:
    """The model of that name; the first night there is none `live` yet, and that is no fault."""
    from recsvc.errors import UnknownModel
    from recsvc.recommenders.artifacts.artifact import load
    from recsvc.recommenders.artifacts.registry import live

    if name != "live":
        return load(home, name)
    try:
        name = live(home)
    except UnknownModel:
        options.say(f"No model is live in {home}: this one is learnt from nothing.")
        return None
    return load(home, name)


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
@parameter
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
    parameters: tuple[str, ...],
    seed: int,
    bootstrap: int,
    json_file: Path | None,
) -> None:
    """How well models predict what people turned to next, with 95 % intervals over users."""
    from recsvc.data import read_tables
    from recsvc.recommenders.evaluation.evaluate import evaluate as measure
    from recsvc.recommenders.evaluation.tabulation import as_json, as_text

    tables = read_tables(
        interactions, items=items, users=users, columns=options.mapping_of(columns)
    )
    for line in tables.report.lines():
        options.say(line)
    found = measure(
        tables,
        split=split,
        models=models or MODELS,
        parameters=parameters_by_model(parameters, models or MODELS),
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
    from recsvc.recommenders.evaluation.metrics import FORMULAS

    command.help = f"{command.help}\n\n\b\n" + FORMULAS.replace("\n\n", "\n\n\b\n")
    return command


evaluate = _with_formulas(evaluate)
