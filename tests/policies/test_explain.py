"""Why is this here? The tables are complete, the sentences readable, the facts true."""

from __future__ import annotations

import ast
import copy
import re
from collections import Counter
from itertools import pairwise
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import golden
import pytest
from cases import Case, cases, ids, law
from given import KNOBS, NOW, Person, facts, offer, slate
from hypothesis import given
from visits import Visit

import policies.explain
from policies import REASONS, Ask, Change, Decision, SlateState, decide
from policies.explain import (
    Explanation,
    counterparts,
    explain_changes,
    explain_seats,
    mentioned,
)
from policies.reasons import FITS, SEAT_REASONS, STANDINGS, UNKNOWN, Sentences
from policies.slate import Standing

PROJECT = Path(__file__).resolve().parents[2]

LATER = {
    "alternative_chosen": "no act chooses an alternative yet",
    "because_you_viewed": "no recommender of ours says it yet; one of a host may",
    "carried_over": "what goes on from an earlier session has the reason that it had there",
}
"""Reasons with a sentence that nothing gives yet."""

GIVEN = {"for_you", "popular", "editors_pick"}

TABLES: dict[str, Sentences] = {
    **{code: reason.sentences for code, reason in REASONS.items()},
    **{f"seat {code}": sentences for code, sentences in SEAT_REASONS.items()},
    **{f"standing {name}": sentences for name, sentences in STANDINGS.items()},
    "unknown": UNKNOWN,
}


def constants(tree: ast.Module) -> dict[str, str]:
    """Names of the module that stand for a text."""
    named = (each for each in tree.body if isinstance(each, ast.AnnAssign | ast.Assign))
    return {
        str(getattr(target, "id", "")): each.value.value
        for each in named
        if isinstance(each.value, ast.Constant) and isinstance(each.value.value, str)
        for target in (each.targets if isinstance(each, ast.Assign) else [each.target])
    }


def reasons_in(path: Path) -> set[str]:
    """Every text that the module gives as the reason of a seat or of candidates."""
    tree = ast.parse(path.read_text())
    names = constants(tree)
    found: set[Any] = set()
    for node in ast.walk(tree):
        given: list[ast.expr | None] = []
        if isinstance(node, ast.Call):
            called = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if called in ("Seat", "Candidates", "Opinion", "of", "_replace"):
                given = [word.value for word in node.keywords if word.arg == "reason"]
            if called == "Seat":
                given += node.args[3:4]
        if isinstance(node, ast.ClassDef) and node.name in ("Candidates", "Offers", "Opinion"):
            fields = (each for each in node.body if isinstance(each, ast.AnnAssign))
            given = [each.value for each in fields if getattr(each.target, "id", "") == "reason"]
        for value in given:
            found.add(getattr(value, "value", names.get(getattr(value, "id", ""))))
    # A seat that only stands for one has no reason: "".
    return {reason for reason in found if isinstance(reason, str) and reason}


def test_every_reason_that_the_code_gives_a_seat_has_a_sentence_and_is_really_given() -> None:
    rooms = [PROJECT / "policies", PROJECT / "recsvc" / "recommenders"]
    given = {one for room in rooms for path in room.rglob("*.py") for one in reasons_in(path)}
    assert given == GIVEN
    assert set(SEAT_REASONS) == GIVEN | (set(LATER) - set(REASONS))


def test_every_reason_that_can_change_something_has_a_sentence_and_occurs() -> None:
    seen: Counter[str] = Counter()
    seats: Counter[str] = Counter()
    for case in golden.read():
        state = case.decide().state
        seen.update(change.reason for change in state.changes)
        seats.update(seat.standing for seat in state.seats)
    assert set(seen) == set(REASONS) - set(LATER)
    assert set(seats) == set(get_args(Standing)) == set(STANDINGS)


@pytest.mark.parametrize(("code", "sentences"), TABLES.items(), ids=TABLES)
def test_a_sentence_uses_only_facts_it_needs_and_the_last_one_needs_none(
    code: str, sentences: Sentences
) -> None:
    for needs, told in sentences:
        used = {name for _, name, _, _ in Formatter().parse(told) if name}
        assert used - {"fits"} <= set(needs.split())
        assert "fits" not in used or "gap" in needs.split()
        assert re.fullmatch(r"[A-Z{].*\.", told), told
        assert not re.search(r"\b(sd|score|epoch|churn|rung|model|slate|seat)\b", told), code
    assert sentences[-1][0] == ""
    assert len({needs for needs, _ in sentences}) == len(sentences)


def test_the_words_for_a_gap_go_from_much_to_little_and_cover_every_number() -> None:
    leasts = [least for least, _ in FITS]
    assert leasts == sorted(leasts, reverse=True)
    assert leasts[-1] == float("-inf")


