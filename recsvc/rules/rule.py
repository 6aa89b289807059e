"""One rule, compiled by CEL once and then asked; what is wrong with a text is told at its place.

A rule asks facts and nothing else. What CEL says of an error is a value like any other, and a
text that counts as true: only `True` itself is true here.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any, Final

from recsvc.rules.facts import BY_NAME, Kind
from recsvc.rules.names import Use, resolve
from recsvc.rules.scan import Complaint, scan
from recsvc.rules.words import plain

LENGTH_AT_MOST: Final = 1000
COMPILED_KEPT: Final = 256

Value = bool | float | str
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_UNREADABLE: Final = re.compile("[\0\ud800-\udfff]")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}
_EXAMPLES: Final[Mapping[str, Value]] = {"truth": True, "number": 1.0, "text": "x"}
_FOUND: Final = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_ABSENT: Final = "UNKNOWN: No value with name"


class BadRule(ValueError):
    """A text that is no rule, with everything that is wrong with it."""

    def __init__(self, complaints: list[str]) -> None:
        super().__init__("; ".join(complaints))
        self.complaints = complaints


class Failed(Exception):
    """A rule that could not be decided here, though all it asks was there."""


@dataclass(frozen=True)
class Rule:
    """A rule ready to be asked; `expression` is CEL's own."""

    text: str
    uses: tuple[Use, ...]
    expression: Any

    @cached_property
    def mark(self) -> str:
        """A short name that no other rule has."""
        return blake2b(self.text.encode(), digest_size=8).hexdigest()

    @cached_property
    def names(self) -> frozenset[str]:
        """The facts it asks, but for those of the page."""
        return frozenset(use.name for use in self.uses if use.key is None)

    @cached_property
    def _page(self) -> tuple[Use, ...]:
        return tuple(use for use in self.uses if use.key is not None)

    @cached_property
    def _cheap(self) -> tuple[tuple[str, str], ...]:
        return self._facts(costly=False)

    @cached_property
    def _costly(self) -> tuple[tuple[str, str], ...]:
        return self._facts(costly=True)

    def _facts(self, *, costly: bool) -> tuple[tuple[str, str], ...]:
        own = (use for use in self.uses if use.key is None)
        return tuple((u.variable, u.name) for u in own if BY_NAME[u.name].costly is costly)

    def holds(self, context: Mapping[str, str], fact: Callable[[str], bool | float]) -> bool:
        """Whether it is true of what the page sent and of these facts.

        A rule that hangs on something the page did not send is false. `Failed` is raised where it
        hangs on something that cannot be read as what it is compared with.
        """
        data: dict[str, Value] = {variable: fact(name) for variable, name in self._cheap}
        unreadable = None
        for use in self._page:
            if use.sent:
                data[use.variable] = use.key in context
            elif (sent := context.get(use.key or "")) is not None:
                value = read(sent, use.kind)
                if value is None:
                    unreadable = use
                else:
                    data[use.variable] = value
        answer = self.expression.eval(data=data).value()
        if self._costly and not isinstance(answer, bool):
            # It hangs on what is costly; often the rest decides.
            data |= {variable: fact(name) for variable, name in self._costly}
            answer = self.expression.eval(data=data).value()
        if isinstance(answer, bool):
            return answer
        if unreadable is not None:
            raise Failed(f"{unreadable.name} cannot be read as a {unreadable.kind}")
        if str(answer).startswith(_ABSENT):
            return False
        raise Failed(str(answer))


def read(text: str, kind: Kind) -> Value | None:
    """What the page sent as what it is compared with; None when it is nothing of the kind."""
    if kind == "text":
        # CEL would read on to a NUL and no further, and fails over half a surrogate pair.
        return None if _UNREADABLE.search(text) else text
    if kind == "truth":
        return _TRUTHS.get(text.lower())
    number = float(text) if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


@lru_cache(COMPILED_KEPT)
def compiled(text: str) -> Rule:
    """The rule of a text, made once. Raises `BadRule`."""
    if len(text) > LENGTH_AT_MOST:
        raise BadRule([f"is longer than {LENGTH_AT_MOST} characters"])
    if not text.strip():
        raise BadRule(["must not be empty; leave the knob out for no rule"])
    pieces, wrong = scan(text)
    resolved = resolve(text, pieces)
    wrong = sorted([*wrong, *resolved.wrong], key=lambda one: one.at)
    if wrong:
        raise BadRule([one.told(text) for one in wrong])
    # Fourteen megabytes that only those load who have rules.
    from cel_expr_python import cel

    kinds = {"truth": cel.Type.BOOL, "number": cel.Type.DOUBLE, "text": cel.Type.STRING}
    try:
        env = cel.NewEnv(variables={use.variable: kinds[use.kind] for use in resolved.uses})
        expression = env.compile(resolved.cel)
        # Some of CEL's own limits show only when an expression is first asked.
        expression.eval(data={use.variable: _EXAMPLES[use.kind] for use in resolved.uses})
    except RuntimeError as error:
        found = _FOUND.findall(str(error))
        places = [
            (resolved.back(_offset(resolved.cel, int(line), int(column))), words)
            for line, column, words in found
            if "parsetree" not in words
        ] or [(0, str(error))]
        told = [Complaint(at, plain(words, text[at:])).told(text) for at, words in places]
        raise BadRule(list(dict.fromkeys(told))) from None
    if expression.return_type() != cel.Type.BOOL:
        kind = plain(expression.return_type().name(), "")
        raise BadRule([f"line 1, column 1: a rule is true or false, and this is {kind}"])
    return Rule(text, tuple(resolved.uses), expression)


def _offset(text: str, line: int, column: int) -> int:
    """The offset of a place that CEL tells; 0 where it tells none."""
    lines = text.split("\n")
    return max(0, sum(len(one) + 1 for one in lines[: max(0, line - 1)]) + column - 1)
