"""Many tabs and workers at one session: every answer is the winner's, nothing said is lost."""

from __future__ import annotations

import itertools
import multiprocessing
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from recsvc.ports import SessionStore
from recsvc.preparation.ledger import decode
from recsvc.serving.session import Session
from tests.recsvc.stores.visited import FULL, ITEMS, KNOBS, Naive, Slow, Visited, shown

RACES = 10_000 if FULL else 250
AT_ONCE = 250
Store = Callable[[str], SessionStore]
Together = Callable[..., list[Any]]
SHARED = ["sqlite", "redis", "cluster"]


@pytest.fixture
def visited(worlds: Any) -> Callable[..., Visited]:
    """A worker over a store; workers have different opinions."""
    return lambda store, seed=0: Visited(worlds(home=KNOBS), Slow(store), seed)


def differing(tabs: list[list[Any]]) -> int:
    """In how many races the tabs were shown different slates."""
    return sum(len(set(answers)) > 1 for answers in zip(*tabs, strict=True))


def open_tabs(number: int, worker: Visited, starts: Any, races: range) -> list[Any]:
    answers = []
    for race in races:
        starts.wait(20)
        answers.append(shown(worker.look(f"race-{race}")))
    return answers


def raced(
    kind: str, store: SessionStore, visited: Callable[..., Visited], in_processes: Together,
    races: int,
) -> int:  # fmt: skip
    """Two workers, or two threads where a store is one process's, open the same new sessions."""
    workers = [visited(store, seed) for seed in (1, 2)]
    if kind == "memory":
        starts = threading.Barrier(2)
        with ThreadPoolExecutor(2) as pool:
            tabs = [
                pool.submit(open_tabs, n, worker, starts, range(races))
                for n, worker in enumerate(workers)
            ]
            return differing([tab.result() for tab in tabs])
    total = 0
    for first in range(0, races, AT_ONCE):
        starts = multiprocessing.get_context("fork").Barrier(2)
        part = range(first, min(races, first + AT_ONCE))
        total += differing(
            in_processes(2, lambda n: open_tabs(n, workers[n], starts, part))  # noqa: B023
        )
    return total


@pytest.mark.parametrize("kind", ["memory", *SHARED])
def test_two_tabs_that_open_one_new_session_are_shown_one_slate(
    kind: str, a_store: Store, visited: Callable[..., Visited], in_processes: Together
) -> None:
    assert raced(kind, a_store(kind), visited, in_processes, RACES) == 0


@pytest.mark.parametrize("kind", ["memory", *SHARED])
def test_the_two_tabs_meet_so_closely_that_reading_and_writing_back_is_seen(
    kind: str, a_store: Store, visited: Callable[..., Visited], in_processes: Together
) -> None:
    races = RACES if FULL else 100
    found = raced(kind, Naive(a_store(kind)), visited, in_processes, races)  # type: ignore[arg-type]
    print(f"{kind}: naive, {found} of {races} races showed two slates")
    assert found > races // 20


def dismissing(worker: Visited, item: str) -> list[tuple[int, tuple[str, ...]]]:
    """Dismiss an item and look twice; what was shown after."""
    assert worker.dismiss("s", item, f"dismiss {item}").accepted == 1
    return [shown(worker.look("s")) for _ in range(2)]


def dismissed_by_all(
    store: SessionStore, visited: Callable[..., Visited], in_processes: Together | None
) -> tuple[list[list[tuple[int, tuple[str, ...]]]], Session]:
    """Fifty at once, from five processes of ten threads each, or from fifty threads."""
    items, worker = ITEMS[:50], visited(store)
    worker.look("s")

    def some(which: tuple[str, ...]) -> list[Any]:
        with ThreadPoolExecutor(len(which)) as pool:
            return list(pool.map(lambda item: dismissing(worker, item), which))

    if in_processes is None:
        told = some(items)
    else:
        told = list(itertools.chain(*in_processes(5, lambda n: some(items[n::5]))))
    return told, worker.memory.load("s", worker.slates.clock()).session


