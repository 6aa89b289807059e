"""The models of a scenario: which one is live when, ready to be asked by many policies at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from recsvc.data import Tables
from recsvc.preparation.ladder import Ladder
from recsvc.recommenders.artifacts import registry
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.live.related import Related
from recsvc.recommenders.live.serving import ladder
from recsvc.recommenders.training.train import Progress, train
from simulations.draws import stream
from simulations.forms import OWN, Model
from simulations.scenario import Scenario
from simulations.sources import Shared
from simulations.variants.forms import Recommender
from simulations.variants.ladders import Cast, needs_warm, seeds_needed
from simulations.variants.scene import Scene


@dataclass(frozen=True, eq=False)
class Era:
    """From `begins` on, a model is live that has learnt from the events up to `trained_until`.

    `ladders` are by the names that policies give: that of the model itself is under `OWN`.
    `scene` tells recommenders that answer by more than the profile where the play is.
    """

    begins: float
    trained_until: float
    artifact: Artifact
    ladders: Mapping[str, Ladder]
    scene: Scene = field(default_factory=lambda: Scene(0))

    @property
    def ladder(self) -> Ladder:
        """That of the model itself."""
        return self.ladders[OWN]

    def met(self, user_id: str) -> frozenset[str]:
        """The items that the model knows of a user."""
        matrix = self.artifact.matrix
        user = matrix.users.index.get(user_id)
        if user is None:
            return frozenset()
        return frozenset(matrix.items.ids[item] for item in matrix.row(user).tolist())


@dataclass(frozen=True)
class Trained:
    """Where the model of an era lies, in a home of its own."""

    home: Path
    model_id: str
    begins: float
    cast: Cast = field(default_factory=lambda: Cast({}, 0))

    def era(self) -> Era:
        """The model, loaded; policies that decide at the same moment share its opinion."""
        artifact = load(self.home, self.model_id)
        rungs = ladder(artifact)
        popular = rungs[-1]

        @lru_cache(maxsize=64)
        def history(user_id: str, by: tuple[str, ...]) -> frozenset[str]:
            return frozenset(popular.history(user_id, by))

        shared = [Shared(rung) for rung in rungs]
        own = Ladder(
            shared[0],
            shared[-1],
            history=history,
            version=lambda: int(self.begins),
            neighbours=Shared(Related(artifact)),
        )
        scene = Scene(self.cast.seed)
        others = self.cast.ladders(artifact, history, scene) if self.cast.tables else {}
        return Era(self.begins, artifact.manifest.last, artifact, {OWN: own, **others}, scene)


def train_models(
    scenario: Scenario,
    model: Model,
    home: Path,
    recommenders: Mapping[str, Recommender] | None = None,
    *,
    seed: int,
    say: Progress,
) -> tuple[Trained, ...]:
    """Train the models that are not in `home` yet; raises what training raises.

    So are the further models that `recommenders` need.
    """
    tables = recommenders or {}
    trained: list[Trained] = []
    for number, begins in enumerate((scenario.cut, scenario.retrain), 1):
        if begins is None:
            continue

        def trained_in(name: str, seed: int, begins: float = begins, start: str = "") -> Place:
            folder = home / name
            if not registry.model_ids(folder):
                say(f"seed {seed}: training {model.kind} on the events until {_day(begins)}")
                train(
                    _until(scenario.tables, begins),
                    model=model.kind,
                    home=folder,
                    seed=seed,
                    progress=lambda _: None,
                    parameters=model.parameters,
                    measure=False,
                    now=datetime.fromtimestamp(begins, UTC),
                    start=load(trained[0].home, start) if start else None,
                )
            return folder, registry.model_ids(folder)[-1]

        folder, model_id = trained_in(f"model-{number}", seed)
        more = [
            trained_in(f"model-{number}-seed-{n}", seed_of(seed, n))
            for n in range(1, seeds_needed(tables))
        ]
        warm = None
        if trained and needs_warm(tables):
            warm = trained_in(f"model-{number}-warm", seed, start=trained[0].model_id)
        cast = Cast(tables, seed, more, warm, scenario.truth)
        trained.append(Trained(folder, model_id, begins, cast))
    return tuple(trained)


Place = tuple[Path, str]


def seed_of(seed: int, number: int) -> int:
    """The seed of a study's further models; number 0 is that of its own."""
    return seed if not number else int(stream(seed, "model", number=number).integers(2**32))


def _until(tables: Tables, time: float) -> Tables:
    events = tables.interactions
    return replace(tables, interactions=events[events["timestamp"] <= time])


def _day(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"
