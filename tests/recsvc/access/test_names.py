"""Names of different owners never meet, and an issued id shows that it was issued."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from recsvc.access.keys import MAIN
from recsvc.access.names import IssuedIds, kept, made_up, retired, told
from recsvc.web.requests import SessionPath

OWNERS = st.sampled_from([MAIN, "a", "b", "main-2"])
# What the wire lets through: no control characters.
NAMES = st.text(st.characters(codec="utf-8", min_codepoint=0x20), min_size=1, max_size=6)
USERS = st.none() | NAMES
IDS = IssuedIds(b"k" * 32)

WAYS = st.tuples(st.just("server"), OWNERS, NAMES) | st.tuples(
    st.just("page"), OWNERS, USERS, NAMES
)


def stored(way: tuple[str, ...]) -> str:
    return kept(*way[1:]) if way[0] == "server" else made_up(*way[1:])  # type: ignore[arg-type]


@given(WAYS, WAYS)
def test_what_is_named_by_another_or_otherwise_is_kept_elsewhere(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    assert (stored(one) == stored(other)) == (one == other)


@given(WAYS)
def test_the_wire_sees_its_own_name_again(way: tuple[str, ...]) -> None:
    assert told(stored(way)) == way[-1]
    assert stored(way) != retired()


@given(OWNERS, st.integers(0, 39), st.sampled_from(string.ascii_letters + string.digits + "-_é"))
def test_no_changed_character_makes_an_issued_id(owner: str, place: int, other: str) -> None:
    issued = IDS.new(owner)
    assert IDS.issued(owner, issued)
    changed = issued[:place] + other + issued[place + 1 :]
    assert IDS.issued(owner, changed) == (changed == issued)


def test_an_id_counts_for_its_owner_and_its_service_only() -> None:
    issued = IDS.new("a")
    assert not IDS.issued("b", issued)
    assert not IssuedIds(b"other" * 6).issued("a", issued)
    assert not any(IDS.issued("a", part) for part in ("", issued[:24], issued[24:]))


def test_issued_ids_are_unlike_each_other_and_fit_the_wire() -> None:
    made = {IDS.new(MAIN) for _ in range(1000)}
    assert len(made) == 1000
    assert {len(name) for name in made} == {40}
    for name in made:
        assert SessionPath(name).session_id.replace("-", "a").replace("_", "a").isalnum()