def told(state: SlateState) -> dict[str, str]:
    """Sentence by changed item; titles are capitals."""
    sentences = [why.sentence for why in explain_changes(state, str.upper)]
    return dict(zip([c.item_id for c in state.changes], sentences, strict=True))


def of_seat(state: SlateState, item: str) -> str:
    return explain_seats(state, str.upper)[ids(state).index(item)].sentence


def small_step() -> Decision:
    """f is better than e by a third of a deviation; all else is as it was."""
    scores = {"a": 9.0, "b": 8.0, "c": 7.0, "d": 6.0, "e": 1.0, "f": 2.0}
    return decide(KNOBS, slate(), offer(scores), facts(), NOW)


def test_a_step_says_who_came_for_whom_and_how_much_better_it_fits() -> None:
    state = small_step().state
    assert told(state) == {
        "e": "It made room for “F”, which fits better.",
        "f": "It fits better than “E”, which left for it.",
    }
    assert of_seat(state, "f") == (
        "It was chosen for you. It is new and fits better than “E”, which left for it."
    )
    assert of_seat(state, "a") == "It was chosen for you. It has kept its place."


@pytest.mark.parametrize(
    ("gap", "words"),
    [
        *((3.0, "much better"), (2.0, "much better"), (1.999, "clearly better")),
        *((0.999, "better"), (0.3, "better"), (0.299, "a little better")),
    ],
)
def test_a_gap_is_put_into_words_and_stays_a_number_among_the_facts(gap: float, words: str) -> None:
    changes = (
        Change("a", 1, None, "displaced", gap),
        Change("v", None, 1, "better_match", gap),
    )
    state = slate("vbcde", changes=changes)
    assert told(state)["v"] == f"It fits {words} than “A”, which left for it."
    sentence = f"It fits {words} than “a”, which left for it."
    known = {"gap": gap, "instead_of": "a"}
    assert explain_changes(state)[1] == Explanation("better_match", known, sentence)


def test_forced_changes_say_what_had_to_go_and_what_came() -> None:
    for why, sentence in {
        "withdrawn": "It is no longer available.",
        "consumed": "You already have it.",
        "dismissed": "You said that it does not interest you.",
        "excluded": "The page asked to leave it out.",
    }.items():
        answer = decide(KNOBS, slate(), offer(), facts(0, gone={"c": why}), NOW)
        assert told(answer.state) == {
            "c": f"{sentence} “V” has its place.",
            "v": "It fills the place of “C”, which had to go.",
        }
        alone = decide(KNOBS, slate(), None, facts(0, gone={"c": why}), NOW)
        assert told(alone.state)["c"] == sentence
        assert told(alone.state)["d"] == (
            "It moved up to place 3, because a place before it stayed empty."
        )


def test_the_visitors_own_acts_are_told_as_such() -> None:
    person = Person()
    person.says("pin b")
    assert told(person.state) == {"b": "You keep it here."}
    assert of_seat(person.state, "b") == "It was chosen for you. It is kept in this place."
    person.says("unpin b")
    assert told(person.state) == {"b": "You no longer keep it in its place."}
    person.says("refresh")
    assert set(told(person.state).values()) == {"You asked for other suggestions."}
    person.says("undo")
    assert set(told(person.state).values()) == {"You took your last change back."}
    person.k = 3
    person.says()
    assert set(told(person.state).values()) == {"There is room for fewer now."}
    person.k = 5
    person.says()
    assert set(told(person.state).values()) == {"There is room for more now."}


def test_a_rule_is_among_the_facts_of_what_it_refreshed_and_in_no_sentence() -> None:
    answer = decide(KNOBS, slate(), offer(), facts(refresh_rule="context.x == 1"), NOW)
    changes, seats = explain_changes(answer.state), explain_seats(answer.state)
    assert {why.code for why in changes} == {"rule_refresh"}
    assert all(why.facts == {"rule": "context.x == 1"} for why in changes)
    assert seats[0].facts == {
        "standing": "new", "change": "rule_refresh", "rule": "context.x == 1",
    }  # fmt: skip
    assert not any("context" in why.sentence for why in (*changes, *seats))


def test_items_behind_a_suggestion_are_named_one_two_or_many() -> None:
    def of(reason: str, *because: str) -> str:
        state = slate("a")
        seat = state.seats[0]._replace(reason=reason, because=because)
        return explain_seats(state._replace(seats=(seat,)), str.upper)[0].sentence

    assert of("for_you", "x") == "It was chosen for you because of “X”. It has kept its place."
    assert "because of “X” and “Y”." in of("for_you", "x", "y")
    assert "It goes with “X”, “Y” and “Z”, which" in of("because_you_viewed", "x", "y", "z")
    assert of("popular").startswith("It is popular with other visitors. ")
    assert of("a reason of the host").startswith("It is suggested here. ")
    assert of("a reason of the host", "x").startswith("It is suggested because of “X”. ")


