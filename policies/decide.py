"""The decision: given what this person is looking at and what we now believe, what may change?

1. resize and apply what the visitor asked              policies.draft
2. take out what may not be shown                       policies.draft
3. find the row of the table that applies               policies.permission
4. the best slate which that row allows                 policies.optimum
5. declare every difference, with its reason            policies.changes
6. the next state

Pure: knobs, state, candidates, facts and the time go in; a `Decision` comes out.
"""

from __future__ import annotations

import math
from dataclasses import replace

from policies.candidates import Candidates, lower
from policies.changes import Outcome, declare
from policies.draft import ALWAYS_WORK, Draft, act, begin, close_gaps, leave, resume
from policies.knobs import Knobs
from policies.optimum import Layout, Worth, improve
from policies.permission import Permission, budget_left, idle_row, permission
from policies.slate import Decision, Facts, Seat, Seen, SlateState


def held(knobs: Knobs, state: SlateState | None, facts: Facts, now: float) -> Decision | None:
    """The answer that needs no candidates: nothing asked, nothing gone, nothing due.

    None when the recommender must be asked; `decide` answers then.
    """
    if state is None or facts.asks or state.refresh_pending or facts.bypass:
        return None
    k = facts.k or knobs.k
    if len(state.seats) != k or any(seat.item_id in facts.gone for seat in state.seats):
        return None
    row = Permission("freeze") if facts.freeze else idle_row(knobs, state, facts, now)
    if row is None:
        return None
    draft = Draft(seats=state.seats, tail=state.tail, past=state.past)
    outcome = Outcome(state.seats, (), 0, 0)
    return _conclude(knobs, state, None, facts, now, draft, row, outcome, asked_for=False)


def decide(
    knobs: Knobs,
    state: SlateState | None,
    candidates: Candidates | None,
    facts: Facts,
    now: float,
) -> Decision:
    """The best slate that may be served now, what changed and why, and the state to keep.

    `state` is None for a slate that begins, `candidates` when no rung could answer; `now` is epoch
    seconds. No argument is modified.
    """
    k = facts.k or knobs.k
    draft = begin(k) if state is None else resume(state, k, facts.gone)
    only = ALWAYS_WORK if facts.freeze or facts.bypass else None
    draft = act(draft, facts.asks, only=only)
    gone = facts.gone
    if draft.lifted:
        gone = {item: why for item, why in gone.items() if item not in draft.lifted}
    draft = leave(draft, gone)
    row = permission(
        knobs,
        state,
        candidates,
        facts,
        now,
        asked=bool(draft.answered) or draft.refresh,
        refresh=draft.refresh,
        filled=min(len(state.seats), k) if state else 0,
    )
    worth = Worth.measure(candidates, gone) if candidates else Worth({}, 0.0)
    layout = _best(knobs, draft, worth, row, candidates.known_events if candidates else 0)
    seats = close_gaps([_seat(item, draft, candidates, row) for item in layout])
    outcome = declare(state.seats if state else (), seats, draft, gone, row)
    return _conclude(knobs, state, candidates, facts, now, draft, row, outcome, asked_for=True)


def _best(knobs: Knobs, draft: Draft, worth: Worth, row: Permission, known: int) -> Layout:
    """Item by seat: the optimum that the row allows."""
    layout = draft.items
    if row.by_score:
        return _top(draft, worth)
    shown = {item for item in layout if item is not None}
    # What the visitor's act or a larger screen has just brought back is not contested at once.
    contested = [
        n
        for n, seat in enumerate(draft.seats)
        if seat and not seat.pinned and seat.item_id in worth.of and seat.item_id not in draft.why
    ]
    newcomers = worth.ranked(worth.of.keys() - shown - draft.cut)
    if len(newcomers) < layout.count(None):
        # A smaller screen has just cut these; they fill what nothing else can.
        newcomers += worth.ranked(worth.of.keys() & draft.cut)
    margin = knobs.margin / math.sqrt(max(1, known)) if knobs.margin_by_profile else knobs.margin
    return improve(
        layout,
        newcomers,
        worth,
        contested=contested,
        advantage=(margin + knobs.seat_margin) * worth.deviation,
        displacements=row.displacements,
    )


