"""Editors' picks: items that sit in a seat because an editor wants them there.

What the visitor pinned or dismissed and what may not be shown come first. Then:

1. a pick on the screen keeps the seat it has, however it came: it neither leaves nor moves
2. where a slate begins or every seat may change, each pick takes its own seat
3. in a step a pick takes its seat from an incumbent, which leaves and counts as a displacement: by
   position, as many as the step allows; the others wait, and come before better matches again
4. a seat that is empty costs nothing
5. under every other row of the table nothing comes in by pick

The draft that comes out shows picks as pins, so that the best slate is sought around them; the
slate that is served has them without a pin, for that mark is the visitor's.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from policies.draft import NO_REASONS, Draft
from policies.permission import ANY, Permission
from policies.slate import Pick, Row, Seat

EDITORS_PICK: Final = "editors_pick"
"""Why a seat has its item, where it came as a pick."""

NOBODY: Final[Mapping[str, Seat]] = MappingProxyType({})


class Picked(NamedTuple):
    """The draft with picks as pins, what the row still allows, and the seats of those that came.

    `why` gives the reasons of those that took a seat in a step and of those who gave it up.
    """

    draft: Draft
    row: Permission
    came: Mapping[str, Seat]
    why: Mapping[str, str]


def seat_picks(
    draft: Draft, picks: Sequence[Pick], gone: Container[str], row: Permission
) -> Picked:
    """Seat what the row allows of the picks, which come by rising position."""
    if not row.renews or row.trigger == "bypass":
        return Picked(draft, row, NOBODY, NO_REASONS)
    behind = {s.item_id for s in draft.row[draft.k :] if s and (s.pinned or s.item_id in draft.cut)}
    able = [
        pick
        for pick in picks
        if pick.position <= draft.k and pick.item_id not in gone and pick.item_id not in behind
    ]
    seats = list(draft.seats)
    here = {seat.item_id for seat in seats if seat}
    why: dict[str, str] = {}
    if row.displacements == ANY:
        _take_all(seats, able, draft.why)
    else:
        names = {pick.item_id for pick in picks}
        why = _take_some(seats, able, here, names.union(draft.why), row.displacements)
    came = {s.item_id: s for s in seats if s and s.item_id not in here}
    fixed = {pick.item_id for pick in picks}
    shown = [s._replace(pinned=True) if s and s.item_id in fixed else s for s in seats]
    # Who has just given up a seat may not win another: it waits behind the screen as a pin does.
    out = [s._replace(pinned=True) for s in draft.seats if s and why.get(s.item_id) == "displaced"]
    table = draft._replace(row=(*shown, *draft.row[draft.k :], *out))
    return Picked(table, row._replace(displacements=row.displacements - len(out)), came, why)


def _take_all(seats: list[Seat | None], able: Sequence[Pick], settled: Container[str]) -> None:
    """Each pick takes its own seat; one that sat elsewhere changes places with who is there.

    Where nobody is there it stays, for the seat may be one that nothing can fill. What is `settled`
    was brought back by the visitor, and stays where it is.
    """
    for item, position in able:
        to = position - 1
        holder, at = seats[to], _seat_of(item, seats)
        if _stays(holder, settled):
            continue
        if at is None:
            seats[to] = Seat(item, None, "new", EDITORS_PICK)
        elif holder is not None and not _stays(seats[at], settled):
            seats[to], seats[at] = seats[at], holder


def _take_some(
    seats: list[Seat | None],
    able: Sequence[Pick],
    here: Container[str],
    settled: Container[str],
    most: int,
) -> dict[str, str]:
    """Picks that are not on the screen take their seats, at most so many from incumbents."""
    why: dict[str, str] = {}
    for item, position in able:
        holder = seats[position - 1]
        if item in here or _stays(holder, settled):
            continue
        if holder is not None:
            if len(why) == 2 * most:
                continue
            why |= {item: "better_match", holder.item_id: "displaced"}
        seats[position - 1] = Seat(item, None, "new", EDITORS_PICK)
    return why


def _stays(seat: Seat | None, settled: Container[str]) -> bool:
    return seat is not None and (seat.pinned or seat.item_id in settled)


def _seat_of(item: str, seats: Row | list[Seat | None]) -> int | None:
    return next((n for n, seat in enumerate(seats) if seat and seat.item_id == item), None)
