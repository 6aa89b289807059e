"""What a token tells: a session with one of its slates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from recsvc.serving.session import Session

DISMISSALS_KEPT: Final = 128
"""The latest dismissals that a token carries."""

ACTS_KEPT: Final = 8
"""The latest acts taken while the store was lost, by which a token knows a repeat."""


@dataclass(frozen=True)
class Told:
    """`session` holds the slate `slate_id` of `surface` and no other.

    `number` counts the tokens of a session; those signed while the store was lost are told `apart`
    and keep the number of the one that they come from. `lives_s` counts from `session.seen`.
    """

    session: Session
    slate_id: str
    surface: str
    number: int
    lives_s: int
    apart: bool = False

    @property
    def until(self) -> float:
        """When the token is over, in epoch seconds."""
        return self.session.seen + self.lives_s


def hearsay(slate_id: str) -> str:
    """The name by which a token tells of another slate: it has no room for more."""
    return slate_id if slate_id.startswith("~") else f"~{slate_id.removeprefix('sl_')[:8]}"
