"""What the judge remembers of undos, sleep and lost answers: permissions, each with its faults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recsvc.contract import Judge, Violation

Story = Any
DEGRADED = {"served_by__degraded": True, "served_by__degraded_reason": "deadline"}
NOT_DEGRADED = {"served_by__degraded": False, "served_by__degraded_reason": None}


def ask(s: Story, kind: str, item: str | None, items: str | None, **reasons: str) -> None:
    """One act on the home slate, shown by the next answer."""
    s.event(kind, item, surface="home")
    s.serve(items, trigger="asked", **reasons)


def undo(s: Story, items: str, *touched: str) -> None:
    ask(s, "undo", None, items, **dict.fromkeys(touched, "undone"))


def lost(s: Story, **query: str) -> None:
    request = {"path": "/v1/slates/home", "query": {"session_id": "s1", **query}}
    s.add("answer", session_id="s1", request=request, status=503, body=None)


def after_a_lost_answer(s: Story, items: str, pins: str, *changes: tuple[Any, ...]) -> None:
    """An answer that starts from the epoch of the lost one."""
    names = ("item_id", "from", "to", "reason")
    listed = [dict(zip(names, change, strict=True)) for change in changes]
    s.serve(items, pins=pins, trigger="asked", epoch=1_000_002, changes_from=1_000_001)
    s.records[-1]["body"]["changes"] = listed
    for seat in s.records[-1]["body"]["items"]:
        seat["standing"] = "pinned" if seat["pinned"] else "kept"


def spent_then_lowered(s: Story, allowed: int) -> None:
    s.event("click", "A")
    s.serve("ABCDF", dt=40, E="displaced", F="better_match")
    s.knobs(version=2, session_budget=0)
    s.item("D", False)
    over = {"consistency__allowed": allowed, "policy__version": 2}
    s.serve("ABCGF", dt=40, D="withdrawn", G="refill", **over)


def a_step_that_claims_nothing_under_a_lowered_budget(s: Story) -> None:
    spent_then_lowered(s, allowed=0)


def a_step_that_claims_one_under_a_lowered_budget(s: Story) -> None:
    spent_then_lowered(s, allowed=1)


def three_dismissals_one_undone_and_a_fourth(s: Story) -> None:
    ask(s, "dismiss", "A", "FBCDE", A="dismissed", F="refill")
    ask(s, "dismiss", "B", "FGCDE", B="dismissed", G="refill")
    ask(s, "dismiss", "C", "FGHDE", C="dismissed", H="refill")
    undo(s, "FGCDE", "H", "C")
    ask(s, "dismiss", "D", "FGCHE", D="dismissed", H="refill")


def the_depth_is_that_of_a_stack(s: Story) -> None:
    three_dismissals_one_undone_and_a_fourth(s)
    undo(s, "FGCDE", "H", "D")
    undo(s, "FBCDE", "G", "B")
    undo(s, "ABCDE", "F", "A")


def one_undo_lifts_two_dismissals(s: Story) -> None:
    three_dismissals_one_undone_and_a_fourth(s)
    undo(s, "FBCDE", "G", "B", "H", "D")


def a_fourth_act_is_still_undone(s: Story) -> None:
    ask(s, "dismiss", "A", "FBCDE", A="dismissed", F="refill")
    ask(s, "dismiss", "B", "FGCDE", B="dismissed", G="refill")
    ask(s, "dismiss", "C", "FGHDE", C="dismissed", H="refill")
    ask(s, "dismiss", "D", "FGHIE", D="dismissed", I="refill")
    undo(s, "FGHDE", "I", "D")
    undo(s, "FGCDE", "H", "C")
    undo(s, "FBCDE", "G", "B")
    undo(s, "ABCDE", "F", "A")


def an_act_that_changed_nothing_is_not_undone(s: Story) -> None:
    ask(s, "pin", "E", None, pins="E", E="pinned")
    ask(s, "dismiss", "A", "FBCDE", A="dismissed", F="refill")
    for _ in range(3):
        ask(s, "pin", "E", None)
    undo(s, "ABCDE", "F", "A")


def acts_on_another_slate_do_not_use_up_the_depth(s: Story) -> None:
    ask(s, "dismiss", "A", "FBCDE", A="dismissed", F="refill")
    s.serve("VWXYZ", surface="similar")
    for n, item in enumerate("VWX"):
        s.event("dismiss", item, surface="similar")
        s.serve("PQRYZ"[: n + 1] + "VWXYZ"[n + 1 :], surface="similar", trigger="asked")
        for change in s.records[-1]["body"]["changes"]:
            change["reason"] = "refill" if change["from"] is None else "dismissed"
        s.records[-1]["body"]["consistency"]["refilled"] = 1
        s.last["s1", "similar"] = s.records[-1]["body"]
    undo(s, "ABCDE", "F", "A")


def dismissed_on_another_slate(s: Story) -> None:
    s.serve("CVWXY", surface="similar")
    s.event("dismiss", "C", surface="similar")
    s.serve("ZVWXY", surface="similar", trigger="asked", C="dismissed", Z="refill")
    s.serve("ABFDE", trigger="quiet", C="dismissed", F="refill")


def an_undo_owes_nothing_dismissed_on_another_slate(s: Story) -> None:
    dismissed_on_another_slate(s)
    ask(s, "undo", None, None)


def an_undo_lifts_what_was_dismissed_on_another_slate(s: Story) -> None:
    dismissed_on_another_slate(s)
    ask(s, "undo", None, None)
    s.event("click", "A")
    s.serve("ABCDE", dt=40, F="displaced", C="better_match")


def the_second_of_two_undos_takes_back_what_the_first_restored(s: Story) -> None:
    ask(s, "dismiss", "A", "FBCDE", A="dismissed", F="refill")
    ask(s, "dismiss", "F", "GBCDE", F="dismissed", G="refill")
    s.event("undo", surface="home")
    undo(s, "ABCDE", "G", "A")


def a_dismissal_that_sleeps_with_its_session(s: Story) -> None:
    ask(s, "dismiss", "C", "ABGDE", C="dismissed", G="refill")
    s.serve("ABCDE", anew=True, dt=1900)
    s.serve("CVWXY", surface="similar")


def a_dismissal_of_a_session_that_slept(s: Story) -> None:
    ask(s, "dismiss", "C", "ABGDE", C="dismissed", G="refill")
    s.serve("ABCDE", anew=True, dt=1900)
    s.serve("ABFDE", trigger="quiet", C="dismissed", F="refill")


def one_slate_begins_anew_after_a_dismissal_on_another(s: Story) -> None:
    s.serve("VWXYZ", surface="similar")
    s.serve("ABCDE", anew=True, dt=1900)
    s.event("dismiss", "C", surface="home")
    s.serve("VWXYZ", surface="similar", anew=True)


def a_dismissal_outlives_another_slates_beginning(s: Story) -> None:
    one_slate_begins_anew_after_a_dismissal_on_another(s)
    s.serve("ABFDE", trigger="asked", C="dismissed", F="refill")


def a_dismissal_is_forgotten_at_another_slates_beginning(s: Story) -> None:
    one_slate_begins_anew_after_a_dismissal_on_another(s)
    s.serve()


def following_pages_keep_a_session_alive(s: Story) -> None:
    s.serve("CVWXY", surface="similar")
    ask(s, "dismiss", "C", "ABGDE", C="dismissed", G="refill")
    page = {"path": "/v1/slates/home", "query": {"session_id": "s1", "cursor": "next"}}
    s.add("answer", dt=1500, session_id="s1", request=page, status=200, body={"items": []})
    s.serve("ZVWXY", dt=1500, surface="similar", trigger="quiet", C="dismissed", Z="refill")


def a_dismissal_holds_elsewhere_while_its_undo_waits(s: Story) -> None:
    s.serve("CVWXY", surface="similar")
    s.event("dismiss", "C", surface="home")
    s.event("undo", surface="home")
    s.serve("ZVWXY", surface="similar", trigger="quiet", C="dismissed", Z="refill")


def dismissed_again_by_nobody_after_its_undo(s: Story) -> None:
    ask(s, "dismiss", "C", "ABGDE", C="dismissed", G="refill")
    undo(s, "ABCDE", "G", "C")
    s.serve("ABFDE", trigger="quiet", C="dismissed", F="refill")


def a_gap_closes_in_the_answer_to_an_undo(s: Story) -> None:
    ask(s, "refresh", None, "CVAW", **dict.fromkeys("ABCDEVW", "asked"))
    s.item("B", False)
    s.event("undo", surface="home")
    s.serve("ACDE", trigger="asked", C="resized", **dict.fromkeys("ADEVW", "undone"))


def a_seat_comes_back_as_another_item_leaves(s: Story) -> None:
    s.serve("ABC", ask={"k": 3}, trigger="quiet", D="resized", E="resized")
    s.item("B", False)
    s.item("C", False)
    s.serve("A", ask={"k": 3}, trigger="quiet", B="withdrawn", C="withdrawn")
    s.event("purchase", "A")
    s.serve("D", ask={"k": 3}, trigger="quiet", A="consumed", D="resized")


def a_full_slate_is_resized_in_the_answer_to_an_undo(s: Story) -> None:
    ask(s, "dismiss", "C", "ABGDE", C="dismissed", G="refill")
    s.event("undo", surface="home")
    s.serve("BACDE", trigger="asked", G="undone", C="undone", A="resized", B="resized")


def a_move_is_called_resized(s: Story) -> None:
    s.serve("BACDE", trigger="quiet", A="resized", B="resized")


def pinned_after_a_lost_answer(s: Story, pins: str = "C") -> None:
    s.item("A", False)
    lost(s)
    s.event("pin", "C", surface="home")
    after_a_lost_answer(s, "BCDE", pins, *([("C", 2, 2, "pinned")] if pins else []))


def a_pin_takes_the_seat_that_a_lost_answer_gave(s: Story) -> None:
    pinned_after_a_lost_answer(s)


def a_pin_is_ignored_after_a_lost_answer(s: Story) -> None:
    pinned_after_a_lost_answer(s, pins="")


def a_pin_leaves_the_seat_that_a_lost_answer_gave(s: Story) -> None:
    pinned_after_a_lost_answer(s)
    s.serve("BDCE", trigger="quiet", C="pinned", D="moved")


def a_pin_ended_by_what_a_lost_request_excluded(s: Story) -> None:
    ask(s, "pin", "E", None, pins="E", E="pinned")
    lost(s, exclude="E")
    s.serve("ABCDF", pins="", trigger="quiet", epoch=1_000_003, changes_from=1_000_002)
    s.records[-1]["body"]["changes"] = []


def a_refresh_answered_by_a_lost_answer(s: Story) -> None:
    s.event("refresh", surface="home")
    lost(s)
    s.serve(trigger="degraded", **DEGRADED)
    s.serve(**NOT_DEGRADED)


def a_refresh_that_stays_pending_on_the_late_rung(s: Story) -> None:
    s.event("refresh", surface="home")
    s.serve(trigger="asked", served_by__rung="late")
    back = dict.fromkeys("ABCDEVWXYZ", "asked")
    s.serve("VWXYZ", trigger="asked", served_by__rung="primary", **back)


def a_refresh_acts_twice(s: Story) -> None:
    s.event("refresh", surface="home")
    s.serve("VWXYZ", trigger="asked", **dict.fromkeys("ABCDEVWXYZ", "asked"))
    s.serve("ABCDE", trigger="asked", **dict.fromkeys("ABCDEVWXYZ", "asked"))


def a_refresh_after_a_lost_answer_is_not_answered(s: Story) -> None:
    lost(s)
    s.event("refresh", surface="home")
    s.serve()


def an_undo_held_by_a_switch_reaches_a_later_act(s: Story) -> None:
    ask(s, "dismiss", "A", "FBCDE", A="dismissed", F="refill")
    s.event("undo", surface="home")
    s.switch("freeze", True)
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="freeze")
    s.switch("freeze", False)
    s.serve(pins="", E="undone", trigger="asked")


def an_undo_held_in_a_lost_answer_reaches_a_later_act(s: Story) -> None:
    s.event("undo", surface="home")
    s.switch("freeze", True)
    s.event("dismiss", "C", surface="home")
    lost(s)
    s.switch("freeze", False)
    over = {"epoch": 1_000_002, "changes_from": 1_000_001}
    s.serve("ABCDE", trigger="asked", new_epoch=True, **over)
    change = {"item_id": "C", "from": None, "to": 3, "reason": "undone"}
    s.records[-1]["body"]["changes"] = [change]


def an_item_pinned_after_an_undo_goes_with_it(s: Story) -> None:
    ask(s, "dismiss", "A", "FBCDE", A="dismissed", F="refill")
    s.event("undo", surface="home")
    s.event("pin", "F", surface="home")
    s.serve("ABCDE", trigger="asked", F="undone", A="undone")


def a_refresh_held_by_a_switch(s: Story) -> None:
    s.event("refresh", surface="home")
    s.switch("freeze", True)
    s.event("dismiss", "C", surface="home")
    s.serve("ABGDE", trigger="freeze", C="dismissed", G="refill")
    s.switch("freeze", False)
    s.serve("VWXYZ", trigger="asked", **dict.fromkeys("ABGDEVWXYZ", "asked"))


def a_refresh_held_by_a_switch_is_undone_first(s: Story) -> None:
    a_refresh_held_by_a_switch(s)
    undo(s, "ABGDE", *"ABGDEVWXYZ")


def a_refresh_held_by_a_switch_is_undone_last(s: Story) -> None:
    a_refresh_held_by_a_switch(s)
    undo(s, "ABCDE", *"ABCDEVWXYZ")


def an_undo_of_a_refresh_lifts_an_earlier_dismissal(s: Story) -> None:
    ask(s, "dismiss", "C", "ABGDE", C="dismissed", G="refill")
    ask(s, "refresh", None, "VWXYZ", **dict.fromkeys("ABGDEVWXYZ", "asked"))
    undo(s, "ABCDE", *"ABCDEVWXYZ")


def an_undo_of_what_was_done_before_the_history_starts(s: Story) -> None:
    s.event("dismiss", "C", slate_id="s1-home")
    s.serve("ABGDE", C="dismissed", G="refill", trigger="asked")
    del s.records[1:-2]
    undo(s, "ABCDE", "G", "C")


def dismissed_stays_until_it_is_undone(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.serve()
    ask(s, "undo", None, None)


PERMITTED: list[Callable[[Story], None]] = [
    a_step_that_claims_nothing_under_a_lowered_budget,
    the_depth_is_that_of_a_stack,
    an_act_that_changed_nothing_is_not_undone,
    acts_on_another_slate_do_not_use_up_the_depth,
    an_undo_owes_nothing_dismissed_on_another_slate,
    the_second_of_two_undos_takes_back_what_the_first_restored,
    a_dismissal_that_sleeps_with_its_session,
    a_dismissal_outlives_another_slates_beginning,
    following_pages_keep_a_session_alive,
    a_dismissal_holds_elsewhere_while_its_undo_waits,
    a_gap_closes_in_the_answer_to_an_undo,
    a_seat_comes_back_as_another_item_leaves,
    a_pin_takes_the_seat_that_a_lost_answer_gave,
    a_pin_ended_by_what_a_lost_request_excluded,
    a_refresh_answered_by_a_lost_answer,
    a_refresh_that_stays_pending_on_the_late_rung,
    an_undo_held_by_a_switch_reaches_a_later_act,
    an_undo_held_in_a_lost_answer_reaches_a_later_act,
    an_item_pinned_after_an_undo_goes_with_it,
    a_refresh_held_by_a_switch_is_undone_first,
    a_refresh_held_by_a_switch_is_undone_last,
    an_undo_of_what_was_done_before_the_history_starts,
]

FAULTS: list[tuple[str, Callable[[Story], None]]] = [
    ("C2", a_step_that_claims_one_under_a_lowered_budget),
    ("C4", one_undo_lifts_two_dismissals),
    ("C4", a_fourth_act_is_still_undone),
    ("C4", an_undo_lifts_what_was_dismissed_on_another_slate),
    ("C5", a_dismissal_of_a_session_that_slept),
    ("C4", a_dismissal_is_forgotten_at_another_slates_beginning),
    ("C5", dismissed_again_by_nobody_after_its_undo),
    ("C5", a_full_slate_is_resized_in_the_answer_to_an_undo),
    ("C5", a_move_is_called_resized),
    ("C4", a_pin_is_ignored_after_a_lost_answer),
    ("C4", a_pin_leaves_the_seat_that_a_lost_answer_gave),
    ("C5", a_refresh_acts_twice),
    ("C4", a_refresh_after_a_lost_answer_is_not_answered),
    ("C4", an_undo_of_a_refresh_lifts_an_earlier_dismissal),
    ("C4", dismissed_stays_until_it_is_undone),
]


def judged(story: Story, *, both_times: bool) -> list[Violation]:
    judge = Judge()
    found = []
    for record in story.records:
        early = {"t0": record["t"] - 0.01} if both_times else {}
        found += judge.feed({**early, **record})
    assert judge.answers > 0
    return [*found, *judge.finish()]


@pytest.mark.parametrize("both_times", [False, True], ids=["t", "t0 and t"])
@pytest.mark.parametrize("tell_it", PERMITTED, ids=[each.__name__ for each in PERMITTED])
def test_a_permitted_history_is_judged_clean(
    tell_it: Callable[[Story], None], both_times: bool, story: Story
) -> None:
    tell_it(story)
    assert judged(story, both_times=both_times) == []


@pytest.mark.parametrize("both_times", [False, True], ids=["t", "t0 and t"])
@pytest.mark.parametrize(("clause", "plant"), FAULTS, ids=[plant.__name__ for _, plant in FAULTS])
def test_a_planted_fault_is_caught_under_its_clause(
    clause: str, plant: Callable[[Story], None], both_times: bool, story: Story
) -> None:
    plant(story)
    assert clause in {each.clause for each in judged(story, both_times=both_times)}
