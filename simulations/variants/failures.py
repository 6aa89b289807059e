"""Recommenders that are late or silent at some looks, as the service's ladder meets them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import NoReturn

from recsvc.ports import Profile
from recsvc.recommenders.live.opinions import Opinion
from simulations.sources import Source
from simulations.variants.scene import ProfileNow, Scene


@dataclass(frozen=True)
class Chance:
    """How often something goes wrong: a draw of (seed, visit, look)."""

    scene: Scene
    purpose: str
    probability: float

    def happens(self) -> bool:
        """Whether it does at this look."""
        return bool(self.scene.draw(self.purpose).random() < self.probability)


class Late:
    """A source that at some looks is not in time: the ladder goes on to its next rung.

    With `previous`, the opinion of the latest look in time answers instead, where there is one in
    this visit; it belongs to the rung "late".
    """

    def __init__(self, source: Source, late: Chance, *, previous: bool) -> None:
        self._source, self._late, self._previous = source, late, previous
        self._profile: Profile | None = None
        if previous:
            late.scene.followers.append(self._follow)

    @property
    def model(self) -> str:
        """The identity of the model."""
        return self._source.model

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the vocabulary."""
        return self._source.knows(item_id)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """What the source thinks, or thought. Raises `TimeoutError` when it is late."""
        if not self._late.happens():
            return self._source.opinion(profile, without)
        before = self._profile
        earlier = None if before is None else self._source.opinion(before, without)
        if earlier is None:
            raise TimeoutError("drawn to be late")
        return replace(earlier, rung="late", _best={})

    def _follow(self, begins: bool, profile: ProfileNow) -> None:
        if begins:
            self._profile = None
        if not self._late.happens():
            self._profile = profile()


@dataclass(frozen=True)
class Mute:
    """A rung that at some looks has nothing to offer: what stands on the slate, stands."""

    source: Source
    missing: Chance
    primary: bool

    @property
    def model(self) -> str:
        """The identity of the model."""
        return self.source.model

    def knows(self, item_id: str) -> bool:
        """Whether the item belongs to the vocabulary."""
        return self.source.knows(item_id)

    def opinion(self, profile: Profile, without: Collection[str] = ()) -> Opinion | None:
        """What the source thinks; the primary rung raises `TimeoutError` when it is missing.

        None from it would say that it knows nothing of the visitor, and make popularity normal.
        """
        if not self.missing.happens():
            return self.source.opinion(profile, without)
        return _fail() if self.primary else None


def _fail() -> NoReturn:
    raise TimeoutError("drawn to be missing")
