"""Every difference between two slates, declared with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.contest import Layout
from policies.draft import Draft
from policies.permission import Permission
from policies.slate import Change, Seat, Standing


@dataclass(frozen=True)
class Outcome:
    """The slate to serve and what changed, with the number of displacements and refills."""

    seats: tuple[Seat, ...]
    changes: tuple[Change, ...]
    displaced: int
    refilled: int


def declare(
    before: Sequence[Seat],
    after: Sequence[Seat],
    draft: Draft,
    layout: Layout,
    gone: Mapping[str, str],
    row: Permission,
) -> Outcome:
    """The changes from `before` to `after`: exits by seat, then entries and moves by seat.

    `layout` is what was chosen, before later items closed the gaps of a short slate.
    """
    if after == before:
        return Outcome(tuple(before), (), 0, 0)
    was = {seat.item_id: n for n, seat in enumerate(before, 1)}
    now = {seat.item_id: n for n, seat in enumerate(after, 1)}
    exits = [
        Change(item, n, None, _exit(item, draft, gone, row))
        for item, n in was.items()
        if item not in now
    ]
    turned = _turned(before, after) if draft.marked else frozenset()
    refills = _refills(was, now, draft, exits, row)
    others = []
    for item, n in now.items():
        if was.get(item) == n:
            reason = draft.marked.get(item) if item in turned else None
        elif item in draft.why:
            reason = draft.why[item]
        elif item in was:
            reason = _move(row, chosen=layout[n - 1] == item)
        else:
            reason = "refill" if item in refills else row.reason
        if reason is not None:
            others.append(Change(item, was.get(item), n, reason))
    return Outcome(
        seats=tuple([_told(seat, was.get(seat.item_id), n) for n, seat in enumerate(after, 1)]),
        changes=(*exits, *others),
        displaced=[change.reason for change in exits].count("displaced"),
        refilled=[change.reason for change in others].count("refill"),
    )


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
    now: Mapping[str, int],
    draft: Draft,
    exits: Sequence[Change],
    row: Permission,
) -> set[str]:
    """Who fills a seat that was empty.

    Where items move, a newcomer may sit elsewhere than the hole that let it in: as many newcomers
    as incumbents left by choice came for those, the others fill holes, the first seats first.
    """
    if row.by_score or None not in draft.seats:
        return set()
    entering = [item for item in now if item not in was and item not in draft.why]
    elsewhere = [item for item in entering if draft.seats[now[item] - 1] is not None]
    left = sum(change.reason in ("displaced", row.reason) for change in exits)
    return set(entering).difference(elsewhere[max(0, len(elsewhere) - left) :])


def _move(row: Permission, *, chosen: bool) -> str:
    """Why a kept item has another seat: by choice, or only to close a gap."""
    if row.by_score or (chosen and row.trigger != "step"):
        return row.reason
    return "moved" if chosen else "resized"


def standing_of(seat: Seat, was: int | None, now: int) -> Standing:
    """What happened to a seat's item, given its seat before and now."""
    if seat.pinned:
        return "pinned"
    if was is None:
        return "new"
    return "kept" if was == now else "moved"


def _told(seat: Seat, was: int | None, now: int) -> Seat:
    standing = standing_of(seat, was, now)
    return seat if seat.standing == standing else seat._replace(standing=standing)
