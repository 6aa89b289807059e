"""Recommenders to measure others by: one that knows nothing, and one that knows what comes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from recsvc.ports import Profile
from recsvc.recommenders.live.opinions import Opinion
from recsvc.recommenders.matrix import Matrix
from recsvc.recommenders.models import Scores
from simulations.scenario import Truth
from simulations.variants.scene import Scene

_BACKGROUND = 1e-3
"""What popularity is worth to the oracle: less than anything that it knows."""


@dataclass(frozen=True)
class Random:
    """Uniform scores, anew at every look or once for a visit: the lowest anchor."""

    name: str
    matrix: Matrix
    scene: Scene
    by_look: bool

    @property
    def model(self) -> str:
        """The identity."""
        return self.name

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the vocabulary."""
        return item_id in self.matrix.items.index

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """Scores of this look or visit."""
        draw = self.scene.draw("random scores", by_look=self.by_look)
        return _told(self, draw.random(len(self.matrix.items)), profile, without)


@dataclass(frozen=True)
class Oracle:
    """What the visitor will turn to: by the answer key of a world, else by the rest of the visit.

    Of a log the next item scores 1, the one after it 1/2, and so on; all others come by popularity,
    below these.
    """

    name: str
    matrix: Matrix
    popularity: Scores
    scene: Scene
    truth: Truth | None

    @property
    def model(self) -> str:
        """The identity."""
        return self.name

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the vocabulary."""
        return item_id in self.matrix.items.index

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """Scores by what comes after this look."""
        worth, index = self._worth(), self.matrix.items.index
        most = max(worth.values(), default=0.0) or 1.0
        scores = _BACKGROUND * self.popularity / max(1.0, float(self.popularity.max()))
        for item, value in worth.items():
            if item in index:
                scores[index[item]] += value / most
        return _told(self, scores, profile, without)

    def _worth(self) -> Mapping[str, float]:
        visit, number = self.scene.here(), self.scene.number
        if self.truth is not None:
            return self.truth.worth(visit, number)
        coming = [m.item_id for m in visit.moments[number:] if m.item_id is not None]
        return {item: 1 / n for n, item in enumerate(dict.fromkeys(coming), 1)}


def _told(
    of: Random | Oracle, scores: Scores, profile: Profile, without: Collection[str]
) -> Opinion:
    return Opinion.of(
        of.matrix,
        scores,
        without,
        rung="primary",
        model=of.model,
        reason="for_you",
        known_events=len(profile.events),
    )
