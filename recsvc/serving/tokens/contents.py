"""A slate and its session as the bytes of a token, and back.

Every item id is written once, those on the slate first; whatever else is said of an item names its
number. Times are whole milliseconds before the one at which the session was last used.

Not carried: scores (they are for showing, and comparable within their epoch only), and what rules
remember. What explains a change, what can be undone and the tail are carried where there is room.
"""

from __future__ import annotations

import re
from typing import Final

from policies import Ask
from policies.slate import Change
from recsvc.ports import Consent
from recsvc.serving.session import Session
from recsvc.serving.tokens import slate
from recsvc.serving.tokens.slate import Items, Room
from recsvc.serving.tokens.told import ACTS_KEPT, DISMISSALS_KEPT, Told, hearsay
from recsvc.serving.tokens.wire import Reader, Writer, ms_of

ACTS: Final = ("dismiss", "pin", "unpin", "undo", "refresh", "choose_alternative")
"""Numbered by place, for as long as VERSION stays the same."""

MARK: Final = re.compile("~[0-9a-f]{8}")

Dismissals = tuple[tuple[str, str | None], ...]


def encode(told: Told, room: Room) -> bytes:
    """What is signed; `decode` makes it again."""
    session, state = told.session, told.session.slates[told.slate_id]
    items, body = Items(state, room), Writer()
    seen = ms_of(session.seen)
    slate.write_seats(body, items, state)
    slate.write_state(body, state, session.heard, seen)
    begins = slate.begins(state)
    if not begins:
        slate.write_changes(body, items, state)
    slate.write_rows(body, items, state, room)
    if room.why:
        slate.write_why(body, items, state, told=not begins)
    _write_acts(body, items, session, told.slate_id)

    head = Writer()
    flags = (
        told.apart, session.personal, session.consent.personalisation, session.consent.analytics,
        state.refresh_pending, begins, room.why, session.user_id is not None,
    )  # fmt: skip
    head.data.append(sum(flag << bit for bit, flag in enumerate(flags)))
    head.data += bytes.fromhex(told.slate_id.removeprefix("sl_"))
    head.text(told.surface)
    if session.user_id is not None:
        head.text(session.user_id)
    head.number(seen)
    for value in (told.lives_s, told.number, session.heard, session.last_seq):
        head.number(value)
    head.signed(seen - ms_of(session.started))
    head.number(len(items.numbers))
    for item_id in items.numbers:
        head.text(item_id)
    return bytes(head.data + body.data)


def decode(data: bytes, session_id: str) -> Told:
    """What the signed bytes of a token of this session say. Raises `Unreadable`, `ValueError`."""
    head = Reader(data)
    (bits,) = head.raw(1)
    apart, personal, yes, analytics, pending, begins, why, has_user = (
        bool(bits >> bit & 1) for bit in range(8)
    )
    slate_id, surface = f"sl_{head.raw(12).hex()}", head.text()
    user_id = head.text() if has_user else None
    seen = head.number()
    lives_s, number, heard, last_seq = (head.number() for _ in range(4))
    started = (seen - head.signed()) / 1000
    ids = [head.text() for _ in range(head.number())]

    seats, told_of = slate.read_seats(head, ids)
    state = slate.read_state(head, seats, heard, seen)._replace(refresh_pending=pending)
    if begins:
        changes = tuple(Change(s.item_id, None, n, "session_start") for n, s in enumerate(seats, 1))
        state = state._replace(changes=changes)
    else:
        state = slate.read_changes(head, ids, state)
    state = slate.read_rows(head, ids, told_of, state)
    if why:
        state = slate.read_why(head, ids, len(told_of), state, told=not begins)
    asks, dismissed, lifted, applied = _read_acts(head, ids, slate_id)
    session = Session(
        session_id,
        started=started,
        seen=seen / 1000,
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


def _write_acts(body: Writer, items: Items, session: Session, slate_id: str) -> None:
    """What waits to be shown, what is dismissed here or elsewhere, and acts to be known again."""
    asks = session.pending.get(slate_id, ())
    body.number(len(asks))
    for ask in asks:
        body.data.append(ACTS.index(ask.kind))
        body.number(0 if ask.item_id is None else items.number(ask.item_id) + 1)
    dismissed = session.dismissed[-DISMISSALS_KEPT:]
    lifted = session.lifted
    elsewhere = [hearsay(on) for _, on in (*dismissed, *lifted) if on not in (None, slate_id)]
    others = list(dict.fromkeys(elsewhere))
    body.number(len(others))
    for other in others:
        body.data += bytes.fromhex(other[1:])
    for pairs in (dismissed, lifted):
        body.number(len(pairs))
        for item_id, on in pairs:
            place = 0 if on is None else 1 if on == slate_id else 2 + others.index(hearsay(on))
            body.number(items.number(item_id) * (2 + len(others)) + place)
    # An event may have any id, one that begins as a mark does among them.
    marks = [one for one in session.applied if MARK.fullmatch(one)][-ACTS_KEPT:]
    body.number(len(marks))
    for mark in marks:
        body.data += bytes.fromhex(mark[1:])


def _read_acts(
    head: Reader, ids: list[str], slate_id: str
) -> tuple[tuple[Ask, ...], Dismissals, Dismissals, tuple[str, ...]]:
    asks = []
    for _ in range(head.number()):
        (kind,), item = head.raw(1), head.number()
        asks.append(Ask(ACTS[kind], ids[item - 1] if item else None))  # type: ignore[arg-type]
    places = [None, slate_id, *(f"~{head.raw(4).hex()}" for _ in range(head.number()))]
    dismissed, lifted = (
        tuple(
            (ids[item], places[place])
            for item, place in [divmod(head.number(), len(places)) for _ in range(head.number())]
        )
        for _ in range(2)
    )
    marks = tuple(f"~{head.raw(4).hex()}" for _ in range(head.number()))
    return tuple(asks), dismissed, lifted, marks
