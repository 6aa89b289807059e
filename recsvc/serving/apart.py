"""Slates of one page keep apart: an item on at most one of them, earlier ones first.

What an earlier slate shows counts as excluded for this answer. Since the earlier one is as sticky
as any, the later one loses an item once and then rests. Only a pin is stronger: what is pinned on a
later slate does not *enter* an earlier one; where both show it already, the earlier one keeps it.
"""

from __future__ import annotations

from collections.abc import Sequence

from policies import Decision
from recsvc.errors import BadInput, Fault
from recsvc.serving.session import Session


def each_once(names: Sequence[str]) -> None:
    """Raise `BadInput` where a page asks for one slate twice: it cannot show two answers of it."""
    firsts = {name: names.index(name) for name in names}
    faults = [
        Fault(f"surfaces[{n}].surface", f"asks for the same slate as surfaces[{firsts[name]}]")
        for n, name in enumerate(names)
        if firsts[name] != n
    ]
    if faults:
        raise BadInput("A page asks for each of its slates once.", faults)


def elsewhere(
    names: Sequence[str], session: Session, decided: Sequence[Decision]
) -> tuple[str, ...]:
    """What the next slate may not show; `names` are those of all slates, `decided` the first."""
    mine, later = names[len(decided)], names[len(decided) + 1 :]
    earlier = [seat.item_id for decision in decided for seat in decision.state.seats]
    state = session.slates.get(mine)
    shown = {seat.item_id for seat in state.seats} if state else set()
    pins = [item for name in later for item in _pinned(session, name) if item not in shown]
    return (*earlier, *pins)


def _pinned(session: Session, slate_id: str) -> list[str]:
    """Pinned items of a slate as last served, and those whose pin waits to be shown."""
    state = session.slates.get(slate_id)
    there = [seat.item_id for seat in state.seats if seat.pinned] if state else []
    asks = session.pending.get(slate_id, ())
    return there + [ask.item_id for ask in asks if ask.kind == "pin" and ask.item_id is not None]
