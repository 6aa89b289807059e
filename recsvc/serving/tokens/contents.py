"""A slate and its session as the bytes of a token, and back.

They are written once, so that what may be left out comes last, in the order in which it is given
up: leaving it out is to cut off the end. Every item id is written where it is named first; whatever
else is said of the item names its number. Times are whole milliseconds before the one at which the
session was last used.

Not carried: scores (they are for showing, and comparable within their epoch only), and what rules
remember. What explains a change, what can be undone and the tail are carried where there is room.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from policies import Ask
from policies.slate import Change
from recsvc.ports import Consent
from recsvc.serving.session import Session
from recsvc.serving.tokens import slate
from recsvc.serving.tokens.slate import Hearing, Room, Telling
from recsvc.serving.tokens.told import ACTS_KEPT, DISMISSALS_KEPT, Told, hearsay
from recsvc.serving.tokens.wire import Reader, Table, Writer, ago, ms_of

ACTS: Final = Table("dismiss", "pin", "unpin", "undo", "refresh", "choose_alternative")
"""Numbered for as long as VERSION stays the same."""

MARK: Final = re.compile("~[0-9a-f]{8}")

Dismissals = tuple[tuple[str, str | None], ...]


class Written(NamedTuple):
    """All that there is to say; `ends` are the lengths of what is said in each `Room`."""

    data: bytes
    ends: tuple[int, ...]

    def within(self, room: Room) -> bytes:
        """What is said where there is so much room."""
        return self.data[: self.ends[room]]


def encode(told: Told) -> Written:
    """What is signed, in any room; `decode` makes it again."""
    session, state = told.session, told.session.slates[told.slate_id]
    body = Writer(bytes.fromhex(told.slate_id.removeprefix("sl_")))
    telling, begins = Telling(body), slate.begins(state)
    now, consent, user_id = ms_of(session.seen), session.consent, session.user_id
    body.data.append(
        told.apart
        | session.personal << 1
        | consent.personalisation << 2
        | consent.analytics << 3
        | state.refresh_pending << 4
        | begins << 5
        | (user_id is not None) << 6
    )
    body.texts((told.surface,) if user_id is None else (told.surface, user_id))
    started = ago(session.started, now)
    body.numbers(now, told.lives_s, told.number, session.heard, session.last_seq, started)
    slate.write_seats(telling, state.seats)
    slate.write_state(body, state, session.heard, now)
    if not begins:
        slate.write_changes(body, state)
    _write_acts(body, session, told.slate_id)

    data = body.data
    ends = [len(data)]
    telling.row(state.tail)
    ends.append(len(data))
    slate.write_past(telling, state.past)
    ends.append(len(data))
    slate.write_why(telling, state, told=not begins)
    return Written(bytes(data), (*ends, len(data)))


def decode(data: bytes, room: Room, session_id: str) -> Told:
    """What the signed bytes of a token of this session say. Raises `Unreadable`, `ValueError`."""
    body = Reader(data)
    hearing, slate_id = Hearing(body), f"sl_{body.raw(12).hex()}"
    (bits,) = body.raw(1)
    apart, personal, yes, analytics, pending, begins, has_user = (
        bool(bits >> bit & 1) for bit in range(7)
    )
    surface, user_id = body.text(), body.text() if has_user else None
    now, lives_s, number, heard, last_seq = (body.number() for _ in range(5))
    started = (now - body.signed()) / 1000
    seats = slate.read_seats(hearing)
    state = slate.read_state(body, seats, heard, now)._replace(refresh_pending=pending)
    if begins:
        changes = tuple(Change(s.item_id, None, n, "session_start") for n, s in enumerate(seats, 1))
        state = state._replace(changes=changes)
    else:
        state = slate.read_changes(body, state)
    asks, dismissed, lifted, applied = _read_acts(body, slate_id)
    if room >= Room.TAIL:
        state = state._replace(tail=hearing.row())
    if room >= Room.PAST:
        state = state._replace(past=slate.read_past(hearing))
    if room >= Room.WHY:
        state = slate.read_why(hearing, state, told=not begins)
    body.end()
    session = Session(
        session_id=session_id,
        started=started,
        seen=now / 1000,
        user_id=user_id,
        consent=Consent(yes, analytics),
        personal=personal,
        heard=heard,
        last_seq=last_seq,
        slates={slate_id: state},
        latest={surface: slate_id},
        pending={slate_id: asks} if asks else {},
        dismissed=dismissed,
        lifted=lifted,
        applied=applied,
    )
    return Told(session, slate_id, surface, number, lives_s, apart)


def _write_acts(body: Writer, session: Session, slate_id: str) -> None:
    """What waits to be shown, what is dismissed here or elsewhere, and acts to be known again."""
    item, asks = body.item, session.pending.get(slate_id, ())
    numbers = [len(asks)]
    for ask in asks:
        numbers += (ACTS[ask.kind], 0 if ask.item_id is None else item(ask.item_id) + 1)
    dismissed, lifted = session.dismissed[-DISMISSALS_KEPT:], session.lifted
    # An act has its place: nowhere, here, or on one of the others.
    places: dict[str | None, int] = {None: 0, slate_id: 1}
    others: dict[str, int] = {}
    for _, on in (*dismissed, *lifted):
        if on is not None and on not in places:
            other = hearsay(on)
            # An event may name anything as its slate; what is none of ours is nowhere.
            is_slate = MARK.fullmatch(other)
            places[on] = others.setdefault(other, 2 + len(others)) if is_slate else 0
    numbers.append(len(others))
    for pairs in (dismissed, lifted):
        numbers.append(len(pairs))
        numbers += [item(item_id) * (2 + len(others)) + places[on] for item_id, on in pairs]
    # An event may have any id, one that begins as a mark does among them.
    marks = [one for one in session.applied if "~" in one and MARK.fullmatch(one)][-ACTS_KEPT:]
    body.numbers(*numbers, len(marks))
    body.names()
    body.data += bytes.fromhex("".join([mark[1:] for mark in (*others, *marks)]))


def _read_acts(
    body: Reader, slate_id: str
) -> tuple[tuple[Ask, ...], Dismissals, Dismissals, tuple[str, ...]]:
    told = [(body.number(), body.number()) for _ in range(body.number())]
    others = body.number()
    pairs = [[body.number() for _ in range(body.number())] for _ in range(2)]
    marks = body.number()
    asks = [(ACTS.names[kind], body.item_or_none(item)) for kind, item in told]
    acts = [
        [(body.item(number // (2 + others)), number % (2 + others)) for number in numbers]
        for numbers in pairs
    ]
    places = (None, slate_id, *(f"~{body.raw(4).hex()}" for _ in range(others)))
    dismissed, lifted = (tuple((item, places[place]) for item, place in some) for some in acts)
    return (
        tuple(Ask(kind, item) for kind, item in asks),  # type: ignore[arg-type]
        dismissed,
        lifted,
        tuple(f"~{body.raw(4).hex()}" for _ in range(marks)),
    )
