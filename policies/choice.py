"""Item by seat: which slate is served of all that a row of the table allows."""

from __future__ import annotations

import math
from collections.abc import Mapping

from policies.assignment import assign
from policies.contest import Contest, Layout, dcg, in_one_unit
from policies.draft import Draft
from policies.inplace import replace_in_place
from policies.knobs import Knobs
from policies.optimum import improve
from policies.permission import Permission
from policies.rerank import rerank
from policies.worth import Worth


def choose(
    knobs: Knobs, draft: Draft, worth: Worth, gone: Mapping[str, str], row: Permission, known: int
) -> Layout:
    """The optimum that the row allows; `known` counts the events known of the visitor.

    What no newcomer can fill is filled with what a smaller screen has cut.
    """
    if row.by_score:
        return top(draft, worth)
    margin = knobs.margin / math.sqrt(max(1, known)) if knobs.margin_by_profile else knobs.margin
    contest = _contest(draft, worth, row, margin, knobs.seat_margin)
    layout = _solve(contest, knobs)
    tail = [s.item_id for s in draft.row[draft.k :] if s and not s.pinned]
    able = [item for item in tail if item not in gone and item not in layout]
    spare = iter(sorted(able, key=lambda item: -_or_nothing(worth.of(item))))
    return [next(spare, None) if item is None else item for item in layout]


def top(draft: Draft, worth: Worth) -> Layout:
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


def _contest(
    draft: Draft, worth: Worth, row: Permission, margin: float, seat_margin: float
) -> Contest:
    # What the visitor's act or a larger screen has just brought back is not contested at once, and
    # what has no score cannot be compared: both keep their seats, as pins do.
    contested = {
        seat.item_id: (n, value)
        for n, seat in enumerate(draft.seats)
        if seat
        and not seat.pinned
        and seat.item_id not in draft.why
        and (value := worth.of(seat.item_id)) is not None
    }
    # What a smaller screen has just cut, or holds by a pin, is no newcomer.
    behind = [s.item_id for s in draft.row[draft.k :] if s and (s.pinned or s.item_id in draft.cut)]
    shown = [item for item in draft.items if item is not None]
    can_enter = draft.k - len(shown) + min(row.displacements, len(contested))
    newcomers = worth.best(can_enter, [*shown, *behind])
    unit, bonus, own = in_one_unit(margin * worth.deviation, seat_margin * worth.deviation)
    return Contest(
        layout=draft.items,
        contested=[n for n, _ in contested.values()],
        newcomers=list(newcomers),
        worth={
            **{item: value * unit for item, (_, value) in contested.items()},
            **{item: value * unit for item, value in newcomers.items()},
        },
        margin=bonus,
        seat_margin=own,
        displacements=row.displacements,
        shift=row.shift,
    )


def _or_nothing(worth: int | None) -> int:
    return -1 if worth is None else worth
