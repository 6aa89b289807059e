"""Numbers, texts and items as few bytes: what is small takes one, and nothing says its own type."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final

_MORE: Final = 0x80
_LONGEST: Final = 10
"""Bytes of a number at most; longer ones are no number of ours."""


class Unreadable(ValueError):
    """The bytes end too early or too late, or are none of ours."""


class Table(dict[str, int]):
    """Numbers by name; `names` has them by number."""

    def __init__(self, *names: str) -> None:
        super().__init__(zip(names, range(len(names)), strict=True))
        self.names = names


class Writer:
    """Puts one thing behind the other into `data`.

    An item is told by its number. The ids of those that are new in some numbers come right behind
    them, so that what is cut off at the end takes with it the ids that only it names.

    Numbers are put in many at once: calls cost more than what they do.
    """

    def __init__(self, head: bytes = b"") -> None:
        self.data = bytearray(head)
        self.items: dict[str, int] = {}
        self._new: list[str] = []

    def item(self, item_id: str) -> int:
        """The number of an item, from 0; `names` must follow the numbers that tell of it."""
        number = self.items.get(item_id)
        if number is None:
            number = self.items[item_id] = len(self.items)
            self._new.append(item_id)
        return number

    def names(self) -> None:
        """The ids of the items that are new."""
        if self._new:
            self.texts(self._new)
            self._new.clear()

    def numbers(self, *values: int) -> None:
        """Whole numbers from 0, seven bits a byte, the low ones first."""
        append = self.data.append
        for value in values:
            while value >= _MORE:
                append(value & 0x7F | _MORE)
                value >>= 7
            append(value)

    def texts(self, values: Sequence[str]) -> None:
        """Texts, each behind its length."""
        if not values:
            return
        text = "".join([chr(len(value)) + value for value in values])
        if text.isascii():
            # Then characters are bytes, and no length needs two.
            self.data += text.encode()
            return
        for value in values:
            encoded = value.encode()
            self.numbers(len(encoded))
            self.data += encoded


class Reader:
    """Takes out what a `Writer` put in, in the same order. Raises `Unreadable`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._items: list[str] = []

    def raw(self, length: int) -> bytes:
        """So many bytes as they are."""
        if length > len(self._data) - self._at:
            raise Unreadable("too short")
        self._at += length
        return self._data[self._at - length : self._at]

    def end(self) -> None:
        """Nothing comes after it."""
        if self._at != len(self._data):
            raise Unreadable("too long")

    def number(self) -> int:
        """A whole number from 0."""
        value = 0
        for shift in range(0, 7 * _LONGEST, 7):
            (byte,) = self.raw(1)
            value |= (byte & 0x7F) << shift
            if byte < _MORE:
                return value
        raise Unreadable("no number")

    def signed(self) -> int:
        """Any whole number."""
        return unfolded(self.number())

    def text(self) -> str:
        """A text."""
        return self.raw(self.number()).decode()

    def item(self, number: int) -> str:
        """The item of this number; a new one says its id here."""
        if number == len(self._items):
            self._items.append(self.text())
        if not 0 <= number < len(self._items):
            raise Unreadable("no item")
        return self._items[number]

    def item_or_none(self, number: int) -> str | None:
        """The item of this number less 1, where it is one."""
        return self.item(number - 1) if number else None


def folded(value: int) -> int:
    """Any whole number as one from 0; those near 0 stay small."""
    return value * 2 if value >= 0 else -value * 2 - 1


def unfolded(value: int) -> int:
    """The number that was `folded`."""
    return -(value + 1) // 2 if value & 1 else value // 2


def ms_of(seconds: float) -> int:
    """A time in whole milliseconds, never earlier: a hold or a budget does not end too soon."""
    return ceil(seconds * 1000 - 1e-3)


def ago(seconds: float, now: int) -> int:
    """`now` less a time, in milliseconds, folded."""
    value = now - ceil(seconds * 1000 - 1e-3)
    return value * 2 if value >= 0 else -value * 2 - 1
