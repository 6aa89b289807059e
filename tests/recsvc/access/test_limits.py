"""A name may ask so often on average and some more at once, and costs nothing to remember."""

from __future__ import annotations

import pytest

from recsvc.access import limits
from recsvc.access.limits import BURST_S, Limit


def test_a_burst_then_the_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [50.0]
    limit = Limit(4.0, lambda: clock[0])
    taken = [limit.take("a") == 0 for _ in range(int(4 * BURST_S) + 1)]
    assert taken == [True] * int(4 * BURST_S) + [False]
    assert limit.take("a") == pytest.approx(0.25)
    assert limit.take("b") == 0
    for _ in range(100):
        clock[0] += 0.25
        assert limit.take("a") == 0
        assert limit.take("a") > 0


def test_who_waits_as_told_is_let_in() -> None:
    clock = [1e6 / 3]
    limit = Limit(7.0, lambda: clock[0])
    for _ in range(5000):
        wait = limit.take("a")
        if wait:
            clock[0] += wait
            assert limit.take("a") == 0


def test_a_refusal_uses_nothing_up() -> None:
    clock = [0.0]
    limit = Limit(1.0, lambda: clock[0])
    while not limit.take("a"):
        pass
    told = {round(limit.take("a"), 6) for _ in range(50)}
    assert len(told) == 1


def test_a_rate_below_one_in_a_burst_lets_one_in_at_a_time() -> None:
    limit = Limit(0.01, lambda: 0.0)
    assert limit.take("a") == 0
    assert limit.take("a") == pytest.approx(100.0)


def test_only_so_many_names_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "NAMES_KEPT", 3)
    limit = Limit(0.1, lambda: 0.0)
    for name in "abcd":
        assert limit.take(name) == 0
    assert len(limit._full) == 3
    assert limit.take("d") > 0
    assert limit.take("a") == 0
