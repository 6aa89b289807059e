"""Why an item came, went or moved: the table of reasons, and which of them count."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal["chosen", "forced", "asked", "counted"]

REASONS: Final[dict[str, tuple[Kind, str]]] = {
    "better_match": ("chosen", "It fits better than what was here."),
    "displaced": ("chosen", "Something that fits better took its seat."),
    "moved": ("chosen", "It changed its seat within the limit."),
    "withdrawn": ("forced", "It is no longer available."),
    "consumed": ("forced", "You already have it."),
    "dismissed": ("forced", "You said that it does not interest you."),
    "excluded": ("forced", "The page asked to leave it out."),
    "refill": ("forced", "It fills a seat that had become empty."),
    "asked": ("asked", "You asked for it."),
    "undone": ("asked", "You took your last change back."),
    "pinned": ("asked", "You keep it here."),
    "alternative_chosen": ("asked", "You chose this selection."),
    "resized": ("asked", "The number of seats changed."),
    "session_start": ("counted", "Your visit begins with it."),
    "rule_refresh": ("counted", "A rule of this page asked for new suggestions."),
    "kill_switch": ("counted", "The operators switched to plain recommendations."),
}
"""Every reason a change can have: `chosen` ones count against the limit; and a sentence."""


def chosen(reason: str) -> bool:
    """Whether changes of this reason count against the limit."""
    return REASONS[reason][0] == "chosen"


EXITS: Final = frozenset({"withdrawn", "consumed", "dismissed", "excluded"})
"""Forced reasons for which an item leaves; `refill` is forced too, and an entry."""
