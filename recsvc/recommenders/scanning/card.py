"""What an index of a big catalogue tells of itself: light, for whoever reads a manifest."""

from __future__ import annotations

import msgspec


class Index(msgspec.Struct, frozen=True):
    """An index of a big catalogue. `recall_at_100` is the share it found of the true best 100 of so
    many `people`, measured when it was built."""

    kind: str
    recall_at_100: float
    people: int
