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

from itertools import groupby

from policies.contest import Contest, Layout
from policies.optimum import leavers


def rerank(contest: Contest) -> Layout:
    """The optimum for any shift and no seat margin."""
    leaving = leavers(contest, contest.margin)
    entering = contest.newcomers[: len(contest.holes) + len(leaving)]
    value = {item: contest.worth[item] + contest.margin for item in _staying(contest, leaving)}
    value |= {item: contest.worth[item] for item in entering}
    layout = list(contest.layout)
    first = 0
    for _, equals in groupby(sorted(value, key=lambda i: (-value[i], i)), key=value.__getitem__):
        block = list(equals)
        seats = contest.open[first : first + len(block)]
        first += len(block)
        for seat, item in zip(seats, _seated(contest, block, seats), strict=True):
            layout[seat] = item
    return layout


def _seated(contest: Contest, block: list[str], seats: list[int]) -> list[str]:
    """Equal items, which come by id, in the order of their seats: rule 2."""
    if len(block) == 1:
        return block
    at_home = {contest.incumbents[i]: i for i in block if contest.incumbents.get(i) in seats}
    others = iter([item for item in block if item not in at_home.values()])
    return [at_home[seat] if seat in at_home else next(others) for seat in seats]


def _staying(contest: Contest, leaving: list[int]) -> list[str]:
    """The incumbents that stay: those above the best leaver, and of its equals those of rule 3."""
    if not leaving:
        return list(contest.incumbents)
    edge = leaving[-1]
    equals = [item for item in contest.incumbents if contest.worth[item] == edge]
    left = len(equals) - leaving.count(edge)
    last = contest.open[len(contest.open) - left :]
    equals.sort(key=lambda item: (contest.incumbents[item] not in last, item))
    above = [item for item in contest.incumbents if contest.worth[item] > edge]
    return [*above, *equals[:left]]
