"""What is asked for: the wish of one request, and the slate that it is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from policies import Ask, Candidates, Pick, SlateState
from recsvc.config.filters import Filter
from recsvc.preparation.ruling import NO_PAST, Past


@dataclass(frozen=True)
class Wish:
    """What is asked for: `k` None is the surface's own; `exclude` holds for this answer only.

    `context` is what the page says, in its own words; `offered` are candidates of the host's own.
    """

    k: int | None = None
    subject: str | None = None
    exclude: tuple[str, ...] = ()
    context: Mapping[str, str] = field(default_factory=dict)
    offered: Candidates | None = None


@dataclass(frozen=True)
class Slate:
    """One slate of a session before this answer: its state, and what waits to be shown.

    `heard` numbers the session's latest event. `dismissed` holds everywhere in the session;
    what is `firm` of it was not dismissed on this slate. `version` is that of the knobs and of the
    editors' `picks`. `surface`, the session's `begun` (epoch seconds) and `past` are for rules.
    `lost`: the state store cannot be reached. `filters` are those of the surface.
    """

    state: SlateState | None
    heard: int
    version: int
    asks: tuple[Ask, ...] = ()
    dismissed: frozenset[str] = frozenset()
    firm: frozenset[str] = frozenset()
    surface: str = ""
    begun: float | None = None
    past: Past = NO_PAST
    picks: tuple[Pick, ...] = ()
    lost: bool = False
    filters: tuple[Filter, ...] = ()
