"""The Flask application: doors over the service, and errors as problems."""

from __future__ import annotations

import threading

from flask import Flask

from recsvc.bootstrap import Service, build
from recsvc.config.settings import read_settings
from recsvc.errors import RecsvcError
from recsvc.web import gate, problems
from recsvc.web.events import events_door
from recsvc.web.health import health_door
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
        _sweep_from_time_to_time(service)
    app = Flask("recsvc", static_folder=None)
    # An address is taken as it stands: a redirect would repeat what the Host header says.
    app.url_map.merge_slashes = False
    app.url_map.redirect_defaults = False
    app.config["MAX_CONTENT_LENGTH"] = service.max_body_bytes
    app.register_blueprint(slates_door(service.slates))
    app.register_blueprint(events_door(service.hearing, service.clock))
    app.register_blueprint(people_door(service.consenting))
    app.register_blueprint(sessions_door(service.identity, service.slates.new_id))
    app.register_blueprint(items_door(service.catalogue))
    app.register_blueprint(health_door(service.model, service.checks))
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


def _sweep_from_time_to_time(service: Service) -> None:
    """Remove expired sessions in the background, so that no request pays for it."""

    def sweep() -> None:
        while not stop.wait(SWEEP_EVERY_S):
            try:
                service.sessions.sweep(service.clock())
            except RecsvcError:
                continue  # the next round will do; requests say themselves what is wrong

    stop = threading.Event()
    threading.Thread(target=sweep, name="sweep", daemon=True).start()
