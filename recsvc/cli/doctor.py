"""`recsvc doctor`: what is missing or wrong here, and what to do about it."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

import click

from recsvc.cli import options
from recsvc.config.settings import Settings, read_settings, refuse_open_doors
from recsvc.config.surfaces import read_surfaces
from recsvc.errors import RecsvcError

LIBRARIES = (
    "cel-expr-python",
    "flask",
    "granian",
    "hiredis",
    "implicit",
    "numpy",
    "pandas",
    "pyarrow",
    "pyjwt",
    "redis",
    "scipy",
    "sqlalchemy",
)


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    name: str
    state: Literal["ok", "warning", "wrong"]
    says: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@options.home
def doctor(as_json: bool, home: Path | None) -> None:
    """Look for what is missing or wrong, and say what to do.

    Exit status: 0 when nothing is wrong, 1 otherwise. Nothing is changed, except that the stores
    are opened as the service would.
    """
    findings = list(_look(home))
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings]))
    else:
        for finding in findings:
            mark = {"ok": "ok     ", "warning": "warning", "wrong": "WRONG  "}[finding.state]
            click.echo(f"{mark}  {finding.name}: {finding.says}")
    sys.exit(1 if any(finding.state == "wrong" for finding in findings) else 0)


def _look(home: Path | None) -> Iterator[Finding]:
    yield _tried("libraries", _libraries)
    try:
        settings = read_settings(home=home)
    except RecsvcError as error:
        yield Finding("settings", "wrong", error.detail)
        return
    yield Finding("settings", "ok", f"home {settings.home}, {settings.host}:{settings.port}")
    yield _tried("surfaces", lambda: _surfaces(settings))
    yield from _of_surfaces(settings)
    yield _tried("model", lambda: _model(settings))
    if settings.recommender is not None:
        yield _tried("recommender", lambda: _recommender(str(settings.recommender)))
    yield _tried("stores", lambda: _stores(settings))
    yield from _who_may_ask(settings)
    yield from _picks(settings)


def _tried(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, "ok", look())
    except RecsvcError as error:
        return Finding(name, "wrong", error.detail)


def _libraries() -> str:
    found = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            raise RecsvcError(f"{name} is not installed; run `pip install recsvc` again.") from None
    return f"Python {platform.python_version()}, " + ", ".join(found)


def _surfaces(settings: Settings) -> str:
    return ", ".join(sorted(read_surfaces(settings.home, Path.cwd()).by_name))


def _of_surfaces(settings: Settings) -> Iterator[Finding]:
    from recsvc.config.knobs import RULES, warnings_of

    try:
        surfaces = read_surfaces(settings.home, Path.cwd())
    except RecsvcError:
        return
    for name, published in surfaces.by_name.items():
        for knob in RULES:
            rule = getattr(published.knobs, knob)
            if rule is not None:
                yield Finding(f"surface {name}", "ok", f"{knob}: {rule}")
        for warning in warnings_of(published.knobs):
            yield Finding(f"surface {name}", "warning", warning)


def _picks(settings: Settings) -> Iterator[Finding]:
    """Editors' picks of items that nobody knows; what else is wrong was told before."""
    from recsvc.recommenders.artifacts.artifact import load
    from recsvc.recommenders.artifacts.registry import live
    from recsvc.stores.records import open_records

    try:
        surfaces = read_surfaces(settings.home, Path.cwd()).by_name
        if not any(published.picks for published in surfaces.values()):
            return
        known = set(load(settings.home, live(settings.home)).matrix.items.ids)
        records = open_records(f"sqlite:///{(settings.home / 'records.db').resolve()}")
        wanted = {pick.item_id for published in surfaces.values() for pick in published.picks}
        known |= set(records.catalogue.describe(wanted))
        records.close()
    except RecsvcError:
        return
    for name, published in surfaces.items():
        unknown = [
            f"{p.item_id} (seat {p.position})" for p in published.picks if p.item_id not in known
        ]
        if unknown:
            says = f"the model and the catalogue know nothing of these picks: {', '.join(unknown)}"
            yield Finding(f"surface {name}", "warning", says)


def _who_may_ask(settings: Settings) -> Iterator[Finding]:
    from recsvc.cli.keys import live_keys

    try:
        keys = live_keys(settings.home)
        refuse_open_doors(settings, len(keys))
    except RecsvcError as error:
        yield Finding("auth", "wrong", error.detail)
        return
    if not settings.guarded:
        unused = f"; {len(keys)} keys are not asked for" if keys else ""
        yield Finding("auth", "ok", f"open to this machine{unused}")
        return
    pages = [key for key in keys if key.kind == "publishable"]
    servers = f"{len(keys) - len(pages)} secret and {len(pages)} publishable keys"
    yield Finding("auth", "ok", f"for those with keys: {servers}")
    for key in pages:
        name = f"key {key.key_id} ({key.name!r})"
        if not key.origins:
            yield Finding(name, "warning", "no page may use it in a browser: it has no --origin")
        elif "*" in key.origins:
            yield Finding(name, "warning", "pages of anybody may use it: its origin is *")
        if key.owner not in settings.user_token_keys:
            says = f"its pages cannot name users: user_token_keys has none for owner {key.owner}"
            yield Finding(name, "warning", says)
    for owner in sorted(set(settings.user_token_keys) - {key.owner for key in keys}):
        says = f"user_token_keys names the owner {owner}, of whom there is no live key"
        yield Finding("auth", "warning", says)


def _model(settings: Settings) -> str:
    from recsvc.recommenders.artifacts.artifact import load
    from recsvc.recommenders.artifacts.registry import live

    artifact = load(settings.home, live(settings.home), digests=True)
    manifest = artifact.manifest
    return f"{manifest.model_id}: {manifest.users:,} users, {manifest.items:,} items, intact"


def _recommender(name: str) -> str:
    from recsvc.recommenders.live.own import own_recommender

    return f"{name} gives the model {own_recommender(name).model}, in place of the trained one"


def _stores(settings: Settings) -> str:
    from recsvc.bootstrap import sessions_of
    from recsvc.stores.records import open_records

    settings.home.mkdir(parents=True, exist_ok=True)
    sessions = sessions_of(settings)
    records = open_records(f"sqlite:///{(settings.home / 'records.db').resolve()}")
    try:
        sessions.ready()
        records.ready()
    finally:
        sessions.close()
        records.close()
    if settings.redis_url is None:
        return f"embedded SQLite in {settings.home} can be read and written"
    return f"Redis for sessions and SQLite in {settings.home} can be read and written"
