"""Which items may not be shown on this request, and why: stickiness never beats this."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Outside(Collection[str]):
    """Every item but some, as a filter leaves out what does not match.

    The others are not written down: `known` tells those that may turn up, when somebody asks.
    """

    matching: frozenset[str]
    known: Callable[[], Iterable[str]]

    def __contains__(self, item_id: object) -> bool:
        return item_id not in self.matching

    def __iter__(self) -> Iterator[str]:
        return iter(set(self.known()) - self.matching)

    def __len__(self) -> int:
        return len(set(self.known()) - self.matching)

    def __bool__(self) -> bool:
        return True


@dataclass(frozen=True)
class Gone(Mapping[str, str]):
    """Items that may not be shown, with the reason; the first that applies is given.

    What a filter leaves `outside` is excluded, too.
    """

    withdrawn: Collection[str] = NOTHING
    consumed: Collection[str] = NOTHING
    dismissed: Collection[str] = NOTHING
    excluded: Collection[str] = NOTHING
    outside: Outside | None = None

    def __getitem__(self, item_id: str) -> str:
        for reason in ("withdrawn", "consumed", "dismissed", "excluded"):
            if item_id in getattr(self, reason):
                return reason
        if self.outside is not None and item_id in self.outside:
            return "excluded"
        raise KeyError(item_id)

    def __contains__(self, item_id: object) -> bool:
        return (
            item_id in self.withdrawn
            or item_id in self.consumed
            or item_id in self.dismissed
            or item_id in self.excluded
            or (self.outside is not None and item_id in self.outside)
        )

    def among(self, item_ids: set[str]) -> dict[str, str]:
        """Those of the items that may not be shown, with their reasons, by id.

        By sets, which are large: of most of them none is asked for.
        """
        parts = (self.withdrawn, self.consumed, self.dismissed, self.excluded)
        found = set[str]().union(*(item_ids.intersection(part) for part in parts if part))
        if self.outside is not None:
            found |= item_ids - self.outside.matching
        return {item: self[item] for item in sorted(found)}

    def __bool__(self) -> bool:
        # Asked at every decision; to count them would bring all of them together.
        named = self.withdrawn or self.consumed or self.dismissed or self.excluded
        return bool(named) or self.outside is not None

    def __iter__(self) -> Iterator[str]:
        outside = self.outside or NOTHING
        return iter({*self.withdrawn, *self.consumed, *self.dismissed, *self.excluded, *outside})

    def __len__(self) -> int:
        return len(set(iter(self)))
