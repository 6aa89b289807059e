"""The rungs: who answers, best first, and what is normal for this visitor."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor
from concurrent.futures import TimeoutError as Late
from dataclasses import dataclass

from policies import Candidates
from recsvc.ports import Profile, Recommender

log = logging.getLogger(__name__)

SHORTLIST_FLOOR = 100


def shortlist(k: int) -> int:
    """How many candidates a decision over k seats is given: more than k + m + h can use."""
    return max(SHORTLIST_FLOOR, 3 * k)


@dataclass(frozen=True)
class Offer:
    """What the ladder offers: `normal` is the rung meant for this visitor, `model` its live model.

    `candidates` are None when no rung could answer; `trouble` says why a lower rung answered.
    """

    candidates: Candidates | None
    normal: str
    model: str
    trouble: str | None = None


@dataclass(frozen=True)
class Ladder:
    """The primary recommender within its deadline, else the neighbours, else popularity.

    People who did not agree to personal suggestions, and people of whom nothing is known, are
    served by popularity: that is normal for them, not a fallback. So it is with `neighbours`, where
    the primary has nothing to say of what was heard in the session. `by_subject` is the rung meant
    for slates about an item; neighbours find what goes with it better than a model of people does.
    `history` tells on what
    a user had done certain things by the time the model was trained; without a `pool` there is no
    deadline. `version` grows with every model that goes live; 0: nobody knows.
    """

    primary: Recommender
    popularity: Recommender
    history: Callable[[str, tuple[str, ...]], frozenset[str]]
    pool: Executor | None = None
    version: Callable[[], int] = lambda: 0
    neighbours: Recommender | None = None
    by_subject: str = "primary"

    def consumed(self, user_id: str | None, by: tuple[str, ...]) -> frozenset[str]:
        """What a known user had consumed when the model was trained."""
        return self.history(user_id, by) if user_id is not None else frozenset()

    def model_of(self, rung: str) -> str:
        """The live model of a rung."""
        if rung == "neighbours" and self.neighbours is not None:
            return self.neighbours.model
        return self.primary.model if rung == "primary" else self.popularity.model

    def knows(self, item_id: str) -> bool:
        """Whether any rung could suggest the item."""
        return self.primary.knows(item_id) or self.popularity.knows(item_id)

    def ask(
        self,
        profile: Profile | None,
        n: int,
        *,
        incumbents: Sequence[str],
        without: Collection[str],
        deadline_s: float,
        subject: bool = False,
    ) -> Offer:
        """Candidates for one request; a `profile` of None stands for a visitor without consent.

        `subject` says that the profile is the item which the slate is about.
        """
        trouble, normal = None, "popularity"
        if profile is None:
            return self._popular(n, incumbents, without, normal, None)
        near = subject and self.by_subject == "neighbours"
        if near:
            found = self._near(profile, n, incumbents, without)
            if found is not None:
                return Offer(found, "neighbours", self.model_of("neighbours"))
        try:
            found = self._primary(profile, n, incumbents, without, deadline_s)
            if found is not None:
                return Offer(found, "primary", self.primary.model)
        except Late:
            trouble, normal = "deadline", "primary"
        except Exception:
            # Whatever a plugged-in recommender does, the visitor is still served.
            log.exception("the primary recommender failed; the next rung answers")
            trouble, normal = "primary_failed", "primary"
        found = None if near else self._near(profile, n, incumbents, without)
        if found is not None:
            normal = "neighbours" if trouble is None else normal
            return Offer(found, normal, self.model_of(normal), trouble)
        return self._popular(n, incumbents, without, normal, trouble)

    def _primary(
        self,
        profile: Profile,
        n: int,
        incumbents: Sequence[str],
        without: Collection[str],
        deadline_s: float,
    ) -> Candidates | None:
        if self.primary is self.popularity:
            return None  # it says the same of everybody
        if self.pool is None:
            return self.primary.rank(profile, n, incumbents=incumbents, without=without)
        call = self.pool.submit(
            self.primary.rank, profile, n, incumbents=incumbents, without=without
        )
        try:
            return call.result(timeout=deadline_s)
        except Late:
            call.cancel()
            raise

    def _near(
        self, profile: Profile, n: int, incumbents: Sequence[str], without: Collection[str]
    ) -> Candidates | None:
        if self.neighbours is None or not profile.events:
            return None
        try:
            return self.neighbours.rank(profile, n, incumbents=incumbents, without=without)
        except Exception:
            log.exception("the neighbours failed; the next rung answers")
            return None

    def _popular(
        self,
        n: int,
        incumbents: Sequence[str],
        without: Collection[str],
        normal: str,
        trouble: str | None,
    ) -> Offer:
        found = None
        try:
            found = self.popularity.rank(Profile(), n, incumbents=incumbents, without=without)
        except Exception:
            log.exception("popularity failed; the slate stays as it is")
        return Offer(found, normal, self.model_of(normal), trouble)
