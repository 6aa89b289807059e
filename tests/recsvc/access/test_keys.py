"""Keys and the ring of them: what opens, what does not, and how soon an end holds."""

from __future__ import annotations

import pytest

from recsvc.access import keyring as rings
from recsvc.access.keyring import LOOK_EVERY_S, TRUSTED_S, Keyring
from recsvc.access.keys import FORM, digest, mint, normal_origin
from recsvc.errors import BadInput, Unavailable
from recsvc.ports import Key, KeyKind
from recsvc.stores.memory import MemoryKeys


class Book(MemoryKeys):
    """Counts looks, and can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False
        self.looks = 0
        self.readings = 0

    def revision(self) -> int:
        self.looks += 1
        if self.away:
            raise Unavailable("away")
        return super().revision()

    def listed(self) -> tuple[Key, ...]:
        self.readings += 1
        return super().listed()

    def make(self, kind: KeyKind = "secret", *origins: str) -> tuple[str, Key]:
        text, key = mint(kind, name="n", owner="main", origins=origins, now=0.0)
        self.add(key)
        return text, key


@pytest.fixture
def clock() -> list[float]:
    return [1000.0]


@pytest.fixture
def book() -> Book:
    return Book()


@pytest.fixture
def ring(book: Book, clock: list[float]) -> Keyring:
    return Keyring(book, lambda: clock[0])


def test_a_key_tells_its_kind_and_nothing_of_it_is_kept_but_hash_and_tail() -> None:
    for kind, prefix in (("publishable", "recsvc_pub_"), ("secret", "recsvc_sec_")):
        text, key = mint(kind, name="n", owner="main", origins=(), now=5.0)  # type: ignore[arg-type]
        assert text.startswith(prefix)
        assert FORM.fullmatch(text)
        assert key.tail == text[-4:]
        assert key.digest == digest(text)
        assert text[len(prefix) : -4] not in repr(key)


def test_no_two_keys_are_alike() -> None:
    made = [mint("secret", name="n", owner="o", origins=(), now=0.0) for _ in range(100)]
    assert len({text for text, _ in made}) == len({key.key_id for _, key in made}) == 100


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("https://shop.example", "https://shop.example"),
        ("HTTPS://Shop.Example:443/", "https://shop.example"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:80", "http://[::1]"),
        ("*", "*"),
        ("https://shop.example/path", None),
        ("https://shop.example?x", None),
        ("https://me@shop.example", None),
        ("shop.example", None),
        ("null", None),
        ("file:///x", None),
        ("https://", None),
        ("https://x:99999", None),
        ("https://a b", None),
        ("", None),
    ],
)
def test_an_origin_is_kept_as_browsers_send_it(written: str, normal: str | None) -> None:
    assert normal_origin(written) == normal


def test_all_faults_of_a_key_are_told_at_once() -> None:
    with pytest.raises(BadInput) as error:
        mint("secret", name="", owner="A B", origins=("https://x",), now=0.0)
    assert {fault.field for fault in error.value.faults} == {"name", "owner", "origin"}


def test_only_the_very_text_opens(book: Book, ring: Keyring) -> None:
    text, key = book.make()
    assert ring.find(text) == key
    other = text[:-1] + ("A" if text[-1] != "A" else "B")
    for tried in (other, text[:-1], text + "A", text.upper(), f" {text}", "", key.digest):
        assert ring.find(tried) is None


def test_an_end_holds_within_a_second_and_a_beginning_too(
    book: Book, ring: Keyring, clock: list[float]
) -> None:
    text, key = book.make()
    assert ring.find(text) == key
    book.revoke(key.key_id, 0.0)
    new, _ = book.make()
    clock[0] += LOOK_EVERY_S
    assert ring.find(text) is None
    assert ring.find(new) is not None
    assert LOOK_EVERY_S <= 1.0


def test_a_key_is_no_reason_to_look_into_the_book_whether_known_or_not(
    book: Book, ring: Keyring, clock: list[float]
) -> None:
    text, _ = book.make()
    for _ in range(50):
        assert ring.find(text) is not None
        assert ring.find(mint("secret", name="n", owner="o", origins=(), now=0.0)[0]) is None
    assert (book.looks, book.readings) == (1, 1)
    clock[0] += LOOK_EVERY_S
    ring.find(text)
    assert (book.looks, book.readings) == (2, 1)


def test_a_book_that_is_away_is_trusted_for_a_while_and_then_no_more(
    book: Book, ring: Keyring, clock: list[float]
) -> None:
    text, key = book.make()
    ring.find(text)
    book.away = True
    clock[0] += TRUSTED_S
    assert ring.find(text) == key
    assert ring.failures == 1
    clock[0] += LOOK_EVERY_S
    with pytest.raises(Unavailable):
        ring.find(text)
    book.away = False
    book.revoke(key.key_id, 0.0)
    assert ring.find(text) is None


def test_a_ring_that_never_saw_the_book_opens_to_nobody(book: Book, ring: Keyring) -> None:
    text, _ = book.make()
    book.away = True
    with pytest.raises(Unavailable):
        ring.find(text)


def test_pages_are_known_by_live_publishable_keys(
    book: Book, ring: Keyring, clock: list[float]
) -> None:
    _, key = book.make("publishable", "https://a")
    assert ring.allows("https://a")
    assert not ring.allows("https://b")
    book.revoke(key.key_id, 0.0)
    book.make("publishable", "*")
    clock[0] += LOOK_EVERY_S
    assert ring.allows("https://b")


def test_digests_are_compared_in_constant_time(
    book: Book, ring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, _ = book.make()
    compared = []
    monkeypatch.setattr(rings.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or False)
    assert ring.find(text) is None
    assert compared == [(digest(text), digest(text))]
