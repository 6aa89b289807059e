"""Tokens say all that the promise needs, in little room, and nobody but the service writes one."""

from __future__ import annotations

import base64
import random
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
from policies.slate import AskKind, Change, Row, Seat, Seen
from recsvc.ports import Consent
from recsvc.serving.session import Session, mark
from recsvc.serving.tokens import contents, slate
from recsvc.serving.tokens.signing import LONGEST, Signer, _mac
from recsvc.serving.tokens.slate import Room
from recsvc.serving.tokens.told import Told
from recsvc.serving.tokens.wire import Reader, Unreadable, Writer

KEYS = (b"first key, of thirty-two letters", b"second key, of thirty-two letter")
SIGNER = Signer(KEYS)
SLATE = "sl_0123456789abcdef01234567"


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


def promised(state: SlateState, *, roomy: bool) -> SlateState:
    """The state without what a token need not carry; `roomy` keeps what it carries with room."""

    def plain(row: Row) -> Row:
        """What can come back: an item that has changed its reason since comes with the new one."""
        return tuple(s and Seat(s.item_id, None, "kept", "", (), s.pinned) for s in row)

    seats = tuple(seat._replace(score=None) for seat in state.seats)
    past = tuple(snapshot._replace(row=plain(snapshot.row)) for snapshot in state.past)
    state = state._replace(seats=seats, tail=plain(state.tail), past=past)
    if roomy:
        return state
    return state._replace(
        seats=tuple(seat._replace(because=()) for seat in seats),
        past=(),
        tail=(),
        changes=tuple(change._replace(gap=None) for change in state.changes),
        rule=None,
    )


@law
@given(st.one_of(cases(undo=True), beginnings()))
def test_any_state_comes_back_as_it_was(case: Case) -> None:
    state = case.decide().state
    told = told_of(state)
    data = contents.encode(told, Room())
    again = contents.decode(data, "s").session.slates[SLATE]
    assert promised(again, roomy=True) == promised(state, roomy=True)
    least = contents.encode(told, Room(why=False, past=False, tail=False))
    again = contents.decode(least, "s").session.slates[SLATE]
    assert promised(again, roomy=False) == promised(state, roomy=False)


@law
@given(cases(undo=True))
def test_the_next_decision_is_the_same_from_a_token_as_from_the_store(case: Case) -> None:
    def said(answer: Decision) -> tuple[object, ...]:
        after = promised(answer.state, roomy=True)
        after = after._replace(seats=tuple(s._replace(reason="", because=()) for s in after.seats))
        rest = answer._replace(state=after, moved_on=True)
        return tuple(rest)

    state = replace(case, facts=replace(case.facts, asks=())).decide().state
    data = contents.encode(told_of(state), Room())
    again = contents.decode(data, "s").session.slates[SLATE]
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
            seen=Seen(39, state.model, 1, now - 3), chosen_at=now - 3, answered_at=now
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
    for _ in range(5_000):
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
    for version in (1, 0x81, 2):
        sealed = bytes([version]) + data
        text = SIGNER._sealed("s", data) if version == 1 else _signed(sealed)
        SIGNER.open(text, "s", NOW)


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
    data = contents.encode(told_of(_state("abc")), Room())
    assert SIGNER.open(_signed(b"\x01" + data), "s", NOW) is not None
    assert SIGNER.open(_signed(b"\x02" + data), "s", NOW) is None
    assert SIGNER.open(text + "A" * LONGEST, "s", NOW) is None
    assert SIGNER.open(text + "=", "s", NOW) is None
    assert SIGNER.open(text + "\n", "s", NOW) is None


@given(st.lists(st.integers(0, 2**60)), st.lists(st.integers(-(2**60), 2**60)), st.text())
def test_numbers_and_texts_come_back(whole: list[int], any_: list[int], text: str) -> None:
    writer = Writer()
    for number in whole:
        writer.number(number)
    for number in any_:
        writer.signed(number)
    encodable = text.encode(errors="replace").decode()
    writer.text(encodable)
    reader = Reader(bytes(writer.data))
    assert [reader.number() for _ in whole] == whole
    assert [reader.signed() for _ in any_] == any_
    assert reader.text() == encodable
    with pytest.raises(Unreadable):
        reader.raw(1)
