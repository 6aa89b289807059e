"""Every difference between two slates, declared with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    was = {seat.item_id: n for n, seat in enumerate(before, 1)}
    now = {seat.item_id: n for n, seat in enumerate(after, 1)}
    pinned = {seat.item_id for seat in before if seat.pinned}
    turned = pinned ^ {seat.item_id for seat in after if seat.pinned}
    exits = [
        Change(item, n, None, _exit(item, draft, gone, row))
        for item, n in was.items()
        if item not in now
    ]
    left = sum(change.reason in ("displaced", row.reason) for change in exits)
    refills = _refills([i for i in now if i not in was and i not in draft.why], now, draft, left)
    others = []
    for item, n in now.items():
        if was.get(item) == n:
            reason = draft.marked.get(item) if item in turned else None
        elif item in draft.why:
            reason = draft.why[item]
        elif item in was:
            reason = _move(row, chosen=layout[n - 1] == item)
        else:
            reason = "refill" if item in refills and not row.by_score else row.reason
        if reason is not None:
            others.append(Change(item, was.get(item), n, reason))
    return Outcome(
        seats=tuple(_standing(seat, was, now[seat.item_id]) for seat in after),
        changes=(*exits, *others),
        displaced=sum(change.reason == "displaced" for change in exits),
        refilled=sum(change.reason == "refill" for change in others),
    )


def _exit(item: str, draft: Draft, gone: Mapping[str, str], row: Permission) -> str:
    if item in gone:
        return gone[item]
    if item in draft.why:
        return draft.why[item]
    return "displaced" if row.reason == "better_match" else row.reason


def _refills(entering: Sequence[str], now: Mapping[str, int], draft: Draft, left: int) -> set[str]:
    """Who fills a seat that was empty.

    Where items move, a newcomer may sit elsewhere than the hole that let it in: as many newcomers
    as incumbents `left` came for those, the others fill holes, the first seats first.
    """
    elsewhere = [item for item in entering if draft.seats[now[item] - 1] is not None]
    return set(entering).difference(elsewhere[max(0, len(elsewhere) - left) :])


def _move(row: Permission, *, chosen: bool) -> str:
    """Why a kept item has another seat: by choice, or only to close a gap."""
    if row.by_score or (chosen and row.trigger != "step"):
        return row.reason
    return "moved" if chosen else "resized"


def _standing(seat: Seat, was: Mapping[str, int], now: int) -> Seat:
    standing: Standing = "kept" if was.get(seat.item_id) == now else "moved"
    if seat.item_id not in was:
        standing = "new"
    if seat.pinned:
        standing = "pinned"
    return replace(seat, standing=standing)
