"""Tokens say all that the promise needs, in little room, and nobody but the service writes one."""

from __future__ import annotations

import base64
import os
import random
import zlib
from dataclasses import replace
from typing import get_args

import pytest
from cases import Case, beginnings, cases, law
from given import NOW
from given import slate as given_slate
from hypothesis import given, settings
from hypothesis import strategies as st

from policies import Ask, Decision, SlateState
from policies.reasons import REASONS
from policies.slate import AskKind, Change, Row, Seat, Seen, Snapshot
from recsvc.ports import Consent
from recsvc.serving.session import Session, mark
from recsvc.serving.tokens import contents, signing, slate
from recsvc.serving.tokens.signing import LONGEST, VERSION, Signer, _allowance, _fitted, _mac
from recsvc.serving.tokens.slate import Room
from recsvc.serving.tokens.told import Told
from recsvc.serving.tokens.wire import Reader, Unreadable, Writer, folded

KEYS = (b"first key, of thirty-two letters", b"second key, of thirty-two letter")
SIGNER = Signer(KEYS)
SLATE = "sl_0123456789abcdef01234567"
FULL = os.environ.get("RECSVC_TEST_FULL") == "1"


def told_of(state: SlateState, **more: object) -> Told:
    usual: dict[str, object] = {
        "session_id": "s", "started": NOW - 60, "seen": NOW, "slates": {SLATE: state},
        "latest": {"home": SLATE},
    }  # fmt: skip
    return Told(Session(**(usual | more)), SLATE, "home", 3, 1800)  # type: ignore[arg-type]


def opened(told: Told, now: float = NOW) -> Told:
    text = SIGNER.sign(told)
    assert text is not None
    again = SIGNER.open(text, told.session.session_id, now)
    assert again is not None
    return again


def promised(state: SlateState, room: Room) -> SlateState:
    """The state without what a token of this room does not carry."""

    def plain(row: Row) -> Row:
        """What can come back: an item that has changed its reason since comes with the new one."""
        return tuple(s and Seat(s.item_id, None, "kept", "", (), s.pinned) for s in row)

    seats = tuple(seat._replace(score=None) for seat in state.seats)
    past = tuple(snapshot._replace(row=plain(snapshot.row)) for snapshot in state.past)
    state = state._replace(
        seats=seats,
        tail=plain(state.tail) if room >= Room.TAIL else (),
        past=past if room >= Room.PAST else (),
    )
    if room == Room.WHY:
        return state
    return state._replace(
        seats=tuple(seat._replace(because=()) for seat in seats),
        changes=tuple(change._replace(gap=None) for change in state.changes),
        rule=None,
    )


def carried(told: Told, room: Room) -> SlateState:
    """What a token of this room tells of the slate."""
    data = contents.encode(told).within(room)
    return contents.decode(data, room, "s").session.slates[SLATE]


@law
@given(st.one_of(cases(undo=True), beginnings()))
def test_any_state_comes_back_as_it_was_in_any_room(case: Case) -> None:
    state = case.decide().state
    for room in Room:
        again = carried(told_of(state), room)
        assert promised(again, Room.WHY) == promised(state, room)


@pytest.mark.parametrize("number", [0, 1, int(NOW), int(NOW) + 9])
def test_the_number_of_the_models_promotion_comes_back(number: int) -> None:
    state = _state("abc")
    state = state._replace(seen=state.seen._replace(model_version=number))
    assert carried(told_of(state), Room.LEAST).seen.model_version == number


@law
@given(cases(undo=True))
def test_what_is_cut_off_elsewhere_than_where_a_part_ends_cannot_be_read(case: Case) -> None:
    data, ends = contents.encode(told_of(case.decide().state))
    for room in Room:
        for end in {ends[room] - 1, ends[room] + 1, *ends} - {ends[room]}:
            if end <= len(data):
                with pytest.raises((ValueError, LookupError)):
                    contents.decode(data[:end], room, "s")


