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
    """The primary recommender within its deadline, else popularity.

    People who did not agree to personal suggestions, and people of whom nothing is known, are
    served by popularity: that is normal for them, not a fallback. `history` tells on what
    a user had done certain things by the time the model was trained; without a `pool` there is no
    deadline. `version` grows with every model that goes live; 0: nobody knows.
    """

    primary: Recommender
    popularity: Recommender
    history: Callable[[str, tuple[str, ...]], frozenset[str]]
    pool: Executor | None = None
    version: Callable[[], int] = lambda: 0

    def consumed(self, user_id: str | None, by: tuple[str, ...]) -> frozenset[str]:
        """What a known user had consumed when the model was trained."""
        return self.history(user_id, by) if user_id is not None else frozenset()

    def model_of(self, rung: str) -> str:
        """The live model of a rung."""
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
    ) -> Offer:
        """Candidates for one request; a `profile` of None stands for a visitor without consent."""
        trouble = None
        normal = "popularity"
        if profile is not None:
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
        return Offer(self._popular(n, incumbents, without), normal, self.model_of(normal), trouble)

    def _primary(
        self,
        profile: Profile,
        n: int,
        incumbents: Sequence[str],
        without: Collection[str],
        deadline_s: float,
    ) -> Candidates | None:
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

    def _popular(
        self, n: int, incumbents: Sequence[str], without: Collection[str]
    ) -> Candidates | None:
        try:
            return self.popularity.rank(Profile(), n, incumbents=incumbents, without=without)
        except Exception:
            log.exception("popularity failed; the slate stays as it is")
            return None
