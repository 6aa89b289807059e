"""A rule does what its writer means, refuses what it cannot do, and reaches nothing but facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recsvc.rules import FACTS, BadRule, Failed, compiled
from recsvc.rules.rule import LENGTH_AT_MOST
from recsvc.rules.scan import DEPTH_AT_MOST

VALUES: Mapping[str, bool | float] = {
    "session.requests": 3.0,
    "session.age_s": 90.0,
    "session.idle_s": 2.5,
    "user.known": True,
    "user.events": 7.0,
    "local.hour": 23.0,
    "local.weekday": 6.0,
    "request.k": 5.0,
}


def holds(text: str, **context: str) -> bool:
    return compiled(text).holds(context, VALUES.__getitem__)


def complaints(text: str) -> list[str]:
    with pytest.raises(BadRule) as error:
        compiled(text)
    return error.value.complaints


@pytest.mark.parametrize(
    ("sent", "answer"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("0", False)],
)
def test_text_that_says_true_is_true_where_it_is_compared_with_true(
    sent: str, answer: bool
) -> None:
    for text in ("context.f == true", "true == context.f", "context.f", "context.f != false"):
        assert holds(text, f=sent) is answer, text
    assert holds("!context.f", f=sent) is not answer


def test_the_pages_words_are_read_as_what_they_are_compared_with() -> None:
    assert holds("context.n == 3", n="3.0")
    assert not holds('context.n == "3"', n="3.0")
    assert holds("context.n > 9", n="10"), "as numbers, not as text"
    assert holds('context.n > "9"', n="10") is False
    assert holds("context.n >= session.requests", n="3")
    assert holds("context.n in [1, 2.5, 3]", n="3")
    assert holds('context.city in ["Porto", "Lisboa"]', city="Porto")
    assert holds('context.city.startsWith("Por") && "Porto".contains(context.city)', city="Port")
    assert holds('context["page kind"] == "list"', **{"page kind": "list"})
    assert holds("context.a.b == 1", **{"a.b": "1"})
    assert holds("context.a == context.b", a="x", b="x")
    assert holds("user.known == context.f", f="true")
    assert holds("context.n * 2 + 1 == 7", n="3")


def test_whole_numbers_and_others_are_compared_as_anybody_would() -> None:
    assert holds("session.requests == 3 && session.requests == 3.0 && session.idle_s > 2")
    assert holds("session.age_s / 60 == 1.5")
    assert holds("local.weekday >= 6 && (local.hour >= 22 || local.hour < 6)")


def test_a_rule_that_hangs_on_something_that_was_not_sent_is_false() -> None:
    for text in ("context.f == true", "!(context.f == true)", "context.f != true", "context.f"):
        assert holds(text) is False, text
    assert holds("context.f == true || session.requests == 3")
    assert holds("context.f == true && session.requests == 4") is False
    assert holds("!has(context.f) || context.f != true")
    assert holds("has(context.f)", f="") is True
    assert holds("has(context.f)") is False


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("context.f == true", "yes"),
        ("context.f == true", ""),
        ("context.f > 3", "three"),
        ("context.f > 3", "1_000"),
        ("context.f > 3", "nan"),
        ("context.f > 3", "inf"),
        ("context.f > 3", " 4"),
        ("context.f > 3", "1e999"),
    ],
)
def test_a_word_that_cannot_be_read_as_what_it_is_compared_with_is_a_failure(
    text: str, sent: str
) -> None:
    with pytest.raises(Failed, match=r"context\.f cannot be read"):
        holds(text, f=sent)
    assert holds(f"{text} || user.known", f=sent), "the rest decides"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("context.x ==", "line 1, column 13: the rule breaks off"),
        ("user.known &&\n  (local.hour > ", "line 2, column 17: the rule breaks off"),
        ("user.known )", "line 1, column 12: ')' is not expected here"),
        ("(user.known", "line 1, column 12: ) is missing here"),
        ("context.x = true", "line 1, column 11: write == to compare"),
        ("user.known & user.known", "line 1, column 12: write && for and"),
        ("context.x == 'a", "line 1, column 14: this text is not closed"),
        ("true; true", "line 1, column 5: ';' is no part of a rule"),
        ("session.reqests > 1", "did you mean session.requests?"),
        ("nothing", "there is no fact 'nothing'; there are: context.NAME, session.requests"),
        ("session > 1", "there is no fact 'session'"),
        ("context.x + 1", "line 1, column 1: a rule is true or false, and this is a number"),
        ('"yes"', "a rule is true or false, and this is text"),
        ("3", "a rule is true or false, and this is a number"),
        ('user.events == "x"', "line 1, column 13: == does not work on a number and text"),
        ("user.known > 3", "line 1, column 12: > does not work on true/false and a number"),
        ("user.known && 3", "does not work on true/false and a number"),
        ('context.f == true && 1 == "1"', "line 1, column 24: == does not work on a number"),
        ("session.requests in [1, 'x']", "line 1, column 21: a list holds values of one kind"),
        ("context.x in ['a', 1]", "line 1, column 14: a list holds values of one kind"),
        ("context.x in ['a', context.y]", "line 1, column 20: compare context.y with"),
        ("session.requests in ['x']", "does not work on a number and a list"),
        ('context.f == "a\\u0000b"', "line 1, column 14: a text must not hold NUL"),
        ("context.f == '''a'''", "a text stands in one pair of quotes"),
        ("context", "name what the page sends"),
        ("has(session.requests)", "has() asks whether the page sent something"),
        ("context.x == null", "null is not used in rules"),
        ("1u == 1", "there is no fact 'u'"),
        ("", "must not be empty"),
        (" \n ", "must not be empty"),
        ("// only a remark", "the rule breaks off"),
    ],
)
def test_a_wrong_rule_is_told_with_its_place(text: str, told: str) -> None:
    assert any(told in one for one in complaints(text)), complaints(text)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    found = complaints("foo == 1 &&\n bar == 2 ; size(context.x)")
    assert [one.split(":")[0] for one in found] == [
        "line 1, column 1",
        "line 2, column 2",
        "line 2, column 11",
        "line 2, column 13",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2].all(x, x > 0)",
        "[1, 2].exists(x, x > 0)",
        "[1].exists_one(x, x > 0)",
        "[1].map(x, x) == [1]",
        "[1].filter(x, x > 0) == [1]",
        "cel.bind(x, 1, x > 0)",
        "context.x.matches('(a+)+')",
        "size(context.x) > 1",
        "timestamp('2026-01-01T00:00:00Z') > timestamp('2025-01-01T00:00:00Z')",
        "int('1') == 1",
        "type(1) == int",
        "dyn(1) == 1",
        "{'a': 1}.a == 1",
        "google.protobuf.Int32Value{value: 1} == 1",
        "v0",
        "context.x == true && v0",
        "__import__('os')",
        "b'a' == b'a'",
        "r'a' == context.x",
    ],
)
def test_nothing_can_loop_or_reach_beyond_the_facts(text: str) -> None:
    assert complaints(text)


@pytest.mark.parametrize(
    "text",
    [
        "true" + " || true" * LENGTH_AT_MOST,
        "(" * (DEPTH_AT_MOST + 1) + "true" + ")" * (DEPTH_AT_MOST + 1),
        "1" + " + 1" * 200 + " > 3",
        "true ? true : " * 60 + "true",
        "[" * 9 + "]" * 9 + " == []",
    ],
    ids=["long", "brackets", "sums", "choices", "lists"],
)
def test_a_rule_is_bounded_in_length_and_depth(text: str) -> None:
    assert len(complaints(text)) == 1


def test_a_rule_may_be_as_long_and_deep_as_is_said() -> None:
    assert holds("(" * DEPTH_AT_MOST + "true" + ")" * DEPTH_AT_MOST)
    longest = "user.known" + " && user.known" * 70
    assert holds(longest.ljust(LENGTH_AT_MOST))
    assert complaints(longest.ljust(LENGTH_AT_MOST + 1))


def test_the_example_of_every_fact_can_be_saved() -> None:
    for fact in FACTS:
        rule = compiled(fact.example)
        assert any(use.name in (fact.name, "context.filters_applied") for use in rule.uses)


def test_what_is_costly_is_read_only_where_it_decides() -> None:
    asked: list[str] = []

    def fact(name: str) -> bool | float:
        asked.append(name)
        return VALUES[name]

    rule = compiled("context.f == true && user.events > 5")
    assert rule.holds({"f": "false"}, fact) is False
    assert asked == []
    assert rule.holds({"f": "true"}, fact) is True
    assert rule.holds({}, fact) is False
    assert set(asked) == {"user.events"}


@pytest.mark.parametrize("value", ["a value of another kind", None])
def test_an_error_that_cel_returns_is_never_taken_for_true(value: Any) -> None:
    def wrong(_: str) -> Any:
        return value

    with pytest.raises(Failed):
        compiled("user.known").holds({}, wrong)


@pytest.mark.parametrize("sent", ["\ud800", "a\x00b", "true\x00", "x" * 256, "💥"])
def test_whatever_a_page_sends_is_answered_or_fails_and_nothing_worse(sent: str) -> None:
    for text in ('context.f == "a"', "context.f == true", "context.f > 3", "has(context.f)"):
        try:
            assert holds(text, f=sent) is (text == "has(context.f)")
        except (Failed, RuntimeError):
            continue


WORDS = st.sampled_from(
    [
        "context.f", "context.n", "user.known", "session.requests", "local.hour", "true", "false",
        "3", "2.5", '"a"', "'b'", "(", ")", "[", "]", "==", "!=", "<", ">=", "&&", "||", "!", "-",
        "+", "*", "/", "?", ":", ",", ".", "in", "has", "startsWith", "{", "}", "nope", "\n", "é",
        "context", "[1, 2]", "has(context.f)", "// x\n", '"', "=", "null", "1e9", "💥",
    ]
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(WORDS, max_size=14).map(" ".join) | st.text(max_size=40), st.text(max_size=6))
@example('context.f == "\x00"', "\x00")
@example("context.f\n.n == 3", "3")
def test_any_text_is_a_rule_or_is_refused_with_a_place_inside_it(text: str, sent: str) -> None:
    try:
        rule = compiled(text)
    except BadRule as error:
        for told in error.complaints:
            if told.startswith("line "):
                line, column = (int(part.split()[1]) for part in told.split(":")[0].split(", "))
                lines = text.split("\n")
                assert 1 <= line <= len(lines), told
                assert 1 <= column <= len(lines[line - 1]) + 1, told
        return
    try:
        answer = rule.holds({"f": sent, "n": "3"}, VALUES.__getitem__)
    except Failed:
        return
    assert answer is True or answer is False
