"""`recsvc check-history`: the judge over a file."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click

from recsvc.contract import Unreadable
from recsvc.contract import check_history as judge

CLEAN, UNREADABLE, VIOLATIONS = 0, 1, 2


@click.command("check-history")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON.")
def check_history(file: Path, as_json: bool) -> None:
    """Judge a recorded history (one JSON object a line) by what a client can check.

    Exit status: 0 clean, 2 violations, 1 unreadable.
    """
    try:
        with file.open(encoding="utf-8") as lines:
            verdict = judge(lines)
    except (Unreadable, OSError, UnicodeDecodeError) as error:
        click.echo(f"{file} cannot be judged: {error}", err=True)
        sys.exit(UNREADABLE)
    if as_json:
        click.echo(json.dumps(asdict(verdict), default=dict))
    else:
        for violation in verdict.violations:
            click.echo(f"{violation.clause}  {violation.message}")
        click.echo(
            f"{verdict.answers:,} answers of {verdict.slates:,} slates in "
            f"{verdict.sessions:,} sessions judged: {len(verdict.violations)} violations."
        )
        for cause, count in verdict.not_judged.items():
            click.echo(f"  not judged: {count:,} ({cause})")
    sys.exit(CLEAN if verdict.clean else VIOLATIONS)