def test_every_part_is_cut_off_with_what_only_it_names() -> None:
    """And says of an item what no part before it has said."""
    tail = (Seat("in-tail", 0.5, "new", "own one"), None, Seat("both", 0.5, "kept", "popular"))
    row = (Seat("a", 0.5, "kept", "for_you"), Seat("in-past", 0.5, "kept", "own two", (), True))
    past = (
        Snapshot((Seat("both", 0.5, "kept", "for_you", (), True), *row), True, "dropped"),
        Snapshot((*row[::-1], None)),
    )
    state = _state("abc", tail=tail, past=past, rule="rule")
    seats = tuple(seat._replace(because=("viewed",)) for seat in state.seats)
    told = told_of(state._replace(seats=seats), dismissed=(("dropped", SLATE), ("in-past", None)))
    written = contents.encode(told)
    first = {
        Room.LEAST: [b"a", b"dropped", b"in-past"],
        Room.TAIL: [b"in-tail", b"both", b"own one"],
        Room.PAST: [b"own two"],
        Room.WHY: [b"viewed", b"rule"],
    }
    for room, names in first.items():
        part = written.data[written.ends[room - 1] if room else 0 : written.ends[room]]
        for name in names:
            assert written.data.count(bytes([len(name)]) + name) == 1
            assert bytes([len(name)]) + name in part
    back = carried(told, Room.WHY)
    assert [s and (s.standing, s.reason, s.pinned) for s in back.tail] == [
        ("kept", "own one", False), None, ("kept", "popular", False),
    ]  # fmt: skip
    assert [[s and (s.item_id, s.reason, s.pinned) for s in one.row] for one in back.past] == [
        [("both", "popular", True), ("a", "for_you", False), ("in-past", "own two", True)],
        [("in-past", "own two", True), ("a", "for_you", False), None],
    ]
    assert [(one.refresh, one.lifts) for one in back.past] == [(True, "dropped"), (False, None)]
    assert [seat.because for seat in back.seats] == [("viewed",)] * 3


def test_of_many_own_reasons_the_further_ones_are_told_as_the_first_reason() -> None:
    seats = tuple(Seat(f"i{n}", 0.5, "new", f"own {n // 2}", (), n == 19) for n in range(24))
    state = _state("abc")._replace(seats=seats[:20], tail=seats[20:], k=20)
    back = carried(told_of(state), Room.TAIL)
    assert [seat.reason for seat in back.seats] == [f"own {n // 2}" for n in range(16)] + [
        "for_you"
    ] * 4
    assert [seat.standing for seat in back.seats] == ["new"] * 20
    assert [seat.pinned for seat in back.seats] == [False] * 19 + [True]
    assert {seat.reason for seat in back.tail if seat} == {"for_you"}


@law
@given(cases(undo=True))
def test_the_next_decision_is_the_same_from_a_token_as_from_the_store(case: Case) -> None:
    def said(answer: Decision) -> tuple[object, ...]:
        after = promised(answer.state, Room.WHY)
        after = after._replace(seats=tuple(s._replace(reason="", because=()) for s in after.seats))
        rest = answer._replace(state=after, moved_on=True)
        return tuple(rest)

    state = replace(case, facts=replace(case.facts, asks=())).decide().state
    again = carried(told_of(state), Room.WHY)
    assert said(case.decide(state=again)) == said(case.decide(state=state))


def test_what_the_session_knows_comes_back() -> None:
    session = {
        "user_id": "owner\x1fuser ü", "consent": Consent(True, False), "personal": True,
        "heard": 300, "last_seq": 70_000, "applied": ("e1", mark("e2"), "~no mark"),
        "dismissed": (("x", SLATE), ("y", f"sl_{'ab' * 12}"), ("z", None)),
        "lifted": (("w", SLATE), ("v", f"sl_{'cd' * 12}")),
        "pending": {SLATE: (Ask("dismiss", "x"), Ask("undo"), Ask("pin", "b"))},
    }  # fmt: skip
    state = _state("abcde")
    back = opened(replace(told_of(state, **session), apart=True))
    assert (back.apart, back.number, back.until) == (True, 3, NOW + 1800)
    assert back.session == told_of(state, **session).session._replace(
        slates=back.session.slates,
        dismissed=(("x", SLATE), ("y", "~abababab"), ("z", None)),
        lifted=(("w", SLATE), ("v", "~cdcdcdcd")),
        applied=(mark("e2"),),
    )


def test_times_are_never_earlier_and_do_not_creep_when_signed_again() -> None:
    state = _state("abc")._replace(chosen_at=NOW - 1.0004567, spent=((NOW - 3.2000001, 2),))
    once = opened(told_of(state))
    twice = opened(once)
    assert once.session == twice.session
    after = once.session.slates[SLATE]
    assert 0 <= after.chosen_at - state.chosen_at < 0.0011
    assert 0 <= after.spent[0][0] - state.spent[0][0] < 0.0011


