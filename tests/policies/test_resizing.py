"""Another number of seats, and slates that run short: nothing is lost and nothing is twice."""

from __future__ import annotations

from dataclasses import replace

import pytest
from given import KNOBS, NOW, Person, counts, facts, listed, offer, shown, slate, step

from policies import decide


def test_a_smaller_screen_cuts_from_the_end_and_a_larger_one_restores() -> None:
    person = Person()
    person.k = 3
    cut = person.says()
    assert (cut.trigger, shown(cut)) == ("quiet", "abc")
    assert listed(cut) == {"d 4>- resized", "e 5>- resized"}
    assert counts(cut) == (0, 0, 0, 0.0)
    person.k = 4
    grown = person.says()
    assert (shown(grown), listed(grown)) == ("abcd", {"d ->4 resized"})
    person.k = 7
    beyond = person.says()
    assert shown(beyond) == "abcdevw"
    assert listed(beyond) == {"e ->5 resized", "v ->6 refill", "w ->7 refill"}
    assert counts(beyond) == (0, 0, 2, 0.0)
    assert [s.standing for s in beyond.state.seats] == ["kept"] * 4 + ["new"] * 3


def test_a_pin_that_was_cut_comes_back_as_a_pin() -> None:
    person = Person()
    person.says("pin e")
    person.k = 2
    person.says()
    person.k = 5
    answer = person.says()
    assert (shown(answer), "e ->5 resized" in listed(answer)) == ("abcdE", True)


def test_the_limit_applies_to_what_remains_after_a_cut() -> None:
    knobs = replace(KNOBS, churn_limit=0.4)
    answer = decide(knobs, slate(), offer(), facts(k=3), NOW)
    assert (answer.trigger, answer.state.allowed, answer.state.displaced) == ("step", 1, 1)
    assert shown(answer) == "abv"
    assert listed(answer) == {
        "c 3>- displaced",
        "v ->3 better_match",
        "d 4>- resized",
        "e 5>- resized",
    }


def test_what_a_cut_took_is_no_newcomer_in_that_answer_unless_nothing_else_fills() -> None:
    away = facts(0, k=3, gone={"a": "withdrawn"})
    full = decide(KNOBS, slate(), offer("edcbav"), away, NOW)
    assert shown(full) == "vbc"
    scarce = decide(KNOBS, slate(), offer("edcba"), away, NOW)
    assert (shown(scarce), "e 5>1 resized" in listed(scarce)) == ("ebc", True)


def test_what_is_gone_does_not_come_back_with_a_larger_screen() -> None:
    person = Person()
    person.k = 2
    person.says()
    person.k, person.gone = 5, {"d": "consumed"}
    assert shown(person.says()) == "abcve"


def test_undo_works_across_a_cut() -> None:
    person = Person()
    person.says("dismiss a")
    person.k = 3
    assert shown(person.says()) == "vbc"
    answer = person.says("undo")
    assert shown(answer) == "abc"
    assert listed(answer) == {"v 1>- undone", "a ->1 undone"}
    person.k = 5
    assert shown(person.says()) == "abcde"


def test_undo_after_a_cut_shows_no_item_twice_on_a_larger_screen() -> None:
    person = Person()
    person.says("pin a")
    person.k = 3
    person.says()
    person.says("undo")
    person.k = 7
    assert shown(person.says()) == "abcdevw"


def test_undo_after_the_screen_grew_keeps_the_seats_gained() -> None:
    person = Person()
    person.says("pin a")
    person.k = 7
    assert shown(person.says()) == "Abcdevw"
    person.offered = None
    assert shown(person.says("undo")) == "abcdevw"


def test_later_items_close_a_gap_that_nothing_fills() -> None:
    answer = step(slate(), offer("abcde"), heard=0, gone={"b": "withdrawn"})
    assert shown(answer) == "acde"
    assert listed(answer) == {"b 2>- withdrawn", "c 3>2 resized", "d 4>3 resized", "e 5>4 resized"}
    assert [seat.standing for seat in answer.state.seats] == ["kept", "moved", "moved", "moved"]


@pytest.mark.parametrize(
    ("items", "pinned", "gone", "left"),
    [
        ("abcde", "d", "b", "aceD"),
        ("abcde", "d", "ab", "cDe"),
        ("abcde", "c", "abd", "Ce"),
        ("abcde", "e", "abcd", "E"),
        ("abcde", "be", "cd", "aBE"),
        ("abcde", "de", "abc", "DE"),
        ("abcde", "ab", "e", "ABcd"),
        ("abcde", "", "abcde", ""),
    ],
)
def test_a_pin_keeps_its_seat_while_items_fill_the_seats_before_it(
    items: str, pinned: str, gone: str, left: str
) -> None:
    away = dict.fromkeys(gone, "withdrawn")
    answer = decide(KNOBS, slate(items, pinned=pinned), None, facts(0, gone=away), NOW)
    assert shown(answer) == left


def test_a_short_slate_is_refilled_as_soon_as_something_is_offered() -> None:
    short = decide(KNOBS, slate(), None, facts(0, gone={"b": "withdrawn"}), NOW)
    assert shown(short) == "acde"
    filled = decide(KNOBS, short.state, offer(), facts(0, gone={"b": "withdrawn"}), NOW + 1)
    assert (shown(filled), listed(filled)) == ("acdev", {"v ->5 refill"})
    assert (filled.trigger, filled.state.refilled) == ("quiet", 1)


def test_a_gap_is_filled_from_the_tail_at_once_and_as_a_refill() -> None:
    person = Person()
    person.k = 3
    person.says()
    person.offered = None
    person.gone = {"a": "withdrawn"}
    answer = person.says()
    assert len(answer.state.seats) == 3
    assert "resized" not in {line.split()[-1] for line in listed(answer)}
    epoch = answer.state.epoch
    assert person.says().state.epoch == epoch


def test_an_empty_slate_fills_when_the_ladder_answers_again() -> None:
    first = decide(KNOBS, None, None, facts(0), NOW)
    assert (first.trigger, shown(first), first.degraded) == ("session_start", "", True)
    second = decide(KNOBS, first.state, offer(), facts(0), NOW + 1)
    assert (shown(second), second.state.refilled) == ("vwxyz", 5)
    assert {line.split()[-1] for line in listed(second)} == {"refill"}


def test_a_pin_that_was_cut_comes_back_to_its_seat_after_a_gap_was_closed() -> None:
    person = Person()
    person.says("pin e")
    person.k = 3
    person.says()
    person.offered, person.gone = None, {"a": "withdrawn"}
    person.says()
    person.k, person.offered = 5, offer()
    assert shown(person.says())[4] == "E"
