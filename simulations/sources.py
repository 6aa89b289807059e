"""What forms an opinion of every item, and is asked by many policies at one moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from policies import Candidates
from recsvc.ports import Profile
from recsvc.recommenders.live.opinions import Opinion


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
    the same items: the visitor is scored once for all of them. `moment` names the moment for a
    source whose opinion may change though the profile does not.
    """

    def __init__(self, source: Source, moment: Callable[[], object] = lambda: None) -> None:
        self._source = source
        self._moment = moment
        self._asked: tuple[object, Profile, Collection[str]] | None = None
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
        asked = (self._moment(), profile, without)
        if self._asked != asked:
            self._opinion = self._source.opinion(profile, without)
            self._asked = asked
        return None if self._opinion is None else self._opinion.candidates(n, incumbents)
