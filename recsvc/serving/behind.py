"""What is kept beside a slate's state: the way back to earlier epochs, the ranking behind it."""

from __future__ import annotations

from typing import Final, NamedTuple

from policies import Candidates, SlateState
from recsvc.serving import history, pages
from recsvc.serving.history import Links
from recsvc.serving.pages import Tails


class Behind(NamedTuple):
    """Bytes for the most part: a slate that is held reads and writes none of them."""

    links: Links = ()
    tails: Tails = ()

    def onward(
        self, before: SlateState | None, after: SlateState, candidates: Candidates | None
    ) -> Behind:
        """What to keep beside `after`, which follows `before` and was made of these candidates."""
        if before is not None and before.epoch == after.epoch:
            return self
        return Behind(
            history.onward(self.links, before, after),
            pages.onward(self.tails, before, after, candidates),
        )


NOTHING: Final = Behind()
