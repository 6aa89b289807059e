"""`/healthz`: the process lives; `/readyz`: it can serve, and from which model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from flask import Blueprint, Response

from recsvc.errors import RecsvcError
from recsvc.web import rendering
from recsvc.web.answers import Alive, Readiness, RefusedModel


class State(NamedTuple):
    """The model that answers, and the promotion that was refused since, if one was."""

    model: str
    refused: RefusedModel | None = None


def health_door(state: Callable[[], State], checks: Mapping[str, Callable[[], None]]) -> Blueprint:
    """The routes of health; each check raises an error of ours when its part cannot be used."""
    door = Blueprint("health", __name__)

    @door.get("/healthz")
    def healthz() -> Response:
        return rendering.json(Alive("ok"))

    @door.get("/readyz")
    def readyz() -> Response:
        parts = {name: _tried(check) for name, check in checks.items()}
        ready = all(said == "ok" for said in parts.values())
        model, refused = state()
        told = Readiness("ready" if ready else "not ready", model, parts, refused)
        return rendering.json(told, 200 if ready else 503)

    return door


def _tried(check: Callable[[], None]) -> str:
    try:
        check()
    except RecsvcError as error:
        return error.detail
    return "ok"
