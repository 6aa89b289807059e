"""`recsvc serve`: granian with several worker processes over the embedded stores."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recsvc.cli import options

if TYPE_CHECKING:
    from flask import Flask

SUPERVISOR = "RECSVC_SUPERVISOR_PID"
ORPHAN_CHECK_S = 0.25
BLOCKING_THREADS = min(8, 2 * (os.cpu_count() or 1) + 1)
"""Requests under way in one worker: a few slow uploads must not keep others waiting."""


@click.command()
@click.option("--host", help="Address to listen on (RECSVC_HOST; 127.0.0.1).")
@click.option("--port", type=int, help="Port to listen on (RECSVC_PORT; 8000).")
@click.option("--workers", type=int, help="Worker processes (RECSVC_WORKERS; 2).")
@options.home
def serve(host: str | None, port: int | None, workers: int | None, home: Path | None) -> None:
    """Serve slates over HTTP, with the live model and the surfaces of surfaces.toml.

    Stop with Ctrl-C: requests under way are answered first.
    """
    # One thread in BLAS: a request is small, and worker processes are the parallelism.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    from recsvc.bootstrap import build
    from recsvc.cli.keys import live_keys
    from recsvc.cli.listening import refuse_taken_port
    from recsvc.config.settings import read_settings, refuse_open_doors

    settings = read_settings(host=host, port=port, workers=workers, home=home)
    refuse_open_doors(settings, len(live_keys(settings.home)) if settings.guarded else 0)
    refuse_taken_port(settings.host, settings.port)
    service = build(settings)  # says what is missing before any worker starts
    for check in service.checks.values():
        check()
    model = service.live().model
    # Workers begin as copies of this process: what it has loaded they would keep for good.
    del service, check
    for name in ("home", "host", "port", "workers"):
        os.environ[f"RECSVC_{name.upper()}"] = str(getattr(settings, name))
    os.environ[SUPERVISOR] = str(os.getpid())
    options.say(
        f"recsvc serves {model} on http://{settings.host}:{settings.port} "
        f"with {settings.workers} workers, {'for those with keys' if settings.guarded else 'open'}"
        "; Ctrl-C stops."
    )
    Granian(
        "recsvc.cli.serve:worker",
        factory=True,
        address="127.0.0.1" if settings.host == "localhost" else settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=settings.workers,
        blocking_threads=BLOCKING_THREADS,
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        log_level=LogLevels.warning,
        websockets=False,
    ).serve()


def worker() -> Flask:
    """The application of one worker process, which ends when its supervisor is gone.

    A supervisor that is killed outright cannot stop its workers; without this they would hold the
    port, and the service could not be started again.
    """
    from recsvc.app import create_app

    threading.Thread(target=_end_as_orphan, name="orphan", daemon=True).start()
    return create_app()


def _end_as_orphan() -> None:
    supervisor = int(os.environ[SUPERVISOR])
    while os.getppid() == supervisor:
        time.sleep(ORPHAN_CHECK_S)
    os._exit(1)
