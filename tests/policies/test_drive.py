"""Random visits keep every clause, and a planted bug of each kind is seen by the judge."""

from __future__ import annotations

import importlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from visits import Visit

import policies.draft
import policies.permission
import policies.worth
from policies import REASONS

Patch = pytest.MonkeyPatch

decision = importlib.import_module("policies.decide")
"""The module; the package's own name `decide` is the function."""

TURNS = 60
CALM = frozenset({"undo", "resize", "publish"})
TRIGGERS = {
    "freeze",
    "bypass",
    "asked",
    "degraded",
    "hold_rule",
    "refresh_rule",
    "quiet",
    "hold",
    "step",
    "session_start",
}
NOT_YET = {"alternative_chosen"}


def visits(
    seeds: range, *, without: frozenset[str] = frozenset(), oddities: frozenset[str] = frozenset()
) -> list[Visit]:
    return [Visit(seed, without=without, oddities=oddities).run(TURNS) for seed in seeds]


def broken(seen: list[Visit]) -> list[str]:
    """The violations as sentences, with the visit's seed so that it can be repeated."""
    return [f"{each.seed}: {v.clause} {v.message}" for each in seen for v in each.violations]


def test_visits_without_undo_resizing_and_new_knobs_keep_every_clause() -> None:
    seen = visits(range(100), without=CALM)
    assert broken(seen) == []
    assert sum(each.judge.answers for each in seen) > 2_500
    assert sum((each.judge.not_judged for each in seen), Counter()) == {}


def test_visits_with_everything_keep_every_clause() -> None:
    seen = visits(range(150))
    assert broken(seen) == []


def test_the_visits_meet_every_trigger_cause_and_reason() -> None:
    seen = visits(range(60))
    triggers = sum((each.triggers for each in seen), Counter())
    reasons = sum((each.reasons for each in seen), Counter())
    causes = sum((each.causes for each in seen), Counter())
    assert set(triggers) == TRIGGERS
    assert min(triggers.values()) >= 5
    assert set(reasons) == set(REASONS) - NOT_YET
    assert min(reasons.values()) >= 20
    assert set(causes) == {None, "event", "model", "knobs", "time"}
    assert sum(each.judge.answers for each in seen) > 1_800
    assert sum((each.judge.not_judged for each in seen), Counter()) == {}


def test_visits_with_every_oddity_keep_every_clause() -> None:
    odd = frozenset({"lost answers", "acts after an undo", "undo held by a switch"})
    assert broken(visits(range(100), oddities=odd)) == []


def _same_epoch(patch: Patch) -> None:
    true = decision.next_state

    def planted(state: Any, *rest: Any) -> Any:
        after = true(state, *rest)
        return after if state is None else after._replace(epoch=state.epoch)

    patch.setattr(decision, "next_state", planted)


def _epoch_goes_back(patch: Patch) -> None:
    true = decision.next_state

    def planted(state: Any, *rest: Any) -> Any:
        after = true(state, *rest)
        moved = state is not None and after.epoch != state.epoch
        return after._replace(epoch=state.epoch - 1) if moved else after

    patch.setattr(decision, "next_state", planted)


def _one_more_than_allowed(patch: Patch) -> None:
    true = policies.permission.allowance
    patch.setattr("policies.permission.allowance", lambda *args: true(*args) + 1)


def _no_hold(patch: Patch) -> None:
    true = policies.permission.idle_row

    def planted(*args: Any) -> Any:
        row = true(*args)
        return None if row is not None and row.trigger == "hold" else row

    patch.setattr("policies.permission.idle_row", planted)
    patch.setattr(decision, "idle_row", planted)


def _spent_budget_forgotten(patch: Patch) -> None:
    patch.setattr("policies.permission.budget_left", lambda *args: 1)


def _pins_contested(patch: Patch) -> None:
    true = policies.draft._mark
    unmarked = {"pinned": False, "reason": "asked"}
    patch.setattr("policies.draft._mark", lambda draft, ask, **_: true(draft, ask, **unmarked))


