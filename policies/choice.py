"""Item by seat: which slate is served of all that a row of the table allows."""

from __future__ import annotations

import math
from collections.abc import Mapping

from policies.assignment import assign
from policies.candidates import Candidates
from policies.contest import Contest, Layout, dcg, in_one_unit
from policies.draft import Draft
from policies.inplace import replace_in_place
from policies.knobs import Knobs
from policies.optimum import improve
from policies.permission import Permission
from policies.rerank import rerank
from policies.worth import Worth


def choose(
    knobs: Knobs,
    draft: Draft,
    candidates: Candidates | None,
    gone: Mapping[str, str],
    row: Permission,
) -> Layout:
    """The optimum that the row allows.

    What no newcomer can fill is filled with what a smaller screen has cut.
    """
    layout = draft.items
    if row.displacements == row.shift == 0 and None not in layout:
        return layout
    worth = Worth.measure(candidates, gone)
    if row.by_score:
        return _top(draft, worth)
    layout = _solve(_contest(knobs, draft, layout, worth, row), knobs)
    if None not in layout:
        return layout
    tail = [s.item_id for s in draft.row[draft.k :] if s and not s.pinned]
    able = [item for item in tail if item not in gone and item not in layout]
    values = {item: -1 if (value := worth.of(item)) is None else value for item in able}
    spare = iter(sorted(able, key=lambda item: -values[item]))
    return [next(spare, None) if item is None else item for item in layout]


def _top(draft: Draft, worth: Worth) -> Layout:
    """The recommender's top k around the pins; unscored incumbents fill what is left."""
    pinned = {s.item_id for s in draft.seats if s and s.pinned}
    unscored = [
        s.item_id for s in draft.seats if s and not s.pinned and worth.of(s.item_id) is None
    ]
    best = iter([*worth.best(draft.k, pinned), *unscored])
    return [s.item_id if s and s.pinned else next(best, None) for s in draft.seats]


def _solve(contest: Contest, knobs: Knobs) -> Layout:
    if knobs.seat_weights == "uniform":
        return improve(contest)
    if contest.shift == 0:
        return replace_in_place(contest, dcg(len(contest.layout)))
    if contest.shift is None and contest.seat_margin == 0:
        return rerank(contest)
    return assign(contest, dcg(len(contest.layout)))


def _contest(knobs: Knobs, draft: Draft, layout: Layout, worth: Worth, row: Permission) -> Contest:
    # What the visitor's act or a larger screen has just brought back is not contested at once, and
    # what has no score cannot be compared: both keep their seats, as pins do.
    incumbents: dict[str, int] = {}
    values: dict[str, int] = {}
    for n, seat in enumerate(draft.seats):
        if seat is None or seat.pinned or seat.item_id in draft.why:
            continue
        if (value := worth.of(seat.item_id)) is not None:
            incumbents[seat.item_id], values[seat.item_id] = n, value
    empty = [n for n, item in enumerate(layout) if item is None]
    # What is on the screen, has just been cut from it or waits behind it by a pin is no newcomer.
    behind = (s for s in draft.row[draft.k :] if s and (s.pinned or s.item_id in draft.cut))
    known = {item for item in (*layout, *(s.item_id for s in behind)) if item is not None}
    newcomers = worth.best(len(empty) + min(row.displacements, len(incumbents)), known)
    values |= newcomers
    unit, margin, seat_margin = _margins(knobs, worth)
    if unit > 1:
        values = {item: value * unit for item, value in values.items()}
    return Contest(
        layout=layout,
        holes=empty[: len(newcomers)],
        incumbents=incumbents,
        newcomers=list(newcomers),
        worth=values,
        margin=margin,
        seat_margin=seat_margin,
        displacements=row.displacements,
        shift=row.shift,
    )


def _margins(knobs: Knobs, worth: Worth) -> tuple[int, int, int]:
    """The unit, the margin and the seat margin; what is known of the visitor shrinks the margin."""
    if not (knobs.margin or knobs.seat_margin):
        return 1, 0, 0
    margin = knobs.margin
    if knobs.margin_by_profile and worth.candidates is not None:
        margin /= math.sqrt(max(1, worth.candidates.known_events))
    deviation = worth.deviation()
    return in_one_unit(margin * deviation, knobs.seat_margin * deviation)
