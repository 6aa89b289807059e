"""`recsvc simulate`."""

from __future__ import annotations

import json as json_
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recsvc.cli import options

if TYPE_CHECKING:
    from simulations.study import Study


@click.command()
@click.argument("study", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--interactions",
    type=options.EXISTING,
    help="File or folder of interactions to replay; a study of a made-up world needs none.",
)
@click.option("--items", type=options.EXISTING, help="Table of items (item_id, title, …).")
@click.option("--users", type=options.EXISTING, help="Table of users (user_id, attributes…).")
@click.option(
    "--column",
    "columns",
    multiple=True,
    metavar="NAME=COLUMN",
    help="Where a file calls a canonical column otherwise: --column user_id=customer.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report, the figures and the records.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=os.cpu_count() or 1,
    show_default="one per core",
    help="Processes; the figures are the same with any number.",
)
@click.option(
    "--dask",
    envvar="RECSVC_DASK",
    metavar="ADDRESS",
    help="Play on the Dask cluster whose scheduler is there (tcp://host:port); RECSVC_DASK.",
)
@click.option(
    "--surfaces",
    type=options.EXISTING,
    help='A surfaces.toml: the knobs in force on --surface are played along, as "in force".',
)
@click.option("--surface", help="Whose knobs; needed where the file holds several surfaces.")
@click.option(
    "--policy",
    "decisions",
    multiple=True,
    metavar="NAME=MODULE:NAME",
    help="Compare a decision of your own too, with the baseline's knobs (docs/variants.md).",
)
@click.option("--estimate", is_flag=True, help="Only tell how long it would take.")
@click.option("--resume", is_flag=True, help="Go on with a run that was stopped.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def simulate(
    study: Path,
    interactions: Path | None,
    items: Path | None,
    users: Path | None,
    columns: tuple[str, ...],
    out: Path,
    jobs: int,
    dask: str | None,
    surfaces: Path | None,
    surface: str | None,
    decisions: tuple[str, ...],
    estimate: bool,
    resume: bool,
    as_json: bool,
) -> None:
    """What consistency costs and gives: play visits before many policies and compare them.

    A study names the policies (knobs, presets, grids of values) and what is played: a log of your
    own, event by event, or a made-up shop whose truth is known. The decision and all that goes
    into it are those of the service. docs/simulation.md explains studies and figures; the folder
    `studies` holds some to begin with.

    \b
    Examples:
      recsvc simulate studies/shop.toml --out var/shop
      recsvc simulate studies/retail.toml --interactions orders.parquet --out var/orders
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from recsvc.data import read_tables
    from simulations.forms import Replay
    from simulations.run import Run
    from simulations.study import read_study, with_policy

    wanted = read_study(study)
    if surfaces is not None:
        wanted = _with_production(wanted, surfaces, surface)
    elif surface is not None:
        raise click.UsageError("Name the file that holds the surface: --surfaces FILE.")
    for own in decisions:
        wanted = with_policy(wanted, own)
    tables = None
    if isinstance(wanted.source, Replay):
        if interactions is None:
            raise click.UsageError("This study replays a log; name it: --interactions FILE.")
        tables = read_tables(
            interactions, items=items, users=users, columns=options.mapping_of(columns)
        )
        for line in tables.report.lines():
            options.say(line)
    elif interactions is not None:
        raise click.UsageError("This study makes up its own shop; leave --interactions out.")
    run = Run(wanted, tables, out, jobs, options.say, TimeLeft(), dask)
    if estimate:
        told = run.estimate()
        lasts = {"seconds": told.seconds, "cpu_seconds": told.cpu_s, **asdict(told)}
        click.echo(json_.dumps(lasts) if as_json else told.words())
        return
    try:
        results = run.go(resume=resume)
    except KeyboardInterrupt:
        options.say(f"\nWhat was played so far is kept in {out}; go on with --resume.")
        raise
    if as_json:
        click.echo(json_.dumps(results))
    else:
        click.echo(_told(results), nl=False)
    options.say(f"\nNext: open {out / 'report.html'}")


def _with_production(study: Study, path: Path, surface: str | None) -> Study:
    """The study, and the knobs that are in force."""
    from recsvc.config.surfaces import surfaces_of
    from simulations.production import with_production

    found = surfaces_of(path)
    if surface is None:
        if len(found.by_name) > 1:
            names = ", ".join(sorted(found.by_name))
            raise click.UsageError(f"{path} holds several surfaces; name one: --surface ({names}).")
        (surface,) = found.by_name
    return with_production(study, surface, found[surface].knobs)


class TimeLeft:
    """Says how far a run is, and how long it will go on at the pace so far."""

    def __init__(self) -> None:
        self._began: tuple[float, int] | None = None
        self._live = sys.stderr.isatty()
        self._told = 0

    def __call__(self, done: int, total: int) -> None:
        from simulations.pilot import duration  # with the rest of the simulator, when it is needed

        now = time.monotonic()
        if self._began is None:
            self._began = (now, done)
        began, before = self._began
        line = f"played {done} of {total} parts"
        if before < done < total:
            line += f", about {duration((now - began) / (done - before) * (total - done))} left"
        if self._live:
            click.echo(f"\r\033[K{line}", err=True, nl=done == total)
        elif done == total or done * 10 // max(1, total) > self._told * 10 // max(1, total):
            click.echo(line, err=True)
            self._told = done


def _told(results: dict[str, Any]) -> str:
    """The table of policies, by rising churn."""
    told = results["data"]
    lines = [
        f"{results['study']['title']}: {told['visitors']:,} visitors, {told['visits']:,} visits, "
        f"{told['judged']:,} judged events, {_seeds(results)}",
        "churn: displacements / seats, per event; accuracy: nDCG against the rest of the visit; "
        "[95 % interval over visitors]",
        "",
        f"  {'policy':<34}{'churn':<24}{'accuracy':<24}{'against ' + results['study']['baseline']}",
    ]
    knee = results["knee"] and results["knee"]["policy"]
    rows = sorted(results["policies"], key=lambda p: (p["figures"]["churn"] or {"mean": 0})["mean"])
    for row in rows:
        mark = "*" if row["name"] == knee else "+" if row["name"] in results["frontier"] else " "
        against = [_change(row["against"][name]) for name in ("churn", "ndcg_rest")]
        lines.append(
            f"{mark} {row['name']:<34}{_cell(row['figures']['churn']):<24}"
            f"{_cell(row['figures']['ndcg_rest']):<24}churn {against[0]}, accuracy {against[1]}"
        )
    legend = "+ on the frontier, * its knee" if knee else "+ on the frontier, which has no knee"
    return "\n".join([*lines, "", legend]) + "\n"


def _seeds(results: dict[str, Any]) -> str:
    count = len(results["study"]["seeds"])
    return "one seed" if count == 1 else f"{count} seeds"


def _cell(figure: dict[str, float] | None) -> str:
    if figure is None:
        return "-"
    mean, low, high = (f"{figure[name]:.4f}" for name in ("mean", "low", "high"))
    return f"{mean} [{low}, {high}]".replace("0.", ".")


def _change(figure: dict[str, float] | None) -> str:
    return "-" if figure is None else f"{figure['mean'] * 100:+.1f} %"
