"""What an artifact would offer a person: asked as the service asks, rung by rung."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from recsvc.ports import Profile, Recommender
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.comparison.people import Person, Told
from recsvc.recommenders.live.serving import ladder

SEATS = 10
DEEP = 100

List = tuple[str, ...]


class Rungs:
    """The recommenders of one artifact, best first."""

    def __init__(self, artifact: Artifact) -> None:
        self.artifact = artifact
        self._rungs: Sequence[Recommender] = ladder(artifact)

    def offers(self, user_id: str, events: Told, without: Collection[str], n: int) -> List:
        """The n best items for a user who has also done that since."""
        profile = Profile(user_id, events)
        for rung in self._rungs:
            found = rung.rank(profile, n, without=without)
            if found is not None:
                return found.item_ids[:n]
        return ()


def both(a: Rungs, b: Rungs, person: Person) -> tuple[List, List]:
    """The deep lists of A and B for a person of whom both know the same."""
    return (
        a.offers(person.user_id, person.events_a, person.consumed, DEEP),
        b.offers(person.user_id, person.events_b, person.consumed, DEEP),
    )
