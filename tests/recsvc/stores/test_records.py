"""The promise of the books of record, whatever they are written in."""

from __future__ import annotations

import dataclasses
import sqlite3
import string
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recsvc.errors import BadInput, Misconfigured
from recsvc.ports import CARRIED_KEPT, Consent, Event, Item
from recsvc.stores.records import Records, open_records

T0 = 1_800_000_000.0


def event(event_id: str, *, at: float = 0.0, session_id: str = "s1", **more: object) -> Event:
    return Event(event_id, "click", session_id, "home", T0 + at, T0 + 1, **more)  # type: ignore[arg-type]


def test_every_field_of_an_event_comes_back(records: Records) -> None:
    full = Event(
        "é'", "view", "s🙂", "home", T0 + 0.125, T0 + 0.1, "007", "slate", 1_795_456_800_004,
        3, "item", "alt", -0.5, "why",
    )  # fmt: skip
    bare = event("bare", session_id="s2")
    records.events.append([full, bare])
    assert records.events.of_session(full.session_id, limit=5) == (full,)
    assert records.events.of_session("s2", limit=5) == (bare,)
    assert records.events.of_user("007", since=T0, limit=5) == (full,)
    assert records.events.of_user("7", since=0.0, limit=5) == ()


def test_numbers_rise_in_the_order_of_the_events(records: Records) -> None:
    first = records.events.append([event(f"e{i}") for i in (5, 3, 9)])
    second = records.events.append([event("e0")])
    numbers = [receipt.seq for receipt in (*first, *second)]
    assert numbers == sorted(set(numbers))
    assert all(receipt.new for receipt in (*first, *second))


def test_a_repeat_has_its_first_number_and_changes_nothing(records: Records) -> None:
    (first,) = records.events.append([event("e1", item_id="a")])
    (again,) = records.events.append([event("e1", item_id="b")])
    assert (again.seq, again.new) == (first.seq, False)
    assert [e.item_id for e in records.events.of_session("s1", limit=9)] == ["a"]


def test_a_repeat_within_a_batch_is_one_event(records: Records) -> None:
    one = event("e1", item_id="a")
    batch = [event("e0"), one, one, event("e1", item_id="b"), event("e2")]
    records.events.append([event("e2")])
    receipts = records.events.append(batch)
    assert [receipt.new for receipt in receipts] == [True, True, False, False, False]
    assert receipts[1].seq == receipts[2].seq == receipts[3].seq
    assert receipts[4].seq == 1
    assert len(records.events.of_session("s1", limit=9)) == 3


def test_one_event_id_in_two_sessions_is_two_events(records: Records) -> None:
    receipts = records.events.append([event("e"), event("e", session_id="s2")])
    assert [receipt.new for receipt in receipts] == [True, True]


def test_an_empty_batch_is_nothing(records: Records) -> None:
    assert records.events.append([]) == ()


def test_five_hundred_events_keep_their_order(records: Records) -> None:
    batch = [event(f"e{i}", session_id=f"s{i % 7}") for i in range(500)]
    assert [r.seq for r in records.events.append(batch)] == list(range(1, 501))
    assert [r.seq for r in records.events.append(batch[::-1])] == list(range(500, 0, -1))


def test_the_latest_are_by_time_oldest_first_and_after_since(records: Records) -> None:
    times = [5.0, 1.0, 3.0, 3.0, 9.0]
    records.events.append([event(f"e{i}", at=t, user_id="u") for i, t in enumerate(times)])

    def names(since: float, limit: int) -> str:
        found = records.events.of_user("u", since=T0 + since, limit=limit)
        return " ".join(e.event_id for e in found)

    assert names(0, 9) == "e1 e2 e3 e0 e4"
    assert names(1, 9) == "e2 e3 e0 e4"
    assert names(0, 2) == "e0 e4"
    assert names(0, 0) == ""
    of_session = records.events.of_session("s1", limit=3)
    assert [e.event_id for e in of_session] == ["e3", "e0", "e4"]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from(string.ascii_lowercase[:6]), max_size=6), max_size=5))
