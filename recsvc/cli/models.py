"""`recsvc models`: which there are, make one live, go back; `diff` is next door."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recsvc.cli import options
from recsvc.cli.model_diff import EXITS, diff, live_of, named
from recsvc.config.settings import read_settings

if TYPE_CHECKING:
    from recsvc.recommenders.comparison.launching import Launch

as_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
because = click.option("--because", metavar="REASON", help="Why; it is kept in the journal.")


@click.group()
def models() -> None:
    """Which models there are, what another one would change, make it live, go back.

    A running service takes up what is made live within a second.
    """


models.add_command(diff)


@models.command("list")
@as_json
@options.home
def list_(as_json: bool, home: Path | None) -> None:
    """List all models, oldest first; * marks the live one."""
    from recsvc.recommenders.artifacts.overview import as_line, overview

    folder = read_settings(home=home).home
    found = overview(folder)
    if as_json:
        click.echo(json.dumps([told._asdict() for told in found]))
        return
    for told in found:
        click.echo(as_line(told))
    if not found:
        options.say(f"There are no models in {folder}. Make one: recsvc train --interactions FILE")
    elif live_of(folder) is None:
        options.say("None of them is live. Make one live: recsvc models promote ID")


@models.command()
@click.argument("model_id", metavar="ID|live")
@as_json
@options.home
def show(model_id: str, as_json: bool, home: Path | None) -> None:
    """One model: what it was made of, when it was live, and what it was compared with."""
    from recsvc.recommenders.artifacts.overview import details

    folder = read_settings(home=home).home
    told = details(folder, named(folder, model_id))
    if as_json:
        click.echo(json.dumps(told))
        return
    for key, value in told.items():
        lines = value if isinstance(value, list) else [value]
        for line in lines or ["none"]:
            plain = json.dumps(line) if isinstance(line, dict) else line
            click.echo(f"{key:<15}{plain}")


@models.command()
@click.argument("model_id", metavar="ID")
@because
@as_json
@options.home
def promote(model_id: str, because: str | None, as_json: bool, home: Path | None) -> None:
    """Make a model the live one, if it passed the gate, or because of a reason.

    Refused are models that were never compared with the live one (`recsvc models diff live ID`),
    or that missed a limit; a reason lets them pass, and is kept. A damaged model is refused always.

    Exit status: 0 live, 1 refused, 3 refused since the comparison cannot tell.
    """
    from recsvc.recommenders.comparison.launching import go_live, standing

    settings = read_settings(home=home)
    name, reason = named(settings.home, model_id), _reason(because)
    launch = standing(settings.home, name, settings.gate)
    goes = launch.open or reason is not None
    if goes and launch.state != "live already":
        go_live(settings.home, name, launch, reason)
    if as_json:
        told = {"model": name, "live": goes, "before": launch.live, "verdict": launch.outcome}
        missed = [] if launch.verdict is None else list(launch.verdict.missed)
        click.echo(json.dumps(told | {"missed": missed, "reason": reason}))
    else:
        for line in said(name, launch, goes):
            click.echo(line, err=not goes)
    if not goes:
        sys.exit(EXITS.get(launch.outcome, 1))


@models.command()
@because
@as_json
@options.home
def rollback(because: str | None, as_json: bool, home: Path | None) -> None:
    """Go back to the model that was live before; once more goes further back.

    Also when the live one is damaged or gone. Forward again: recsvc models promote ID.
    """
    from recsvc.recommenders.comparison.launching import roll_back

    folder = read_settings(home=home).home
    before = live_of(folder)
    name, passed_over = roll_back(folder, _reason(because))
    for why in passed_over:
        options.say(f"Passed over: {why}")
    if as_json:
        click.echo(json.dumps({"live": name, "before": before, "reason": because}))
        return
    click.echo(f"{name} is live again{'' if before is None else f', in the place of {before}'}.")


def said(name: str, launch: Launch, goes: bool) -> Iterator[str]:
    """What became of a model that was to go live."""
    from recsvc.recommenders.comparison.words import verdict_text, what_helps

    if launch.state == "live already":
        yield f"{name} is live already."
        return
    if launch.verdict is not None:
        yield verdict_text(launch.verdict)
    if goes:
        yield f"{name} is live{'' if launch.live is None else f', in the place of {launch.live}'}."
        if launch.state == "first":
            yield f"It was compared with nothing: {launch.why}"
        return
    if launch.state == "not compared":
        yield f"{name} was not compared with the live model, {launch.live}, as both are now."
        yield f"Compare them: recsvc models diff live {name} --interactions FILE"
    else:
        yield f"{name} is not made live; {launch.live} stays."
        if launch.verdict is not None:
            yield from what_helps(launch.verdict)
    yield f'Or give a reason, which is kept: recsvc models promote {name} --because "…"'


def _reason(because: str | None) -> str | None:
    if because is not None and not because.strip():
        raise click.BadParameter("a reason has words", param_hint="--because")
    return None if because is None else because.strip()
