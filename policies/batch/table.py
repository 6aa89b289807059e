"""Which row of the table applies, for many slates at once, and what a step may change.

The rows are those of `policies.permission`; they are laid over one another, the last one first.
"""

from __future__ import annotations

from math import exp2
from typing import NamedTuple

import numpy as np

from policies.batch.columns import NOBODY, Column, Slates, differs
from policies.batch.requests import Moments, Offers
from policies.candidates import lower
from policies.knobs import Knobs
from policies.permission import EPSILON


class Rows(NamedTuple):
    """By slate (N,): trigger, cause and rule; whether it takes a `step` or `begins`.

    A step may displace `most`; where it is `frozen` nothing may move either. What is `odd` is not
    decided here.
    """

    trigger: Column
    cause: Column
    rule: Column
    step: Column
    begins: Column
    most: Column
    frozen: Column
    odd: Column


def table_rows(knobs: Knobs, slates: Slates, offers: Offers, moments: Moments) -> Rows:
    """The first row that applies to each slate."""
    version = moments.policy_version
    behind, begins = version < slates.version, ~slates.begun
    cause = _causes(knobs, slates, moments)
    trigger = np.full(len(cause), "step", object)
    rule = np.full(len(cause), None, object)
    odd = _told(moments.refresh_rule, len(cause))
    trigger[moments.now - slates.chosen_at < knobs.hold_s] = "hold"
    trigger[~differs(cause, None)] = "quiet"
    if moments.hold_rule is not None:
        held = _told(moments.hold_rule, len(cause))
        trigger[held], rule[held] = "hold_rule", moments.hold_rule[held]
        odd &= ~held
    trigger[behind], rule[behind] = "quiet", None
    odd &= ~behind
    usable = not moments.store_lost and not lower(offers.rung, than=moments.normal)
    if moments.freeze or not usable:
        trigger[:], rule[:] = "freeze" if moments.freeze else "degraded", None
        odd[:] = False
    else:
        cause[behind] = None
    odd |= moments.bypass and not moments.freeze
    trigger[begins], cause[begins], rule[begins] = "session_start", None, None
    odd &= ~begins
    if moments.picks:
        # Where a pick may come in, it does so one by one.
        odd |= begins | ~differs(trigger, "step")
    step = ~differs(trigger, "step") & ~odd
    most, frozen = _allowance(knobs, slates, moments)
    return Rows(trigger, cause, rule, step, begins, np.where(step, most, 0), frozen, odd)


def _told(rule: Column | None, count: int) -> Column:
    """Where a rule applies."""
    if rule is None:
        return np.zeros(count, bool)
    return differs(rule, None)


def _causes(knobs: Knobs, slates: Slates, moments: Moments) -> Column:
    """What is new since the last step; what counts first is laid on last."""
    cause = np.full(len(slates.begun), None, object)
    if knobs.refresh_every_s is not None:
        cause[moments.now - slates.seen_at >= knobs.refresh_every_s] = "time"
    cause[moments.policy_version > slates.seen_version] = "knobs"
    cause[differs(slates.seen_model, moments.model)] = "model"
    cause[moments.heard > slates.seen_heard] = "event"
    return cause


def budget_left(knobs: Knobs, slates: Slates, now: Column) -> Column | None:
    """Displacements left in the window that ends now; None when there is no budget."""
    if knobs.session_budget is None:
        return None
    inside = now[:, None] - slates.spent_at <= knobs.budget_window_s
    used: Column = np.where(inside, slates.spent, 0).sum(1)
    left: Column = np.maximum(0, knobs.session_budget - used)
    return left


def _allowance(knobs: Knobs, slates: Slates, moments: Moments) -> tuple[Column, Column]:
    """m of row 8, and whether the knobs allow none at all."""
    filled = (slates.items != NOBODY).sum(1)
    limit: Column | float = knobs.churn_limit
    if knobs.half_life_s is not None:
        new_knobs = moments.policy_version > slates.version
        idle = np.where(new_knobs, 0.0, moments.now - slates.answered_at).tolist()
        # One by one: another library's power of two may round otherwise, across a whole number.
        rest = [exp2(-max(0.0, away) / knobs.half_life_s) for away in idle]
        limit = 1.0 - (1.0 - knobs.churn_limit) * np.array(rest)
    share = np.floor(limit * filled + EPSILON).astype(np.int64)
    left = budget_left(knobs, slates, moments.now)
    frozen = (share == 0) | (knobs.session_budget == 0)
    return share if left is None else np.minimum(share, left), frozen
