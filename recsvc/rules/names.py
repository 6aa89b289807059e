"""The names in a rule: each is a fact of the table, or a fault; no function but a few is known.

CEL would take the page's words as text only. Here each place where one stands becomes a variable
of its own, of the kind of what it is compared with, and every number becomes a float, for CEL
does not compare 3 with 3.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Final

from recsvc.rules.facts import BY_NAME, NAMES, PAGE, Kind
from recsvc.rules.scan import Complaint, Piece

METHODS: Final = ("startsWith", "endsWith", "contains")
COMPARISONS: Final = ("==", "!=", "<", "<=", ">", ">=")
SUMS: Final = ("+", "-", "*", "/")
_ALONE_BEFORE: Final = ("", "&&", "||", "!", "(", "?", ":")
_ALONE_AFTER: Final = ("", "&&", "||", ")", "?", ":")


@dataclass(frozen=True)
class Use:
    """A fact where it stands in the rule, as a variable of CEL.

    `key` is the page's word for facts of the context; `sent` asks only whether it was sent.
    """

    variable: str
    name: str
    kind: Kind
    key: str | None = None
    sent: bool = False


@dataclass
class Resolved:
    """The rule in CEL's own words; `places` lead from offsets there back to the rule's text."""

    cel: str = ""
    uses: list[Use] = field(default_factory=list)
    wrong: list[Complaint] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)

    def back(self, at: int) -> int:
        """The offset in the rule's text of one in `cel`."""
        there, here = max((p for p in self.places if p[0] <= at), default=(at, at))
        return here + at - there


@dataclass(frozen=True)
class _Span:
    """Pieces `first` to before `after` are a name, or literal, of this kind; None: the page's."""

    first: int
    after: int
    kind: Kind | None
    key: str | None = None
    name: str = ""
    sent: bool = False


def resolve(text: str, pieces: list[Piece]) -> Resolved:
    """Every name found in the table of facts; what is not there is told."""
    done = Resolved()
    spans = list(_spans(pieces, done.wrong))
    done.wrong += _mixed(spans, pieces)
    at = 0
    for span in spans:
        first, last = pieces[span.first], pieces[span.after - 1]
        kind = span.kind or _kind_of(span, spans, pieces)
        if kind is None:
            words = f"compare {span.name} with text, a number or true/false, as in {span.name} == 3"
            done.wrong.append(Complaint(first.start, words))
            continue
        _copy(done, text, at, first.start)
        done.places.append((len(done.cel), first.start))
        if span.name:
            variable = f"v{len(done.uses)}"
            done.uses.append(Use(variable, span.name, kind, span.key, span.sent))
            done.cel += variable
        else:
            literal = text[first.start : last.end]
            # CEL has whole numbers apart from others, and compares them with their like only.
            plain = kind == "number" and literal.isdigit()
            done.cel += f"{literal}.0" if plain else literal
        at = last.end
    _copy(done, text, at, len(text))
    return done


def _mixed(spans: list[_Span], pieces: list[Piece]) -> Iterator[Complaint]:
    """Lists of several kinds of values: CEL would take them, and half of one would never match."""
    for n, piece in enumerate(pieces):
        if piece.text == "[":
            end = next((m for m in range(n, len(pieces)) if pieces[m].text == "]"), n)
            kinds = {span.kind for span in spans if n < span.first < end}
            if len(kinds - {None}) > 1:
                yield Complaint(piece.start, "a list holds values of one kind")


def _copy(done: Resolved, text: str, start: int, end: int) -> None:
    done.places.append((len(done.cel), start))
    done.cel += text[start:end]


