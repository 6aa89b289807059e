"""What the visitor asks happens at once, as asked, and is listed with its reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from given import KNOBS, NOW, Person, asks, counts, facts, listed, offer, shown, slate

from policies import Candidates, decide
from policies.reasons import REASONS


def test_dismiss_takes_the_item_out_and_refills_its_seat_in_place() -> None:
    answer = Person().says("dismiss c")
    assert (answer.trigger, shown(answer)) == ("asked", "abvde")
    assert listed(answer) == {"c 3>- dismissed", "v ->3 refill"}
    assert counts(answer) == (0, 0, 1, 0.0)
    assert (answer.state.epoch, answer.state.changes_from) == (8, 7)
    assert [seat.standing for seat in answer.state.seats] == ["kept", "kept", "new", "kept", "kept"]
    assert answer.answered_asks == asks("dismiss c")


def test_pin_and_unpin_are_listed_in_their_seat_and_advance_the_epoch() -> None:
    person = Person()
    pinned = person.says("pin b")
    assert (shown(pinned), listed(pinned)) == ("aBcde", {"b 2>2 pinned"})
    assert pinned.state.seats[1].standing == "pinned"
    assert (pinned.state.epoch, pinned.state.changes_from) == (8, 7)
    again = person.says("pin b")
    assert (again.trigger, again.state.epoch) == ("asked", 8)
    free = person.says("unpin b")
    assert (shown(free), listed(free)) == ("abcde", {"b 2>2 asked"})
    assert (free.state.seats[1].standing, free.state.epoch) == ("kept", 9)
    assert person.says("unpin b").state.epoch == 9


def test_a_pin_holds_its_seat_through_steps_refreshes_rules_and_bypass() -> None:
    state = slate("edcba", pinned="a")
    for said in ({"asks": asks("refresh")}, {"refresh_rule": "r"}, {"bypass": True}, {}):
        knobs = replace(KNOBS, churn_limit=1.0)
        answer = decide(knobs, state, offer(), facts(**said), NOW)
        assert shown(answer)[4] == "A"
        assert set(shown(answer)[:4]) == set("vwxy")


def test_pinning_and_dismissing_what_is_not_on_the_slate_changes_no_seat() -> None:
    person = Person()
    for said in ("pin z", "unpin z", "dismiss z"):
        answer = person.says(said)
        assert (answer.trigger, shown(answer), answer.state.epoch) == ("asked", "abcde", 7)
        assert answer.answered_asks == asks(said)


def test_several_acts_of_one_answer_are_done_in_their_order() -> None:
    answer = Person().says("pin a", "dismiss b", "dismiss d", "unpin a", "pin e")
    assert shown(answer) == "avcwE"
    assert listed(answer) == {
        "b 2>- dismissed",
        "d 4>- dismissed",
        "v ->2 refill",
        "w ->4 refill",
        "e 5>5 pinned",
    }


def test_refresh_replaces_every_seat_without_a_pin_and_says_asked() -> None:
    person = Person()
    person.says("pin c")
    answer = person.says("refresh")
    assert shown(answer) == "vwCxy"
    assert {line.split()[-1] for line in listed(answer)} == {"asked"}
    assert counts(answer) == (0, 0, 0, 0.0)
    assert answer.state.epoch == 9


def test_a_refresh_that_finds_nothing_better_says_asked_once_and_keeps_the_epoch() -> None:
    person = Person("vwxyz")
    answer = person.says("refresh")
    assert (answer.trigger, answer.state.epoch, answer.answered_asks) == (
        "asked",
        7,
        asks("refresh"),
    )
    assert not answer.state.refresh_pending
    assert person.says().trigger == "quiet"


@pytest.mark.parametrize("offered", [None, offer(rung="static"), offer(rung="neighbours")])
def test_a_refresh_on_a_lower_rung_refills_only_and_stays_pending(
    offered: Candidates | None,
) -> None:
    person = Person()
    person.offered = offered
    answer = person.says("refresh")
    assert (answer.trigger, shown(answer), answer.degraded) == ("asked", "abcde", True)
    assert answer.state.refresh_pending
    assert answer.moved_on
    still = person.says()
    assert (still.trigger, still.state.refresh_pending) == ("asked", True)
    person.offered = offer()
    done = person.says()
    assert (done.trigger, shown(done), done.state.refresh_pending) == ("asked", "vwxyz", False)
    assert person.says().trigger == "quiet"


def test_a_pending_refresh_waits_while_frozen_and_can_be_taken_back() -> None:
    person = Person()
    person.offered = None
    person.says("refresh")
    person.offered = offer()
    frozen = person.says(freeze=True)
    assert (frozen.trigger, shown(frozen), frozen.state.refresh_pending) == (
        "freeze",
        "abcde",
        True,
    )
    assert shown(person.says("undo")) == "abcde"
    assert person.says().trigger == "quiet"


@pytest.mark.parametrize("switch", ["freeze", "bypass"])
def test_under_a_switch_dismiss_pin_and_unpin_work_and_other_acts_wait(switch: str) -> None:
    person = Person("vwxyz")
    answer = person.says("pin w", "dismiss x", "undo", "refresh", **{switch: True})
    assert answer.trigger == switch
    assert shown(answer) == ("vWayz" if switch == "freeze" else "vWyza")
    assert answer.answered_asks == asks("pin w", "dismiss x")
    assert {"w 2>2 pinned", "x 3>- dismissed"} <= listed(answer)
    free = person.says("unpin w", **{switch: True})
    assert free.answered_asks == asks("unpin w")
    assert "W" not in shown(free)


def test_exclusion_is_forced_and_lasts_for_the_call_only() -> None:
    person = Person()
    person.gone = {"b": "excluded"}
    answer = person.says()
    assert (answer.trigger, listed(answer)) == ("quiet", {"b 2>- excluded", "v ->2 refill"})
    person.gone = {}
    after = person.says()
    assert (shown(after), after.state.epoch) == ("avcde", 8)
    best = decide(KNOBS, person.state, offer("bvacdew"), facts(), NOW + 100)
    assert (best.trigger, shown(best)) == ("step", "avcdb")


@pytest.mark.parametrize("why", ["withdrawn", "consumed", "dismissed", "excluded"])
def test_a_pin_does_not_keep_an_item_that_may_not_be_shown(why: str) -> None:
    person = Person()
    person.says("pin c")
    person.gone = {"c": why}
    answer = person.says()
    assert (shown(answer), listed(answer)) == ("abvde", {f"c 3>- {why}", "v ->3 refill"})
    person.gone = {}
    person.offered = offer("cabvde")
    person.k = 6
    assert shown(person.says()) == "abvdec"


def test_an_unscored_incumbent_is_kept_by_steps_refreshes_and_refills() -> None:
    only_new = offer("vwxyz")
    for said in (
        {},
        {"asks": asks("refresh")},
        {"refresh_rule": "r"},
        {"gone": {"a": "withdrawn"}},
    ):
        answer = decide(KNOBS, slate(), only_new, facts(**said), NOW)
        assert shown(answer)[1:] == "bcde"


def test_an_answer_that_repeats_an_epoch_repeats_what_was_declared() -> None:
    person = Person()
    first = person.says("dismiss c")
    for _ in range(3):
        again = person.says()
        assert again.trigger == "quiet"
        assert again.state._replace(answered_at=0) == first.state._replace(answered_at=0)


def test_newcomers_bring_their_reason_and_the_visitors_item_behind_it() -> None:
    offered = replace(offer(), reason="because_you_viewed", because={"v": ("k",)})
    answer = decide(KNOBS, slate(), offered, facts(0, gone={"a": "consumed"}), NOW)
    seat = answer.state.seats[0]
    assert (seat.reason, seat.because, seat.score) == ("because_you_viewed", ("k",), 0.0)


def test_every_reason_used_here_is_in_the_table() -> None:
    person, seen = Person(), set()
    for said in ("dismiss a", "pin b", "refresh", "undo", "unpin b"):
        seen |= {change.reason for change in person.says(said).state.changes}
    assert seen <= set(REASONS)
    assert {"dismissed", "pinned", "asked", "undone", "refill"} <= seen