def test_of_many_steps_the_token_counts_every_displacement_as_late_as_any() -> None:
    spent = tuple((NOW - 500 + 10 * n, 1 + n % 2) for n in range(30))
    back = opened(told_of(_state("abc")._replace(spent=spent))).session.slates[SLATE].spent
    assert sum(n for _, n in back) == sum(n for _, n in spent)
    for t in (0, NOW - 400, NOW - 250):
        assert sum(n for at, n in back if at > t) >= sum(n for at, n in spent if at > t)


def test_every_reason_act_and_rung_has_a_number() -> None:
    assert set(slate.CHANGES) >= set(REASONS) - set(slate.REASONS)
    assert set(contents.ACTS) >= set(get_args(AskKind))
    assert set(slate.STANDINGS) == {"kept", "moved", "new", "pinned"}


def size_allowed(state: SlateState, *more: str) -> float:
    ids = {seat.item_id for seat in (*state.seats, *state.tail) if seat}
    ids |= {change.item_id for change in state.changes} | set(more)
    return 200 + 1.5 * sum(len(item.encode()) for item in ids)


@law
@given(st.one_of(cases(undo=True), beginnings()))
def test_a_token_of_any_small_state_keeps_to_its_size(case: Case) -> None:
    """Ids of one letter leave room for little else: this is the hardest case."""
    state = case.decide().state
    text = SIGNER.sign(told_of(state))
    assert text is not None
    assert len(text) <= size_allowed(state)


