"""`recsvc demo`: data, model, simulation, service and guests on this machine, in one command."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import click

from recsvc.cli import options
from recsvc.cli.listening import refuse_taken_port, wait_until_ready
from recsvc.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from recsvc.cli.demo_shop import Season, Story
    from recsvc.cli.guests import Guests
    from recsvc.data import Tables
    from recsvc.stores.records import Records

SEATS = 10
"""On the slate of the story, unless surfaces.toml says otherwise."""


@click.command()
@click.option(
    "--data", type=options.EXISTING, help="Folder or file of tables; a travel shop is made up else."
)
@click.option("--port", type=int, help="Port to listen on (RECSVC_PORT; 8000).")
@click.option("--workers", type=int, help="Worker processes (RECSVC_WORKERS; 2).")
@options.home
def demo(data: Path | None, port: int | None, workers: int | None, home: Path | None) -> None:
    """Everything on this machine: data, a model, a simulation, the service, and a visit to try.

    Needs neither Redis nor data of your own nor a network. What it makes is kept in the folder
    `demo` of the home, so that a second start takes seconds. While it runs, guests of the made-up
    shop visit it, and a judge looks on. Ctrl-C stops it.
    """
    # A polite kill ends it as Ctrl-C does, and so does Ctrl-C where a shell had it ignored.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from recsvc.config.settings import read_settings
    from recsvc.stores.records import open_records

    settings = read_settings(home=home, port=port, workers=workers)
    refuse_taken_port(settings.host, settings.port)
    began = time.monotonic()
    folder = settings.home / "demo"
    season, tables = _data(folder, data)
    _model(folder, tables)
    report = _simulation(folder, tables if data else None)
    options.say(f"[4/4] service: {settings.workers} workers on port {settings.port}")
    command = [sys.executable, "-m", "recsvc", "serve", "--home", str(folder)]
    command += ["--port", str(settings.port), "--workers", str(settings.workers)]
    url = f"http://{settings.host}:{settings.port}"
    with ExitStack() as at_the_end:
        records = open_records(f"sqlite:///{(folder / 'records.db').resolve()}")
        at_the_end.callback(records.close)
        season, story = _story(folder, season, tables, records)
        service = subprocess.Popen(command, start_new_session=True)
        at_the_end.callback(_end, service)
        try:
            if not wait_until_ready(url, lambda: service.poll() is None):
                raise Unavailable("The service did not start; what it said stands above.")
            if season is not None:
                guests = _guests(season, story, folder, url, records)
                at_the_end.callback(_farewell, guests)
                guests.close()
                guests.start()
            _welcome(url, story, report, time.monotonic() - began)
            service.wait()
        except KeyboardInterrupt:
            options.say("\nStopping…")
    options.say("Stopped. What was made stays in " + str(folder))


def _end(service: subprocess.Popen[bytes]) -> None:
    if service.poll() is None:
        service.send_signal(signal.SIGINT)
        service.wait(timeout=15)


def _data(folder: Path, data: Path | None) -> tuple[Season | None, Tables]:
    """Make or read the tables; of the made-up shop also who comes afterwards."""
    from recsvc.cli import demo_shop
    from recsvc.data import read_tables

    season = None
    if data is None:
        season = demo_shop.kept(folder)
        if season is None:
            options.say("[1/4] data: making up a travel shop (destinations, stays, guests)")
            season = demo_shop.make(folder)
    source = data or folder / "data"
    options.say(f"[1/4] data: reading {source}")
    tables = read_tables(source)
    for line in tables.report.lines():
        options.say(f"      {line}")
    return season, tables


def _model(folder: Path, tables: Tables) -> None:
    """Train, unless a model of just these tables is live."""
    from recsvc.cli.demo_shop import SEED
    from recsvc.data import data_hash
    from recsvc.errors import RecsvcError
    from recsvc.recommenders.artifacts import registry
    from recsvc.recommenders.artifacts.manifest import read_manifest
    from recsvc.recommenders.training.train import train

    try:
        live = read_manifest(registry.folder_of(folder, registry.live(folder)))
        trained_on = live.data_hash
    except RecsvcError:
        trained_on = ""
    if trained_on == data_hash(tables):
        options.say(f"[2/4] model: {live.model_id} knows this data already")
        return
    options.say("[2/4] model: training ALS")
    artifact = train(
        tables,
        model="als",
        home=folder,
        seed=SEED,
        progress=lambda line: options.say(f"      {line}"),
    )
    registry.promote(folder, artifact.name)


def _story(
    folder: Path, season: Season | None, tables: Tables, records: Records
) -> tuple[Season | None, Story]:
    """Who is still to come, and the visit that the printed commands follow."""
    from recsvc.cli import demo_shop
    from recsvc.ports import Profile
    from recsvc.recommenders.artifacts import registry
    from recsvc.recommenders.artifacts.artifact import load
    from recsvc.recommenders.live.serving import ladder

    def met(user_id: str) -> bool:
        return records.people.consent(user_id) is not None

    if season is None:
        return None, demo_shop.story_of_log(tables, met)
    season = demo_shop.unmet(season, met)
    closed = frozenset(season.closed)
    model = ladder(load(folder, registry.live(folder)))[0]

    def suggestions(user_id: str, looked: Sequence[str]) -> Sequence[str]:
        profile = Profile(user_id, tuple((item_id, 1.0) for item_id in looked))
        found = model.rank(profile, SEATS, without=closed)
        return () if found is None else found.item_ids[:SEATS]

    return season, demo_shop.story_of(season, tables, suggestions)


def _simulation(folder: Path, own: Tables | None) -> Path | None:
    """The report of a small study: of a world, or of somebody's own tables."""
    from recsvc.cli import demo_study
    from recsvc.cli.demo_shop import SEED

    shop = demo_study.study_of_shop
    study = shop(SEED) if own is None else demo_study.study_of_log(SEED, own)
    options.say(f"[3/4] simulation: the same visits under {len(study.policies)} policies")
    return demo_study.play(study, own, folder / "study")


