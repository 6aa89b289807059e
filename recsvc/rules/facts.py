"""The one table of facts: all that a rule may ask, and nothing else can be reached from one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["truth", "number", "text"]

PAGE: Final = "context."
"""What comes after it is the page's own word; its kind is that of what it is compared with."""


@dataclass(frozen=True)
class Fact:
    """One thing a rule may ask; `example` is a rule that asks it.

    `moves`: it changes by time or by reloading alone; `timed`: by time. `costly`: reading it asks a
    database.
    """

    name: str
    kind: Kind
    means: str
    example: str
    moves: bool = False
    timed: bool = False
    costly: bool = False


FACTS: Final = (
    Fact(
        "context.NAME",
        "text",
        "what the page sends as `context.NAME`; read as text, a number or true/false, whichever "
        "it is compared with",
        "context.filters_applied == true",
    ),
    Fact(
        "session.requests",
        "number",
        "answers served on this surface in this session, before this one",
        "session.requests < 3",
        moves=True,
    ),
    Fact(
        "session.age_s",
        "number",
        "seconds since the session began",
        "session.age_s < 60",
        moves=True,
        timed=True,
    ),
    Fact(
        "session.idle_s",
        "number",
        "seconds since the last answer on this surface in this session; 0 for the first",
        "session.idle_s < 5",
        moves=True,
        timed=True,
    ),
    Fact(
        "user.known",
        "truth",
        "a user is named who agreed to personal suggestions",
        "user.known",
    ),
    Fact(
        "user.events",
        "number",
        "items that this visitor turned to in this session or since the model was trained; 0 "
        "without consent",
        "user.events >= 5",
        costly=True,
    ),
    Fact(
        "local.hour",
        "number",
        "hour of the day, 0 to 23, in the time zone of the setting `time_zone`",
        "local.hour >= 22 || local.hour < 6",
        moves=True,
        timed=True,
    ),
    Fact(
        "local.weekday",
        "number",
        "day of the week there, 1 (Monday) to 7 (Sunday)",
        "local.weekday >= 6",
        moves=True,
        timed=True,
    ),
    Fact(
        "request.k",
        "number",
        "seats of the slate: as the page asks, else the knob `k`",
        "request.k <= 4",
    ),
)

BY_NAME: Final = {fact.name: fact for fact in FACTS[1:]}
NAMES: Final = tuple(fact.name for fact in FACTS)
