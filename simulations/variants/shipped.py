"""Decisions to compare with, in the place of `policies.decide`."""

from __future__ import annotations

from dataclasses import replace

from policies import Candidates, Decision, Facts, Knobs, SlateState, decide


def full_refresh(every: int) -> object:
    """The whole slate anew after every so many events, and nothing by choice in between.

    It spends in one step what a limit spreads over several. Raises `ValueError` below 1.
    """
    if every < 1:
        raise ValueError("every must be at least 1")

    def decided(
        knobs: Knobs,
        state: SlateState | None,
        candidates: Candidates | None,
        facts: Facts,
        now: float,
    ) -> Decision:
        due = state is None or facts.heard - state.seen.heard >= every
        share = 1.0 if due else 0.0
        free = replace(knobs, churn_limit=share, hold_s=0.0, session_budget=None, max_shift=None)
        decision = decide(free, state, candidates, facts, now)
        if due or state is None:
            return decision
        # What was heard stays due until the refresh: the events since the last one are counted.
        return decision._replace(state=decision.state._replace(seen=state.seen))

    return decided


def lazy(
    knobs: Knobs,
    state: SlateState | None,
    candidates: Candidates | None,
    facts: Facts,
    now: float,
) -> Decision:
    """Anything may change, but an item that stays gives up its seat only for a reason.

    It moves, or leaves, where that is worth a tenth of the scores' standard deviation.
    """
    own = replace(knobs, churn_limit=1.0, hold_s=0.0, session_budget=None, margin=0.0)
    own = replace(own, max_shift=None, seat_margin=0.1)
    return decide(own, state, candidates, facts, now)
