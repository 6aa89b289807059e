"""Where the play is: what recommenders need whose answer is not of the profile alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from recsvc.ports import Profile
from simulations.draws import stream
from simulations.scenario import Visit

ProfileNow = Callable[[], Profile | None]


@dataclass(eq=False)
class Scene:
    """The look that is being answered: a visit, and the moment's `number` in it.

    What is drawn is of (seed, visit, look) and of a purpose, so that every policy meets the same,
    whether or not it asks. `followers` are told of every look before it is answered.
    """

    seed: int
    visit: Visit | None = None
    number: int = 0
    followers: list[Callable[[bool, ProfileNow], None]] = field(default_factory=list)

    def move(self, visit: Visit, number: int, profile: ProfileNow) -> None:
        """Go on to a look; `profile` gives the visitor's at that moment."""
        begins = self.visit is not visit
        self.visit, self.number = visit, number
        for follow in self.followers:
            follow(begins, profile)

    def here(self) -> Visit:
        """The visit of the look."""
        assert self.visit is not None  # nobody is asked before the play begins
        return self.visit

    def moment(self) -> tuple[str, int]:
        """The name of the look."""
        return self.here().visit_id, self.number

    def draw(self, purpose: str, *, by_look: bool = True) -> np.random.Generator:
        """Random numbers of a purpose for this look, or for the whole visit."""
        number = self.number + 1 if by_look else 0
        return stream(self.seed, "recommender", purpose, self.here().visit_id, number=number)
