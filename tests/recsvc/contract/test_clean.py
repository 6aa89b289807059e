"""What the contract permits is judged clean, each permission in a history of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recsvc.contract import Judge

STEP = {"E": "displaced", "F": "better_match"}
OTHER = {"F": "displaced", "G": "better_match"}
Story = Any


def step(s: Story, items: str = "ABCDF", **more: Any) -> Any:
    s.event("click", "A")
    return s.serve(items, **{"dt": 40, **STEP, **more})


def reloads(s: Story) -> None:
    for _ in range(5):
        s.serve()


def a_step_and_reloads(s: Story) -> None:
    step(s)
    s.serve(trigger="hold")
    step(s, "ABCDG", **OTHER)
    s.serve()


def a_cause_held_back_by_hold(s: Story) -> None:
    s.event("click", "A")
    s.serve(trigger="hold")
    s.serve("ABCDF", dt=40, **STEP)


def a_cause_held_back_while_repeats_carry_the_old_trigger(s: Story) -> None:
    step(s)
    s.event("click", "A")
    s.serve(trigger="step")
    s.serve("ABCDG", dt=40, **OTHER)


def a_cause_held_back_by_a_lower_rung(s: Story) -> None:
    s.event("click", "A")
    down = {"served_by__degraded": True, "served_by__degraded_reason": "deadline"}
    s.serve(trigger="degraded", dt=40, **down)
    s.serve("ABCDF", served_by__degraded=False, served_by__degraded_reason=None, **STEP)


def an_impression_as_cause(s: Story) -> None:
    s.event("impression", "A")
    s.serve("ABCDF", dt=40, **STEP)


def another_model_as_cause(s: Story) -> None:
    s.serve("ABCDF", dt=40, served_by__model="als-2", **STEP)


def other_knobs_as_cause(s: Story) -> None:
    s.knobs(version=2)
    s.serve("ABCDF", dt=40, policy__version=2, **STEP)


def time_as_cause(s: Story) -> None:
    s.knobs(refresh_every_s=60)
    s.serve("ABCDF", dt=70, **STEP)


def an_event_of_the_same_person_in_another_session(s: Story) -> None:
    s.serve(ask={"user_id": "u"})
    s.event("click", "A", session="s2", user_id="u")
    s.serve("ABCDF", dt=40, ask={"user_id": "u"}, **STEP)


def withdrawal_and_refill(s: Story) -> None:
    s.item("C", False)
    s.serve("ABGDE", C="withdrawn", G="refill", trigger="quiet")
    s.item("C", True)
    s.event("click", "A")
    s.serve("ABGDC", dt=40, E="displaced", C="better_match")


def purchase_and_refill(s: Story) -> None:
    s.event("purchase", "C")
    s.serve("ABGDE", C="consumed", G="refill", trigger="hold")


def exclusion_for_one_call(s: Story) -> None:
    out = {"C": "excluded", "G": "refill"}
    s.serve("ABGDE", ask={"exclude": "C"}, trigger="quiet", **out)
    s.serve()


def a_filter_on_the_context(s: Story) -> None:
    s.item("Z", True)
    on = {"context.to": "Porto"}
    s.serve("ABGDE", ask=on, trigger="quiet", C="excluded", G="refill")
    s.serve(ask=on)
    s.item("A", True)
    s.serve("HBGDE", ask=on, trigger="quiet", A="excluded", H="refill")
    s.serve()


def degraded_refills(s: Story) -> None:
    s.item("C", False)
    down = {"served_by__degraded": True, "served_by__degraded_reason": "deadline"}
    s.serve("ABGDE", C="withdrawn", G="refill", trigger="degraded", **down)


def a_step_with_a_refill(s: Story) -> None:
    s.item("C", False)
    step(s, "ABGDF", C="withdrawn", G="refill")


def fewer_and_more_seats(s: Story) -> None:
    cut = dict.fromkeys("DE", "resized")
    s.serve("ABC", ask={"k": 3}, trigger="quiet", **cut)
    s.serve("ABCDE", trigger="quiet", **cut)
    more = dict.fromkeys("FG", "refill")
    s.serve("ABCDEFG", ask={"k": 7}, trigger="quiet", **more)


def a_seat_cut_is_won_back(s: Story) -> None:
    s.knobs(churn_limit=0.4)
    step(s, "ABE", ask={"k": 3}, C="displaced", D="resized", E="resized")


def a_seat_cut_fills_a_hole_later(s: Story) -> None:
    s.serve("ABCD", ask={"k": 4}, trigger="quiet", E="resized")
    s.item("D", False)
    s.serve("ABC", ask={"k": 4}, trigger="quiet", D="withdrawn")
    s.serve("ABCE", ask={"k": 4}, trigger="quiet", E="resized")


def a_gap_closes(s: Story) -> None:
    s.item("C", False)
    s.serve("ABDE", C="withdrawn", D="resized", E="resized", trigger="quiet")
    s.serve("ABDEF", F="refill", trigger="quiet")


def pin_and_unpin(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="asked")
    step(s, "ABCFE", D="displaced", F="better_match")
    s.event("unpin", "E", surface="home")
    s.serve(pins="", E="asked", trigger="asked")
    s.event("click", "A")
    s.serve("ABCFG", E="displaced", G="better_match", dt=40)


def a_pinned_item_is_withdrawn(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="asked")
    s.item("E", False)
    s.serve("ABCDF", pins="", E="withdrawn", F="refill", trigger="quiet")


def a_pinned_item_is_excluded_for_one_call(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="asked")
    s.serve("ABCDF", pins="", ask={"exclude": "E"}, E="excluded", F="refill", trigger="quiet")
    s.serve()


def a_pinned_seat_beyond_a_short_slate(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="asked")
    s.item("A", False)
    s.serve("BCDE", A="withdrawn", **dict.fromkeys("BCDE", "resized"), trigger="quiet")
    s.serve("BCDEF", F="refill", trigger="quiet")


def a_pinned_seat_is_cut_and_comes_back(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="asked")
    cut = dict.fromkeys("DE", "resized")
    s.serve("ABC", pins="", ask={"k": 3}, trigger="quiet", **cut)
    s.item("D", False)
    s.serve("ABCEF", pins="E", E="resized", F="refill", trigger="quiet")


def dismiss_and_undo(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.serve("ABGDE", C="dismissed", G="refill", trigger="asked")
    s.event("undo", surface="home")
    s.serve("ABCDE", G="undone", C="undone", trigger="asked")


def dismiss_and_undo_before_the_next_answer(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.event("undo", surface="home")
    s.serve(trigger="asked")


def refresh(s: Story) -> None:
    s.event("refresh", surface="home")
    s.serve("VWXYZ", trigger="asked", **dict.fromkeys("ABCDEVWXYZ", "asked"))
    s.serve()


def refresh_that_finds_nothing(s: Story) -> None:
    s.event("refresh", surface="home")
    s.serve(trigger="asked")
    s.not_modified()


def refresh_pending_on_a_lower_rung(s: Story) -> None:
    s.event("refresh", surface="home")
    s.serve(trigger="degraded", served_by__degraded=True, served_by__degraded_reason="deadline")
    back = {"served_by__degraded": False, "served_by__degraded_reason": None}
    s.serve("VWXYZ", trigger="asked", **dict.fromkeys("ABCDEVWXYZ", "asked"), **back)


def an_alternative_is_chosen(s: Story) -> None:
    s.event("choose_alternative", surface="home", alternative_id="a1")
    both = dict.fromkeys("ABCDEVWXYZ", "alternative_chosen")
    s.serve("VWXYZ", trigger="asked", **both)


def not_modified(s: Story) -> None:
    step(s)
    s.not_modified()
    s.serve()


def freeze_keeps_the_cause(s: Story) -> None:
    s.switch("freeze", True)
    s.event("click", "A")
    s.serve(trigger="freeze", dt=40)
    s.switch("freeze", False)
    s.serve("ABCDF", **STEP)


def bypass(s: Story) -> None:
    s.switch("bypass", True)
    s.serve("VWXYZ", trigger="bypass", **dict.fromkeys("ABCDEVWXYZ", "kill_switch"))
    s.serve("EWXYZ", trigger="bypass", V="kill_switch", E="kill_switch")


def rule_refresh(s: Story) -> None:
    s.knobs(refresh_when="context.filters_applied == true")
    on = {"context.filters_applied": "true"}
    s.serve("VWXYZ", ask=on, trigger="refresh_rule", **dict.fromkeys("ABCDEVWXYZ", "rule_refresh"))
    s.serve(ask=on)


def free_rerank(s: Story) -> None:
    s.knobs(max_shift=None)
    step(s, "BACDF", A="moved", B="moved")


def idle_time_relaxes_the_limit(s: Story) -> None:
    s.knobs(half_life_s=60)
    step(
        s,
        "ABFGH",
        C="displaced",
        D="displaced",
        G="better_match",
        H="better_match",
        dt=120,
        consistency__allowed=4,
    )


def the_budget_window_slides(s: Story) -> None:
    s.knobs(session_budget=1)
    step(s)
    s.event("click", "A")
    s.serve("ABCDG", dt=620, **OTHER)


def a_session_idle_for_long_begins_anew(s: Story) -> None:
    s.serve("VWXYZ", anew=True, dt=1900)


def a_logout_begins_anew(s: Story) -> None:
    s.add("event", request={"path": "/v1/sessions/s1/logout"}, status=200)
    s.serve("VWXYZ", anew=True)


def an_outage_without_token(s: Story) -> None:
    lost = {"served_by__degraded": True, "served_by__degraded_reason": "state store lost"}
    s.serve("VWXYZ", anew=True, **lost)
    del s.last["s1", "home"]
    s.serve("VWXYZ", epoch=9_000_000)


def since_an_older_epoch(s: Story) -> None:
    step(s)
    step(s, "ABCDG", **OTHER)
    changes = [
        {"item_id": "E", "from": 5, "to": None, "reason": "displaced"},
        {"item_id": "G", "from": None, "to": 5, "reason": "better_match"},
    ]
    s.serve(ask={"since": 1_000_000}, changes_from=1_000_000, changes=changes)


def a_history_that_starts_amid_a_session(s: Story) -> None:
    step(s)
    step(s, "ABCDG", **OTHER)
    del s.records[1:4]


def a_dismissal_before_the_history_starts(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.serve("ABGDE", C="dismissed", G="refill", trigger="asked")
    del s.records[:-1]


def errors_are_not_judged(s: Story) -> None:
    s.add("answer", session_id="s1", request={"path": "/v1/slates/home"}, status=503, body=None)
    s.add("answer", session_id="s1", request="/v1/slates/nowhere", status=404, body={"code": "x"})


def an_answer_that_got_lost_made_the_epoch(s: Story) -> None:
    s.event("click", "A")
    s.add(
        "answer", dt=40, session_id="s1", request={"path": "/v1/slates/home"}, status=0, body=None
    )
    s.event("click", "B")
    s.serve("ABCDF", trigger="hold", **STEP)
    s.serve("ABCDG", dt=40, **OTHER)


def two_answers_recorded_in_the_other_order(s: Story) -> None:
    s.event("click", "A")
    old = s.serve(dt=40, trigger="hold", t0=s.t + 39.9)
    s.serve("ABCDF", t0=s.t - 0.1, **STEP)
    old["t"] = s.t + 1
    s.records.append(s.records.pop(-2))
    s.t += 1


def a_later_epoch_recorded_first(s: Story) -> None:
    s.knobs(hold_s=0)
    s.event("click", "A")
    first = s.serve("ABCDF", dt=40, t0=s.t + 39, **STEP)
    s.event("click", "A")
    s.serve("ABCDG", t0=s.t, **OTHER)
    s.records.remove(first)
    first["t"] = s.t = s.t + 1
    s.records.append(first)


def the_loser_of_a_race_is_recorded_first(s: Story) -> None:
    s.event("click", "A")
    s.serve("ABCDF", dt=40, t0=s.t + 39.9, trigger="hold", **STEP)
    s.serve(trigger="step", t0=s.t - 0.2)


def an_event_acts_before_its_acknowledgement(s: Story) -> None:
    s.serve("ABCDF", dt=40, t0=s.t + 39.9, **STEP)
    s.event("click", "A", t0=s.t - 0.5)


def a_dismiss_in_flight_binds_nobody(s: Story) -> None:
    s.serve(t0=s.t + 0.5)
    s.event("dismiss", "C", t0=s.t - 0.2)
    s.records[-1]["t0"] = s.t - 2
    s.serve(t0=s.t - 0.5)


def consent_and_login(s: Story) -> None:
    put = {"method": "PUT", "path": "/v1/sessions/s1/consent", "body": {"personalisation": True}}
    s.add("event", session_id="s1", request=put, status=200)
    s.serve("ABCDF", dt=40, **STEP)
    login = {"method": "POST", "path": "/v1/sessions/s1/login", "body": {"user_id": "u"}}
    s.add("event", session_id="s1", request=login, status=200)
    s.serve("ABCDG", dt=40, ask={"user_id": "u"}, **OTHER)


def a_login_brings_in_what_was_bought_before(s: Story) -> None:
    login = {"method": "POST", "path": "/v1/sessions/s1/login", "body": {"user_id": "u"}}
    s.add("event", session_id="s1", request=login, status=200)
    s.serve("ABGDE", C="consumed", G="refill", trigger="hold")


PERMITTED: list[Callable[[Story], None]] = [
    made
    for made in list(globals().values())
    if callable(made) and getattr(made, "__module__", "") == __name__ and made is not step
]


@pytest.mark.parametrize("tell_it", PERMITTED, ids=[each.__name__ for each in PERMITTED])
def test_a_permitted_history_is_judged_clean(
    tell_it: Callable[[Story], None], story: Story
) -> None:
    tell_it(story)
    judge = Judge()
    found = [each for record in story.records for each in judge.feed(record)]
    assert [*found, *judge.finish()] == []
    assert judge.answers > 0


def test_the_list_of_permissions_is_not_empty() -> None:
    assert len(PERMITTED) > 40
