"""The decision: given what this person is looking at and what we now believe, what may change?

1. resize and apply what the visitor asked              policies.draft
2. take out what may not be shown                       policies.draft
3. find the row of the table that applies               policies.permission
4. the best slate which that row allows                 policies.picks, policies.choice
5. declare every difference, with its reason            policies.changes
6. the next state                                       policies.state

Pure: knobs, state, candidates, facts and the time go in; a `Decision` comes out.
"""

from __future__ import annotations

from collections.abc import Mapping

from policies.candidates import Candidates, lower
from policies.changes import Outcome, declare, measure, standing_of
from policies.choice import choose
from policies.contest import Layout
from policies.draft import NO_REASONS, Draft, act, begin, close_gaps, leave, resume
from policies.knobs import Knobs
from policies.permission import Permission, behind, budget_left, frozen_row, idle_row, permission
from policies.picks import NOBODY, seat_picks
from policies.slate import Decision, Facts, Row, Seat, SlateState, Standing
from policies.state import next_state
from policies.worth import Worth


def held(knobs: Knobs, state: SlateState | None, facts: Facts, now: float) -> Decision | None:
    """The answer that needs no candidates: nothing asked, nothing gone, nothing due.

    None when the recommender must be asked; `decide` answers then.
    """
    if state is None or facts.asks or state.refresh_pending or facts.bypass:
        return None
    k = facts.k or knobs.k
    if not len(state.seats) == state.k == k:
        return None
    if any(seat.item_id in facts.gone for seat in state.seats):
        return None
    row = frozen_row(knobs, state, facts, now) or idle_row(knobs, state, facts, now)
    if row is None:
        return None
    draft = resume(state, k)
    after = next_state(state, None, facts, now, draft, row, Outcome(state.seats, (), 0, 0))
    return _decision(knobs, state, after, facts, now, draft, row, after.rung, after.model)


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
    draft = begin(k, facts) if state is None else resume(state, k)
    if facts.asks:
        draft = act(draft, facts.asks, switched=facts.freeze or facts.bypass)
    gone = facts.gone
    if draft.lifted:
        # An undo takes back this slate's dismissal, and no other reason to be gone.
        back = {i for i in draft.lifted if gone.get(i) == "dismissed" and i not in facts.firm}
        gone = {item: why for item, why in gone.items() if item not in back}
    if gone:
        draft = leave(draft, gone)
    before = state.seats if state else ()
    row = permission(
        knobs,
        state,
        candidates,
        facts,
        now,
        asked=bool(draft.answered) or draft.refresh,
        refresh=draft.refresh,
        filled=min(len(before), k),
    )
    worth = Worth(candidates, gone)
    items = draft.items
    came, why = NOBODY, NO_REASONS
    if facts.picks:
        table, left, came, why = seat_picks(draft, facts.picks, gone, row)
        layout = choose(knobs, table, table.items, worth, gone, left)
    else:
        layout = choose(knobs, draft, items, worth, gone, row)
    was = {seat.item_id: n for n, seat in enumerate(before)}
    if layout == items and None not in layout and state and not (draft.why or draft.marked):
        seats = draft.seats
    else:
        seats = _seated(layout, draft, candidates, worth, row, was, came)
    seats = close_gaps(seats)
    told = draft
    if why:
        told = draft._replace(why={**draft.why, **why})
    elif state is None:
        # Nothing was on the screen yet that an act could have changed.
        told = draft._replace(why=NO_REASONS)
    outcome = declare(was, before, seats, told, layout, gone, row)
    if outcome.displaced:
        outcome = measure(outcome, worth, why)
    after = next_state(state, candidates, facts, now, draft, row, outcome)
    # A worker behind the slate's model reports that model: it has only refilled.
    answered = after if state is not None and behind(state, facts) else candidates or after
    decision = _decision(knobs, state, after, facts, now, draft, row, answered.rung, answered.model)
    if state is None and row.carries:
        # The slate is that of the model which gave it, now and in the answers that repeat it.
        decision = decision._replace(model=after.model)
    return decision if candidates else decision._replace(degraded=True)


def _seated(
    layout: Layout,
    draft: Draft,
    candidates: Candidates | None,
    worth: Worth,
    row: Permission,
    was: Mapping[str, int],
    came: Mapping[str, Seat],
) -> Row:
    """The seats as they will be stored: incumbents keep theirs, with new scores after a step.

    The seats of picks that `came` are made already.
    """
    known = {seat.item_id: seat for seat in draft.row if seat is not None}
    if came:
        known.update(came)
    seats: list[Seat | None] = []
    score_of, renews = worth.score, row.renews
    for n, item in enumerate(layout):
        seat = None if item is None else known.get(item)
        if seat is not None:
            item, score, _, reason, because, pinned = seat
            if renews and (new_score := score_of(item)) is not None:
                score = new_score
            there = was.get(item)
            standing: Standing = "kept"
            if there != n or pinned:
                standing = standing_of(pinned, there, n)
            seat = Seat(item, score, standing, reason, because, pinned)
        elif item is not None:
            assert candidates is not None  # only a candidate can be new
            because = candidates.because.get(item, ())
            seat = Seat(item, score_of(item), "new", candidates.reason, because)
        seats.append(seat)
    return tuple(seats)


def _decision(
    knobs: Knobs,
    before: SlateState | None,
    after: SlateState,
    facts: Facts,
    now: float,
    draft: Draft,
    row: Permission,
    rung: str,
    model: str,
) -> Decision:
    """The state, and what is said of this answer beside it."""
    same = before is not None and (
        after.epoch == before.epoch and after._replace(answered_at=before.answered_at) == before
    )
    # When answers came matters to knobs with a half-life: ours, or those of a newer worker.
    timed = knobs.half_life_s is not None or facts.policy_version < after.policy_version
    # A late answer of the live model is as good as one in time.
    late = rung == "late" and model == facts.model
    return Decision(
        after,
        row.trigger,
        row.cause,
        row.rule,
        budget_left(knobs, after, now),
        after.chosen_at + knobs.hold_s,
        rung,
        model,
        degraded=facts.store_lost or (lower(rung, than=facts.normal) and not late),
        moved_on=not same or bool(draft.answered) or timed,
        answered_asks=draft.answered,
        lifted=draft.lifted,
    )
