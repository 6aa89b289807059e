"""The way back through a slate's epochs: followed only where every step joins the next."""

from __future__ import annotations

from policies import Change, Seat, SlateState
from policies.slate import Seen
from recsvc.serving.history import EPOCHS_KEPT, Links, changes_since, onward


def state(epoch: int, origin: int | None, item: str, left: str) -> SlateState:
    """A slate of one seat, in which an item has just taken the place of another."""
    changes = (Change(left, 1, None, "displaced"), Change(item, None, 1, "better_match"))
    seats = (Seat(item, 1.0, "new", "for_you"),)
    seen = Seen(0, "m", 1, 0.0)
    plain = SlateState(epoch, seats, 1, "primary", "m", "primary", 1, seen, 0.0, 0.0)
    return plain._replace(changes_from=origin, changes=changes)


def walked(steps: int) -> tuple[Links, SlateState]:
    """After so many steps, each from one epoch to the next."""
    links: Links = ()
    now = state(0, None, "i0", "none")
    for n in range(1, steps + 1):
        after = state(n, n - 1, f"i{n}", f"i{n - 1}")
        links = onward(links, now, after)
        now = after
    return links, now


def test_so_many_steps_back_are_kept_and_no_more() -> None:
    links, now = walked(20)
    told = {epoch: changes_since(epoch, links, now) for epoch in range(20)}
    assert [n for n, changes in told.items() if changes is not None] == [
        *range(20 - EPOCHS_KEPT, 20)
    ]
    assert told[13] == (Change("i13", 1, None, "displaced"), Change("i20", None, 1, "better_match"))


def test_a_way_with_a_gap_leads_nowhere() -> None:
    """After an outage an epoch may follow one that only the page had seen."""
    links, now = walked(5)
    assert changes_since(2, links, now) is not None
    apart = now._replace(epoch=50, changes_from=40)
    assert changes_since(2, links, apart) is None
    assert changes_since(40, links, apart) == apart.changes


def test_nothing_leads_behind_a_start() -> None:
    links, now = walked(3)
    assert onward(links, None, state(90, None, "a", "b")) == ()
    assert onward(links, now, now._replace(answered_at=9.0)) == links