def _spans(pieces: list[Piece], wrong: list[Complaint]) -> Iterator[_Span]:
    """Names and literals in their order; what cannot be one is told in `wrong`."""
    n = 0
    while pieces[n].sort != "end":
        piece, after = pieces[n], pieces[n + 1]
        if piece.sort in ("text", "number"):
            yield _Span(n, n + 1, "text" if piece.sort == "text" else "number")
        elif piece.sort == "word" and piece.text in ("true", "false"):
            yield _Span(n, n + 1, "truth")
        elif piece.sort == "word" and piece.text != "in":
            if n and pieces[n - 1].text == "." and after.text == "(":
                if piece.text not in METHODS:
                    words = f"there is no .{piece.text}(); there are .{'(), .'.join(METHODS)}()"
                    wrong.append(Complaint(piece.start, words))
            elif after.text == "(" and piece.text != "has":
                words = f"there is no function {piece.text}(); there is has(context.NAME)"
                wrong.append(Complaint(piece.start, words))
            else:
                span = _sent(pieces, n) if after.text == "(" else _name(pieces, n)
                if span.name:
                    yield span
                else:
                    wrong.append(Complaint(piece.start, _unknown(pieces, span)))
                n = span.after
                continue
        n += 1


def _sent(pieces: list[Piece], n: int) -> _Span:
    """`has(context.NAME)`, from its first piece; without a name where it is not quite that."""
    inner = _name(pieces, n + 2) if pieces[n + 2].sort == "word" else None
    if inner is None or inner.key is None or pieces[inner.after].text != ")":
        return _Span(n, n + 2, "truth")
    return _Span(n, inner.after + 1, "truth", inner.key, f"has({inner.name})", sent=True)


def _name(pieces: list[Piece], n: int) -> _Span:
    """The longest name that begins here; without a name where no fact is called so."""
    end = n + 1
    while pieces[end].text == "." and pieces[end + 1].sort == "word":
        if pieces[end + 2].text == "(":
            break
        end += 2
    parts = [piece.text for piece in pieces[n:end:2]]
    name = ".".join(parts)
    if parts == ["context"] and pieces[end].text == "[":
        key, closing = pieces[end + 1], pieces[min(end + 2, len(pieces) - 1)]
        if key.sort == "text" and closing.text == "]" and "\\" not in key.text:
            return _Span(n, end + 3, None, key.text[1:-1], f"context[{key.text}]")
    if parts[0] == "context" and len(parts) > 1:
        return _Span(n, end, None, name.removeprefix(PAGE), name)
    fact = BY_NAME.get(name)
    return _Span(n, end, fact.kind if fact else None, None, name if fact else "")


def _unknown(pieces: list[Piece], span: _Span) -> str:
    words = "".join(piece.text for piece in pieces[span.first : span.after])
    if words == "has(":
        return "has() asks whether the page sent something: has(context.NAME)"
    if words == "null":
        return "null is not used in rules; has(context.NAME) tells whether something was sent"
    if words == "context":
        return 'name what the page sends: context.NAME, or context["NAME"]'
    like = get_close_matches(words, BY_NAME, 1)
    told = f"did you mean {like[0]}?" if like else f"there are: {', '.join(NAMES)}"
    return f"there is no fact {words[:60]!r}; {told}"


def _kind_of(span: _Span, spans: list[_Span], pieces: list[Piece]) -> Kind | None:
    """How the page's word is to be read where it stands; None where that cannot be told."""
    before = pieces[span.first - 1].text if span.first else ""
    after = pieces[span.after].text
    if after == ".":
        return "text"
    if after in COMPARISONS:
        return _side(spans, pieces, span.after + 1)
    if before in COMPARISONS:
        return _side(spans, pieces, span.first - 2, ends=True)
    if after == "in" and pieces[span.after + 1].text == "[":
        return _side(spans, pieces, span.after + 2)
    if after in SUMS or before in SUMS:
        return "number"
    if before == "(" and span.first > 1 and pieces[span.first - 2].text in METHODS:
        return "text"
    return "truth" if before in _ALONE_BEFORE and after in _ALONE_AFTER else None


def _side(spans: list[_Span], pieces: list[Piece], n: int, *, ends: bool = False) -> Kind | None:
    """The kind of the other side of a comparison, which begins, or ends, with this piece.

    Two of the page's words are compared as text.
    """
    while not ends and pieces[n].text in ("-", "("):
        n += 1
    for span in spans:
        if n == (span.after - 1 if ends else span.first):
            return span.kind or "text"
    # Where the rule breaks off CEL knows better what is missing.
    return "truth" if pieces[n].sort == "end" else None
