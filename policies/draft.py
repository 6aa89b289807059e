"""The slate on the table: the last one after resizing, the visitor's acts and forced exits.

A draft holds a *row*: the k seats of this screen and, behind them, the seats that a smaller screen
has cut. Every item keeps its place in the row, so whatever comes back comes back to its own seat.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from policies.slate import UNDO_DEPTH, Ask, Facts, Row, Seat, SlateState, Snapshot

ALWAYS_WORK: Final = frozenset({"dismiss", "pin", "unpin"})
"""Acts that work under every switch."""

NO_REASONS: Final[Mapping[str, str]] = MappingProxyType({})


class Draft(NamedTuple):
    """The row (None is an empty seat), k of it on the screen, and what the visitor's acts did.

    `why` gives the reason of items that came, left or moved by an act or a resize, `marked` that
    of items whose pin an act changed; `lifted` are dismissals taken back; `cut` has just left the
    screen because it became smaller.
    """

    row: Row
    k: int
    past: tuple[Snapshot, ...] = ()
    why: Mapping[str, str] = NO_REASONS
    marked: Mapping[str, str] = NO_REASONS
    lifted: tuple[str, ...] = ()
    refresh: bool = False
    answered: tuple[Ask, ...] = ()
    cut: frozenset[str] = frozenset()

    @property
    def seats(self) -> Row:
        """What is on the screen."""
        return self.row[: self.k]

    @property
    def items(self) -> list[str | None]:
        """Item by seat of the screen."""
        return [seat.item_id if seat else None for seat in self.seats]


def begin(k: int, facts: Facts) -> Draft:
    """A slate of k seats: empty, or with what is carried over from an earlier session."""
    carried = None if facts.bypass else facts.carried
    return Draft(row=_padded(carried.seats[:k] if carried else (), k), k=k)


def resume(state: SlateState, k: int) -> Draft:
    """The last slate in k seats: cut at its end, or grown by what was cut before."""
    if len(state.seats) == state.k == k:
        row = (*state.seats, *state.tail) if state.tail else state.seats
        return Draft(row, k, state.past, refresh=state.refresh_pending)
    row = _padded((*_padded(state.seats, state.k), *state.tail), k)
    before = {seat.item_id for seat in state.seats}
    now = {seat.item_id for seat in row[:k] if seat}
    return Draft(
        row=row,
        k=k,
        past=state.past,
        why=dict.fromkeys(before ^ now, "resized"),
        refresh=state.refresh_pending,
        cut=frozenset(before - now),
    )


def act(draft: Draft, asks: Sequence[Ask], *, switched: bool) -> Draft:
    """The visitor's acts in their order; under a switch an undo and a refresh stay pending.

    An undo that waits must not take back what was asked after it: such acts are written into the
    past as well.
    """
    undo_waits = False
    for ask in asks:
        if switched and ask.kind not in ALWAYS_WORK:
            undo_waits = undo_waits or ask.kind == "undo"
            continue
        done = _ACTS[ask.kind](draft, ask)
        if undo_waits:
            past = tuple(_ACTS[ask.kind](draft._replace(row=s.row), ask).row for s in draft.past)
            pairs = zip(draft.past, past, strict=True)
            done = done._replace(past=tuple(s._replace(row=row) for s, row in pairs))
        draft = done._replace(answered=(*done.answered, ask))
    return draft


def leave(draft: Draft, gone: Mapping[str, str]) -> Draft:
    """Forced exits: items that may not be shown make holes on the screen."""
    if not any(seat is not None and seat.item_id in gone for seat in draft.seats):
        return draft
    return _each(draft, lambda n, s: None if n < draft.k and s.item_id in gone else s)


def close_gaps(seats: Sequence[Seat | None]) -> tuple[Seat, ...]:
    """Contiguous seats from the first on: items without a pin move up into what nothing can fill.

    A pinned item keeps its seat as long as there are items for the seats before it.
    """
    filled = [seat for seat in seats if seat is not None]
    if None not in seats[: len(filled)]:
        return tuple(filled)
    fixed = {n: s for n, s in enumerate(seats) if s is not None and s.pinned and n < len(filled)}
    others = iter([seat for seat in filled if seat not in fixed.values()])
    return tuple(fixed[n] if n in fixed else next(others) for n in range(len(filled)))


def _padded(row: Row, length: int) -> Row:
    return (*row, *(None,) * (length - len(row)))


def _each(draft: Draft, change: Callable[[int, Seat], Seat | None]) -> Draft:
    row = tuple(change(n, seat) if seat else None for n, seat in enumerate(draft.row))
    return draft._replace(row=row)


def _remember(draft: Draft, lifts: str | None = None) -> Draft:
    before = Snapshot(draft.row, draft.refresh, lifts)
    return draft._replace(past=(*draft.past, before)[-UNDO_DEPTH:])


def _dismiss(draft: Draft, ask: Ask) -> Draft:
    draft = draft._replace(lifted=tuple(item for item in draft.lifted if item != ask.item_id))
    if ask.item_id not in draft.items:
        return draft
    draft = _remember(draft, lifts=ask.item_id)
    draft = draft._replace(why={**draft.why, str(ask.item_id): "dismissed"})
    return _each(draft, lambda _, s: None if s.item_id == ask.item_id else s)


def _mark(draft: Draft, ask: Ask, *, pinned: bool, reason: str) -> Draft:
    marked = _each(draft, lambda _, s: s._replace(pinned=pinned) if s.item_id == ask.item_id else s)
    if marked.row == draft.row:
        return draft
    remembered = _remember(draft)
    return marked._replace(past=remembered.past, marked={**draft.marked, str(ask.item_id): reason})


def _pin(draft: Draft, ask: Ask) -> Draft:
    return _mark(draft, ask, pinned=True, reason="pinned")


def _unpin(draft: Draft, ask: Ask) -> Draft:
    return _mark(draft, ask, pinned=False, reason="asked")


def _refresh(draft: Draft, _: Ask) -> Draft:
    return _remember(draft)._replace(refresh=True)


def _undo(draft: Draft, _: Ask) -> Draft:
    """Back to the row before the last act; seats that were empty then keep what they have now."""
    if not draft.past:
        return draft
    *past, before = draft.past
    restored = {seat.item_id for seat in before.row if seat}
    length = max(len(before.row), len(draft.row))
    row = tuple(
        then if then else now if now and now.item_id not in restored else None
        for then, now in zip(_padded(before.row, length), _padded(draft.row, length), strict=True)
    )
    was, now = _places(draft.row), _places(row)
    undone = {item: "undone" for item in {**was, **now} if was.get(item) != now.get(item)}
    return draft._replace(
        row=row,
        past=tuple(past),
        why={**draft.why, **undone},
        marked={**draft.marked, **undone},
        lifted=draft.lifted if before.lifts is None else (*draft.lifted, before.lifts),
        refresh=before.refresh,
    )


def _places(row: Row) -> dict[str, tuple[int, bool]]:
    return {seat.item_id: (n, seat.pinned) for n, seat in enumerate(row) if seat}


_ACTS: Final = {
    "dismiss": _dismiss,
    "pin": _pin,
    "unpin": _unpin,
    "undo": _undo,
    "refresh": _refresh,
}
