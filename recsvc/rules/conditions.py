"""Rules without code: conditions as data, from a form or from TOML, compiled to the text of a rule.

A condition is `{fact, OPERATOR = value}`. A list holds where all of it holds; `{all = [...]}` and
`{any = [...]}` say which is meant, and may stand inside one another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from recsvc.errors import Fault
from recsvc.rules.facts import BY_NAME, NAMES, PAGE, Kind

GROUPS: Final = {"all": " && ", "any": " || "}
GROUPS_DEEP: Final = 3
_EXACT_AT_MOST: Final = 2**53
_PLAIN_KEY: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")


@dataclass(frozen=True)
class Operator:
    """How a fact is compared: what the value may be, and the comparison in a rule's words."""

    kinds: tuple[Kind, ...]
    form: str
    several: bool = False


OPERATORS: Final[Mapping[str, Operator]] = {
    "is": Operator(("truth", "number", "text"), "{fact} == {value}"),
    "is_not": Operator(("truth", "number", "text"), "{fact} != {value}"),
    "more_than": Operator(("number",), "{fact} > {value}"),
    "at_least": Operator(("number",), "{fact} >= {value}"),
    "less_than": Operator(("number",), "{fact} < {value}"),
    "at_most": Operator(("number",), "{fact} <= {value}"),
    "one_of": Operator(("number", "text"), "{fact} in [{value}]", several=True),
    "starts_with": Operator(("text",), "{fact}.startsWith({value})"),
    "ends_with": Operator(("text",), "{fact}.endsWith({value})"),
    "contains": Operator(("text",), "{fact}.contains({value})"),
    "sent": Operator(("truth",), "has({fact})"),
}
_SAID: Final = {"truth": "true or false", "number": "a number", "text": "text"}


def compile_conditions(written: Any, field: str) -> tuple[str, list[Fault]]:
    """The text of a rule, and the faults, each at its place below `field`."""
    faults: list[Fault] = []
    return _one(written, field, faults, deep=0, outer=""), faults


def _one(written: Any, field: str, faults: list[Fault], *, deep: int, outer: str) -> str:
    """One condition or group; a group inside another kind of group stands in brackets."""
    if isinstance(written, list):
        return _group("all", written, field, faults, deep=deep, outer=outer)
    if not isinstance(written, Mapping):
        faults.append(Fault(field, "must be a condition, {fact, OPERATOR = value}"))
        return ""
    if len(written) == 1 and (kind := next(iter(written))) in GROUPS:
        inner = written[kind]
        if not isinstance(inner, list):
            faults.append(Fault(f"{field}.{kind}", "must be a list of conditions"))
            return ""
        return _group(kind, inner, f"{field}.{kind}", faults, deep=deep, outer=outer)
    return _condition(written, field, faults)


def _group(
    kind: str, inner: list[Any], field: str, faults: list[Fault], *, deep: int, outer: str
) -> str:
    if not inner or deep >= GROUPS_DEEP:
        words = f"groups may stand at most {GROUPS_DEEP} deep" if inner else "has no condition"
        faults.append(Fault(field, words))
        return ""
    # A group of one is no group: what stands in it stands in the one around it.
    around = kind if len(inner) > 1 else outer
    parts = [
        _one(one, f"{field}.{n}", faults, deep=deep + 1, outer=around)
        for n, one in enumerate(inner)
    ]
    joined = GROUPS[kind].join(parts)
    return f"({joined})" if len(parts) > 1 and outer not in ("", kind) else joined


def _condition(written: Mapping[str, Any], field: str, faults: list[Fault]) -> str:
    operators = [name for name in written if name in OPERATORS]
    known = ", ".join(OPERATORS)
    others = [str(name) for name in written if name != "fact" and name not in OPERATORS]
    faults += [
        Fault(f"{field}.{name[:60]}", f"there is no such operator; there are: {known}")
        for name in others
    ]
    if len(operators) != 1 and not others:
        faults.append(Fault(field, f"needs exactly one of: {known}"))
    fact = _fact(written.get("fact"), f"{field}.fact", faults)
    if fact is None or len(operators) != 1 or others:
        return ""
    words, kind = fact
    name = operators[0]
    operator, value = OPERATORS[name], written[name]
    if name == "sent" and kind is not None:
        faults.append(Fault(f"{field}.sent", f"is asked of {NAMES[0]} only"))
        return ""
    kinds = [one for one in operator.kinds if kind in (None, one)]
    literal = _literals(value, kinds) if operator.several else _literal(value, kinds)
    if literal is None:
        said = " or ".join(_SAID[one] for one in kinds)
        if not kinds:
            words = f"does not compare {_SAID[str(kind)]}"
        elif operator.several:
            words = f"must be a list, each {said}, all alike"
        else:
            words = f"must be {said}"
        faults.append(Fault(f"{field}.{name}", words))
        return ""
    if name == "sent":
        return f"{'' if value else '!'}has({words})"
    return operator.form.format(fact=words, value=literal)


def _fact(name: Any, field: str, faults: list[Fault]) -> tuple[str, Kind | None] | None:
    """A fact in a rule's words, and its kind: None for the page's."""
    if isinstance(name, str) and name in BY_NAME:
        return name, BY_NAME[name].kind
    if isinstance(name, str) and name.startswith(PAGE) and len(name) > len(PAGE):
        key = name.removeprefix(PAGE)
        if _PLAIN_KEY.fullmatch(key):
            return name, None
        if '"' not in key and "\\" not in key and key.isprintable():
            return f'context["{key}"]', None
    faults.append(Fault(field, f"there is no such fact; there are: {', '.join(NAMES)}"))
    return None


def _literals(values: Any, kinds: list[Kind]) -> str | None:
    if not isinstance(values, list) or not values:
        return None
    for kind in kinds:
        literals = [_literal(value, [kind]) for value in values]
        if None not in literals:
            return ", ".join(str(one) for one in literals)
    return None


def _literal(value: Any, kinds: list[Kind]) -> str | None:
    """A value as it is written in a rule; None where it is of no such kind."""
    if isinstance(value, bool):
        return str(value).lower() if "truth" in kinds else None
    if isinstance(value, str) and "text" in kinds:
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float) and "number" in kinds:
        return repr(value) if abs(value) <= _EXACT_AT_MOST else None
    return None
