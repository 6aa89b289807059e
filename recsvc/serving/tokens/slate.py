"""A slate's state as the bytes of a token, and back, part by part."""

from __future__ import annotations

from typing import Final, NamedTuple

from policies import SlateState
from policies.slate import Change, Row, Seat, Seen, Snapshot
from recsvc.serving.tokens.wire import Reader, Unreadable, Writer, ms_of

# What is written as its place in these tables keeps it for as long as VERSION stays the same.
STANDINGS: Final = ("kept", "moved", "new", "pinned")
RUNGS: Final = ("primary", "late", "neighbours", "popularity", "static")
CHANGES: Final = (
    "better_match", "displaced", "moved", "withdrawn", "consumed", "dismissed", "excluded",
    "refill", "asked", "undone", "pinned", "alternative_chosen", "resized", "session_start",
    "rule_refresh", "kill_switch",
)  # fmt: skip
REASONS: Final = ("for_you", "popular", "editors_pick", "because_you_viewed", "offered")
OWN_REASONS: Final = 8
"""Reasons of a recommender of one's own that are told; for further ones the first reason is."""
SPENT_TOLD: Final = 8
"""Steps whose displacements are told apart; older ones are added to the oldest of these."""


class Room(NamedTuple):
    """Which of the things that may be left out are carried."""

    why: bool = True
    past: bool = True
    tail: bool = True


class Items:
    """Item ids by number; the first `seated` of them also say something of a seat."""

    def __init__(self, state: SlateState, room: Room) -> None:
        self.numbers: dict[str, int] = {}
        self.seats: dict[str, Seat] = {}
        rows: list[Row] = [state.seats]
        rows += [state.tail] if room.tail else []
        rows += [snapshot.row for snapshot in state.past] if room.past else []
        for row in rows:
            for seat in row:
                if seat is not None and seat.item_id not in self.seats:
                    self.number(seat.item_id)
                    self.seats[seat.item_id] = seat

    def number(self, item_id: str) -> int:
        """The number of an item, from 0."""
        return self.numbers.setdefault(item_id, len(self.numbers))


def begins(state: SlateState) -> bool:
    """Whether what is declared is that the slate has just begun."""
    whole = [(seat.item_id, None, n, "session_start") for n, seat in enumerate(state.seats, 1)]
    return state.changes_from is None and [change[:4] for change in state.changes] == whole


def write_seats(body: Writer, items: Items, state: SlateState) -> None:
    mine = dict.fromkeys(seat.reason for seat in items.seats.values())
    own = [reason for reason in mine if reason not in REASONS][:OWN_REASONS]
    known = (*REASONS, *own)
    body.number(len(own))
    for reason in own:
        body.text(reason)
    body.number(len(state.seats))
    body.number(len(items.seats))
    for seat in items.seats.values():
        code = known.index(seat.reason) if seat.reason in known else 0
        body.data.append(STANDINGS.index(seat.standing) | seat.pinned << 2 | code << 3)


def read_seats(head: Reader, ids: list[str]) -> tuple[tuple[Seat, ...], list[Seat]]:
    """The slate, and what is said of every item that has a seat somewhere."""
    known = (*REASONS, *(head.text() for _ in range(head.number())))
    filled, seated = head.number(), head.number()
    told_of = []
    for item_id, bits in zip(ids, head.raw(seated), strict=False):
        if bits >> 3 >= len(known):
            raise Unreadable("no reason")
        reason = known[bits >> 3]
        told_of.append(Seat(item_id, None, STANDINGS[bits & 3], reason, (), bool(bits & 4)))
    return tuple(told_of[:filled]), told_of


def write_state(body: Writer, state: SlateState, heard: int, seen: int) -> None:
    # Epochs start from the clock, in milliseconds.
    body.signed(seen - state.epoch)
    body.number(state.k)
    for rung in (state.rung, state.normal):
        body.number(RUNGS.index(rung) + 1 if rung in RUNGS else 0)
        if rung not in RUNGS:
            body.text(rung)
    body.text(state.model)
    body.text("" if state.seen.model == state.model else state.seen.model)
    body.number(state.policy_version)
    body.number(state.seen.policy_version)
    body.signed(heard - state.seen.heard)
    for at in (state.seen.at, state.chosen_at, state.answered_at):
        body.signed(seen - ms_of(at))
    spent = list(state.spent)
    while len(spent) > SPENT_TOLD:
        spent[:2] = [(spent[1][0], spent[0][1] + spent[1][1])]
    body.number(len(spent))
    for at, count in spent:
        body.signed(seen - ms_of(at))
        body.number(count)


