"""Which items have which value of an attribute, so that a page can filter by it.

The table of the training data is read once; over it lies what the host says of items, which is
followed change by change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from threading import Lock
from typing import Final

from recsvc.config.filters import Filter
from recsvc.ports import Item
from recsvc.preparation.eligibility import Outside

Value = str | float | bool
_Key = str | float | tuple[str, bool]
Table = Callable[[str], Mapping[str, Value]]
Changes = Callable[[int], tuple[int, Mapping[str, Item]]]

ANSWERS_KEPT: Final = 256
"""Combinations of values whose items are kept at hand; then it begins anew."""


class _Shelf:
    """Items by their value of one attribute; an item has one value, or none."""

    def __init__(self, values: Mapping[str, Value]) -> None:
        self._of = dict(values)
        self._items: dict[_Key, set[str]] = {}
        for item, value in values.items():
            self._items.setdefault(_kept(value), set()).add(item)
        self._table = values

    def put(self, item_id: str, value: Value | None) -> None:
        """What the host says now; None: nothing, so that the table's word counts."""
        before = self._of.pop(item_id, None)
        if before is not None:
            self._items[_kept(before)].discard(item_id)
        now = self._table.get(item_id) if value is None else value
        if now is not None:
            self._of[item_id] = now
            self._items.setdefault(_kept(now), set()).add(item_id)

    def items(self, said: str) -> frozenset[str]:
        """Those whose value is what a page said, be it text, a number or true or false."""
        return frozenset().union(*(self._items.get(value, ()) for value in _meant(said)))


class Shelves:
    """Finds what matches the filters of a surface; safe to call from several threads.

    `table` tells the values of an attribute by item, `changed_since` what the host has said of
    items after a revision, `known` all items that may be suggested.
    """

    def __init__(self, table: Table, changed_since: Changes, known: Collection[str]) -> None:
        self._table, self._changed_since, self._known = table, changed_since, known
        self._lock = Lock()
        self._revision = 0
        self._put: dict[str, Item] = {}
        self._shelves: dict[str, _Shelf] = {}
        self._answers: dict[tuple[tuple[str, str], ...], frozenset[str]] = {}

    def prepare(self, filters: Iterable[Filter]) -> None:
        """Look through the items now rather than at the first request."""
        with self._lock:
            self._follow()
            for one in filters:
                self._shelf(one.attribute)

    def outside(
        self, filters: Sequence[Filter], context: Mapping[str, str], also: Iterable[str] = ()
    ) -> Outside | None:
        """All items but those that match; None where the page filters by nothing.

        `also` are items that may turn up though nothing is known of them.
        """
        wanted = tuple((f.attribute, context[f.name]) for f in filters if context.get(f.name))
        if not wanted:
            return None
        with self._lock:
            self._follow()
            found = self._answers.get(wanted)
            if found is None:
                if len(self._answers) >= ANSWERS_KEPT:
                    self._answers.clear()
                found = self._answers[wanted] = self._matching(wanted)
        more = tuple(also)
        return Outside(found, lambda: (*self._known, *list(self._put), *more))

    def _matching(self, wanted: Sequence[tuple[str, str]]) -> frozenset[str]:
        sets = sorted((self._shelf(name).items(said) for name, said in wanted), key=len)
        return sets[0].intersection(*sets[1:])

    def _shelf(self, attribute: str) -> _Shelf:
        if attribute not in self._shelves:
            shelf = self._shelves[attribute] = _Shelf(self._table(attribute))
            for item_id, item in self._put.items():
                shelf.put(item_id, item.attributes.get(attribute))
        return self._shelves[attribute]

    def _follow(self) -> None:
        revision, changed = self._changed_since(self._revision)
        if revision < self._revision:  # another catalogue in the place of the old one
            self._put, self._shelves = {}, {}
            revision, changed = self._changed_since(0)
        elif revision == self._revision:
            return
        self._revision = revision
        self._put.update(changed)
        self._answers.clear()
        for attribute, shelf in self._shelves.items():
            for item_id, item in changed.items():
                shelf.put(item_id, item.attributes.get(attribute))


def _kept(value: Value) -> _Key:
    """True and 1 are different values here, though Python takes them for equal."""
    return ("truth", value) if isinstance(value, bool) else value


def _meant(said: str) -> list[_Key]:
    """What a word of a page may mean."""
    meant: list[_Key] = [said]
    if said in ("true", "false"):
        meant.append(("truth", said == "true"))
    try:
        number = float(said)
    except ValueError:
        return meant
    return [*meant, number] if math.isfinite(number) else meant
