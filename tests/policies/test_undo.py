"""An act can be taken back, three deep, with all that followed from it."""

from __future__ import annotations

import pytest
from given import KNOBS, NOW, Person, asks, counts, facts, listed, offer, shown

from policies import Ask, decide

UNDONE: dict[str, tuple[str, set[str]]] = {
    "dismiss c": ("abvde", {"v 3>- undone", "c ->3 undone"}),
    "pin b": ("aBcde", {"b 2>2 undone"}),
    "refresh": (
        "vwxyz",
        {f"{i} {n}>- undone" for n, i in enumerate("vwxyz", 1)}
        | {f"{i} ->{n} undone" for n, i in enumerate("abcde", 1)},
    ),
}


@pytest.mark.parametrize("act", UNDONE)
def test_undo_restores_the_slate_from_before_the_act(act: str) -> None:
    then, back = UNDONE[act]
    person = Person()
    assert shown(person.says(act)) == then
    answer = person.says("undo")
    assert (answer.trigger, shown(answer), listed(answer)) == ("asked", "abcde", back)
    assert counts(answer) == (0, 0, 0, 0.0)
    assert answer.state.epoch == 9
    assert answer.lifted == (("c",) if act == "dismiss c" else ())


def test_undo_of_an_unpin_pins_again_in_the_same_seat() -> None:
    person = Person()
    person.says("pin d")
    person.says("unpin d")
    answer = person.says("undo")
    assert (shown(answer), listed(answer)) == ("abcDe", {"d 4>4 undone"})


def test_undo_goes_three_acts_back_and_no_further() -> None:
    person = Person()
    slates = [shown(person.says(act)) for act in ("dismiss a", "pin b", "refresh", "dismiss w")]
    assert slates == ["vbcde", "vBcde", "vBwxy", "vBzxy"]
    assert [shown(person.says("undo")) for _ in range(4)] == ["vBwxy", "vBcde", "vbcde", "vbcde"]
    last = person.says("undo")
    assert (last.trigger, last.answered_asks) == ("asked", (Ask("undo"),))
    assert last.state.epoch == person.state.epoch


def test_undo_takes_back_the_steps_that_came_after_the_act_too() -> None:
    person = Person()
    person.says("dismiss e")
    stepped = decide(KNOBS, person.state, person.offered, facts(gone=person.gone), NOW + 40)
    assert (shown(stepped), stepped.state.displaced) == ("abwxv", 2)
    person.state = stepped.state
    answer = person.says("undo")
    assert shown(answer) == "abcde"
    assert {line.split()[-1] for line in listed(answer)} == {"undone"}
    assert answer.state.displaced == 0


def test_what_an_undo_restores_is_not_displaced_in_that_answer_but_may_be_later() -> None:
    person = Person()
    person.says("dismiss c")
    restored = decide(
        KNOBS, person.state, offer(), facts(9, asks=asks("undo"), gone=person.gone), NOW + 500
    )
    assert shown(restored) == "abcde"
    later = decide(KNOBS, restored.state, offer(), facts(9), NOW + 600)
    assert (later.trigger, later.state.displaced) == ("step", 2)


def test_what_is_gone_since_is_refilled_by_an_undo() -> None:
    person = Person()
    person.says("dismiss c")
    person.gone["a"] = "withdrawn"
    answer = person.says("undo")
    assert shown(answer) == "vbcde"
    assert {"a 1>- withdrawn", "c ->3 undone"} <= listed(answer)


@pytest.mark.parametrize("why", ["withdrawn", "consumed"])
def test_undo_of_a_dismissal_does_not_bring_back_what_is_gone_for_another_reason(why: str) -> None:
    person = Person()
    person.says("dismiss c")
    person.gone["c"] = why
    assert "c" not in shown(person.says("undo"))


def test_undo_of_the_second_dismissal_of_one_answer_moves_nothing() -> None:
    person = Person()
    assert shown(person.says("dismiss a", "dismiss b")) == "vwcde"
    answer = shown(person.says("undo"))
    assert answer[1:] == "bcde"
    assert "a" not in answer


def test_a_dismissal_said_twice_in_one_answer_is_undone_once() -> None:
    person = Person()
    assert shown(person.says("dismiss a", "dismiss a")) == "vbcde"
    assert shown(person.says("undo")) == "abcde"


def test_undo_of_a_later_act_leaves_a_refresh_pending() -> None:
    person = Person()
    person.offered = offer(rung="static")
    person.says("refresh")
    person.says("pin a")
    answer = person.says("undo")
    assert shown(answer) == "abcde"
    assert answer.state.refresh_pending


def test_undo_passes_over_an_act_that_changed_nothing() -> None:
    person = Person("vwxyz")
    person.says("dismiss v")
    assert person.says("refresh").state.epoch == 8
    assert shown(person.says("undo")) == "vwxyz"


def test_an_undo_that_changes_nothing_in_the_end_keeps_the_epoch() -> None:
    person = Person()
    assert shown(person.says("refresh")) == "vwxyz"
    person.gone = dict.fromkeys("abcde", "withdrawn")
    answer = person.says("undo")
    assert (shown(answer), answer.state.epoch) == ("vwxyz", 8)


def test_an_undo_held_back_by_a_switch_takes_back_no_later_act() -> None:
    person = Person()
    person.says("dismiss a")
    frozen = person.says("undo", "pin b", freeze=True)
    assert (shown(frozen), frozen.answered_asks) == ("vBcde", asks("pin b"))
    assert "B" in shown(person.says("undo"))


def test_a_dismissal_under_bypass_can_be_undone_when_the_switch_is_off() -> None:
    person = Person("vwxyz")
    person.says("dismiss x", bypass=True)
    assert shown(person.says("undo")) == "vwxyz"


def test_acts_that_cancel_each_other_in_one_answer_leave_the_items() -> None:
    for said in (
        ("dismiss a", "undo"),
        ("pin a", "undo"),
        ("refresh", "undo"),
        ("pin a", "unpin a"),
    ):
        answer = Person().says(*said)
        assert (answer.trigger, shown(answer), answer.state.displaced) == ("asked", "abcde", 0)
