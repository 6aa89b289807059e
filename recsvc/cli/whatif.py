"""`recsvc what-if`: the service's own ledger, decided again under other knobs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from recsvc.cli import options
from recsvc.config.settings import read_settings
from recsvc.errors import BadData
from recsvc.ports import LEDGER_KEPT

LIMITS = ("churn_limit=0.1", "churn_limit=0.2", "churn_limit=0.3")
_WORDS = {
    "score": "the other slate held something of which the entry says nothing",
    "act": "the visitor acted on something that would not have been shown",
    "gap": "an entry in between is not in the ledger",
    "after": "one of these came before on the same slate",
}


@click.command("what-if")
@click.option("--surface", default="home", show_default=True, help="Whose ledger is read.")
@click.option(
    "--if",
    "others",
    multiple=True,
    metavar="KNOB=VALUE[,KNOB=VALUE…]",
    default=LIMITS,
    show_default=True,
    help="Knobs as they might have been; all others stay. May be given several times.",
)
@click.option(
    "--entries",
    type=click.IntRange(min=1),
    default=LEDGER_KEPT,
    show_default=True,
    help="The latest so many answers of the ledger.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@options.home
def what_if(
    surface: str, others: tuple[str, ...], entries: int, as_json: bool, home: Path | None
) -> None:
    """What if the limit had been another? Asks the ledger of this service.

    Every decision that is kept is made again under other knobs, each slate carrying on from its
    own alternative. What the ledger cannot tell is counted, not guessed. The ledger is that of the
    session store (RECSVC_HOME, RECSVC_REDIS_URL), the knobs as they were those of surfaces.toml.

    \b
    Examples:
      recsvc what-if
      recsvc what-if --surface home --if churn_limit=0.1 --if margin=1,hold_s=60 --json
    """
    from msgspec import DecodeError

    from recsvc.bootstrap import sessions_of
    from recsvc.config.surfaces import read_surfaces
    from recsvc.preparation.ledger import decode_all
    from simulations import whatif

    settings = read_settings(home=home)
    then = read_surfaces(settings.home, Path.cwd())[surface].knobs
    alternatives = {written: _knobs_of(written) for written in others}
    try:
        kept = [one for data in sessions_of(settings).entries(entries) for one in decode_all(data)]
    except DecodeError as error:
        raise BadData(f"The ledger holds something that is no entry: {error}") from error
    mine = [entry for entry in kept if entry.surface == surface]
    told = whatif.what_if(mine, then, alternatives)
    if not mine:
        raise BadData(
            f"The ledger has no decision of the surface {surface!r}"
            + (f" among the latest {len(kept):,}." if kept else ": it is empty.")
        )
    click.echo(json.dumps({"surface": surface, **told}) if as_json else _table(surface, told))


def _knobs_of(written: str) -> Mapping[str, Any]:
    """KNOB=VALUE pairs as surfaces.toml would hold them."""
    knobs: dict[str, Any] = {}
    for pair in written.split(","):
        name, equals, value = pair.partition("=")
        if not (name.strip() and equals and value.strip()):
            raise click.BadParameter(f"{pair!r} is not KNOB=VALUE", param_hint="--if")
        try:
            knobs[name.strip()] = json.loads(value)
        except ValueError:
            knobs[name.strip()] = value.strip()
    return knobs


def _table(surface: str, told: Mapping[str, Any]) -> str:
    """The answers for people: churn as it was and as it would have been, on the same decisions."""
    lines = [
        f"{surface}: {told['entries']:,} decisions of {told['slates']:,} slates in "
        f"{told['sessions']:,} sessions",
    ]
    if told["not_of_these_knobs"]:
        lines.append(
            f"{told['not_of_these_knobs']:,} of them were not made under the knobs that "
            "surfaces.toml holds now; they are decided again all the same."
        )
    lines += [
        "churn: displacements / seats, per decision; best: of the recommender's best, the share "
        "on the screen",
        "",
        f"  {'if':<34}{'answered':>9}{'churn then':>12}{'would be':>10}"
        f"{'best then':>11}{'would be':>10}{'sooner':>8}",
    ]
    for one in told["answers"]:
        then, would = one["then"], one["would"]
        lines.append(
            f"  {one['name']:<34}{_percent(one['share_answered']):>9}"
            f"{_percent(then['churn']):>12}{_percent(would['churn']):>10}"
            f"{_percent(then['of_the_best']):>11}{_percent(would['of_the_best']):>10}"
            f"{one['sooner']:>8,}"
        )
    for one in told["answers"]:
        missing = {cause: count for cause, count in one["unanswered"].items() if count}
        if missing:
            lines += ["", f"Not answered for {one['name']}:"]
            lines += [f"{count:>8,}  {_WORDS[cause]}" for cause, count in missing.items()]
    lines += [
        "",
        "sooner: steps that might have come at an answer before, which was held and is not in the "
        "ledger.",
    ]
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share * 100:.1f} %"
