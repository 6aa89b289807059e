"""The slate on the table: the last one after resizing, the visitor's acts and forced exits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from policies.slate import UNDO_DEPTH, Ask, Seat, SlateState, Snapshot

ALWAYS_WORK: Final = frozenset({"dismiss", "pin", "unpin"})
"""Acts that work under every switch."""

Row = tuple[Seat | None, ...]


@dataclass(frozen=True)
class Draft:
    """Seats (None is a hole) and what the visitor's acts did to them.

    `why` gives the reason of items that came, left or moved by an act or a resize, `marked` that
    of items whose pin changed; `lifted` are dismissals taken back; `cut` has just left the screen
    because it became smaller.
    """

    seats: Row
    tail: tuple[Seat, ...] = ()
    past: tuple[Snapshot, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)
    marked: Mapping[str, str] = field(default_factory=dict)
    lifted: tuple[str, ...] = ()
    refresh: bool = False
    answered: tuple[Ask, ...] = ()
    cut: frozenset[str] = frozenset()

    @property
    def items(self) -> list[str | None]:
        """Item by seat."""
        return [seat.item_id if seat else None for seat in self.seats]


def begin(k: int) -> Draft:
    """An empty slate of k seats."""
    return Draft(seats=(None,) * k)


def resume(state: SlateState, k: int, gone: Mapping[str, str]) -> Draft:
    """The last slate in k seats: cut from its end, or grown by what was cut before."""
    kept, cut = state.seats[:k], state.seats[k:]
    tail = cut + state.tail
    back: tuple[Seat, ...] = ()
    if len(kept) < k and tail:
        shown = {seat.item_id for seat in kept}
        able = [s for s in tail if s.item_id not in shown and s.item_id not in gone]
        back, tail = tuple(able[: k - len(kept)]), tuple(able[k - len(kept) :])
    return Draft(
        seats=_pad(kept + back, k),
        tail=tail,
        past=state.past,
        why={seat.item_id: "resized" for seat in cut + back},
        refresh=state.refresh_pending,
        cut=frozenset(seat.item_id for seat in cut),
    )


def act(draft: Draft, asks: Sequence[Ask], *, only: frozenset[str] | None = None) -> Draft:
    """The visitor's acts in their order; those not in `only` stay pending."""
    for ask in asks:
        if only is None or ask.kind in only:
            draft = replace(_ACTS[ask.kind](draft, ask), answered=(*draft.answered, ask))
    return draft


def leave(draft: Draft, gone: Mapping[str, str]) -> Draft:
    """Forced exits: items that may not be shown make holes."""
    if not gone:
        return draft
    seats = tuple(None if s is not None and s.item_id in gone else s for s in draft.seats)
    return replace(draft, seats=seats)


def close_gaps(seats: Sequence[Seat | None]) -> tuple[Seat, ...]:
    """Contiguous seats from the first on: items without a pin move up into what nothing can fill.

    A pinned item keeps its seat as long as there are items for the seats before it.
    """
    filled = [seat for seat in seats if seat is not None]
    if len(filled) == len(seats) or None not in seats[: len(filled)]:
        return tuple(filled)
    fixed = {n: s for n, s in enumerate(seats) if s is not None and s.pinned and n < len(filled)}
    others = iter([seat for seat in filled if seat not in fixed.values()])
    return tuple(fixed[n] if n in fixed else next(others) for n in range(len(filled)))


def _pad(seats: tuple[Seat, ...], k: int) -> Row:
    return seats + (None,) * (k - len(seats))


def _remember(draft: Draft, lifts: str | None = None) -> Draft:
    shown = tuple(seat for seat in draft.seats if seat is not None)
    return replace(draft, past=(*draft.past, Snapshot(shown, lifts))[-UNDO_DEPTH:])


def _dismiss(draft: Draft, ask: Ask) -> Draft:
    draft = _remember(draft, lifts=ask.item_id)
    return replace(
        draft,
        seats=tuple(None if s and s.item_id == ask.item_id else s for s in draft.seats),
        lifted=tuple(item for item in draft.lifted if item != ask.item_id),
    )


def _mark(draft: Draft, ask: Ask, *, pinned: bool, reason: str) -> Draft:
    def turned(seat: Seat) -> Seat:
        return replace(seat, pinned=pinned) if seat.item_id == ask.item_id else seat

    seats = tuple(turned(seat) if seat else None for seat in draft.seats)
    tail = tuple(turned(seat) for seat in draft.tail)
    if (seats, tail) == (draft.seats, draft.tail):
        return draft
    marked = {**draft.marked, str(ask.item_id): reason}
    return replace(_remember(draft), seats=seats, tail=tail, marked=marked)


def _pin(draft: Draft, ask: Ask) -> Draft:
    return _mark(draft, ask, pinned=True, reason="pinned")


def _unpin(draft: Draft, ask: Ask) -> Draft:
    return _mark(draft, ask, pinned=False, reason="asked")


def _refresh(draft: Draft, _: Ask) -> Draft:
    return replace(_remember(draft), refresh=True)


def _undo(draft: Draft, _: Ask) -> Draft:
    """Back to the slate before the last act; what that act's own reasons said is overruled."""
    if not draft.past:
        return draft
    *past, before = draft.past
    k = len(draft.seats)
    was = {s.item_id: (n, s.pinned) for n, s in enumerate(draft.seats) if s is not None}
    now = {s.item_id: (n, s.pinned) for n, s in enumerate(before.seats)}
    touched = [item for item in {**was, **now} if was.get(item) != now.get(item)]
    undone = dict.fromkeys(touched, "undone")
    return replace(
        draft,
        seats=_pad(before.seats[:k], k),
        tail=before.seats[k:] + draft.tail,
        past=tuple(past),
        why={**draft.why, **undone},
        marked={**draft.marked, **undone},
        lifted=draft.lifted if before.lifts is None else (*draft.lifted, before.lifts),
        refresh=False,
    )


_ACTS: Final = {
    "dismiss": _dismiss,
    "pin": _pin,
    "unpin": _unpin,
    "undo": _undo,
    "refresh": _refresh,
}
