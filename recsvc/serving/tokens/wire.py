"""Numbers and texts as few bytes: what is small takes one, and nothing says its own type."""

from __future__ import annotations

import math

_MORE = 0x80
_LONGEST = 10
"""Bytes of a number at most; longer ones are no number of ours."""


class Unreadable(ValueError):
    """The bytes end too early, or are none of ours."""


class Writer:
    """Puts one thing behind the other into `data`."""

    def __init__(self) -> None:
        self.data = bytearray()

    def number(self, value: int) -> None:
        """A whole number from 0, 7 bits a byte."""
        while value >= _MORE:
            self.data.append(value & 0x7F | _MORE)
            value >>= 7
        self.data.append(value)

    def signed(self, value: int) -> None:
        """Any whole number; those near 0 are short."""
        self.number(value * 2 if value >= 0 else -value * 2 - 1)

    def text(self, value: str) -> None:
        """A text behind its length."""
        encoded = value.encode()
        self.number(len(encoded))
        self.data += encoded


class Reader:
    """Takes out what a `Writer` put in, in the same order. Raises `Unreadable`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def raw(self, length: int) -> bytes:
        """So many bytes as they are."""
        if length > len(self._data) - self._at:
            raise Unreadable("too short")
        self._at += length
        return self._data[self._at - length : self._at]

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
        value = self.number()
        return -(value + 1) // 2 if value & 1 else value // 2

    def text(self) -> str:
        """A text."""
        return self.raw(self.number()).decode()


def ms_of(seconds: float) -> int:
    """A time in whole milliseconds, never earlier: a hold or a budget does not end too soon."""
    return math.ceil(seconds * 1000 - 1e-3)
