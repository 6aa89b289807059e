"""The tables of a study as they stand in its file, checked strictly: every fault at its field."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from recsvc.config.events import EVENT_WEIGHTS
from recsvc.errors import BadInput, Fault, UnknownModel
from recsvc.recommenders.kinds.named import kind_of
from recsvc.recommenders.models import parameters_for
from simulations.variants.forms import OWN, Recommender, Table, faults_of_recommenders

__all__ = ["OWN", "Hindsight", "Model", "Replay", "Table", "World", "Written"]

Seed = Annotated[int, Field(ge=0, le=2**32 - 1)]


class Replay(Table):
    """A log is played. `start` is the quantile of time after which events are played.

    `visitors` is how many are drawn at most (0: all), `reloads` the mean number of reloads between
    two events, `remembers` what the profile holds of earlier played visits, `event` the type of
    events where the log tells none, or one that the service does not know.
    """

    start: float = Field(default=0.8, validation_alias="from", gt=0, lt=1)
    visitors: int = Field(default=0, ge=0)
    reloads: float = Field(default=0.5, ge=0, le=20)
    remembers: Literal["visitor", "training"] = "visitor"
    event: str = "purchase"


class World(Table):
    """A travel shop is made up, anew for each seed; the last `test_days` of `days` are played."""

    users: int = Field(default=2000, ge=2)
    items: int = Field(default=1200, ge=1)
    days: int = Field(default=60, ge=1)
    test_days: int = Field(default=14, ge=1)


class Model(Table):
    """The recommender that is trained; `parameters` as of `recsvc train`."""

    kind: str = "als"
    parameters: dict[str, int | float] = Field(default_factory=dict)


class Hindsight(Table):
    """On how many `visits`, drawn from all, the best schedule in hindsight is looked for."""

    visits: int = Field(default=0, ge=0)


class Visitors(Table):
    """On how many `visits`, drawn from all, a model of behaviour looks at the slates."""

    visits: int = Field(default=0, ge=0)


class Written(Table):
    """A whole study; `knobs` are those that every policy has."""

    name: str = Field(min_length=1)
    policies: dict[str, dict[str, Any]] = Field(min_length=1)
    title: str = ""
    about: str = ""
    seeds: list[Seed] = Field(default=[1], min_length=1)
    replay: Replay | None = None
    world: World | None = None
    model: Model = Model()
    recommenders: dict[str, Recommender] = Field(default_factory=dict)
    hindsight: Hindsight = Hindsight()
    visitors: Visitors = Visitors()
    knobs: dict[str, Any] = Field(default_factory=dict)
    retrain: bool = True
    bootstrap: int = Field(default=1000, ge=100, le=100_000)
    baseline: str = "fresh"

    @property
    def source(self) -> Replay | World:
        """What is played."""
        source = self.replay or self.world
        assert source is not None  # told by faults()
        return source

    def faults(self) -> list[Fault]:
        """What is wrong between fields that are right by themselves."""
        found = []
        if (self.replay is None) == (self.world is None):
            found.append(Fault("replay, world", "write one of the tables [replay] and [world]"))
        if len(set(self.seeds)) != len(self.seeds):
            found.append(Fault("seeds", "must differ from each other"))
        if self.replay is not None:
            found += _of_replay(self.replay, self.retrain)
        if self.world is not None and self.world.test_days >= self.world.days:
            found.append(Fault("world.test_days", "must be fewer than world.days"))
        found += faults_of_recommenders(self.recommenders, self.model.kind)
        return [*found, *_of_model(self.model)]


def _of_replay(replay: Replay, retrain: bool) -> list[Fault]:
    found = []
    if replay.visitors == 1:
        found.append(Fault("replay.visitors", "must be 0 for all, or at least 2"))
    if replay.remembers == "training" and retrain:
        why = '"training" needs retrain = false: a second model has learnt earlier visits'
        found.append(Fault("replay.remembers", why))
    if EVENT_WEIGHTS.get(replay.event, 0) <= 0:
        known = ", ".join(name for name, weight in EVENT_WEIGHTS.items() if weight > 0)
        found.append(Fault("replay.event", f"is one of: {known}"))
    return found


def _of_model(model: Model) -> list[Fault]:
    try:
        kind = kind_of(model.kind)
    except UnknownModel as error:
        return [Fault("model.kind", fault.message) for fault in error.faults]
    try:
        parameters_for(kind, model.parameters)
    except BadInput as error:
        return [Fault(f"model.parameters.{f.field}", f.message) for f in error.faults]
    return []