def read_state(head: Reader, seats: tuple[Seat, ...], heard: int, seen: int) -> SlateState:
    epoch, k = seen - head.signed(), head.number()
    rung, normal = (RUNGS[code - 1] if (code := head.number()) else head.text() for _ in range(2))
    model, seen_model = head.text(), head.text()
    version, seen_version = head.number(), head.number()
    seen_heard = heard - head.signed()
    seen_at, chosen_at, answered_at = ((seen - head.signed()) / 1000 for _ in range(3))
    spent = tuple(((seen - head.signed()) / 1000, head.number()) for _ in range(head.number()))
    return SlateState(
        epoch,
        seats,
        k,
        rung,
        model,
        normal,
        version,
        Seen(seen_heard, seen_model or model, seen_version, seen_at),
        chosen_at,
        answered_at,
        spent=spent,
    )


def write_changes(body: Writer, items: Items, state: SlateState) -> None:
    """What the epoch declared; who came by it or moved is where the slate has it now."""
    since = state.changes_from
    body.number(0 if since is None else state.epoch - since + 1)
    body.number(len(state.changes))
    for change in state.changes:
        body.number(items.number(change.item_id))
        body.number(change.before or 0)
        body.data.append(CHANGES.index(change.reason))
    body.number(state.allowed)
    body.number(state.displaced)
    body.number(state.refilled)
    if state.displaced:
        body.number(round(state.displaced / state.churn) if state.churn else 0)


def read_changes(head: Reader, ids: list[str], state: SlateState) -> SlateState:
    since = head.number()
    changes = []
    for _ in range(head.number()):
        item, before, (reason,) = head.number(), head.number(), head.raw(1)
        after = item + 1 if item < len(state.seats) else None
        changes.append(Change(ids[item], before or None, after, CHANGES[reason]))
    allowed, displaced, refilled = head.number(), head.number(), head.number()
    filled = head.number() if displaced else 0
    return state._replace(
        changes_from=state.epoch - since + 1 if since else None,
        changes=tuple(changes),
        allowed=allowed,
        displaced=displaced,
        refilled=refilled,
        churn=displaced / filled if filled else 0.0,
    )


def write_rows(body: Writer, items: Items, state: SlateState, room: Room) -> None:
    _write_row(body, items, state.tail if room.tail else ())
    past = state.past if room.past else ()
    body.number(len(past))
    for snapshot in past:
        _write_row(body, items, snapshot.row)
        body.data.append(snapshot.refresh)
        body.number(0 if snapshot.lifts is None else items.number(snapshot.lifts) + 1)


def read_rows(head: Reader, ids: list[str], told_of: list[Seat], state: SlateState) -> SlateState:
    tail = _read_row(head, told_of)
    past = []
    for _ in range(head.number()):
        row, (refresh,), lifts = _read_row(head, told_of), head.raw(1), head.number()
        past.append(Snapshot(row, bool(refresh), ids[lifts - 1] if lifts else None))
    return state._replace(tail=tail, past=tuple(past))


def _write_row(body: Writer, items: Items, row: Row) -> None:
    body.number(len(row))
    for seat in row:
        body.number(0 if seat is None else 1 + 2 * items.number(seat.item_id) + seat.pinned)


def _read_row(head: Reader, told_of: list[Seat]) -> Row:
    row: list[Seat | None] = []
    for _ in range(head.number()):
        code = head.number() - 1
        seat = None if code < 0 else told_of[code // 2]
        row.append(seat and seat._replace(standing="kept", pinned=bool(code & 1)))
    return tuple(row)


def write_why(body: Writer, items: Items, state: SlateState, *, told: bool) -> None:
    """What explanations name: the visitor's own items, gaps, and the rule."""
    for seat in items.seats.values():
        body.number(len(seat.because))
        for item_id in seat.because:
            body.number(items.number(item_id))
    for change in state.changes if told else ():
        body.number(0 if change.gap is None else 1)
        if change.gap is not None:
            body.signed(round(change.gap * 1000))
    body.text(state.rule or "")


def read_why(
    head: Reader, ids: list[str], seated: int, state: SlateState, *, told: bool
) -> SlateState:
    becauses = {
        ids[n]: tuple(ids[head.number()] for _ in range(head.number())) for n in range(seated)
    }
    changes = state.changes
    if told:
        changes = tuple(
            change._replace(gap=head.signed() / 1000) if head.number() else change
            for change in changes
        )

    def explained(row: Row) -> Row:
        return tuple(seat and seat._replace(because=becauses[seat.item_id]) for seat in row)

    return state._replace(
        seats=tuple(seat._replace(because=becauses[seat.item_id]) for seat in state.seats),
        tail=explained(state.tail),
        past=tuple(snapshot._replace(row=explained(snapshot.row)) for snapshot in state.past),
        changes=changes,
        rule=head.text() or None,
    )
