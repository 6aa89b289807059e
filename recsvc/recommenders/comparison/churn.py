"""What a launch changes on people's screens, and which new items reach them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np

from policies.consistency import mean_shift, position_churn, set_churn
from policies.overlap import rbo
from recsvc.recommenders.artifacts.artifact import Artifact
from recsvc.recommenders.comparison.figures import Churn, Coverage, Estimate, Group, Seats
from recsvc.recommenders.comparison.lists import SEATS, List, Rungs, both
from recsvc.recommenders.comparison.paired import Values, mean_of
from recsvc.recommenders.comparison.people import Person

LENGTHS: Final = ((1, 4), (5, 19), (20, 99), (100, None))
PARTS: Final = ("most popular third of all events", "middle third", "least popular third")
TELL_EVERY: Final = 2000


@dataclass(frozen=True)
class Seen:
    """What one person is offered by A and by B, and by A before the person's last events."""

    person: Person
    a: List
    b: List
    before: List | None


def look(a: Rungs, b: Rungs, people: Sequence[Person], tell: Callable[[str], None]) -> list[Seen]:
    """The lists of everybody."""
    seen = []
    for n, person in enumerate(people, 1):
        before = None
        if person.state == "active":
            before = a.offers(person.user_id, (), person.consumed, SEATS)
        seen.append(Seen(person, *both(a, b, person), before))
        if n % TELL_EVERY == 0:
            tell(f"asked both models about {n:,} of {len(people):,} people")
    return seen


def churn_of(seen: Sequence[Seen], a: Artifact) -> Churn | None:
    """From A's top 10 to B's; None where there is nobody."""
    pairs = [(one.a[:SEATS], one.b[:SEATS]) for one in seen]
    everybody = _group("all", seen)
    if everybody is None:
        return None
    idle = [one for one in seen if one.person.state == "idle"]
    active = [one for one in seen if one.person.state == "active"]
    by_events = [set_churn(one.before, one.a[:SEATS]) for one in active if one.before is not None]
    return Churn(
        all=everybody,
        idle=_group("idle", idle),
        active=_group("active", active),
        by_activity=_by_activity(seen),
        idle_by_activity=_by_activity(idle),
        by_popularity=_by_popularity(pairs, a),
        position_churn=_mean([position_churn(*pair) for pair in pairs]),
        shift=_mean([mean_shift(*pair) for pair in pairs]),
        rbo=_mean([rbo(*pair) for pair in pairs]),
        by_events=_estimate(by_events),
    )


def coverage_of(seen: Sequence[Seen], a: Artifact, b: Artifact) -> Coverage:
    """Which items reach somebody."""
    new = frozenset(item for item in b.matrix.items.ids if item not in a.matrix.items.index)
    top_a = {item for one in seen for item in one.a[:SEATS]}
    seats = [item for one in seen for item in one.b[:SEATS]]
    top_b, deep = set(seats), {item for one in seen for item in one.b}
    counts = b.popularity.tolist()
    classes = {item: counts[n].bit_length() for n, item in enumerate(b.matrix.items.ids)}
    return Coverage(
        new=len(new),
        new_top_10=len(new & top_b) / max(1, len(new)),
        new_top_100=len(new & deep) / max(1, len(new)),
        alike=_alike(new, deep, classes),
        seats=sum(item in new for item in seats) / max(1, len(seats)),
        all_top_10_a=len(top_a) / len(a.matrix.items),
        all_top_10_b=len(top_b) / len(b.matrix.items),
    )


def _alike(new: Set[str], reached: Set[str], classes: Mapping[str, int]) -> float:
    """The share of known items that is reached, in classes of popularity as those of new ones.

    Each class has twice as many people as the one below; one without known items counts nothing.
    """
    there, found = Counter[int](), Counter[int]()
    for item, part in classes.items():
        if item not in new:
            there[part] += 1
            found[part] += item in reached
    parts = [classes[item] for item in new]
    shares = [found[part] / there[part] if there[part] else 0.0 for part in parts]
    return _mean(shares)


def _group(name: str, seen: Sequence[Seen]) -> Group | None:
    if not seen:
        return None
    shares = np.array([set_churn(one.a[:SEATS], one.b[:SEATS]) for one in seen])
    return Group(name, len(seen), mean_of(shares))


def _by_activity(seen: Sequence[Seen]) -> tuple[Group, ...]:
    groups = []
    for least, most in LENGTHS:
        some = [
            one
            for one in seen
            if least <= one.person.length and (most is None or one.person.length <= most)
        ]
        name = f"{least}-{most} items known" if most else f"{least} and more"
        groups.append(_group(name, some))
    return tuple(group for group in groups if group is not None)


def _by_popularity(pairs: Sequence[tuple[List, List]], a: Artifact) -> tuple[Seats, ...]:
    """Items in thirds of A's events, and what becomes of the seats that each third had."""
    counts = a.popularity.astype(np.float64)
    order = np.argsort(-counts, kind="stable")
    above: Values = np.cumsum(counts[order]) - counts[order]
    part = np.empty(len(counts), dtype=np.intp)
    part[order] = np.minimum(above * len(PARTS) // max(1.0, counts.sum()), len(PARTS) - 1)
    had, lost = np.zeros(len(PARTS)), np.zeros(len(PARTS))
    index = a.matrix.items.index
    for before, after in pairs:
        kept = frozenset(after)
        for item in before:
            had[part[index[item]]] += 1
            lost[part[index[item]]] += item not in kept
    return tuple(
        Seats(name, float(had[n] / had.sum()), float(lost[n] / had[n]))
        for n, name in enumerate(PARTS)
        if had[n]
    )


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _estimate(values: Sequence[float]) -> Estimate | None:
    return mean_of(np.array(values)) if values else None
