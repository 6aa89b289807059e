"""What was read is not read again while nobody writes, and never told when somebody has."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from recsvc.ports import Consent, Event
from recsvc.stores import remembered
from recsvc.stores.records import Records, open_records

T0 = 1_800_000_000.0


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[Records, Records]]:
    """Two workers' books of one file."""
    books = [open_records(f"sqlite:///{tmp_path / 'records.db'}") for _ in range(2)]
    yield books[0], books[1]
    for each in books:
        each.close()


def event(number: int) -> Event:
    return Event(f"e{number}", "purchase", "s", "home", T0, T0, "u", item_id=f"i{number}")


def truth_after(books: tuple[Records, Records], seed: int) -> tuple[object, object]:
    """What both tell after each of many writes by either, and what is true."""
    rng = random.Random(seed)
    dismissed: dict[str, float] = {}
    bought: set[str] = set()
    told: list[object] = []
    true: list[object] = []
    for number in range(60):
        writer = rng.choice(books)
        match rng.randrange(4):
            case 0:
                consent = Consent(bool(rng.getrandbits(1)))
                writer.people.put_consent("u", consent, T0)
            case 1:
                dismissed[f"d{number}"] = until = T0 + rng.choice([-5.0, 5.0])
                writer.people.dismiss("u", f"d{number}", until)
            case 2:
                writer.events.append([event(number)])
                bought.add(f"i{number}")
            case 3 if dismissed:
                gone = dismissed.popitem()[0]
                writer.people.undismiss("u", [gone])
        for reader in rng.sample(books, 2):
            told.append(
                (
                    reader.people.dismissals("u", T0),
                    reader.events.items("s", None, ("purchase",)),
                    len(reader.events.of_session("s", limit=200)),
                )
            )
            holds = {item: until for item, until in dismissed.items() if until > T0}
            true.append((holds, frozenset(bought), len(bought)))
    return told, true


@pytest.mark.parametrize("seed", range(3))
def test_every_read_sees_the_last_write_of_anybody(
    pair: tuple[Records, Records], seed: int
) -> None:
    told, true = truth_after(pair, seed)
    assert told == true


def test_a_memory_that_does_not_look_for_writes_is_seen(
    pair: tuple[Records, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered.Remembered, "look", lambda self: None)
    told, true = truth_after(pair, 1)
    assert told != true


def test_a_memory_that_keeps_its_own_writes_out_is_seen(
    pair: tuple[Records, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsvc.stores.book.Database._forget", lambda *_: None)
    told, true = truth_after(pair, 1)
    assert told != true


def test_the_same_question_is_asked_once(
    pair: tuple[Records, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[object] = []
    true = remembered.Remembered.keep
    monkeypatch.setattr(
        remembered.Remembered, "keep", lambda *given: (kept.append(given[1]), true(*given))
    )
    for _ in range(5):
        pair[0].people.consent("u")
    assert len(kept) == 1
    pair[1].people.put_consent("u", Consent(True), T0)
    for _ in range(5):
        assert pair[0].people.consent("u") == Consent(True)
    assert len(kept) == 2


def test_only_so_many_rows_are_kept(
    pair: tuple[Records, Records], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "ROWS_KEPT", 10)
    for number in range(100):
        pair[0].people.consent(f"u{number}")
        (known,) = pair[0].people._database._read.values()  # type: ignore[attr-defined]
        assert len(known._answers) <= 12
