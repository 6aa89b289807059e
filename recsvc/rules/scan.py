"""The words of a rule: its pieces, each with its place in the text.

Only what a rule may consist of is a piece; anything else is told as a fault at its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

Sort = Literal["text", "number", "word", "sign", "end"]

DEPTH_AT_MOST: Final = 8
_PIECE: Final = re.compile(
    r"""(?P<space>(?:[ \t\r\n]|//[^\n]*)+)
      | (?P<text>\"(?:\\.|[^"\\\n])*\"|'(?:\\.|[^'\\\n])*')
      | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
      | (?P<word>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>&&|\|\||==|!=|<=|>=|[-+*/<>!?:()\[\],.])
    """,
    re.VERBOSE,
)
_NUL: Final = re.compile(r"\0|\\(?:000|[xX]00|u0000|U00000000)")
_MEANT: Final = {
    "=": "write == to compare",
    "&": "write && for and",
    "|": "write || for or",
    '"': "this text is not closed",
    "'": "this text is not closed",
}


@dataclass(frozen=True)
class Piece:
    """One word, sign or literal, from `start` to `end` of the rule's text."""

    sort: Sort
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Complaint:
    """What is wrong at a place of the text."""

    at: int
    words: str

    def told(self, text: str) -> str:
        """With line and column, both counted from 1."""
        line, column = place(text, self.at)
        return f"line {line}, column {column}: {self.words}"


def place(text: str, at: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    before = text[:at]
    return before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1


def scan(text: str) -> tuple[list[Piece], list[Complaint]]:
    """All pieces, closed by one of sort `end`, and what is no part of any rule."""
    pieces: list[Piece] = []
    wrong: list[Complaint] = []
    at = 0
    while at < len(text):
        found = _PIECE.match(text, at)
        if found is None:
            sign = text[at]
            wrong.append(Complaint(at, _MEANT.get(sign, f"{sign!r} is no part of a rule")))
            if sign in "\"'":
                break
            if sign in "=&|":
                # Taken for what is meant, so that what stands beside it is not told as wrong too.
                pieces.append(Piece("sign", {"=": "=="}.get(sign, sign * 2), at, at + 1))
            at += 1
            continue
        sort = found.lastgroup
        if sort == "text" and _NUL.search(found[0]):
            # CEL would read a text as far as the first of them.
            wrong.append(Complaint(at, "a text must not hold NUL"))
        if sort == "text" and pieces and pieces[-1].sort == "text" and pieces[-1].end == at:
            wrong.append(Complaint(at, "a text stands in one pair of quotes"))
        if sort in ("text", "number", "word", "sign"):
            pieces.append(Piece(sort, found[0], at, found.end()))  # type: ignore[arg-type]
        at = found.end()
    pieces.append(Piece("end", "", len(text), len(text)))
    return pieces, [*wrong, *_too_deep(pieces)]


def _too_deep(pieces: list[Piece]) -> list[Complaint]:
    depth = 0
    for piece in pieces:
        if piece.sort == "sign":
            depth += (piece.text in "([") - (piece.text in ")]")
            if depth > DEPTH_AT_MOST:
                words = f"brackets may stand at most {DEPTH_AT_MOST} deep"
                return [Complaint(piece.start, words)]
    return []
