"""The book of keys, in whatever it is written: keys come back as written, an end is for good."""

from __future__ import annotations

import dataclasses
import sqlite3
from pathlib import Path
from typing import Any

from recsvc.ports import Key
from recsvc.stores.records import Records, open_records

T0 = 1_800_000_000.0


def key(key_id: str, **more: Any) -> Key:
    fields: dict[str, Any] = {"kind": "secret", "name": "n", "owner": "main", "tail": "wxyz"}
    return Key(key_id=key_id, digest=f"digest of {key_id}", created=T0, **fields | more)


def test_every_field_of_a_key_comes_back(records: Records) -> None:
    full = key("a", kind="publishable", name="é'", origins=("https://x", "*"), scopes=("admin",))
    records.keys.add(full)
    assert records.keys.listed() == (full,)


def test_keys_are_listed_the_oldest_first(records: Records) -> None:
    for n, name in enumerate("cab"):
        records.keys.add(dataclasses.replace(key(name), created=T0 - n))
    assert [each.key_id for each in records.keys.listed()] == ["b", "a", "c"]


def test_the_first_end_of_a_key_stands_and_touches_no_other(records: Records) -> None:
    for name in "ab":
        records.keys.add(key(name))
    assert records.keys.revoke("a", T0 + 5) == key("a", revoked=T0 + 5)
    assert records.keys.revoke("a", T0 + 9) == key("a", revoked=T0 + 5)
    assert records.keys.listed() == (key("a", revoked=T0 + 5), key("b"))


def test_an_unknown_key_cannot_be_ended(records: Records) -> None:
    assert records.keys.revoke("nobody", T0) is None


def test_each_change_of_a_key_shows_in_the_revision(records: Records) -> None:
    told = [records.keys.revision()]
    records.keys.add(key("a"))
    told.append(records.keys.revision())
    records.keys.revoke("a", T0)
    told.append(records.keys.revision())
    assert told == sorted(set(told))
    assert records.keys.revision() == told[-1]


def test_a_secret_is_the_first_one_told_by_whomever(records: Records, tmp_path: Path) -> None:
    assert records.keys.secret("sessions", b"one\0\xff") == b"one\0\xff"
    assert records.keys.secret("sessions", b"two") == b"one\0\xff"
    assert records.keys.secret("other", b"two") == b"two"


def test_another_process_sees_what_was_written(tmp_path: Path) -> None:
    mine, theirs = (open_records(f"sqlite:///{tmp_path}/records.sqlite") for _ in range(2))
    before = theirs.keys.revision()
    mine.keys.add(key("a"))
    assert theirs.keys.revision() > before
    assert theirs.keys.listed() == (key("a"),)
    assert theirs.keys.secret("s", b"x") == mine.keys.secret("s", b"y")
    mine.close()
    theirs.close()


def test_a_database_made_before_there_were_keys_gets_the_tables(tmp_path: Path) -> None:
    file = tmp_path / "records.sqlite"
    records = open_records(f"sqlite:///{file}")
    records.ready()
    records.close()
    with sqlite3.connect(file) as old:
        old.execute("DROP TABLE api_key")
        old.execute("DROP TABLE secret")
    records.keys.add(key("a"))
    assert records.keys.listed() == (key("a"),)
    records.close()