def _refresh_forgotten(patch: Patch) -> None:
    patch.setitem(policies.draft._ACTS, "refresh", lambda draft, ask: draft)
    true = decision.permission

    def planted(*args: Any, asked: bool, refresh: bool, filled: int) -> Any:
        return true(*args, asked=refresh, refresh=refresh, filled=filled)

    patch.setattr(decision, "permission", planted)


def _dismissed_come_back(patch: Patch) -> None:
    _only_gone_for(patch, "dismissed")


def _withdrawn_stay(patch: Patch) -> None:
    _only_gone_for(patch, "withdrawn")


def _only_gone_for(patch: Patch, forgiven: str) -> None:
    true_leave, true_worth = decision.leave, policies.worth.Worth

    def without(gone: Any) -> Any:
        return {item: why for item, why in gone.items() if why != forgiven}

    patch.setattr(decision, "leave", lambda draft, gone: true_leave(draft, without(gone)))
    patch.setattr("policies.choice.Worth", lambda offer, gone: true_worth(offer, without(gone)))


def _exits_not_listed(patch: Patch) -> None:
    true = decision.declare

    def planted(*args: Any) -> Any:
        outcome = true(*args)
        listed = tuple(change for change in outcome.changes if change.after is not None)
        return outcome._replace(changes=listed or outcome.changes)

    patch.setattr(decision, "declare", planted)


def _wrong_reasons(patch: Patch) -> None:
    patch.setattr("policies.changes._exit", lambda *args: "consumed")


def _shown_twice(patch: Patch) -> None:
    true = decision.close_gaps

    def planted(seats: Any) -> Any:
        closed = true(seats)
        return (*closed[:-1], closed[0]) if len(closed) > 2 else closed

    patch.setattr(decision, "close_gaps", planted)


def _lower_rungs_step(patch: Patch) -> None:
    patch.setattr("policies.permission.lower", lambda rung, than: False)


def _everything_is_a_cause(patch: Patch) -> None:
    patch.setattr("policies.permission.cause_of", lambda *args: "event")


def _causes_forgotten_at_once(patch: Patch) -> None:
    """No step at all is no violation; a start anew at each reload is."""
    true = decision.decide

    def planted(knobs: Any, state: Any, *rest: Any) -> Any:
        return true(knobs, None, *rest)

    patch.setattr("visits.held", lambda *args: None)
    patch.setattr("visits.decide", planted)


PLANTED: dict[str, tuple[str, Callable[[Patch], None]]] = {
    "the epoch stays when the slate changes": ("C1", _same_epoch),
    "one displacement more than allowed": ("C2", _one_more_than_allowed),
    "hold_s is not waited for": ("C2", _no_hold),
    "the budget never runs out": ("C2", _spent_budget_forgotten),
    "the epoch goes back": ("C3", _epoch_goes_back),
    "a pin is not kept": ("C4", _pins_contested),
    "a refresh is not answered": ("C4", _refresh_forgotten),
    "a dismissed item stays": ("C4", _dismissed_come_back),
    "exits are not listed": ("C5", _exits_not_listed),
    "every exit is called consumed": ("C5", _wrong_reasons),
    "a withdrawn item stays": ("C6", _withdrawn_stay),
    "an item is shown twice": ("C6", _shown_twice),
    "a lower rung takes a step": ("C7", _lower_rungs_step),
    "everything is a cause": ("C8", _everything_is_a_cause),
    "every answer begins anew": ("C8", _causes_forgotten_at_once),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_the_judge_sees_a_planted_bug(bug: str, monkeypatch: Patch) -> None:
    clause, plant = PLANTED[bug]
    plant(monkeypatch)
    found: Counter[str] = Counter()
    for seed in range(60):
        visit = Visit(seed, without=CALM)
        visit.run(TURNS)
        found.update(v.clause for v in visit.violations)
        if found[clause]:
            return
    pytest.fail(f"no violation of {clause}, only {dict(found)}")
