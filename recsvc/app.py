"""The Flask application: doors over the service, and errors as problems."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress

from flask import Flask

from recsvc.bootstrap import Service, build
from recsvc.config.settings import read_settings
from recsvc.errors import RecsvcError
from recsvc.recommenders.live.watching import LOOK_EVERY_S
from recsvc.web import gate, problems
from recsvc.web.answers import RefusedModel
from recsvc.web.events import events_door
from recsvc.web.health import State, health_door
from recsvc.web.items import items_door
from recsvc.web.openapi.door import description_door
from recsvc.web.people import people_door
from recsvc.web.sessions import sessions_door
from recsvc.web.slates import slates_door

SWEEP_EVERY_S = 60.0


def create_app(service: Service | None = None) -> Flask:
    """The application of a service; by default of the one that the settings describe."""
    if service is None:
        service = build(read_settings())
        _in_the_background(service)
    app = Flask("recsvc", static_folder=None)
    # An address is taken as it stands: a redirect would repeat what the Host header says.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.config["MAX_CONTENT_LENGTH"] = service.max_body_bytes
    app.register_blueprint(slates_door(lambda: service.live().slates))
    app.register_blueprint(events_door(service.hearing, service.clock))
    app.register_blueprint(people_door(service.consenting))
    app.register_blueprint(sessions_door(service.identity, service.slates.new_id))
    app.register_blueprint(items_door(service.catalogue))
    app.register_blueprint(health_door(_state_of(service), service.checks))
    app.register_blueprint(
        description_door(
            service.slates.surfaces.by_name,
            service.hearing.weights,
            guarded=service.access.ring is not None,
        )
    )
    gate.install(app, service.access)
    problems.install(app)
    return app


def _state_of(service: Service) -> Callable[[], State]:
    def state() -> State:
        refused = service.refused()
        told = None if refused is None else RefusedModel(refused.model, refused.why)
        return State(service.live().model, told)

    return state


def _in_the_background(service: Service) -> None:
    """Sweep expired sessions and take up another model, so that no request pays for it."""

    def sweep() -> None:
        # The next round will do after an error of ours; requests say themselves what is wrong.
        with suppress(RecsvcError):
            service.sessions.sweep(service.clock())

    _from_time_to_time("sweep", SWEEP_EVERY_S, sweep)
    _from_time_to_time("model", LOOK_EVERY_S, service.look)


def _from_time_to_time(name: str, seconds: float, work: Callable[[], object]) -> None:
    def run() -> None:
        while not stop.wait(seconds):
            work()

    stop = threading.Event()
    threading.Thread(target=run, name=name, daemon=True).start()
