"""C2: chosen changes stay within what the answer allows, and that follows from the knobs."""

from __future__ import annotations

from collections.abc import Iterator

from recsvc.contract.declared import undeclared
from recsvc.contract.knobs import Knobs
from recsvc.contract.look import Finding, Look, named, seat_changes

# Another worker may learn of a switch a little later than the one that was told.
SWITCH_GRACE_S = 5.0
_SHIFT_FREE = frozenset({"asked", "bypass", "refresh_rule"})


def limit(look: Look) -> Iterator[Finding]:
    """C2: displacements <= allowed, allowed <= limit and budget, moves <= max_shift, hold kept."""
    if look.kind not in ("new", "joined") or look.answer.by_since:
        return
    a = look.answer
    gone = undeclared(look)
    displaced = max(len(gone), a.displaced or 0)
    if a.allowed is not None and displaced > a.allowed:
        yield Finding(f"{displaced} items are displaced ({named(gone)}), allowed are {a.allowed}")
    if look.chosen and look.surely("freeze", SWITCH_GRACE_S):
        items = named({c.item_id for c in look.chosen})
        yield Finding(f"the freeze switch is on, yet chosen changes happen: {items}", "maker")
    if look.knobs is None:
        return
    if a.trigger == "step" or displaced:
        yield from _allowed(look, look.knobs, displaced)
        yield from _budget(look, look.knobs, displaced)
    yield from _shift(look, look.knobs)
    yield from _hold(look, look.knobs)


def _allowed(look: Look, knobs: Knobs, displaced: int) -> Iterator[Finding]:
    a = look.answer
    if look.maker_lost and (look.last is None or a.version != look.last.version):
        return  # an answer that got lost may have made this epoch, by the knobs of before
    k = a.ask.k or knobs.k
    if look.base is None:
        filled = k
    else:
        filled = len(look.base.answer.seats)
        if look.last is None or a.ask.k != look.last.ask.k or a.version != look.last.version:
            filled = max(filled, len(a.seats))
    idle_s = a.when.t - look.last_t0 + look.slack(knobs.half_life_s or 0.0)
    most = knobs.most_displacements(min(filled, k), idle_s)
    claimed = max(displaced, a.allowed or 0)
    if claimed > most:
        of = f"{min(filled, k)} filled seats and churn_limit {knobs.churn_limit}"
        yield Finding(f"{claimed} displacements are claimed or made; {of} allow {most}")


def _budget(look: Look, knobs: Knobs, displaced: int) -> Iterator[Finding]:
    if knobs.session_budget is None:
        return
    a = look.answer
    reach = knobs.budget_window_s - look.slack(knobs.budget_window_s)
    used = sum(n for t0, n in look.spent if a.when.t - t0 < reach)
    claimed = max(displaced, a.allowed or 0)
    # New knobs may put the budget below what is spent: then a step claims nothing.
    if claimed and used + claimed > knobs.session_budget:
        window = f"within {knobs.budget_window_s:g} s the budget is {knobs.session_budget}"
        yield Finding(f"{window}, {used} were spent before and {claimed} are claimed or made now")


def _shift(look: Look, knobs: Knobs) -> Iterator[Finding]:
    a = look.answer
    if knobs.max_shift is None or look.base is None or a.trigger in _SHIFT_FREE or look.maker_lost:
        return
    reasons = {c.item_id: c.reason for c in a.changes}
    for item_id, old, new in sorted(seat_changes(look.base.answer.items, a.items)):
        if old is None or new is None or reasons.get(item_id) not in (None, "moved"):
            continue
        if abs(new - old) > knobs.max_shift:
            way = f"item {item_id} moves from seat {old} to {new}"
            yield Finding(f"{way}; max_shift is {knobs.max_shift}", "maker")


def _hold(look: Look, knobs: Knobs) -> Iterator[Finding]:
    if not look.chosen or look.chosen_t0 is None:
        return
    held_s = look.answer.when.t - look.chosen_t0
    if held_s < knobs.hold_s - look.slack(knobs.hold_s):
        items = named({c.item_id for c in look.chosen})
        since = f"{held_s:.1f} s after the last chosen change or the slate's start"
        yield Finding(f"chosen changes ({items}) come {since}; hold_s is {knobs.hold_s:g}")
