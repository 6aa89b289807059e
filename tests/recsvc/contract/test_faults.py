"""Every planted fault is caught, and under the clause that it breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recsvc.contract import Judge

STEP = {"E": "displaced", "F": "better_match"}
Story = Any


def step(s: Story, items: str = "ABCDF", **more: Any) -> Any:
    s.event("click", "A")
    return s.serve(items, **{"dt": 40, **STEP, **more})


def other_items_in_same_epoch(s: Story) -> None:
    s.serve()["body"]["items"][0]["item_id"] = "Z"


def other_order_in_same_epoch(s: Story) -> None:
    items = s.serve()["body"]["items"]
    items[0]["item_id"], items[1]["item_id"] = "B", "A"


def pin_without_new_epoch(s: Story) -> None:
    s.event("pin", "A", surface="home")
    s.serve()["body"]["items"][0]["pinned"] = True


def more_displaced_than_allowed(s: Story) -> None:
    step(s, "ABCGF", D="displaced", G="better_match")


def allowed_above_limit(s: Story) -> None:
    step(s, consistency__allowed=2)


def budget_overspent(s: Story) -> None:
    s.knobs(version=2, session_budget=1)
    step(s, policy__version=2)
    s.event("click", "A")
    s.serve("ABCDG", F="displaced", G="better_match", dt=40, consistency__allowed=1)


def hold_not_kept(s: Story) -> None:
    step(s)
    s.event("click", "A")
    s.serve("ABCDG", F="displaced", G="better_match", dt=5)


def hold_from_start_not_kept(s: Story) -> None:
    step(s, dt=5)


def kept_item_moves(s: Story) -> None:
    step(s, "BACDE", A="moved", B="moved", consistency__displaced=0)


def hidden_displacement(s: Story) -> None:
    s.knobs(version=2, churn_limit=0.2)
    step(s, "ABCGF", D="withdrawn", G="refill", consistency__allowed=1, consistency__refilled=1)
    s.records[-1]["body"]["changes"] = [
        change for change in s.records[-1]["body"]["changes"] if change["item_id"] != "D"
    ]


def chosen_change_under_freeze(s: Story) -> None:
    s.switch("freeze", True)
    step(s)


def epoch_goes_back(s: Story) -> None:
    old = dict(s.records[-1])
    step(s)
    s.records.append({**old, "t": s.t + 1})


def epoch_goes_back_in_304(s: Story) -> None:
    step(s)
    s.not_modified('W/"1000000"')


def version_goes_back(s: Story) -> None:
    s.knobs(version=2)
    s.serve(policy__version=2)
    s.serve(policy__version=1)


def dismissed_stays(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.serve()


def dismissed_stays_in_304(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.not_modified()


def dismissed_on_other_surface(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.serve("ABGDE", C="dismissed", G="refill", trigger="asked")
    s.serve("XYCVW", surface="similar")


def dismissed_comes_back(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.serve("ABGDE", C="dismissed", G="refill", trigger="asked")
    step(s, "ABCDE", G="displaced", C="better_match")


def dismissed_on_other_session_of_a_consented_person(s: Story) -> None:
    s.add("event", request={"path": "/v1/users/u/consent", "body": {"personalisation": True}})
    s.event("dismiss", "C", session="s2", user_id="u")
    s.serve(ask={"user_id": "u"})


def pin_ignored(s: Story) -> None:
    s.event("pin", "C", surface="home")
    s.serve()


def pinned_item_leaves(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="asked")
    step(s, pins="")


def pinned_item_moves(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve("ABCED", pins="E", E="pinned", D="moved", trigger="asked")


def unpin_ignored(s: Story) -> None:
    s.event("pin", "E", surface="home")
    s.serve(pins="E", E="pinned", trigger="asked")
    s.event("unpin", "E", surface="home")
    s.serve()


def refresh_not_answered(s: Story) -> None:
    s.event("refresh", surface="home")
    s.serve()


def refresh_answered_by_304(s: Story) -> None:
    s.event("refresh", surface="home")
    s.not_modified()


def undo_brings_nothing_back(s: Story) -> None:
    s.event("dismiss", "C", surface="home")
    s.serve("ABGDE", C="dismissed", G="refill", trigger="asked")
    s.event("undo", surface="home")
    s.serve(trigger="asked")


def choice_not_answered(s: Story) -> None:
    s.event("choose_alternative", surface="home", alternative_id="a1")
    s.serve()


def unlisted_change(s: Story) -> None:
    changes = step(s)["body"]["changes"]
    changes[:] = [change for change in changes if change["item_id"] != "F"]


def listed_non_change(s: Story) -> None:
    step(s)["body"]["changes"].append({"item_id": "A", "from": 1, "to": 1, "reason": "moved"})


def listed_item_never_there(s: Story) -> None:
    step(s)["body"]["changes"].append(
        {"item_id": "Q", "from": 2, "to": None, "reason": "dismissed"}
    )


def unlisted_pin(s: Story) -> None:
    s.event("pin", "A", surface="home")
    s.serve(pins="A", A="pinned", trigger="asked")["body"]["changes"].clear()


def unknown_reason(s: Story) -> None:
    step(s, E="because")


def displaced_count_lies(s: Story) -> None:
    step(s, consistency__displaced=0)


def refilled_count_lies(s: Story) -> None:
    step(s, consistency__refilled=1)


def withdrawn_without_withdrawal(s: Story) -> None:
    s.item("Z", False)
    step(s, E="withdrawn", F="refill")


def dismissed_by_nobody(s: Story) -> None:
    step(s, E="dismissed", F="refill")


def consumed_by_nobody(s: Story) -> None:
    step(s, E="consumed", F="refill")


def excluded_by_nobody(s: Story) -> None:
    step(s, E="excluded", F="refill")


def excluded_by_a_filter_that_was_there_before(s: Story) -> None:
    s.item("Z", True)
    on = {"context.to": "Porto"}
    s.serve(ask=on)
    s.serve("ABCDF", ask=on, E="excluded", F="refill", trigger="quiet")


def asked_by_nobody(s: Story) -> None:
    s.serve("ABCDF", E="asked", F="asked", trigger="asked")


def undone_by_nobody(s: Story) -> None:
    s.serve("ABCDF", E="undone", F="undone", trigger="asked")


def displaced_while_held(s: Story) -> None:
    step(s, trigger="hold")


def repeat_changes_its_changes(s: Story) -> None:
    step(s)
    s.serve()["body"]["changes"].clear()


def repeat_changes_allowed(s: Story) -> None:
    step(s)
    s.serve(consistency__allowed=0)


def since_lies(s: Story) -> None:
    step(s)
    s.serve(ask={"since": 1_000_000}, changes=[], changes_from=1_000_000)


def skips_an_epoch(s: Story) -> None:
    step(s)
    step(s, "ABCDG", F="displaced", G="better_match")["body"]["changes_from"] = 1_000_000


def called_kept_but_new(s: Story) -> None:
    step(s)["body"]["items"][4]["standing"] = "kept"


def first_answer_displaces(s: Story) -> None:
    s.serve("ABCDE", session="s2", consistency__displaced=1)


def duplicate_item(s: Story) -> None:
    s.serve("ABCDA", session="s2")


def hole_in_positions(s: Story) -> None:
    s.serve("ABCDE", session="s2")["body"]["items"][4]["position"] = 6


def withdrawn_item_stays(s: Story) -> None:
    s.item("C", False)
    s.serve()


def withdrawn_item_stays_in_304(s: Story) -> None:
    s.item("C", False)
    s.not_modified()


def another_session_answered(s: Story) -> None:
    s.serve(ask={"session_id": "s2"})


def slate_of_another_session(s: Story) -> None:
    s.serve("ABCDE", session="s2", slate_id="s1-home")


def too_many_items(s: Story) -> None:
    s.serve("ABCDE", session="s2", ask={"k": 3})


def degraded_chooses(s: Story) -> None:
    step(s, served_by__degraded=True, served_by__degraded_reason="deadline")


def reload_shuffles(s: Story) -> None:
    s.serve("ABCDF", dt=40, **STEP)


def second_step_for_one_event(s: Story) -> None:
    step(s)
    s.serve("ABCDG", F="displaced", G="better_match", dt=40)


def discarded_event_acts(s: Story) -> None:
    gone = [{"event_id": "x", "reason": "no_consent"}]
    s.event("click", "A", event_id="x", reply={"accepted": 0, "discarded": gone})
    s.serve("ABCDF", dt=40, **STEP)


def other_visitors_event_acts(s: Story) -> None:
    s.event("click", "A", session="s2")
    s.serve("ABCDF", dt=40, **STEP)


def duplicate_event_acts_twice(s: Story) -> None:
    s.event("click", "A", event_id="x")
    s.serve("ABCDF", dt=40, **STEP)
    s.event("click", "A", event_id="x", reply={"accepted": 0, "duplicate": 1})
    s.serve("ABCDG", F="displaced", G="better_match", dt=40)


def begins_anew_inside_ttl(s: Story) -> None:
    s.serve("VWXYZ", anew=True, dt=60)


def begins_anew_despite_token(s: Story) -> None:
    lost = {"served_by__degraded": True, "served_by__degraded_reason": "state store lost"}
    s.serve("VWXYZ", anew=True, headers={"X-Recsvc-Token": "tok"}, **lost)


def rule_refreshes_again_and_again(s: Story) -> None:
    s.knobs(version=1, refresh_when="context.filters_applied == true")
    on = {"context.filters_applied": "true"}
    s.serve("VWXYZ", ask=on, trigger="refresh_rule", **dict.fromkeys("ABCDEVWXYZ", "rule_refresh"))
    s.serve("ABCDE", ask=on, trigger="refresh_rule", **dict.fromkeys("ABCDEVWXYZ", "rule_refresh"))


FAULTS: list[tuple[str, Callable[[Story], None]]] = [
    ("C1", other_items_in_same_epoch),
    ("C1", other_order_in_same_epoch),
    ("C1", pin_without_new_epoch),
    ("C2", more_displaced_than_allowed),
    ("C2", allowed_above_limit),
    ("C2", budget_overspent),
    ("C2", hold_not_kept),
    ("C2", hold_from_start_not_kept),
    ("C2", kept_item_moves),
    ("C2", hidden_displacement),
    ("C2", chosen_change_under_freeze),
    ("C3", epoch_goes_back),
    ("C3", epoch_goes_back_in_304),
    ("C3", version_goes_back),
    ("C4", dismissed_stays),
    ("C4", dismissed_stays_in_304),
    ("C4", dismissed_on_other_surface),
    ("C4", dismissed_comes_back),
    ("C4", dismissed_on_other_session_of_a_consented_person),
    ("C4", pin_ignored),
    ("C4", pinned_item_leaves),
    ("C4", pinned_item_moves),
    ("C4", unpin_ignored),
    ("C4", refresh_not_answered),
    ("C4", refresh_answered_by_304),
    ("C4", undo_brings_nothing_back),
    ("C4", choice_not_answered),
    ("C5", unlisted_change),
    ("C5", listed_non_change),
    ("C5", listed_item_never_there),
    ("C5", unlisted_pin),
    ("C5", unknown_reason),
    ("C5", displaced_count_lies),
    ("C5", refilled_count_lies),
    ("C5", withdrawn_without_withdrawal),
    ("C5", dismissed_by_nobody),
    ("C5", consumed_by_nobody),
    ("C5", excluded_by_nobody),
    ("C5", excluded_by_a_filter_that_was_there_before),
    ("C5", asked_by_nobody),
    ("C5", undone_by_nobody),
    ("C5", displaced_while_held),
    ("C5", repeat_changes_its_changes),
    ("C5", repeat_changes_allowed),
    ("C5", since_lies),
    ("C5", skips_an_epoch),
    ("C5", called_kept_but_new),
    ("C5", first_answer_displaces),
    ("C6", duplicate_item),
    ("C6", hole_in_positions),
    ("C6", withdrawn_item_stays),
    ("C6", withdrawn_item_stays_in_304),
    ("C6", another_session_answered),
    ("C6", slate_of_another_session),
    ("C6", too_many_items),
    ("C7", degraded_chooses),
    ("C8", reload_shuffles),
    ("C8", second_step_for_one_event),
    ("C8", discarded_event_acts),
    ("C8", other_visitors_event_acts),
    ("C8", duplicate_event_acts_twice),
    ("C8", begins_anew_inside_ttl),
    ("C8", begins_anew_despite_token),
    ("C8", rule_refreshes_again_and_again),
]


@pytest.mark.parametrize(("clause", "plant"), FAULTS, ids=[plant.__name__ for _, plant in FAULTS])
def test_a_planted_fault_is_caught_under_its_clause(
    clause: str, plant: Callable[[Story], None], story: Story
) -> None:
    plant(story)
    judge = Judge()
    found = [each for record in story.records for each in judge.feed(record)]
    assert clause in {each.clause for each in found}, found
    caught = next(each for each in found if each.clause == clause)
    assert caught.session_id in caught.message
    assert caught.slate_id in caught.message
    assert judge.finish() == []


@pytest.mark.parametrize(("clause", "plant"), FAULTS, ids=[plant.__name__ for _, plant in FAULTS])
def test_a_fault_is_also_caught_when_the_recorder_wrote_both_times(
    clause: str, plant: Callable[[Story], None], story: Story
) -> None:
    plant(story)
    judge = Judge()
    found = []
    for record in story.records:
        found += judge.feed({"t0": record["t"] - 0.01, **record})
    assert clause in {each.clause for each in [*found, *judge.finish()]}