def _guests(season: Season, story: Story, folder: Path, url: str, records: Records) -> Guests:
    """Everybody but the visitor of the story."""
    from recsvc.cli.guests import Guests, over_http
    from recsvc.config.surfaces import read_surfaces

    return Guests(
        [visit for visit in season.visits if visit.user_id != story.user_id],
        read_surfaces(folder, Path.cwd()),
        over_http(url),
        closed=season.closed,
        withdrawn=records.catalogue.withdrawn,
    )


def _farewell(guests: Guests) -> None:
    for line in guests.stop().lines():
        options.say(line)


def _welcome(url: str, story: Story, report: Path | None, seconds: float) -> None:
    session = time.strftime("mine-%H%M%S")  # another one each time: its events count as new
    asked = {"session_id": session, "user_id": story.user_id}
    asked |= {f"context.{name}": value for name, value in story.context}
    slate = f"curl '{url}/v1/slates/home?{urlencode(asked, quote_via=quote)}'"
    consent = f"'{url}/v1/users/{quote(story.user_id, safe='')}/consent'"
    views = [_event(str(n), "view", session, place) for n, (place, _) in enumerate(story.places, 1)]
    dismissal = _event(str(len(views) + 1), "dismiss", session, "…")
    titles = " and ".join(title for _, title in story.places)
    page = report and (
        f"\nWhat consistency costs and gives, on one page:\n  {report.resolve().as_uri()}\n"
    )
    click.echo(
        f"""
Ready after {seconds:.0f} s. The service listens on {url}

A slate for a new visitor, popular things first; ask again and nothing changes:
  curl '{url}/v1/slates/home?session_id=me'

{story.user_id} agrees to personal suggestions{story.where}:
  curl -X PUT {consent} -d '{{"personalisation": true}}'
  {slate}

and looks at {titles}:
  {_told(url, views)}

Ask again: for half a minute the slate rests ("trigger": "hold"); after it, it takes one step
("trigger": "step"), and "changes" says what changed and why:
  {slate}

Take an item_id from the answer and say that it does not interest you:
  {_told(url, [dismissal])}
Ask again: it is gone, its seat is refilled, and nothing else has moved.
{page or ""}
Next:
  {url}/readyz tells the model and the state of the stores
  your own data: make demo DATA=folder   (docs/data.md says in which forms)

Ctrl-C stops the service."""
    )


def _event(event_id: str, kind: str, session: str, item_id: str) -> str:
    event = {"event_id": event_id, "type": kind, "session_id": session}
    return json.dumps(event | {"surface": "home", "item_id": item_id}, ensure_ascii=False)


def _told(url: str, events: list[str]) -> str:
    """The command that tells events, one a line."""
    listed = ",\n      ".join(events)
    return f"curl -X POST '{url}/v1/events' -d " + shlex.quote(f'{{"events": [\n      {listed}]}}')
