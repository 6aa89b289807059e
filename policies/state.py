"""The state that a decision leaves for the next one."""

from __future__ import annotations

from typing import Final

from policies.candidates import Candidates, lower
from policies.changes import Outcome
from policies.draft import Draft
from policies.permission import Permission
from policies.slate import Carried, Facts, Row, Seat, Seen, SlateState, Snapshot

SPENT_KEPT: Final = 64
"""Steps whose displacements are told apart; older ones are added to the oldest kept."""

Spent = tuple[tuple[float, int], ...]


def next_state(
    state: SlateState | None,
    candidates: Candidates | None,
    facts: Facts,
    now: float,
    draft: Draft,
    row: Permission,
    outcome: Outcome,
) -> SlateState:
    """The slate as served, and what the answer used up of causes, budget and acts.

    An epoch begins with a change of content, order or pins; without one the state repeats what it
    declared before.
    """
    before = state or _beginning(candidates, facts, now)
    tail = _without(draft.row[draft.k :], outcome.seats) if len(draft.row) > draft.k else ()
    rung, model, normal, seen = before.rung, before.model, before.normal, before.seen
    version = max(before.policy_version, facts.policy_version)
    if row.renews and candidates is not None:
        rung, model, normal = candidates.rung, candidates.model, facts.normal
        # What an older worker renews is no cause for a newer one: the slate had its knobs before.
        seen = Seen(
            facts.heard, model, version, now, max(before.seen.model_version, facts.model_version)
        )
    if state is None and row.carries and facts.carried is not None:
        rung, model, seen = _continued(facts.carried, candidates, facts)
    past = _past(draft, row, outcome.seats, tail) if draft.past else ()
    pending = draft.refresh and not row.renews
    if not outcome.changes and state is not None:
        return state._replace(
            k=draft.k,
            rung=rung,
            model=model,
            normal=normal,
            policy_version=version,
            seen=seen,
            answered_at=now,
            tail=tail,
            past=past,
            refresh_pending=pending,
        )
    # A move by choice starts the hold as a displacement does, and costs no budget.
    chosen = outcome.displaced > 0 or "moved" in [change.reason for change in outcome.changes]
    return SlateState(
        before.epoch + 1,
        outcome.seats,
        draft.k,
        rung,
        model,
        normal,
        version,
        seen,
        chosen_at=now if chosen else before.chosen_at,
        answered_at=now,
        tail=tail,
        spent=_spend(before.spent, now, outcome.displaced),
        past=past,
        refresh_pending=pending,
        changes_from=None if state is None else before.epoch,
        changes=outcome.changes,
        allowed=row.displacements if row.trigger == "step" else 0,
        displaced=outcome.displaced,
        refilled=outcome.refilled,
        churn=outcome.displaced / max(1, min(len(before.seats), draft.k)),
        rule=row.rule if row.trigger == "refresh_rule" else None,
    )


def _beginning(candidates: Candidates | None, facts: Facts, now: float) -> SlateState:
    """The state before the first answer; epochs start from the clock, in milliseconds."""
    return SlateState(
        epoch=int(now * 1000) - 1,
        seats=(),
        k=0,
        rung=candidates.rung if candidates else "static",
        model=candidates.model if candidates else "",
        normal=facts.normal,
        policy_version=facts.policy_version,
        seen=Seen(facts.heard, "", facts.policy_version, now),
        chosen_at=now,
        answered_at=now,
    )


def _continued(
    carried: Carried, candidates: Candidates | None, facts: Facts
) -> tuple[str, str, Seen]:
    """Rung, model and what was seen, where a slate goes on from an earlier session.

    What is new since its last step is still a cause. Of two rungs the better one counts: the one
    that gave the slate, and the one that has looked at it today and let it stand.
    """
    rung = carried.rung
    if candidates is not None and lower(rung, than=candidates.rung):
        rung = candidates.rung
    heard = facts.heard - carried.due
    return rung, carried.model, Seen(heard, carried.model, carried.policy_version, carried.at)


def _without(tail: Row, seats: tuple[Seat, ...]) -> Row:
    """The places behind the screen, but for items that are on it."""
    shown = {seat.item_id for seat in seats}
    row = [None if seat and seat.item_id in shown else seat for seat in tail]
    while row and row[-1] is None:
        row.pop()
    return tuple(row)


def _past(
    draft: Draft, row: Permission, seats: tuple[Seat, ...], tail: Row
) -> tuple[Snapshot, ...]:
    """What can be undone: an act that changed nothing is not among it, nor a refresh once done."""
    past = draft.past
    if draft.refresh and row.renews:
        past = tuple(before._replace(refresh=False) for before in past)
    if not draft.refresh or row.renews:
        shown = _places((*seats, *(None,) * (draft.k - len(seats)), *tail))
        while past and past[-1].lifts is None and _places(past[-1].row) == shown:
            past = past[:-1]
    return past


def _places(row: Row) -> list[tuple[int, str, bool]]:
    return [(n, seat.item_id, seat.pinned) for n, seat in enumerate(row) if seat]


def _spend(spent: Spent, now: float, displaced: int) -> Spent:
    """With these displacements; kept beyond the window of today, for knobs may widen it."""
    if not displaced:
        return spent
    spent = (*spent, (now, displaced))
    while len(spent) > SPENT_KEPT:
        (_, first), (at, second), *rest = spent
        spent = ((at, first + second), *rest)
    return spent