def test_each_event_is_new_once_and_keeps_its_number(batches: list[list[str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file, twin = open_records(f"sqlite:///{folder}/records.sqlite"), open_records("memory:")
        numbers: dict[str, int] = {}
        for batch in batches:
            receipts = file.events.append([event(name) for name in batch])
            for name, receipt in zip(batch, receipts, strict=True):
                assert receipt.new == (name not in numbers)
                if receipt.new:
                    assert receipt.seq > max(numbers.values(), default=0)
                assert numbers.setdefault(name, receipt.seq) == receipt.seq
            told = twin.events.append([event(name) for name in batch])
            assert [r.new for r in told] == [r.new for r in receipts]
        file.close()


def test_consent_is_unknown_until_said_and_then_the_last_word(records: Records) -> None:
    assert records.people.consent("u") is None
    for said in (Consent(True, False), Consent(False, True), Consent()):
        records.people.put_consent("u", said, T0)
        assert records.people.consent("u") == said
    assert records.people.consent("v") is None


def test_a_dismissal_holds_until_its_time_for_its_user(records: Records) -> None:
    records.people.dismiss("u", "a", T0 + 10)
    records.people.dismiss("u", "b", T0 + 20)
    assert records.people.dismissals("u", T0) == {"a": T0 + 10, "b": T0 + 20}
    assert records.people.dismissals("u", T0 + 10) == {"b": T0 + 20}
    assert records.people.dismissals("v", T0) == {}


def test_the_last_dismissal_of_an_item_holds(records: Records) -> None:
    records.people.dismiss("u", "a", T0 + 10)
    records.people.dismiss("u", "a", T0 + 30)
    assert records.people.dismissals("u", T0) == {"a": T0 + 30}


def test_what_is_taken_back_is_no_longer_dismissed(records: Records) -> None:
    for item_id in "abc":
        records.people.dismiss("u", item_id, T0 + 10)
        records.people.dismiss("v", item_id, T0 + 10)
    records.people.undismiss("u", iter(["a", "c", "never"]))
    records.people.undismiss("u", [])
    assert set(records.people.dismissals("u", T0)) == {"b"}
    assert set(records.people.dismissals("v", T0)) == {"a", "b", "c"}


AGREES = Consent(personalisation=True)


def test_a_slate_is_carried_over_as_last_kept_for_its_user_by_its_name(records: Records) -> None:
    for user in ("u", "v"):
        records.people.put_consent(user, AGREES, T0)
    records.people.carry("u", "one", b"\x00first", T0)
    records.people.carry("u", "one", b"\xffsecond", T0 + 1)
    records.people.carry("u", "two", b"", T0 + 1)
    assert records.people.carried("u", "one") == b"\xffsecond"
    assert records.people.carried("u", "two") == b""
    assert records.people.carried("u", "three") is None
    assert records.people.carried("v", "one") is None


def test_nothing_is_carried_over_for_who_has_not_agreed(records: Records) -> None:
    records.people.carry("u", "one", b"x", T0)
    assert records.people.carried("u", "one") is None
    records.people.put_consent("u", Consent(personalisation=False, analytics=True), T0)
    records.people.carry("u", "one", b"x", T0)
    assert records.people.carried("u", "one") is None


def test_taking_consent_back_forgets_what_is_carried_over(records: Records) -> None:
    for user in ("u", "v"):
        records.people.put_consent(user, AGREES, T0)
        records.people.carry(user, "one", b"x", T0)
    records.people.put_consent("u", AGREES, T0 + 1)
    assert records.people.carried("u", "one") == b"x"
    records.people.put_consent("u", Consent(), T0 + 2)
    records.people.put_consent("u", AGREES, T0 + 3)
    assert records.people.carried("u", "one") is None
    assert records.people.carried("v", "one") == b"x"


def test_the_latest_slates_of_each_user_are_kept(records: Records) -> None:
    for user in ("u", "v"):
        records.people.put_consent(user, AGREES, T0)
    records.people.carry("v", "old", b"x", T0 - 9)
    for n in range(CARRIED_KEPT + 4):
        records.people.carry("u", f"s{n}", b"x", T0 + n)
    records.people.carry("u", "s4", b"y", T0 + 99)
    records.people.carry("u", "last", b"z", T0 + 99)
    kept = [n for n in range(CARRIED_KEPT + 4) if records.people.carried("u", f"s{n}")]
    assert kept == [4, *range(6, CARRIED_KEPT + 4)]
    assert records.people.carried("v", "old") == b"x"


def test_an_item_is_described_as_last_put(records: Records) -> None:
    item = Item("007", "Héllo", "https://x", "i.png", True, {"stars": 4.5, "sea": True, "c": "ES"})
    assert records.catalogue.describe(["007"]) == {}
    records.catalogue.put(Item("007", "before", attributes={"gone": 1.0}))
    assert records.catalogue.describe(["007"])["007"].title == "before"
    records.catalogue.put(item)
    records.catalogue.put(Item("bare"))
    asked = iter(["7", "007", "bare", "007"])
    assert records.catalogue.describe(asked) == {"007": item, "bare": Item("bare")}
    assert records.catalogue.describe([]) == {}


def test_withdrawn_is_what_is_unavailable_or_deleted_until_it_is_put_again(
    records: Records,
) -> None:
    catalogue = records.catalogue
    assert catalogue.withdrawn() == frozenset()
    catalogue.put(Item("a"))
    catalogue.put(Item("b", "B", available=False))
    catalogue.delete("never put")
    assert catalogue.withdrawn() == {"b", "never put"}
    catalogue.put(Item("b", "B"))
    catalogue.delete("a")
    assert catalogue.withdrawn() == {"a", "never put"}
    catalogue.put(Item("never put"))
    assert catalogue.withdrawn() == {"a"}


def test_a_deleted_item_keeps_its_description_and_one_never_put_has_none(records: Records) -> None:
    catalogue = records.catalogue
    catalogue.put(Item("b", "B", attributes={"stars": 2}))
    catalogue.delete("b")
    catalogue.delete("never put")
    described = catalogue.describe(["b", "never put"])
    assert described == {"b": Item("b", "B", available=False, attributes={"stars": 2})}


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.booleans(), st.sampled_from("abc"), st.sampled_from(["put", "off", "delete", ""])
        ),
        max_size=15,
    )
)
def test_two_copies_of_a_catalogue_and_the_twin_always_agree(
    script: list[tuple[bool, str, str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        both = [open_records(f"sqlite:///{folder}/records.sqlite") for _ in range(2)]
        twin = open_records("memory:").catalogue
        for step, (which, item_id, act) in enumerate(script):
            for catalogue in (both[which].catalogue, twin):
                if act == "delete":
                    catalogue.delete(item_id)
                elif act:
                    catalogue.put(Item(item_id, f"title {step}", available=act == "put"))
            for books in both:
                asked = "abc" if step % 2 else item_id
                assert books.catalogue.withdrawn() == twin.withdrawn()
                assert books.catalogue.describe(asked) == twin.describe(asked)
        for books in both:
            books.close()


def test_the_copy_of_a_catalogue_is_bounded_and_still_true(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsvc.stores.catalogue.COPIED_MOST", 10)
    catalogue = open_records(f"sqlite:///{tmp_path}/records.sqlite").catalogue
    catalogue.put(Item("a", available=False))
    for i in range(100):
        assert set(catalogue.describe(["a", f"unknown{i}"])) == {"a"}
        assert catalogue.withdrawn() == {"a"}
        assert len(catalogue._copy.found) <= 12  # type: ignore[attr-defined]


def test_another_database_in_place_of_the_old_one_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    books = open_records(f"sqlite:///{file}")
    for name in "abc":
        books.catalogue.put(Item(name, available=False))
    assert books.catalogue.withdrawn() == {"a", "b", "c"}
    books.close()
    file.unlink()
    books.catalogue.put(Item("d", available=False))
    assert books.catalogue.withdrawn() == {"d"}


def test_fresh_books_are_ready_and_readiness_writes_nothing_visible(records: Records) -> None:
    records.ready()
    records.ready()
    assert records.catalogue.withdrawn() == frozenset()


@pytest.mark.parametrize(
    "url", ["", "records.sqlite", "oracle://x/y", "sqlite//x", "sqlite://", "sqlite:///:memory:"]
)
def test_a_url_that_names_no_such_database_is_refused_in_words(url: str) -> None:
    with pytest.raises(Misconfigured, match="sqlite"):
        open_records(url)


def test_a_password_in_a_url_is_never_repeated() -> None:
    for url in ("oracle://me:secret@host/x", "postgresql+nodriver://me:secret@host/x", "//:secret"):
        with pytest.raises(Misconfigured) as caught:
            open_records(url)
        assert "secret" not in caught.value.detail


@pytest.mark.parametrize("fault", [{"epoch": 10**30}, {"item_id": "\ud800"}])
def test_a_value_that_no_database_holds_is_bad_input_and_nothing_of_the_batch_is_written(
    tmp_path: Path, fault: dict[str, object]
) -> None:
    books = open_records(f"sqlite:///{tmp_path}/records.sqlite")
    with pytest.raises(BadInput):
        books.events.append([event("good"), dataclasses.replace(event("bad"), **fault)])  # type: ignore[arg-type]
    assert books.events.of_session("s1", limit=9) == ()
    assert books.events.append([event("good")])[0].new


def test_a_text_longer_than_the_database_holds_is_bad_input(tmp_path: Path) -> None:
    books = open_records(f"sqlite:///{tmp_path}/records.sqlite")
    books.events._database._connections.run(  # type: ignore[attr-defined]
        lambda c: c.connection.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000)
    )
    with pytest.raises(BadInput):
        books.events.append([event("e", reason="x" * 20_000)])
    assert books.events.append([event("e", reason="x")])[0].new


def test_items_are_told_by_what_was_done_however_long_ago(records: Records) -> None:
    many = [event(f"v{n}", item_id=f"seen-{n}") for n in range(300)]
    bought = dataclasses.replace(event("b", item_id="bought", at=-1e6), type="purchase")
    elsewhere = dataclasses.replace(bought, session_id="s2", user_id="u", item_id="on the phone")
    records.events.append([bought, elsewhere, *many])
    assert records.events.items("s1", None, ["purchase"]) == {"bought"}
    assert records.events.items("s1", "u", ["purchase", "cart"]) == {"bought", "on the phone"}
    assert records.events.items("s1", "nobody", ["cart"]) == frozenset()
    assert len(records.events.items("s1", None, ["click"])) == 300
    assert records.events.items("s1", None, []) == frozenset()


def test_a_retired_session_takes_its_events_along_and_its_user_keeps_them(records: Records) -> None:
    mine = [event(f"e{n}", at=n, item_id=f"i{n}", user_id="u") for n in range(3)]
    records.events.append([*mine, event("e0", session_id="s2", item_id="other")])
    records.events.retire("s1", "gone")
    assert records.events.of_session("s1", limit=9) == ()
    assert records.events.items("s1", None, ["click"]) == frozenset()
    assert [e.item_id for e in records.events.of_user("u", since=0.0, limit=9)] == [
        "i0",
        "i1",
        "i2",
    ]
    assert [e.item_id for e in records.events.of_session("s2", limit=9)] == ["other"]
    assert len(records.events.of_session("gone", limit=9)) == 3
    # Under the old name an event of the same id is a new one, and so is a second retirement.
    (again,) = records.events.append([mine[0]])
    assert again.new
    records.events.retire("s1", "gone too")
    records.events.retire("nobody", "nothing")
    assert records.events.of_session("s1", limit=9) == ()
    assert records.events.append([dataclasses.replace(mine[0], session_id="gone")])[0].new is False


def test_changes_since_a_revision_are_the_items_as_last_put(records: Records) -> None:
    catalogue = records.catalogue
    assert catalogue.changed_since(0) == (catalogue.changed_since(0)[0], {})
    catalogue.put(Item("a", attributes={"city": "Porto", "hours": 2.5, "new": True}))
    catalogue.put(Item("b"))
    first, everything = catalogue.changed_since(0)
    assert everything == {
        "a": Item("a", attributes={"city": "Porto", "hours": 2.5, "new": True}),
        "b": Item("b"),
    }
    assert catalogue.changed_since(first) == (first, {})
    catalogue.put(Item("b", "B", attributes={"city": "Rome"}))
    catalogue.delete("never put")
    second, later = catalogue.changed_since(first)
    assert second > first
    assert later == {"b": Item("b", "B", attributes={"city": "Rome"})}
    assert catalogue.changed_since(second + 5) == (second, {})
