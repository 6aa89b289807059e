"""`recsvc demo`: data, model and service on this machine, in one command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click

from recsvc.cli import options
from recsvc.cli.listening import refuse_taken_port, wait_until_ready
from recsvc.errors import Unavailable

SEED = 7


@click.command()
@click.option(
    "--data", type=options.EXISTING, help="Folder or file of tables; a travel shop is made up else."
)
@click.option("--port", type=int, help="Port to listen on (RECSVC_PORT; 8000).")
@click.option("--workers", type=int, help="Worker processes (RECSVC_WORKERS; 2).")
@options.home
def demo(data: Path | None, port: int | None, workers: int | None, home: Path | None) -> None:
    """Everything on this machine: data, a model, the service, and a request to try.

    Needs neither Redis nor data of your own nor a network. What it makes is kept in the folder
    `demo` of the home, so that a second start takes seconds. Ctrl-C stops it.
    """
    from recsvc.config.settings import read_settings

    # A polite kill ends it as Ctrl-C does, and so does Ctrl-C where a shell had it ignored.
    for sign in (signal.SIGINT, signal.SIGTERM):
        signal.signal(sign, signal.default_int_handler)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    settings = read_settings(home=home, port=port, workers=workers)
    refuse_taken_port(settings.host, settings.port)
    began = time.monotonic()
    folder = settings.home / "demo"
    user = _data_and_model(folder, data)
    options.say(f"[3/3] service: {settings.workers} workers on port {settings.port}")
    command = [sys.executable, "-m", "recsvc", "serve", "--home", str(folder)]
    command += ["--port", str(settings.port), "--workers", str(settings.workers)]
    service = subprocess.Popen(command, start_new_session=True)
    url = f"http://{settings.host}:{settings.port}"
    try:
        if not wait_until_ready(url, lambda: service.poll() is None):
            raise Unavailable("The service did not start; what it said stands above.")
        _welcome(url, user, time.monotonic() - began)
        service.wait()
    except KeyboardInterrupt:
        options.say("\nStopping…")
    finally:
        if service.poll() is None:
            service.send_signal(signal.SIGINT)
            service.wait(timeout=15)
    options.say("Stopped. What was made stays in " + str(folder))


def _data_and_model(folder: Path, data: Path | None) -> str:
    """Make or read the tables, train unless a model of just these is live; a user to show."""
    from recsvc.data import data_hash, read_tables, write_tables
    from recsvc.errors import RecsvcError
    from recsvc.recommenders import registry
    from recsvc.recommenders.manifest import read_manifest
    from recsvc.recommenders.training import train

    source = data or folder / "data"
    if data is None and not (source / "interactions.parquet").is_file():
        from simulations.shop import generate

        options.say("[1/3] data: making up a travel shop (destinations, stays, guests)")
        write_tables(generate(SEED), source)
    options.say(f"[1/3] data: reading {source}")
    tables = read_tables(source)
    for line in tables.report.lines():
        options.say(f"      {line}")
    try:
        live = read_manifest(registry.folder_of(folder, registry.live(folder)))
        trained_on = live.data_hash
    except RecsvcError:
        trained_on = ""
    if trained_on == data_hash(tables):
        options.say(f"[2/3] model: {live.model_id} knows this data already")
    else:
        options.say("[2/3] model: training ALS")
        artifact = train(
            tables,
            model="als",
            home=folder,
            seed=SEED,
            progress=lambda line: options.say(f"      {line}"),
        )
        registry.promote(folder, artifact.name)
    busiest = tables.interactions["user_id"].value_counts()
    return str(busiest.index[len(busiest) // 4])


def _welcome(url: str, user: str, seconds: float) -> None:
    click.echo(
        f"""
Ready after {seconds:.0f} s. The service listens on {url}

A slate for a new visitor, popular things first; ask again and nothing changes:
  curl '{url}/v1/slates/home?session_id=me'

A visitor who agrees to personal suggestions and is known:
  curl -X PUT '{url}/v1/users/{user}/consent' -d '{{"personalisation": true}}'
  curl '{url}/v1/slates/home?session_id=mine&user_id={user}'

Next:
  take an item_id from the answer and say that it does not interest you
  curl -X POST '{url}/v1/events' -d '{{"events": [{{"event_id": "1", "type": "dismiss",
      "session_id": "mine", "surface": "home", "item_id": "…"}}]}}'
  ask again: it is gone, its seat is refilled, and nothing else has moved
  {url}/readyz tells the model and the state of the stores
  your own data: make demo DATA=folder   (docs/data.md says in which forms)

Ctrl-C stops the service."""
    )