def _top(draft: Draft, worth: Worth) -> Layout:
    """The recommender's top k around the pins; unscored incumbents fill what is left."""
    pinned = {s.item_id for s in draft.seats if s and s.pinned}
    ranked = worth.ranked(worth.of.keys() - pinned)
    unscored = [s.item_id for s in draft.seats if s and not s.pinned and s.item_id not in worth.of]
    best = iter([*ranked, *unscored])
    return [s.item_id if s and s.pinned else next(best, None) for s in draft.seats]


def _seat(
    item: str | None, draft: Draft, candidates: Candidates | None, row: Permission
) -> Seat | None:
    """The seat as it will be stored: incumbents keep theirs, with new scores after a step."""
    if item is None:
        return None
    for seat in draft.seats:
        if seat is not None and seat.item_id == item:
            if not row.renews or candidates is None or item not in candidates.score_of:
                return seat
            return replace(seat, score=candidates.score_of[item])
    assert candidates is not None  # only a candidate can be new
    because = candidates.because.get(item, ())
    return Seat(item, candidates.score_of[item], "new", candidates.reason, because)


def _conclude(
    knobs: Knobs,
    state: SlateState | None,
    candidates: Candidates | None,
    facts: Facts,
    now: float,
    draft: Draft,
    row: Permission,
    outcome: Outcome,
    *,
    asked_for: bool,
) -> Decision:
    """The next state, and the decision around it."""
    after = _next_state(knobs, state, candidates, facts, now, draft, row, outcome)
    same = state is not None and (
        replace(after, answered_at=0.0) == replace(state, answered_at=0.0)
    )
    answered_by = candidates or after
    rung_lost = asked_for and candidates is None
    return Decision(
        state=after,
        trigger=row.trigger,
        cause=row.cause,
        rule=row.rule,
        budget_left=budget_left(knobs, after, now),
        hold_until=after.chosen_at + knobs.hold_s,
        rung=answered_by.rung,
        model=answered_by.model,
        degraded=facts.store_lost or rung_lost or lower(answered_by.rung, than=facts.normal),
        moved_on=not same or knobs.half_life_s is not None,
        answered_asks=draft.answered,
        lifted=draft.lifted,
    )


def _next_state(
    knobs: Knobs,
    state: SlateState | None,
    candidates: Candidates | None,
    facts: Facts,
    now: float,
    draft: Draft,
    row: Permission,
    outcome: Outcome,
) -> SlateState:
    if state is None:
        state = SlateState(
            epoch=int(now * 1000) - 1,
            seats=(),
            rung=candidates.rung if candidates else "static",
            model=candidates.model if candidates else "",
            normal=facts.normal,
            policy_version=facts.policy_version,
            seen=Seen(facts.heard, "", facts.policy_version, now),
            chosen_at=now,
            answered_at=now,
        )
        first = True
    else:
        first = False
    shown = {seat.item_id for seat in outcome.seats}
    after = replace(
        state,
        answered_at=now,
        policy_version=max(state.policy_version, facts.policy_version),
        tail=tuple(seat for seat in draft.tail if seat.item_id not in shown),
        past=draft.past,
        refresh_pending=draft.refresh and not row.renews,
    )
    if row.renews and candidates is not None:
        after = replace(
            after,
            rung=candidates.rung,
            model=candidates.model,
            normal=facts.normal,
            seen=Seen(facts.heard, candidates.model, facts.policy_version, now),
        )
    if not outcome.changes and not first:
        return after
    chosen = outcome.displaced > 0
    spent = tuple((at, n) for at, n in state.spent if now - at <= knobs.budget_window_s)
    return replace(
        after,
        epoch=state.epoch + 1,
        seats=outcome.seats,
        chosen_at=now if chosen else state.chosen_at,
        spent=(*spent, (now, outcome.displaced)) if chosen else spent,
        changes_from=None if first else state.epoch,
        changes=outcome.changes,
        allowed=row.displacements if row.trigger == "step" else 0,
        displaced=outcome.displaced,
        refilled=outcome.refilled,
        churn=outcome.displaced / min(len(state.seats), len(draft.seats)) if chosen else 0.0,
    )
