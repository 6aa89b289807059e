"""The recommenders of a study beside its own model, each a source that opinions come from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from recsvc.ports import Profile
from recsvc.recommenders.live.opinions import Opinion
from recsvc.recommenders.models import Scores
from simulations.sources import Source
from simulations.variants.scene import ProfileNow, Scene


class Memo:
    """A source that keeps its latest opinion of everything, for several that build on it."""

    def __init__(self, source: Source, scene: Scene) -> None:
        self._source, self._scene = source, scene
        self._asked: tuple[object, Profile] | None = None
        self._opinion: Opinion | None = None

    @property
    def model(self) -> str:
        """The identity of the model."""
        return self._source.model

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the model's vocabulary."""
        return self._source.knows(item_id)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """What the source thinks of every item but `without`."""
        asked = (self._scene.moment(), profile)
        if self._asked != asked:
            self._opinion = self._source.opinion(profile)
            self._asked = asked
        return None if self._opinion is None else but(self._opinion, without)


def but(
    opinion: Opinion, without: Collection[str], *, scores: Scores | None = None, model: str = ""
) -> Opinion:
    """The opinion without some items, perhaps with other `scores` (items,) of another `model`."""
    chosen = opinion.scores if scores is None else scores
    return Opinion.of(
        opinion.matrix,
        chosen.copy(),
        without,
        rung=opinion.rung,
        model=model or opinion.model,
        reason=opinion.reason,
        known_events=opinion.known_events,
        explain=opinion.explain,
    )


@dataclass(frozen=True)
class Unstable:
    """One of several models answers each look, at random, as in a rolling deployment.

    The answer carries the name of the model that gave it, so that a change of it is a cause, as it
    is for the service.
    """

    sources: Sequence[Source]
    scene: Scene

    @property
    def model(self) -> str:
        """The one that answers this look."""
        return self._live().model

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the vocabulary, which all have in common."""
        return self.sources[0].knows(item_id)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """What the one that answers this look thinks."""
        return self._live().opinion(profile, without)

    def _live(self) -> Source:
        return self.sources[int(self.scene.draw("who answers").integers(len(self.sources)))]


@dataclass(frozen=True)
class Average:
    """The mean of several models' scores.

    Each model's scores of the visitor are brought to mean 0 and standard deviation 1 over all items
    first: seeds of ALS differ little in that, but scores without a unit (bpr, lmf) could not be
    added at all. The mean is given back the average location and spread, so that scores keep the
    size they had.
    """

    name: str
    sources: Sequence[Source]

    @property
    def model(self) -> str:
        """The identity: of what is averaged."""
        return f"{self.name}/{self.sources[0].model}"

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the vocabulary, which all have in common."""
        return self.sources[0].knows(item_id)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """The mean opinion; None where one of them has none."""
        found = [source.opinion(profile) for source in self.sources]
        opinions = [one for one in found if one is not None]
        if len(opinions) < len(found):
            return None
        return but(opinions[0], without, scores=averaged(opinions), model=self.model)


def averaged(opinions: Sequence[Opinion]) -> Scores:
    """The mean of scores (items,) that were brought to one scale."""
    scores = np.stack([opinion.scores for opinion in opinions])
    mean, spread = scores.mean(1, keepdims=True), scores.std(1, keepdims=True)
    scaled = (scores - mean) / np.where(spread > 0, spread, 1.0)
    result: Scores = scaled.mean(0) * spread.mean() + mean.mean()
    return result


class Smooth:
    """Exponential smoothing of one visitor's scores over the looks of a visit, reloads included.

    s = w * x + (1 - w) * s, with x the scores at this look and s before it; a visit begins anew.
    R. G. Brown, "Statistical Forecasting for Inventory Control", 1959.
    """

    def __init__(self, name: str, source: Source, weight: float, scene: Scene) -> None:
        self._name, self._source, self._weight = name, source, weight
        self._model = name
        self._smoothed: Scores | None = None
        self._latest: Opinion | None = None
        scene.followers.append(self._follow)

    @property
    def model(self) -> str:
        """The identity: smoothed scores are one model's, whichever gave the newest."""
        return self._model

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the vocabulary."""
        return self._source.knows(item_id)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:  # noqa: ARG002 (followed already)
        """The smoothed opinion at this look."""
        if self._latest is None or self._smoothed is None:
            return None
        return but(self._latest, without, scores=self._smoothed, model=self.model)

    def _follow(self, begins: bool, profile: ProfileNow) -> None:
        if begins:
            self._smoothed = None
        now = profile()
        self._latest = None if now is None else self._source.opinion(now)
        if self._latest is None:
            return
        scores, before = self._latest.scores, self._smoothed
        w = self._weight
        self._smoothed = scores.copy() if before is None else w * scores + (1 - w) * before
