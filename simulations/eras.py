"""The models of a scenario: which one is live when, ready to be asked by many policies at once."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Protocol

from policies import Candidates
from recsvc.data import Tables
from recsvc.ports import Profile
from recsvc.preparation.ladder import Ladder
from recsvc.recommenders import registry
from recsvc.recommenders.artifact import Artifact, load
from recsvc.recommenders.opinions import Opinion
from recsvc.recommenders.serving import ladder
from recsvc.recommenders.training import Progress, train
from simulations.forms import OWN, Model
from simulations.scenario import Scenario


class Source(Protocol):
    """A rung that forms an opinion once and answers from it."""

    @property
    def model(self) -> str:
        """The identity of the model."""

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the model's vocabulary."""

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """What the model thinks of every item but `without`."""


class Shared:
    """`recsvc.ports.Recommender` that keeps its latest opinion.

    All policies that decide at one moment ask with the same profile, and nearly always rule out
    the same items: the visitor is scored once for all of them.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._asked: tuple[Profile, Collection[str]] | None = None
        self._opinion: Opinion | None = None

    @property
    def model(self) -> str:
        """The identity of the model."""
        return self._source.model

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the model's vocabulary."""
        return self._source.knows(item_id)

    def rank(
        self,
        profile: Profile,
        n: int,
        *,
        incumbents: Sequence[str] = (),
        without: Collection[str] = (),
    ) -> Candidates | None:
        """As the port says."""
        if self._asked != (profile, without):
            self._opinion = self._source.opinion(profile, without)
            self._asked = (profile, without)
        return None if self._opinion is None else self._opinion.candidates(n, incumbents)


@dataclass(frozen=True, eq=False)
class Era:
    """From `begins` on, a model is live that has learnt from the events up to `trained_until`.

    `ladders` are by the names that policies give: that of the model itself is under `OWN`.
    """

    begins: float
    trained_until: float
    artifact: Artifact
    ladders: Mapping[str, Ladder]

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

    def era(self) -> Era:
        """The model, loaded; policies that decide at the same moment share its opinion."""
        artifact = load(self.home, self.model_id)
        rungs = ladder(artifact)
        popular = rungs[-1]

        @lru_cache(maxsize=64)
        def history(user_id: str, by: tuple[str, ...]) -> frozenset[str]:
            return frozenset(popular.history(user_id, by))

        shared = [Shared(rung) for rung in rungs]
        return Era(
            self.begins,
            artifact.manifest.last,
            artifact,
            {OWN: Ladder(shared[0], shared[-1], history=history)},
        )


def train_models(
    scenario: Scenario, model: Model, home: Path, *, seed: int, say: Progress
) -> tuple[Trained, ...]:
    """Train the models that are not in `home` yet; raises what training raises."""
    trained = []
    for number, begins in enumerate((scenario.cut, scenario.retrain), 1):
        if begins is None:
            continue
        folder = home / f"model-{number}"
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
            )
        trained.append(Trained(folder, registry.model_ids(folder)[-1], begins))
    return tuple(trained)


def _until(tables: Tables, time: float) -> Tables:
    events = tables.interactions
    return replace(tables, interactions=events[events["timestamp"] <= time])


def _day(time: float) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d}"
