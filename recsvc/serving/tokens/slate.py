"""A slate's state as the bytes of a token, and back, part by part.

What must be carried comes first; behind it what is carried where there is `Room`, in the order in
which it is given up last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from policies import SlateState
from policies.slate import Change, Row, Seat, Seen, Snapshot, Standing
from recsvc.serving.tokens.wire import Reader, Table, Unreadable, Writer, ago, folded, unfolded

# What is written as its number in these tables keeps it for as long as VERSION stays the same.
STANDINGS: Final = Table("kept", "moved", "new", "pinned")
RUNGS: Final = Table("primary", "late", "neighbours", "popularity", "static")
CHANGES: Final = Table(
    "better_match", "displaced", "moved", "withdrawn", "consumed", "dismissed", "excluded",
    "refill", "asked", "undone", "pinned", "alternative_chosen", "resized", "session_start",
    "rule_refresh", "kill_switch",
)  # fmt: skip
REASONS: Final = Table("for_you", "popular", "editors_pick", "because_you_viewed", "offered")
OWN_REASONS: Final = 8
"""Reasons of a recommender of one's own that are told; for further ones the first reason is."""
SPENT_TOLD: Final = 8
"""Steps whose displacements are told apart; older ones are added to the oldest of these."""


class Room(IntEnum):
    """How much is carried: each has what those before it have, and one thing more."""

    LEAST = 0
    TAIL = 1
    PAST = 2
    WHY = 3


class Telling:
    """Writes seats: what there is to say of an item is said once, where it has its first seat."""

    def __init__(self, body: Writer) -> None:
        self.body = body
        self.seats: dict[str, Seat] = {}
        self._reasons = dict(REASONS)

    def say(self, seats: Iterable[Seat]) -> None:
        """Seats that are the first ones of their items."""
        reasons, seen, data, own = self._reasons, self.seats, self.body.data, []
        for seat in seats:
            item_id, _, standing, reason, _, pinned = seat
            seen[item_id] = seat
            code = reasons.get(reason)
            if code is None and len(reasons) < len(REASONS) + OWN_REASONS:
                code = reasons[reason] = len(reasons)
                own.append(reason)
            data.append(STANDINGS[standing] | pinned << 2 | (code or 0) << 3)
        self.body.texts(own)

    def row(self, row: Row) -> None:
        """Places that are not on the slate, or were not then; what is new in it comes last."""
        body, items, seats = self.body, self.body.items, self.seats
        unsaid = {seat.item_id: seat for seat in row if seat and seat.item_id not in seats}
        for item_id in unsaid:
            body.item(item_id)
        codes = [items[seat.item_id] * 2 + 1 + seat.pinned if seat else 0 for seat in row]
        body.numbers(len(row), *codes)
        if unsaid:
            body.names()
            self.say(unsaid.values())


