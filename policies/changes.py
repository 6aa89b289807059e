"""Every difference between two slates, declared with its reason."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from math import floor
from typing import Final, NamedTuple

from policies.contest import Layout
from policies.draft import Draft
from policies.permission import EPSILON, Permission
from policies.slate import Change, Seat, Standing
from policies.worth import Worth

HALF: Final = 0.5 + EPSILON


class Outcome(NamedTuple):
    """The slate to serve and what changed, with the number of displacements and refills."""

    seats: tuple[Seat, ...]
    changes: tuple[Change, ...]
    displaced: int
    refilled: int


def declare(
    was: Mapping[str, int],
    before: Sequence[Seat],
    after: Sequence[Seat],
    draft: Draft,
    layout: Layout,
    gone: Mapping[str, str],
    row: Permission,
) -> Outcome:
    """The changes from `before` to `after`: exits by seat, then entries and moves by seat.

    `was` is the seat by item of `before`, from 0; `layout` is what was chosen, before later items
    closed the gaps of a short slate.
    """
    if after == before:
        return Outcome(tuple(before), (), 0, 0)
    now = {seat.item_id for seat in after}
    exits = [
        Change(item, n + 1, None, _exit(item, draft, gone, row))
        for item, n in was.items()
        if item not in now
    ]
    turned = _turned(before, after) if draft.marked else ()
    refills = _refills(was, after, draft, exits, row)
    others = []
    told = list(after)
    for n, seat in enumerate(after):
        item, _, standing, _, _, pinned = seat
        there = was.get(item)
        right = "kept" if there == n and not pinned else standing_of(pinned, there, n)
        if standing != right:
            told[n] = seat._replace(standing=right)
        if there == n:
            if item in turned and item in draft.marked:
                others.append(Change(item, n + 1, n + 1, draft.marked[item]))
            continue
        if item in draft.why:
            reason = draft.why[item]
        elif there is not None:
            reason = _move(row, chosen=layout[n] == item)
        else:
            reason = "refill" if item in refills else row.reason
        others.append(Change(item, None if there is None else there + 1, n + 1, reason))
    return Outcome(
        seats=tuple(told),
        changes=(*exits, *others),
        displaced=[change.reason for change in exits].count("displaced"),
        refilled=[change.reason for change in others].count("refill"),
    )


def measure(outcome: Outcome, worth: Worth, but: Container[str] = ()) -> Outcome:
    """The outcome of a step that displaces, with how much better who came is than who left.

    Those in `but` came and left for another reason than their scores.
    """
    seats, changes, displaced, refilled = outcome
    values = worth.of_all([c[0] for c in changes if c[1] is None or c[2] is None])
    return Outcome(seats, with_gaps(changes, values, worth.deviation(), but), displaced, refilled)


def with_gaps(
    changes: Sequence[Change],
    worth: Mapping[str, float],
    deviation: float,
    but: Container[str] = (),
) -> tuple[Change, ...]:
    """With the gap between newcomer and leaver in standard deviations, to three decimals.

    Those who share a seat are a pair; the others pair up in order of score, equal ones by id.
    `worth` and `deviation` are in one unit, whichever; `changes` come as declared, by seat.
    """
    came = {c[2]: c[0] for c in changes if c[3] == "better_match"}
    left = {c[1]: c[0] for c in changes if c[3] == "displaced"}
    if but:
        came, left = ({n: i for n, i in side.items() if i not in but} for side in (came, left))
    newcomers, leavers = [*came.values()], [*left.values()]
    if [*came] != [*left]:
        newcomers, leavers = _paired(came, left, worth)
    thousandths = 1000.0 / (deviation or 1.0)
    gaps = {}
    for newcomer, leaver in zip(newcomers, leavers, strict=True):
        # The order of candidates moves the last digit of a deviation, and must not move this one.
        gap = floor((worth[newcomer] - worth[leaver]) * thousandths + HALF) / 1000
        gaps[newcomer] = gaps[leaver] = gap
    return tuple(
        [Change(c[0], c[1], c[2], c[3], gaps[c[0]]) if c[0] in gaps else c for c in changes]
    )


def _paired(
    came: Mapping[int | None, str], left: Mapping[int | None, str], worth: Mapping[str, float]
) -> tuple[list[str], list[str]]:
    """Newcomers and leavers, given by seat, each beside its counterpart."""
    shared = [seat for seat in came if seat in left]
    newcomers = [item for seat, item in came.items() if seat not in left]
    leavers = [item for seat, item in left.items() if seat not in came]
    for side in (newcomers, leavers):
        if len(side) > 1:
            side.sort()
            side.sort(key=worth.__getitem__, reverse=True)
    return [came[n] for n in shared] + newcomers, [left[n] for n in shared] + leavers


def _turned(before: Sequence[Seat], after: Sequence[Seat]) -> frozenset[str]:
    """The items that have a pin on one side only."""
    pinned = (frozenset(seat.item_id for seat in side if seat.pinned) for side in (before, after))
    one, other = pinned
    return one ^ other


def _exit(item: str, draft: Draft, gone: Mapping[str, str], row: Permission) -> str:
    if item in gone:
        return gone[item]
    if item in draft.why:
        return draft.why[item]
    return "displaced" if row.reason == "better_match" else row.reason


def _refills(
    was: Mapping[str, int],
    after: Sequence[Seat],
    draft: Draft,
    exits: Sequence[Change],
    row: Permission,
) -> set[str]:
    """Who fills a seat that was empty.

    Where items move, a newcomer may sit elsewhere than the hole that let it in: as many newcomers
    as incumbents left by choice came for those, the others fill holes, the first seats first.
    """
    if row.by_score or None not in draft.seats or row.carries:
        return set()
    now = {seat.item_id: n for n, seat in enumerate(after)}
    entering = [item for item in now if item not in was and item not in draft.why]
    elsewhere = [item for item in entering if draft.seats[now[item]] is not None]
    counted = ("displaced", row.reason)
    left = sum(c.reason in counted and c.item_id not in draft.why for c in exits)
    return set(entering).difference(elsewhere[max(0, len(elsewhere) - left) :])


def _move(row: Permission, *, chosen: bool) -> str:
    """Why a kept item has another seat: by choice, or only to close a gap."""
    if row.by_score or (chosen and row.trigger != "step"):
        return row.reason
    return "moved" if chosen else "resized"


def standing_of(pinned: bool, was: int | None, now: int) -> Standing:
    """What happened to an item, given its seat before and now."""
    if pinned:
        return "pinned"
    if was is None:
        return "new"
    return "kept" if was == now else "moved"