def test_a_title_with_braces_is_shown_as_it_is() -> None:
    state = small_step().state
    sentence = explain_changes(state, lambda item: f"{{{item}}} {{0!r}}")[0].sentence
    assert sentence == "It made room for “{f} {0!r}”, which fits better."


def test_an_item_that_editors_placed_is_not_said_to_fit_better() -> None:
    changes = (Change("a", 1, None, "displaced"), Change("v", None, 1, "better_match"))
    state = slate("vbcde", changes=changes)
    seat = state.seats[0]._replace(reason="editors_pick", standing="new")
    state = state._replace(seats=(seat, *state.seats[1:]))
    assert told(state) == {
        "a": "It made room for “V”.",
        "v": "It was given the place of “A”.",
    }
    assert of_seat(state, "v") == (
        "The editors of this page chose it. It is new, in the place of “A”."
    )


@law
@given(cases(undo=True))
def test_any_decision_can_be_explained_in_full_and_no_argument_is_modified(case: Case) -> None:
    state = case.decide().state
    twin = copy.deepcopy(state)
    seats, changes = explain_seats(state), explain_changes(state)
    assert state == twin
    assert [why.code for why in seats] == [seat.reason for seat in state.seats]
    assert [why.code for why in changes] == [change.reason for change in state.changes]
    named = set(mentioned(state))
    for why in (*seats, *changes):
        assert "{" not in why.sentence
        assert why.sentence.endswith(".")
        for key in ("instead_of", "replaced_by"):
            assert why.facts.get(key, next(iter(named), None)) in {*named, None}
            assert f"“{why.facts.get(key)}”" in why.sentence or key not in why.facts
    assert {m for why in (*seats, *changes) for m in re.findall("“(.*?)”", why.sentence)} <= named


@law
@given(cases(undo=True))
def test_who_left_for_whom_is_found_both_ways_with_one_gap(case: Case) -> None:
    changes = case.decide().state.changes
    others = counterparts(changes)
    of = {change.item_id: change for change in changes}
    for item, other in others.items():
        assert others[other] == item
        one, two = of[item], of[other]
        assert one.gap == two.gap
        assert (one.before is None) != (two.before is None)
    displaced = {c.item_id for c in changes if c.reason in ("displaced", "better_match")}
    assert displaced <= others.keys()


def test_whole_visits_are_explained_answer_by_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    import visits

    seen: Counter[str] = Counter()
    true = visits.rendered

    def explained(tab: Any, decision: Decision, *rest: Any, **more: Any) -> Any:
        why = (*explain_seats(decision.state), *explain_changes(decision.state))
        seen.update(re.sub("“.*?”|[0-9]+", "…", each.sentence) for each in why)
        return true(tab, decision, *rest, **more)

    monkeypatch.setattr(visits, "rendered", explained)
    for seed in range(12):
        Visit(seed).run(60)
    assert len(seen) > 25
    assert sum(seen.values()) > 3_000


def test_a_decision_explains_nothing_until_it_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: Any) -> None:
        raise AssertionError("nobody asked")

    for name in ("explain_seats", "explain_changes", "counterparts", "_say"):
        monkeypatch.setattr(policies.explain, name, asked)
    acts = (Ask("dismiss", "a"),)
    decide(KNOBS, slate(), offer(), facts(asks=acts, gone={"a": "dismissed"}), NOW)
    assert len(small_step().state.changes) == 2


@pytest.mark.parametrize("page", ["api.md", "decision.md"])
def test_the_sentences_of_a_page_are_those_of_the_tables(page: str) -> None:
    text = (PROJECT / "docs" / page).read_text()
    section = text.split("## Why is this here?")[1].split("\n## ")[0]
    quoted = re.findall(r"\*([A-Z][^*]*\.)\*|\"sentence\": \"([^\"]*)\"", section)
    sentences = [one for pair in quoted for one in re.split(r"(?<=\.) ", "".join(pair))]
    templates = [
        one for each in TABLES.values() for _, told in each for one in re.split(r"(?<=\.) ", told)
    ]
    known = [re.sub(r"\\{\w+\\}", ".+", re.escape(one)) for one in templates]
    assert len(sentences) >= 2
    for sentence in sentences:
        assert any(re.fullmatch(one, sentence) for one in known), sentence


def test_the_page_tells_where_the_words_for_a_gap_change() -> None:
    text = " ".join((PROJECT / "docs" / "decision.md").read_text().split()).lower()
    for (least, _), (_, words) in pairwise(FITS):
        bound = f"{least:g}".removeprefix("0")
        assert re.search(rf"\bup to {bound} (the sentence says )?\*{words}\*", text), words
    assert f"*{FITS[0][1]}* beyond" in text
