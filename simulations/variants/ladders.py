"""From the tables of a study to ladders that policies ask."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recsvc.preparation.ladder import Ladder
from recsvc.recommenders.artifacts.artifact import Artifact, load
from recsvc.recommenders.live.serving import Personal, Popular
from simulations.scenario import Truth
from simulations.sources import Shared, Source
from simulations.variants import anchors, failures, forms, sources
from simulations.variants.scene import Scene

COLD = 0
"""The study's own model among its seeds."""


@dataclass(frozen=True)
class Cast:
    """The recommenders of a study and the models that they need, besides its own.

    `seeds` are further seeds of the model, `warm` the model that began with the one before it; both
    are (home, model_id). `seed` is the study's, for what is drawn.
    """

    tables: Mapping[str, forms.Recommender]
    seed: int
    seeds: Sequence[tuple[Path, str]] = ()
    warm: tuple[Path, str] | None = None
    truth: Truth | None = None

    def ladders(
        self, own: Artifact, history: Callable[[str, tuple[str, ...]], frozenset[str]], scene: Scene
    ) -> dict[str, Ladder]:
        """A ladder for every recommender; they share the popularity rung."""
        popular = Popular(own)
        models: list[Source] = [sources.Memo(Personal(own), scene)]
        models += [sources.Memo(Personal(load(*one)), scene) for one in self.seeds]
        warm = models[COLD] if self.warm is None else Personal(load(*self.warm))
        made: dict[str, tuple[Source, Source]] = {forms.OWN: (models[COLD], popular)}

        for name, table in self.tables.items():
            rung: Source = popular
            primary: Source
            match table:
                case forms.Unstable():
                    primary = sources.Unstable(models[: table.seeds], scene)
                case forms.Average():
                    primary = sources.Average(f"average-{name}", models[: table.seeds])
                case forms.Retrain():
                    primary = warm if table.start == "warm" else models[COLD]
                case forms.Smooth():
                    of = made[table.of][0]
                    label = f"smooth-{name}/{own.model_id}"
                    primary = sources.Smooth(label, of, table.weight, scene)
                case forms.Late():
                    of, rung = made[table.of]
                    late = failures.Chance(scene, "late", table.probability)
                    primary = failures.Late(of, late, previous=table.answers == "previous")
                case forms.Missing():
                    of, rung = made[table.of]
                    missing = failures.Chance(scene, "missing", table.probability)
                    primary = failures.Mute(of, missing, primary=True)
                    rung = failures.Mute(rung, missing, primary=False)
                case forms.Random():
                    label = f"random-{name}/{own.model_id}"
                    primary = anchors.Random(label, own.matrix, scene, table.per == "look")
                case forms.Oracle():
                    counts = own.popularity.astype(np.float64)
                    label = f"oracle-{name}/{own.model_id}"
                    primary = anchors.Oracle(label, own.matrix, counts, scene, self.truth)
            made[name] = (primary, rung)
        return {
            name: Ladder(Shared(primary, scene.moment), Shared(rung, scene.moment), history=history)
            for name, (primary, rung) in made.items()
            if name != forms.OWN
        }


def seeds_needed(tables: Mapping[str, forms.Recommender]) -> int:
    """How many seeds of the model the recommenders need, its own among them."""
    several = (forms.Unstable, forms.Average)
    return max((t.seeds for t in tables.values() if isinstance(t, several)), default=1)


def needs_warm(tables: Mapping[str, forms.Recommender]) -> bool:
    """Whether a recommender starts warm."""
    return any(isinstance(t, forms.Retrain) and t.start == "warm" for t in tables.values())
