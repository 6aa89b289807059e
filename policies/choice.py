"""Item by seat: which slate is served of all that a row of the table allows."""

from __future__ import annotations

import math
from collections.abc import Mapping

from policies.assignment import assign
from policies.certain import certain
from policies.contest import Contest, Layout, dcg, whole_dcg
from policies.draft import Draft
from policies.inplace import replace_in_place
from policies.knobs import Knobs
from policies.optimum import improve
from policies.permission import Permission
from policies.rerank import rerank
from policies.slate import Seat
from policies.worth import Worth


def choose(
    knobs: Knobs,
    draft: Draft,
    layout: Layout,
    worth: Worth,
    gone: Mapping[str, str],
    row: Permission,
) -> Layout:
    """The optimum that the row allows, beginning from the layout of the draft.

    What no newcomer can fill is filled with what a smaller screen has cut.
    """
    if row.displacements == row.shift == 0 and None not in layout:
        return layout
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
    best = iter([*worth.best(draft.k, pinned, len(pinned)), *unscored])
    return [s.item_id if s and s.pinned else next(best, None) for s in draft.seats]


def _solve(contest: Contest, knobs: Knobs) -> Layout:
    """In doubles where they cannot err, else in whole numbers."""
    free = contest.shift is None and contest.seat_margin == 0
    if free or knobs.seat_weights == "uniform":
        # Without a margin worths are compared, and nothing is added up.
        exact = contest if contest.margin == contest.seat_margin == 0 else contest.whole()
        return improve(exact) if knobs.seat_weights == "uniform" else rerank(exact)
    k = len(contest.layout)
    found = certain(contest, dcg(k))
    if found is not None:
        return found
    if contest.shift == 0:
        return replace_in_place(contest.whole(), whole_dcg(k))
    return assign(contest.whole(), whole_dcg(k))


def _contest(knobs: Knobs, draft: Draft, layout: Layout, worth: Worth, row: Permission) -> Contest:
    # What is on the screen, has just been cut from it or waits behind it by a pin is no newcomer.
    known = set(layout)
    if len(draft.row) > draft.k:
        known.update([s.item_id for s in draft.row[draft.k :] if s and _waits(s, draft)])
    empty = [n for n, item in enumerate(layout) if item is None] if None in known else []
    most = len(empty) + min(row.displacements, draft.k - len(empty))
    newcomers = worth.best(most, known, len(known))
    # What the visitor's act or a larger screen has just brought back is not contested at once, and
    # what has no score cannot be compared: both keep their seats, as pins do.
    seat_of: dict[str, int] = {}
    why = draft.why
    for n, seat in enumerate(draft.seats):
        if seat is not None:
            item, _, _, _, _, pinned = seat
            if not pinned and item not in why:
                seat_of[item] = n
    values = worth.of_all(seat_of)
    incumbents = seat_of
    if len(values) < len(seat_of):
        incumbents = {item: seat_of[item] for item in values}
    newcomers = newcomers[: len(empty) + min(row.displacements, len(incumbents))]
    values.update(worth.of_all(newcomers))
    margin, seat_margin = _margins(knobs, worth)
    holes = empty[: len(newcomers)]
    return Contest(
        layout,
        holes,
        incumbents,
        newcomers,
        values,
        margin,
        seat_margin,
        row.displacements,
        row.shift,
    )


def _waits(seat: Seat, draft: Draft) -> bool:
    return seat.pinned or seat.item_id in draft.cut


def _margins(knobs: Knobs, worth: Worth) -> tuple[float, float]:
    """The margin and the seat margin, in steps; what is known of the visitor shrinks the margin."""
    margin = knobs.margin
    if margin == 0 == knobs.seat_margin:
        return 0.0, 0.0
    if knobs.margin_by_profile:
        margin /= math.sqrt(max(1, worth.known_events))
    deviation = worth.deviation()
    return margin * deviation, knobs.seat_margin * deviation
