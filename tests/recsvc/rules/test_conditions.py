"""Conditions without code mean what they say: the same as the rule that they are compiled to."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.rules import Failed, compiled, read_rule
from recsvc.rules.conditions import OPERATORS
from recsvc.rules.facts import BY_NAME
from recsvc.rules.rule import LENGTH_AT_MOST

NUMBERS = st.sampled_from([-3, 0, 1, 2, 3, 2.5, 22, 1e-7])
TEXTS = st.sampled_from(
    ["", "a", "ab", "Porto", 'a "quoted" \\ word', "zwei\nZeilen", "é💥", "true"]
)
KEYS = st.sampled_from(["f", "n", "page kind", "a-b", "a.b", "in", "has", "contains", "true"])
NUMBER_FACTS = st.sampled_from([name for name, fact in BY_NAME.items() if fact.kind == "number"])
COMPARE = {
    "is": operator.eq,
    "is_not": operator.ne,
    "more_than": operator.gt,
    "at_least": operator.ge,
    "less_than": operator.lt,
    "at_most": operator.le,
    "one_of": lambda value, several: value in several,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "contains": operator.contains,
}


def compared(fact: st.SearchStrategy[str], kinds: str) -> st.SearchStrategy[dict[str, Any]]:
    """Conditions on such a fact; `kinds` are of (t)ruth, (n)umber, te(x)t."""
    some = []
    order = st.sampled_from(["is", "is_not", "more_than", "at_least", "less_than", "at_most"])
    if "n" in kinds:
        some.append(st.tuples(order, NUMBERS))
        some.append(st.tuples(st.just("one_of"), st.lists(NUMBERS, min_size=1, max_size=3)))
    if "x" in kinds:
        inside = st.sampled_from(["is", "is_not", "starts_with", "ends_with", "contains"])
        some.append(st.tuples(inside, TEXTS))
        some.append(st.tuples(st.just("one_of"), st.lists(TEXTS, min_size=1, max_size=3)))
    if "t" in kinds:
        some.append(st.tuples(st.sampled_from(["is", "is_not"]), st.booleans()))
    return st.tuples(fact, st.one_of(some)).map(
        lambda made: {"fact": made[0], made[1][0]: made[1][1]}
    )


CONTEXT = KEYS.map("context.{}".format)
CONDITIONS = st.one_of(
    compared(CONTEXT, "tnx"),
    compared(NUMBER_FACTS, "n"),
    compared(st.just("user.known"), "t"),
    st.builds(lambda fact, sent: {"fact": fact, "sent": sent}, CONTEXT, st.booleans()),
)
GROUPS = st.recursive(
    CONDITIONS,
    lambda inner: st.builds(
        lambda kind, some: {kind: some},
        st.sampled_from(["all", "any"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=5,
)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def direct(written: Any, context: dict[str, str], values: dict[str, Any]) -> bool | None:
    """The plain reading of conditions; None where it hangs on what is not there."""
    if isinstance(written, list):
        return direct({"all": written}, context, values)
    if "all" in written or "any" in written:
        answers = [direct(one, context, values) for one in next(iter(written.values()))]
        decides = "any" in written
        if decides in answers:
            return decides
        return None if None in answers else not decides
    name, value = next((n, v) for n, v in written.items() if n != "fact")
    fact = written["fact"]
    if not fact.startswith("context."):
        return bool(COMPARE[name](values[fact], value))
    sent = context.get(fact.removeprefix("context."))
    if name == "sent":
        return (sent is not None) is value
    if sent is None:
        return None
    sample = value[0] if name == "one_of" else value
    if isinstance(sample, bool):
        read: Any = {"true": True, "1": True, "false": False, "0": False}.get(sent.lower())
    elif isinstance(sample, int | float):
        read = float(sent) if is_number(sent) else None
    else:
        read = sent
    return None if read is None else bool(COMPARE[name](read, value))


@settings(max_examples=600)
@given(
    st.lists(GROUPS, min_size=1, max_size=3),
    st.dictionaries(
        st.sampled_from(["f", "n", "page kind", "a-b", "a.b", "in", "has", "contains", "true"]),
        TEXTS | st.sampled_from(["1", "3", "2.5", "-3", "false"]),
    ),
    st.sampled_from([0.0, 1.0, 2.5, 3.0, 22.0]),
    st.booleans(),
)
def test_any_conditions_compile_to_a_rule_that_means_the_same(
    written: list[Any], context: dict[str, str], number: float, known: bool
) -> None:
    text, faults = read_rule(written, "hold_when")
    if text is None:
        assert {f.message for f in faults} <= {
            "groups may stand at most 3 deep",
            f"is longer than {LENGTH_AT_MOST} characters",
        }
        return
    values = dict.fromkeys(BY_NAME, number) | {"user.known": known}
    try:
        answer = compiled(text).holds(context, values.__getitem__)
    except Failed:
        answer = False
    assert answer is (direct(written, context, values) is True), text


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ([{"fact": "context.filters_applied", "is": True}], "context.filters_applied == true"),
        ([{"fact": "context.filters_applied", "is": "true"}], 'context.filters_applied == "true"'),
        ({"fact": "context.a-b", "sent": False}, '!has(context["a-b"])'),
        (
            [{"fact": "session.requests", "less_than": 3}, {"fact": "user.known", "is": False}],
            "session.requests < 3 && user.known == false",
        ),
        (
            {
                "any": [
                    {"fact": "local.hour", "at_least": 22},
                    [
                        {"fact": "local.hour", "less_than": 6},
                        {"fact": "local.weekday", "at_most": 5},
                    ],
                ]
            },
            "local.hour >= 22 || (local.hour < 6 && local.weekday <= 5)",
        ),
        (
            {"fact": "context.city", "one_of": ["Porto", "Lisboa"]},
            'context.city in ["Porto", "Lisboa"]',
        ),
    ],
)
def test_conditions_are_kept_as_a_rule_that_can_be_read(written: Any, text: str) -> None:
    assert read_rule(written, "hold_when") == (text, [])


@pytest.mark.parametrize(
    ("written", "field", "words"),
    [
        ([], "hold_when", "has no condition"),
        ({"any": []}, "hold_when.any", "has no condition"),
        ({"any": {"fact": "user.known"}}, "hold_when.any", "must be a list"),
        ([{"is": 3}], "hold_when.0.fact", "there is no such fact"),
        ([{"fact": "session.reqests", "is": 3}], "hold_when.0.fact", "there is no such fact"),
        ([{"fact": 'context."', "is": 3}], "hold_when.0.fact", "there is no such fact"),
        ([{"fact": "context.", "is": 3}], "hold_when.0.fact", "there is no such fact"),
        ([{"fact": "user.known"}], "hold_when.0", "needs exactly one of: is, is_not"),
        ([{"fact": "request.k", "is": 3, "at_most": 4}], "hold_when.0", "needs exactly one of"),
        ([{"fact": "request.k", "equals": 3}], "hold_when.0.equals", "there is no such operator"),
        ([{"fact": "request.k", "is": "3"}], "hold_when.0.is", "must be a number"),
        ([{"fact": "request.k", "is": True}], "hold_when.0.is", "must be a number"),
        ([{"fact": "user.known", "is": 1}], "hold_when.0.is", "must be true or false"),
        ([{"fact": "user.known", "at_least": 1}], "hold_when.0.at_least", "does not compare"),
        ([{"fact": "user.known", "sent": True}], "hold_when.0.sent", "is asked of context.NAME"),
        ([{"fact": "context.a", "sent": "yes"}], "hold_when.0.sent", "must be true or false"),
        (
            [{"fact": "context.a", "is": None}],
            "hold_when.0.is",
            "must be true or false or a number",
        ),
        ([{"fact": "context.a", "is": float("inf")}], "hold_when.0.is", "must be"),
        ([{"fact": "context.a", "is": float("nan")}], "hold_when.0.is", "must be"),
        ([{"fact": "context.a", "is": 10**400}], "hold_when.0.is", "must be"),
        ([{"fact": "context.a", "is": "a\x00"}], "hold_when", "a text must not hold NUL"),
        ([{"fact": "context.a", "one_of": []}], "hold_when.0.one_of", "must be a list"),
        ([{"fact": "context.a", "one_of": ["a", 1]}], "hold_when.0.one_of", "all alike"),
        (["context.a"], "hold_when.0", "must be a condition"),
        ([[[[{"fact": "user.known", "is": True}]]]], "hold_when.0.0.0", "at most 3 deep"),
    ],
)
def test_a_wrong_condition_is_told_at_its_place(written: Any, field: str, words: str) -> None:
    text, faults = read_rule(written, "hold_when")
    assert text is None
    assert [fault.field for fault in faults] == [field]
    assert words in faults[0].message


def test_all_wrong_conditions_are_told_at_once() -> None:
    written = {"any": [{"fact": "x", "is": 1}, {"fact": "request.k", "is": "a"}, 7]}
    _, faults = read_rule(written, "refresh_when")
    assert [fault.field for fault in faults] == [
        "refresh_when.any.0.fact",
        "refresh_when.any.1.is",
        "refresh_when.any.2",
    ]


SCRAPS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["fact", "all", "any", "x", *OPERATORS]) | st.text(max_size=2),
            inner | st.sampled_from(["context.a", "request.k"]),
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=400)
@given(SCRAPS)
def test_whatever_is_sent_for_a_rule_is_one_or_is_refused_at_its_place(written: Any) -> None:
    text, faults = read_rule(written, "hold_when", steady=True)
    if faults:
        assert text is None
        assert {fault.field.split(".")[0] for fault in faults} == {"hold_when"}
    else:
        assert text is None if written is None else compiled(str(text)).text == text


def test_every_operator_is_tried_by_the_direct_reading() -> None:
    assert set(COMPARE) | {"sent"} == set(OPERATORS)


@pytest.mark.parametrize("name", sorted(name for name, fact in BY_NAME.items() if fact.moves))
def test_what_moves_by_itself_may_hold_and_never_refresh(name: str) -> None:
    written = [{"fact": name, "at_least": 3}]
    assert read_rule(written, "hold_when") == (f"{name} >= 3", [])
    text, faults = read_rule(written, "refresh_when", steady=True)
    assert text is None
    assert [fault.field for fault in faults] == ["refresh_when"]
    assert "reloading alone" in faults[0].message
