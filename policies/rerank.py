"""The best legal slate under falling weights where items may move freely: chosen, then sorted.

Any set of items is worth most in order of value = worth + margin of incumbents, and a better item
makes any set better. So:

1. the set is found as under uniform weights: holes are filled, the worst incumbents leave while
   they are beaten, at most m times;
2. the set is sorted by value over the seats. Equal values make a block of seats; an item whose own
   seat lies in its block stays there, the others take the rest of the block in order of id;
3. where some of equal incumbents must leave, they are the last block: first those stay who need
   not move, then those of the smallest ids.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from policies.contest import Contest, Layout
from policies.optimum import leavers


def rerank(contest: Contest) -> Layout:
    """The optimum for any shift and no seat margin."""
    seats = contest.open()
    leaving = leavers(contest, contest.margin)
    entering = contest.newcomers[: len(contest.holes) + len(leaving)]
    worth, margin = contest.worth, contest.margin
    value = {item: worth[item] + margin for item in _staying(contest, leaving, seats)}
    for item in entering:
        value[item] = worth[item]
    if len(set(value.values())) == len(value):
        ranked = sorted(value, key=value.__getitem__, reverse=True)
    else:
        ranked = sorted(value, key=lambda item: (-value[item], item))
        ranked = _seated(contest, ranked, value, seats)
    layout = list(contest.layout)
    for seat, item in zip(seats, ranked, strict=True):
        layout[seat] = item
    return layout


def _seated(
    contest: Contest, ranked: list[str], value: dict[str, float], seats: Sequence[int]
) -> list[str]:
    """The items in the order of their seats, by rule 2."""
    order: list[str] = []
    for _, equals in groupby(ranked, key=value.__getitem__):
        block = list(equals)
        theirs = seats[len(order) : len(order) + len(block)]
        at_home = {contest.incumbents[i]: i for i in block if contest.incumbents.get(i) in theirs}
        others = iter([item for item in block if item not in at_home.values()])
        order += [at_home[seat] if seat in at_home else next(others) for seat in theirs]
    return order


def _staying(contest: Contest, leaving: Sequence[float], seats: Sequence[int]) -> list[str]:
    """The incumbents that stay: those above the best leaver, and of its equals those of rule 3."""
    if not leaving:
        return list(contest.incumbents)
    edge, worth = leaving[-1], contest.worth
    above = [item for item in contest.incumbents if worth[item] > edge]
    if len(above) + len(leaving) == len(contest.incumbents):
        return above
    equals = [item for item in contest.incumbents if worth[item] == edge]
    left = len(equals) - leaving.count(edge)
    last = seats[-left:]
    equals.sort(key=lambda item: (contest.incumbents[item] not in last, item))
    return [*above, *equals[:left]]
