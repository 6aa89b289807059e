"""Why an item is here, came, went or moved: the tables of reasons, and what is said of each.

Of the sentences of a reason the first is said whose facts are known; the last needs none. What
stands in braces is a fact: items are named, `{fits}` is the gap in words.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Kind = Literal["chosen", "forced", "asked", "counted"]

Sentences = tuple[tuple[str, str], ...]
"""Pairs: the facts that must be known, and the sentence."""


class Reason(NamedTuple):
    """One reason of a change: `chosen` ones count against the limit."""

    kind: Kind
    sentences: Sentences


def _exit(sentence: str) -> Sentences:
    return (
        ("replaced_by", f"{sentence}. {{replaced_by}} has its place."),
        ("", f"{sentence}."),
    )


REASONS: Final[dict[str, Reason]] = {
    "better_match": Reason(
        "chosen",
        (
            ("gap instead_of", "It fits {fits} than {instead_of}, which left for it."),
            ("gap", "It fits {fits} than what was here."),
            ("instead_of", "It was given the place of {instead_of}."),
            ("", "It was given a place here."),
        ),
    ),
    "displaced": Reason(
        "chosen",
        (
            ("gap replaced_by", "It made room for {replaced_by}, which fits {fits}."),
            ("gap", "It made room for something that fits {fits}."),
            ("replaced_by", "It made room for {replaced_by}."),
            ("", "It made room for something else."),
        ),
    ),
    "moved": Reason(
        "chosen",
        (
            ("from to", "It moved from place {from} to place {to}, so that the order fits better."),
            ("", "It has another place, so that the order fits better."),
        ),
    ),
    "withdrawn": Reason("forced", _exit("It is no longer available")),
    "consumed": Reason("forced", _exit("You already have it")),
    "dismissed": Reason("forced", _exit("You said that it does not interest you")),
    "excluded": Reason("forced", _exit("The page asked to leave it out")),
    "refill": Reason(
        "forced",
        (
            ("instead_of", "It fills the place of {instead_of}, which had to go."),
            ("", "It fills a place that had become empty."),
        ),
    ),
    "asked": Reason(
        "asked",
        (
            ("unpinned", "You no longer keep it in its place."),
            ("", "You asked for other suggestions."),
        ),
    ),
    "undone": Reason("asked", (("", "You took your last change back."),)),
    "pinned": Reason("asked", (("", "You keep it here."),)),
    "alternative_chosen": Reason("asked", (("", "You chose this selection."),)),
    "resized": Reason(
        "asked",
        (
            ("from to", "It moved up to place {to}, because a place before it stayed empty."),
            ("to", "There is room for more now."),
            ("from", "There is room for fewer now."),
            ("", "The number of places changed."),
        ),
    ),
    "session_start": Reason("counted", (("", "Your visit begins with it."),)),
    "rule_refresh": Reason("counted", (("", "A rule of this page asked for new suggestions."),)),
    "kill_switch": Reason(
        "counted", (("", "For now this page shows the newest suggestions, whatever was here."),)
    ),
}
"""Every reason a change can have."""

SEAT_REASONS: Final[dict[str, Sentences]] = {
    "for_you": (
        ("because", "It was chosen for you because of {because}."),
        ("", "It was chosen for you."),
    ),
    "because_you_viewed": (
        ("because", "It goes with {because}, which you looked at."),
        ("", "It goes with what you looked at."),
    ),
    "popular": (("", "It is popular with other visitors."),),
    "editors_pick": (("", "The editors of this page chose it."),),
    "carried_over": (("", "It was here on your last visit."),),
}
"""Every reason a seat can have its item."""

UNKNOWN: Final[Sentences] = (
    ("because", "It is suggested because of {because}."),
    ("", "It is suggested here."),
)
"""For a seat's reason that is not in the table: a recommender of the host may give its own."""

STANDINGS: Final[dict[str, Sentences]] = {
    "kept": (("", "It has kept its place."),),
    "moved": (
        ("from to", "It moved from place {from} to place {to}."),
        ("", "It has another place than before."),
    ),
    "new": (
        ("gap instead_of", "It is new and fits {fits} than {instead_of}, which left for it."),
        ("instead_of", "It is new, in the place of {instead_of}."),
        ("", "It is new here."),
    ),
    "pinned": (("", "It is kept in this place."),),
}
"""What happened to a seat in the epoch that is shown."""

FITS: Final[tuple[tuple[float, str], ...]] = (
    (2.0, "much better"),
    (1.0, "clearly better"),
    (0.3, "better"),
    (float("-inf"), "a little better"),
)
"""The gap in words: the first line that it reaches, in standard deviations of the scores."""


def chosen(reason: str) -> bool:
    """Whether changes of this reason count against the limit."""
    return REASONS[reason].kind == "chosen"


EXITS: Final = frozenset({"withdrawn", "consumed", "dismissed", "excluded"})
"""Forced reasons for which an item leaves; `refill` is forced too, and an entry."""