def written(store: SessionStore) -> list[tuple[int, tuple[str, ...]]]:
    """Epoch and items of every decision, in the order in which they were written."""
    return [(one.epoch, one.items) for one in map(decode, store.entries(10_000))]


def grows(decisions: list[tuple[int, tuple[str, ...]]]) -> bool:
    """Whether every other slate has a higher epoch; what changed nothing repeats its epoch."""
    pairs = itertools.pairwise(decisions)
    return all(one[0] < later[0] or one == later for one, later in pairs)


@pytest.mark.parametrize("kind", ["memory", *SHARED])
def test_of_fifty_dismissals_at_once_fifty_are_kept_and_epochs_only_grow(
    kind: str, a_store: Store, visited: Callable[..., Visited], in_processes: Together
) -> None:
    store = a_store(kind)
    told, session = dismissed_by_all(store, visited, None if kind == "memory" else in_processes)
    assert session.dismissed_items() == set(ITEMS[:50])
    assert len(session.dismissed) == len(session.applied) == 50
    for item, seen in zip(sorted_like(told, kind), told, strict=True):
        assert all(item not in items for _, items in seen), "an acknowledged act is shown"
        assert [epoch for epoch, _ in seen] == sorted(epoch for epoch, _ in seen)
    decisions = written(store)
    assert grows(decisions)
    assert set(itertools.chain(*told)) <= set(decisions), "what was shown was written"
    assert len({epoch for epoch, _ in decisions}) == len(set(decisions)), "one epoch is one slate"


def sorted_like(told: list[Any], kind: str) -> list[str]:
    """The items in the order in which their dismissals were reported."""
    if kind == "memory":
        return list(ITEMS[:50])
    return [item for n in range(5) for item in ITEMS[:50][n::5]]


@pytest.mark.parametrize("kind", SHARED)
def test_a_naive_store_is_seen_to_lose_dismissals(
    kind: str, a_store: Store, visited: Callable[..., Visited], in_processes: Together
) -> None:
    naive: Any = Naive(a_store(kind))
    assert not grows([(7, ("a",)), (7, ("b",))])
    assert not grows([(7, ("a",)), (6, ("a",))])
    _, session = dismissed_by_all(naive, visited, in_processes)
    assert len(session.dismissed) < 50


def repeated(
    kind: str, store: SessionStore, visited: Callable[..., Visited], in_processes: Together
) -> tuple[int, int, Session]:
    """A hundred repeats of one act: how many counted as new, as duplicates, and the session."""
    worker = visited(store)
    worker.look("s")
    item = shown(worker.look("s"))[1][0]

    def some(count: int) -> list[tuple[int, int]]:
        with ThreadPoolExecutor(count) as pool:
            heard = pool.map(lambda _: worker.dismiss("s", item, "one and the same"), range(count))
            return [(one.accepted, one.duplicate) for one in heard]

    parts = [some(100)] if kind == "memory" else in_processes(4, lambda _: some(25))
    told = list(itertools.chain(*parts))
    worker.look("s")
    accepted, duplicate = (sum(part) for part in zip(*told, strict=True))
    return accepted, duplicate, worker.memory.load("s", worker.slates.clock()).session


@pytest.mark.parametrize("kind", ["memory", *SHARED])
def test_a_hundred_repeats_of_one_act_at_once_have_one_effect(
    kind: str, a_store: Store, visited: Callable[..., Visited], in_processes: Together
) -> None:
    store = a_store(kind)
    accepted, duplicate, session = repeated(kind, store, visited, in_processes)
    assert (accepted, duplicate) == (1, 99)
    assert session.applied == ("one and the same",)
    assert len(session.dismissed) == 1
    assert len(written(store)) == 2


@pytest.mark.parametrize("kind", SHARED)
def test_a_naive_store_is_seen_to_take_repeats_for_new(
    kind: str, a_store: Store, visited: Callable[..., Visited], in_processes: Together
) -> None:
    naive: Any = Naive(a_store(kind))
    accepted, _, _ = repeated(kind, naive, visited, in_processes)
    assert accepted > 1