class Hearing:
    """Reads what a `Telling` wrote; `seats` are what was said of each item."""

    def __init__(self, body: Reader) -> None:
        self.body = body
        self.seats: dict[str, Seat] = {}
        self._reasons = list(REASONS)

    def hear(self, ids: Sequence[str]) -> None:
        """The first seats of these items."""
        reasons, all_bits = self._reasons, self.body.raw(len(ids))
        for bits in all_bits:
            if bits >> 3 == len(reasons):
                reasons.append(self.body.text())
            elif bits >> 3 > len(reasons):
                raise Unreadable("no reason")
        for item_id, bits in zip(ids, all_bits, strict=True):
            # Two bits choose one of four names, which are the standings.
            standing: Standing = STANDINGS.names[bits & 3]  # type: ignore[assignment]
            reason, pinned = reasons[bits >> 3], bool(bits & 4)
            self.seats[item_id] = Seat(item_id, None, standing, reason, (), pinned)

    def row(self) -> Row:
        """A row of places."""
        codes = [self.body.number() for _ in range(self.body.number())]
        ids = [self.body.item_or_none((code + 1) // 2) for code in codes]
        self.hear([each for each in dict.fromkeys(ids) if each and each not in self.seats])
        return tuple(
            self.seats[item_id]._replace(standing="kept", pinned=not code & 1) if item_id else None
            for item_id, code in zip(ids, codes, strict=True)
        )


def begins(state: SlateState) -> bool:
    """Whether what is declared is that the slate has just begun."""
    if state.changes_from is not None or len(state.changes) != len(state.seats):
        return False
    whole = [(seat.item_id, None, n, "session_start") for n, seat in enumerate(state.seats, 1)]
    return [change[:4] for change in state.changes] == whole


def write_seats(telling: Telling, seats: tuple[Seat, ...]) -> None:
    """The slate, whose items are the first that are named."""
    body = telling.body
    body.numbers(len(seats))
    for seat in seats:
        body.item(seat.item_id)
    body.names()
    telling.say(seats)


def read_seats(hearing: Hearing) -> tuple[Seat, ...]:
    body = hearing.body
    ids = [body.item(number) for number in range(body.number())]
    hearing.hear(ids)
    return tuple(hearing.seats[item_id] for item_id in ids)


def write_state(body: Writer, state: SlateState, heard: int, now: int) -> None:
    last = state.seen
    for rung in (state.rung, state.normal):
        code = RUNGS.get(rung, -1) + 1
        body.data.append(code)
        if not code:
            body.texts((rung,))
    body.texts((state.model, "" if last.model == state.model else last.model))
    spent = list(state.spent)
    while len(spent) > SPENT_TOLD:
        spent[:2] = [(spent[1][0], spent[0][1] + spent[1][1])]
    numbers = [
        folded(now - state.epoch),  # Epochs start from the clock, in milliseconds.
        state.k,
        state.policy_version,
        last.policy_version,
        folded(heard - last.heard),
        ago(last.at, now),
        ago(state.chosen_at, now),
        ago(state.answered_at, now),
        # A model is numbered by the second in which it went live; 0: nobody knows.
        1 + folded(now // 1000 - last.model_version) if last.model_version else 0,
        len(spent),
    ]
    for at, count in spent:
        numbers += (ago(at, now), count)
    body.numbers(*numbers)


def read_state(body: Reader, seats: tuple[Seat, ...], heard: int, now: int) -> SlateState:
    rung, normal = (
        RUNGS.names[code - 1] if (code := body.number()) else body.text() for _ in range(2)
    )
    model, last_model = body.text(), body.text()
    epoch, k = now - body.signed(), body.number()
    version, last_version = body.number(), body.number()
    last_heard = heard - body.signed()
    last_at, chosen_at, answered_at = ((now - body.signed()) / 1000 for _ in range(3))
    since = body.number()
    number = now // 1000 - unfolded(since - 1) if since else 0
    spent = tuple(((now - body.signed()) / 1000, body.number()) for _ in range(body.number()))
    return SlateState(
        epoch,
        seats,
        k,
        rung,
        model,
        normal,
        version,
        Seen(last_heard, last_model or model, last_version, last_at, number),
        chosen_at,
        answered_at,
        spent=spent,
    )


def write_changes(body: Writer, state: SlateState) -> None:
    """What the epoch declared; who came by it or moved is where the slate has it now."""
    since, item = state.changes_from, body.item
    numbers = [0 if since is None else state.epoch - since + 1, len(state.changes)]
    for item_id, before, _, reason, _ in state.changes:
        numbers += (item(item_id), before or 0, CHANGES[reason])
    numbers += (state.allowed, state.displaced, state.refilled)
    if state.displaced:
        numbers.append(round(state.displaced / state.churn) if state.churn else 0)
    body.numbers(*numbers)
    body.names()


def read_changes(body: Reader, state: SlateState) -> SlateState:
    since = body.number()
    told = [(body.number(), body.number(), body.number()) for _ in range(body.number())]
    allowed, displaced, refilled = body.number(), body.number(), body.number()
    filled = body.number() if displaced else 0
    places = {seat.item_id: place for place, seat in enumerate(state.seats, 1)}
    changes = [(body.item(item), before, CHANGES.names[reason]) for item, before, reason in told]
    return state._replace(
        changes_from=state.epoch - since + 1 if since else None,
        changes=tuple(
            Change(item_id, before or None, places.get(item_id), reason)
            for item_id, before, reason in changes
        ),
        allowed=allowed,
        displaced=displaced,
        refilled=refilled,
        churn=displaced / filled if filled else 0.0,
    )


def write_past(telling: Telling, past: tuple[Snapshot, ...]) -> None:
    """What an undo goes back to."""
    body = telling.body
    body.numbers(len(past))
    for snapshot in past:
        telling.row(snapshot.row)
        lifts = snapshot.lifts
        body.numbers(snapshot.refresh, 0 if lifts is None else body.item(lifts) + 1)
        body.names()


def read_past(hearing: Hearing) -> tuple[Snapshot, ...]:
    body = hearing.body
    return tuple(
        Snapshot(hearing.row(), bool(body.number()), body.item_or_none(body.number()))
        for _ in range(body.number())
    )


def write_why(telling: Telling, state: SlateState, *, told: bool) -> None:
    """What explanations name: the visitor's own items, gaps, and the rule.

    `told` are gaps of changes, but for those with which a slate begins: nothing had to go.
    """
    body = telling.body
    becauses = [seat.because for seat in telling.seats.values()]
    numbers = [len(because) for because in becauses]
    numbers += [body.item(item_id) for because in becauses for item_id in because]
    if told:
        gaps = [change.gap for change in state.changes]
        numbers += [0 if gap is None else 1 + folded(round(gap * 1000)) for gap in gaps]
    body.numbers(*numbers)
    body.names()
    body.texts((state.rule or "",))


def read_why(hearing: Hearing, state: SlateState, *, told: bool) -> SlateState:
    body = hearing.body
    counts = [body.number() for _ in hearing.seats]
    items = [[body.number() for _ in range(count)] for count in counts]
    gaps = [body.number() if told else 0 for _ in state.changes]
    becauses = {
        item_id: tuple(body.item(number) for number in numbers)
        for item_id, numbers in zip(hearing.seats, items, strict=True)
    }
    changes = tuple(
        change._replace(gap=unfolded(gap - 1) / 1000) if gap else change
        for change, gap in zip(state.changes, gaps, strict=True)
    )

    def explained(row: Row) -> Row:
        return tuple(seat and seat._replace(because=becauses[seat.item_id]) for seat in row)

    return state._replace(
        seats=tuple(seat._replace(because=becauses[seat.item_id]) for seat in state.seats),
        tail=explained(state.tail),
        past=tuple(snapshot._replace(row=explained(snapshot.row)) for snapshot in state.past),
        changes=changes,
        rule=body.text() or None,
    )
