"""`recsvc keys`: make keys for pages and servers, list them, take them back."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from recsvc.cli import options
from recsvc.config.settings import read_settings
from recsvc.errors import NotFound

if TYPE_CHECKING:
    from recsvc.ports import Key, KeyBook, KeyKind

BOOK: Final = "records.db"

as_json = click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")


@click.group()
def keys() -> None:
    """Who may ask: make keys, list them, take them back.

    A running service knows of it within a second, in every worker.
    """


@keys.command()
@click.option(
    "--kind",
    type=click.Choice(["publishable", "secret"]),
    required=True,
    help="publishable: for web pages, anybody may see it; secret: for your servers.",
)
@click.option("--name", help="What it is for, in your words.")
@click.option(
    "--origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    help="A page that may use a publishable key: https://shop.example. May be repeated.",
)
@click.option(
    "--owner",
    default="main",
    show_default=True,
    help="Keys of one owner see the same sessions and users; other owners' are kept apart.",
)
@as_json
@options.home
def create(
    kind: KeyKind,
    name: str | None,
    origins: tuple[str, ...],
    owner: str,
    as_json: bool,
    home: Path | None,
) -> None:
    """Make a key. It is shown this once: only its hash is kept."""
    from recsvc.access.keys import mint

    text, key = mint(kind, name=name or kind, owner=owner, origins=origins, now=time.time())
    with _book(home) as book:
        book.add(key)
    if as_json:
        click.echo(json.dumps({"key": text} | _told(key)))
        return
    click.echo(text)
    options.say(f"This is {key.key_id}, {kind}, of owner {owner}. It is not shown again: keep it.")
    if kind == "publishable" and not origins:
        options.say("No page may use it in a browser: it has no --origin.")
    options.say(f"Take it back with: recsvc keys revoke {key.key_id}")


@keys.command("list")
@as_json
@options.home
def list_(as_json: bool, home: Path | None) -> None:
    """List all keys, also those that were taken back."""
    with _book(home) as book:
        found = book.listed()
    if as_json:
        click.echo(json.dumps([_told(key) for key in found]))
        return
    for key in found:
        state = "live" if key.revoked is None else f"revoked {_when(key.revoked)}"
        origins = f", for {' '.join(key.origins)}" if key.origins else ""
        click.echo(
            f"{key.key_id}  {key.kind:11}  …{key.tail}  {key.owner}  {key.name!r}, "
            f"created {_when(key.created)}, {state}{origins}"
        )
    if not found:
        options.say("There are no keys. Make one with: recsvc keys create --kind secret")


@keys.command()
@click.argument("key_id")
@as_json
@options.home
def revoke(key_id: str, as_json: bool, home: Path | None) -> None:
    """Take a key back for good, by its id (see `recsvc keys list`)."""
    with _book(home) as book:
        key = book.revoke(key_id, time.time())
    if key is None:
        raise NotFound(
            f"There is no key {key_id[:60]!r}; `recsvc keys list` tells which there are."
        )
    if as_json:
        click.echo(json.dumps(_told(key)))
    else:
        click.echo(f"{key.key_id} ({key.name!r}) opens nothing any more, within a second.")


def live_keys(home: Path) -> tuple[Key, ...]:
    """Keys that open something; none where there is no book yet."""
    if not (home / BOOK).exists():
        return ()
    with _book(home) as book:
        return tuple(key for key in book.listed() if key.revoked is None)


@contextmanager
def _book(home: Path | None) -> Iterator[KeyBook]:
    from recsvc.stores.records import open_records

    folder = read_settings(home=home).home
    folder.mkdir(parents=True, exist_ok=True)
    records = open_records(f"sqlite:///{(folder / BOOK).resolve()}")
    try:
        yield records.keys
    finally:
        records.close()


def _told(key: Key) -> dict[str, Any]:
    """What a program may know of a key: all but its hash."""
    told = {name: value for name, value in asdict(key).items() if name != "digest"}
    times = {name: told[name] and _when(told[name]) for name in ("created", "revoked")}
    return told | times


def _when(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
