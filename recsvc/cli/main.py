"""The command `recsvc`: one way from data to production; commands are imported when used."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from recsvc.errors import RecsvcError

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("recsvc.cli.demo:demo", "Everything on this machine: data, model, service."),
    "train": ("recsvc.cli.training:train", "Train a model on your interactions and make it live."),
    "evaluate": ("recsvc.cli.training:evaluate", "How well models predict held-out events."),
    "models": ("recsvc.cli.models:models", "List models, compare them, make one live, go back."),
    "simulate": ("recsvc.cli.simulation:simulate", "What consistency costs, and what it gives."),
    "what-if": ("recsvc.cli.whatif:what_if", "What other knobs would have changed, by the ledger."),
    "serve": ("recsvc.cli.serve:serve", "Serve slates over HTTP."),
    "keys": ("recsvc.cli.keys:keys", "Who may ask: make keys, list them, take them back."),
    "check-history": ("recsvc.cli.history:check_history", "Judge a recorded history."),
    "doctor": (
        "recsvc.cli.doctor:doctor",
        "Look for what is missing or wrong, and say what to do.",
    ),
}


class Commands(click.Group):
    """Finds commands in the table above, so that `--help` loads none of them.

    click hands its context to each of these; none is needed here.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click hands it over)
        """Names in the order of use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click hands it over)
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 (click hands it over)
        """The commands with one line each."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command asked for; an unknown one is told which there are."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"There is no command {args[0]!r}. There are: {', '.join(COMMANDS)}.")
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings: defaults < the TOML file of RECSVC_CONFIG < RECSVC_* environment < flags. "
    "First time here? Try `recsvc demo`.",
)
@click.version_option(package_name="recsvc")
def cli() -> None:
    """Recommendations that people can rely on: what a visitor is looking at changes only for a
    cause, never by more than the limit, and always with a reason."""


def main() -> None:
    """Run the command; errors of ours are told in plain words, without a trace."""
    try:
        sys.exit(cli.main(standalone_mode=False) or 0)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except RecsvcError as error:
        click.echo(f"{error.title}: {error.detail}", err=True)
        sys.exit(1)