@pytest.mark.parametrize("k", [1, 5, 10, 24, 100])
@pytest.mark.parametrize("length", [6, 12, 36])
def test_a_token_keeps_to_its_size_with_any_number_of_seats(k: int, length: int) -> None:
    draw = random.Random(k * 1000 + length)
    letters = "0123456789ABCDEF"
    for _ in range(20):
        ids = ["".join(draw.choices(letters, k=length)) for _ in range(k + 8)]
        now = 1_795_456_900.5
        state = _state(ids[:k], model="als-20261125-0123abcd", epoch=1_795_456_800_004)
        state = state._replace(
            seen=Seen(39, state.model, 1, now - 3, int(now) - 86_400),
            chosen_at=now - 3,
            answered_at=now,
        )
        gone = ids[k : k + max(1, k // 10)]
        state = state._replace(
            changes_from=state.epoch - 1,
            changes=tuple(_changed(item, n + 1, None, "displaced") for n, item in enumerate(gone))
            + tuple(_changed(ids[n], None, n + 1, "better_match") for n in range(len(gone)))
            if k > len(gone)
            else (),
            spent=tuple((now - 100 * n, 1) for n in range(5, 0, -1)),
        )
        session: dict[str, object] = {
            "seen": now,
            "started": now - 900,
            "heard": 40,
            "last_seq": 9_999,
        }
        session |= {"dismissed": tuple((item, SLATE) for item in ids[-3:])}
        text = SIGNER.sign(told_of(state, **session))
        assert text is not None
        assert len(text) <= size_allowed(state, *ids[-3:])


@law
@given(st.one_of(cases(undo=True), beginnings()), st.integers(0, 700))
def test_a_token_carries_the_most_that_fits(case: Case, most: int) -> None:
    written = contents.encode(told_of(case.decide().state))

    def characters(data: bytes) -> int:
        return len(SIGNER._sealed("s", b"0" + data))

    room, deflated, data = _fitted(written, most)
    told = zlib.decompress(data, -15) if deflated else data
    assert told == written.within(room)
    assert characters(data) <= most or room == Room.LEAST
    if room < Room.WHY:
        more = written.within(Room(room + 1))
        assert characters(more) > most
        assert characters(signing._deflated(more)) > most


def test_a_token_is_as_long_as_was_reckoned_and_what_just_fits_is_carried() -> None:
    for size in range(400):
        assert signing._characters(size) == len(SIGNER._sealed("s", bytes(1 + size)))
    noise = contents.Written(random.Random(7).randbytes(250), (50, 120, 200, 250))
    for room in Room:
        most = signing._characters(noise.ends[room])
        assert _fitted(noise, most) == (room, False, noise.within(room))
        assert _fitted(noise, most - 1)[0] == max(Room.LEAST, room - 1)


def test_long_contents_are_deflated_where_that_makes_them_shorter() -> None:
    noise = random.Random(7).randbytes(700)
    long = contents.Written(noise, (300, 400, 500, 700))
    assert _fitted(long, 8000) == (Room.WHY, False, noise)
    assert _fitted(long, 100) == (Room.LEAST, False, noise[:300])
    plain = contents.Written(b"a" * 300 + noise, (10, 20, 300, 1000))
    room, deflated, data = _fitted(plain, signing._characters(300))
    assert (room, deflated, zlib.decompress(data, -15)) == (Room.PAST, True, b"a" * 300)
    short = contents.Written(b"a" * 200 + noise[:20], (100, 200, 210, 220))
    packed = signing._deflated(short.data)
    assert _fitted(short, signing._characters(len(packed))) == (Room.WHY, True, packed)
    assert _fitted(short, signing._characters(len(packed)) - 1)[0] < Room.WHY


@pytest.mark.parametrize("room", Room)
@pytest.mark.parametrize("deflated", [False, True])
def test_a_token_says_what_is_there(
    monkeypatch: pytest.MonkeyPatch, room: Room, deflated: bool
) -> None:
    row = tuple(Seat(item, 0.5, "kept", "popular") for item in "de")
    state = _state("abc", tail=row, past=(Snapshot(row, True),), rule="rule")
    told = contents.encode(told_of(state)).within(room)
    fitted = room, deflated, signing._deflated(told) if deflated else told
    monkeypatch.setattr(signing, "_fitted", lambda *_: fitted)
    back = opened(told_of(state)).session.slates[SLATE]
    assert promised(back, Room.WHY) == promised(state, room)


def test_ten_ids_of_six_letters_need_less_than_290_characters() -> None:
    ids = [f"item-{letter}" for letter in "abcdefghij"]
    assert len(SIGNER.sign(told_of(_state(ids))) or "") <= 235
    changes = tuple(_changed(item, 3, None, "displaced") for item in ("item-x", "item-y"))
    state = _state(ids)._replace(changes=changes, spent=tuple((NOW - n, 1) for n in range(8)))
    told = told_of(state, dismissed=(("item-x", SLATE), ("item-y", SLATE)))
    assert len(SIGNER.sign(told) or "") <= _allowance(told) == 308


def test_what_is_too_long_to_be_sent_back_is_not_given() -> None:
    ids = [f"{n:03}" + random.Random(n).randbytes(120).hex() for n in range(100)]
    assert SIGNER.sign(told_of(_state(ids))) is None
    assert len(SIGNER.sign(told_of(_state(ids[:20]))) or "") <= LONGEST


def _state(ids: str | list[str], **more: object) -> SlateState:
    state = given_slate("abc")._replace(**more)
    seats = tuple(Seat(item, 0.5, "kept", "for_you") for item in ids)
    return state._replace(seats=seats, k=len(ids))


def _changed(item: str, before: int | None, after: int | None, reason: str) -> Change:
    return Change(item, before, after, reason, 1.25)


# --- Nobody but the service writes a token -------------------------------------------------------


def flipped(text: str, bit: int) -> str:
    data = bytearray(text.encode())
    data[bit // 8] ^= 1 << bit % 8
    return data.decode("latin-1")


def test_a_flip_of_any_bit_of_a_token_is_seen() -> None:
    text = SIGNER.sign(told_of(_state("abc"))) or ""
    assert SIGNER.open(text, "s", NOW) is not None
    for bit in range(len(text) * 8):
        assert SIGNER.open(flipped(text, bit), "s", NOW) is None


def test_random_flips_are_seen() -> None:
    draw = random.Random(5)
    texts = [SIGNER.sign(told_of(_state(ids))) or "" for ids in ("a", "abcdefg", "abcdefghijklmn")]
    for _ in range(100_000 if FULL else 5_000):
        text = changed = draw.choice(texts)
        for _ in range(draw.choice([1, 1, 1, 2, 8])):
            changed = flipped(changed, draw.randrange(len(text) * 8))
        assert changed == text or SIGNER.open(changed, "s", NOW) is None


@given(st.text(max_size=400))
@settings(max_examples=300)
def test_no_text_at_all_is_an_error(text: str) -> None:
    assert SIGNER.open(text, "s", NOW) is None


@given(st.binary(max_size=300))
@settings(max_examples=500)
def test_signed_nonsense_is_no_error(data: bytes) -> None:
    for head in (VERSION, VERSION | 0x10, VERSION | 0x30, VERSION | 0x80, VERSION | 0x40, 1):
        SIGNER.open(_signed(bytes([head]) + data), "s", NOW)


def _signed(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed + _mac(KEYS[0], "s", sealed)).rstrip(b"=").decode()


def test_the_signature_binds_session_and_key() -> None:
    told = told_of(_state("abc"))
    text = SIGNER.sign(told) or ""
    assert SIGNER.open(text, "t", NOW) is None, "of another session"
    assert SIGNER.open(text, "owner\x1fs", NOW) is None, "of another owner"
    assert Signer(KEYS[1:]).open(text, "s", NOW) is None, "of another service"


def test_keys_rotate_with_overlap() -> None:
    text = SIGNER.sign(told_of(_state("abc"))) or ""
    rotated = Signer((b"a new key of thirty-two letters!", KEYS[0]))
    assert rotated.open(text, "s", NOW) is not None
    assert SIGNER.open(rotated.sign(told_of(_state("abc"))) or "", "s", NOW) is None
    assert Signer(rotated.keys[:1]).open(text, "s", NOW) is None


def test_a_token_ends_with_its_session() -> None:
    text = SIGNER.sign(told_of(_state("abc"))) or ""
    assert SIGNER.open(text, "s", NOW + 1800) is not None
    assert SIGNER.open(text, "s", NOW + 1800.01) is None


def test_a_token_of_an_unknown_version_or_length_is_not_looked_at() -> None:
    text = SIGNER.sign(told_of(_state("abc"))) or ""
    data = contents.encode(told_of(_state("abc"))).within(Room.LEAST)
    assert SIGNER.open(_signed(bytes([VERSION]) + data), "s", NOW) is not None
    for head in (0, 1, 2, VERSION | 0x40, VERSION | 0x08):
        assert SIGNER.open(_signed(bytes([head]) + data), "s", NOW) is None
    assert SIGNER.open(text + "A" * LONGEST, "s", NOW) is None
    assert SIGNER.open(text + "=", "s", NOW) is None
    assert SIGNER.open(text + "\n", "s", NOW) is None


def test_one_token_only_has_this_content() -> None:
    """Nothing may stand behind it, deflated or not; nor is another room told of than there is."""
    data = contents.encode(told_of(_state("abc"))).within(Room.LEAST)
    packed = signing._deflated(data)
    assert SIGNER.open(_signed(bytes([VERSION | 0x80]) + packed), "s", NOW) is not None
    for head, body in (
        (VERSION, data + b"\0"), (VERSION, data[:-1]), (VERSION | 0x80, packed + b"\0"),
        (VERSION | 0x80, packed[:-1]), (VERSION | 0x10, data),
    ):  # fmt: skip
        assert SIGNER.open(_signed(bytes([head]) + body), "s", NOW) is None
    bomb = zlib.compress(bytes(4_000_000), 9)[2:-4]
    assert len(text := _signed(bytes([VERSION | 0x80]) + bomb)) < LONGEST
    assert SIGNER.open(text, "s", NOW) is None


def test_a_dismissal_on_what_is_no_slate_counts_everywhere() -> None:
    """An event may name anything as its slate."""
    names = ["x", "sl_", "~", "sl_xyz", "sl_0123", "sl_ABCDEFABCDEF", "\u00e4" * 8]
    dismissed = tuple((f"item {n}", on) for n, on in enumerate(names))
    back = opened(told_of(_state("abc"), dismissed=dismissed)).session.dismissed
    assert back == tuple((item, None) for item, _ in dismissed)


@given(
    st.lists(st.integers(0, 2**60)),
    st.lists(st.integers(-(2**60), 2**60)),
    st.lists(st.text()),
)
def test_numbers_and_texts_come_back(whole: list[int], any_: list[int], texts: list[str]) -> None:
    writer = Writer()
    writer.numbers(*whole, *map(folded, any_))
    encodable = [text.encode(errors="replace").decode() for text in texts]
    writer.texts(encodable)
    reader = Reader(bytes(writer.data))
    assert [reader.number() for _ in whole] == whole
    assert [reader.signed() for _ in any_] == any_
    assert [reader.text() for _ in encodable] == encodable
    reader.end()
    with pytest.raises(Unreadable):
        reader.raw(1)


@pytest.mark.parametrize("length", [0, 1, 127, 128, 300])
def test_texts_of_any_length_come_back(length: int) -> None:
    writer, texts = Writer(), ["a" * length, "\u00e4" * (length // 2), "b"]
    writer.texts(texts[:1])
    writer.texts(texts)
    reader = Reader(bytes(writer.data))
    assert [reader.text() for _ in range(4)] == [texts[0], *texts]
