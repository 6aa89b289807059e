"""The visits of the gallery as `results.json` holds them."""

from __future__ import annotations

import msgspec


class Item(msgspec.Struct, frozen=True):
    """One seat of a slate in the gallery."""

    item_id: str
    title: str | None = None
    standing: str = "kept"


class Event(msgspec.Struct, frozen=True):
    """What the visitor did before a look."""

    type: str
    item_id: str | None = None
    title: str | None = None


class Changed(msgspec.Struct, frozen=True):
    """What one look changed."""

    displaced: int = 0
    moved: int = 0
    forced: int = 0


class Row(msgspec.Struct, frozen=True):
    """One look: the event before it and the slate of each policy after it."""

    event: Event | None = None
    slates: dict[str, tuple[Item, ...]] = {}
    changed: dict[str, Changed | None] = {}


class Visit(msgspec.Struct, frozen=True):
    """One visit of the gallery."""

    visit: str
    user: str = ""
    about: str = ""
    policies: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
