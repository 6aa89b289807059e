"""What may change now: the first row of the table that applies.

The numbers are those of the published table:

1. the freeze switch is on             refills
2. the bypass switch is on             the recommender's top k
3. the visitor asked                   exactly that
4. no candidates, or of a lower rung   refills   (lower than is normal for this visitor)
5. hold_when is true                   refills
6. refresh_when became true            every seat not pinned
7. no cause, or the hold is not over   refills
8. otherwise                           a step of at most m displacements

The rows are walked twice: before the recommender is asked, to learn whether it must be, and with
its candidates. Both walks read the same rows.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from policies.candidates import Candidates, lower
from policies.knobs import Knobs
from policies.slate import Facts, SlateState

EPSILON: Final = 1e-9
ANY: Final = 10**9


class Permission(NamedTuple):
    """A row of the table as it applies now: at most `displacements`, for which reason.

    Kept items move at most `shift` seats (None: any number).
    """

    trigger: str
    displacements: int = 0
    reason: str = "better_match"
    shift: int | None = 0
    by_score: bool = False
    cause: str | None = None
    rule: str | None = None

    @property
    def renews(self) -> bool:
        """Whether the answer takes in all that is new, so that no cause is left."""
        return (
            self.trigger in ("step", "refresh_rule", "session_start") or self.displacements == ANY
        )

    @property
    def carries(self) -> bool:
        """Whether the slate begins with what is carried over; only what is gone is replaced."""
        return self.trigger == "session_start" and not self.by_score


def cause_of(knobs: Knobs, state: SlateState, facts: Facts, now: float) -> str | None:
    """What is new since the last step: event, model, knobs or time; None when nothing is."""
    seen = state.seen
    if facts.heard > seen.heard:
        return "event"
    if facts.model != seen.model and not behind(state, facts):
        return "model"
    if facts.policy_version > seen.policy_version:
        return "knobs"
    if knobs.refresh_every_s is not None and now - seen.at >= knobs.refresh_every_s:
        return "time"
    return None


def behind(state: SlateState, facts: Facts) -> bool:
    """Whether a model that went live later than ours made the slate.

    Two workers take up a new model at two moments; without this they would undo each other's steps.
    """
    seen = state.seen
    return 0 < facts.model_version < seen.model_version and facts.model != seen.model


def limit_after(knobs: Knobs, idle_s: float) -> float:
    """The churn limit after `idle_s` without an answer: it relaxes with `half_life_s`."""
    if knobs.half_life_s is None:
        return knobs.churn_limit
    return 1.0 - (1.0 - knobs.churn_limit) * math.exp2(-max(0.0, idle_s) / knobs.half_life_s)


def budget_left(knobs: Knobs, state: SlateState | None, now: float) -> int | None:
    """Displacements left in the window that ends now; None when there is no budget."""
    if knobs.session_budget is None:
        return None
    if state is None or not state.spent:
        return knobs.session_budget
    used = sum(count for at, count in state.spent if now - at <= knobs.budget_window_s)
    return max(0, knobs.session_budget - used)


def share(knobs: Knobs, state: SlateState, facts: Facts, filled: int, now: float) -> int:
    """The displacements that the churn limit allows, for `filled` seats filled before the step."""
    # When each answer came is kept only while a knob asks for it, so new knobs find nobody idle.
    new_knobs = facts.policy_version > state.policy_version
    limit = limit_after(knobs, 0.0 if new_knobs else now - state.answered_at)
    return math.floor(limit * filled + EPSILON)


def allowance(knobs: Knobs, state: SlateState, facts: Facts, filled: int, now: float) -> int:
    """m of row 8: what limit and budget allow."""
    allowed, left = share(knobs, state, facts, filled, now), budget_left(knobs, state, now)
    return allowed if left is None else min(allowed, left)


def shift_of(knobs: Knobs, state: SlateState, facts: Facts, filled: int, now: float) -> int | None:
    """How far kept items may move in a step.

    Where the knobs allow no displacement the surface is frozen, and changes by force only; where
    the budget is merely spent, items may still move.
    """
    frozen = knobs.session_budget == 0 or share(knobs, state, facts, filled, now) == 0
    return 0 if frozen else knobs.max_shift


def frozen_row(knobs: Knobs, state: SlateState, facts: Facts, now: float) -> Permission | None:
    """Row 1."""
    return Permission("freeze", cause=cause_of(knobs, state, facts, now)) if facts.freeze else None


def idle_row(knobs: Knobs, state: SlateState, facts: Facts, now: float) -> Permission | None:
    """Rows that need no candidates (4 without a store, 5, 7); None when another may apply."""
    cause = cause_of(knobs, state, facts, now)
    if facts.store_lost:
        return Permission("degraded", cause=cause)
    # A worker behind the state's versions must not undo what a newer one decided.
    if facts.policy_version < state.policy_version or behind(state, facts):
        return Permission("quiet")
    if facts.hold_rule is not None:
        return Permission("hold_rule", cause=cause, rule=facts.hold_rule)
    if facts.refresh_rule is not None:
        return None
    if cause is None:
        return Permission("quiet")
    if now - state.chosen_at < knobs.hold_s:
        return Permission("hold", cause=cause)
    return None


def permission(
    knobs: Knobs,
    state: SlateState | None,
    candidates: Candidates | None,
    facts: Facts,
    now: float,
    *,
    asked: bool,
    refresh: bool,
    filled: int,
) -> Permission:
    """The row that applies; `asked` and `refresh` tell what the visitor asked.

    `filled` counts the seats filled before, at most k; `candidates` are None when no rung could
    answer.
    """
    if state is None:
        if facts.carried and not (refresh or facts.bypass):
            return Permission("session_start", reason="session_start")
        return Permission("session_start", ANY, "session_start", by_score=True)
    # The visitor's normal rung is the measure: a slate that began on a lower one waits for it, and
    # after a withdrawn consent a lower one is normal.
    usable = (
        candidates is not None
        and not facts.store_lost
        and not lower(candidates.rung, than=facts.normal)
    )
    old = behind(state, facts)
    cause = cause_of(knobs, state, facts, now)
    if frozen := frozen_row(knobs, state, facts, now):
        return frozen
    if facts.bypass:
        able = usable and not old
        return Permission("bypass", ANY if able else 0, "kill_switch", by_score=able, cause=cause)
    if asked:
        if refresh and usable and not old:
            return Permission("asked", ANY, "asked", shift=None, cause=cause)
        return Permission("asked", 0, "asked", cause=cause)
    if not usable:
        return Permission("degraded", cause=cause)
    idle = idle_row(knobs, state, facts, now)
    if idle is not None:
        return idle
    if facts.refresh_rule is not None:
        return Permission("refresh_rule", ANY, "rule_refresh", shift=None, rule=facts.refresh_rule)
    allowed = allowance(knobs, state, facts, filled, now)
    shift = shift_of(knobs, state, facts, filled, now)
    return Permission("step", allowed, shift=shift, cause=cause)
