"""Every difference between two slates, declared with its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

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
    gone: Mapping[str, str],
    row: Permission,
) -> Outcome:
    """The changes from `before` to `after`: exits by seat, then entries and moves by seat."""
    was = {seat.item_id: n for n, seat in enumerate(before, 1)}
    pinned = {seat.item_id for seat in before if seat.pinned}
    turned = pinned ^ {seat.item_id for seat in after if seat.pinned}
    now = {seat.item_id: n for n, seat in enumerate(after, 1)}
    exits = [
        Change(item, n, None, _exit(item, draft, gone, row))
        for item, n in was.items()
        if item not in now
    ]
    others = [
        Change(item, was.get(item), n, reason)
        for item, n in now.items()
        if (reason := _stay(item, was.get(item), n, draft, row, item in turned)) is not None
    ]
    changes = (*exits, *others)
    return Outcome(
        seats=tuple(_standing(seat, was, now[seat.item_id]) for seat in after),
        changes=changes,
        displaced=sum(change.reason == "displaced" for change in exits),
        refilled=sum(change.reason == "refill" for change in others),
    )


def _exit(item: str, draft: Draft, gone: Mapping[str, str], row: Permission) -> str:
    if item in gone:
        return gone[item]
    if item in draft.why:
        return draft.why[item]
    return "displaced" if row.reason == "better_match" else row.reason


def _stay(
    item: str, was: int | None, now: int, draft: Draft, row: Permission, turned: bool
) -> str | None:
    """The reason of an entry, a move or a changed pin (`turned`); None where nothing changed."""
    if was == now:
        return draft.marked.get(item) if turned else None
    if item in draft.why:
        return draft.why[item]
    if was is not None:
        # Nothing moves by choice while weights are uniform: only a closed gap or a full re-rank.
        return row.reason if row.by_score else "resized"
    hole = draft.seats[now - 1] is None
    return "refill" if hole and not row.by_score else row.reason


def _standing(seat: Seat, was: Mapping[str, int], now: int) -> Seat:
    standing: Standing = "kept" if was.get(seat.item_id) == now else "moved"
    if seat.item_id not in was:
        standing = "new"
    if seat.pinned:
        standing = "pinned"
    return replace(seat, standing=standing)
