"""The best legal slate under uniform weights: which incumbents give their seats to newcomers.

With uniform weights a legal slate keeps its worth when every kept item stays in its own seat, and
fewest moves is the second tie rule: so nothing moves, whatever `max_shift` and `seat_margin` say,
and the optimum is a matter of *who leaves*:

1. the best newcomers fill the holes, for a seat that can be filled must be;
2. the next best newcomer faces the worst incumbent that may leave; while it is worth strictly
   more, the incumbent leaves, at most m times. Ties displace nobody;
3. among equal incumbents those leave that give the smallest tuple of ids by seat;
4. newcomers take the changed seats in order of score, then of id.
"""

from __future__ import annotations

from collections.abc import Sequence

from policies.contest import Contest, Layout


def improve(contest: Contest) -> Layout:
    """The optimum: holes filled, incumbents replaced within the limit, nothing moved."""
    leaving = leavers(contest, contest.margin + contest.seat_margin)
    entering = contest.newcomers[: len(contest.holes) + len(leaving)]
    seats = {*contest.holes, *_smallest(contest, entering, leaving)}
    layout = list(contest.layout)
    for seat, item in zip(sorted(seats), entering, strict=True):
        layout[seat] = item
    return layout


def leavers(contest: Contest, advantage: float) -> list[float]:
    """Worths of the incumbents that leave, worst first: each is beaten by its challenger."""
    worth = contest.worth
    weakest = sorted([worth[item] for item in contest.incumbents])
    challengers = contest.newcomers[len(contest.holes) :]
    beaten = []
    for weak, challenger in zip(weakest[: contest.displacements], challengers, strict=False):
        if worth[challenger] <= weak + advantage:
            break
        beaten.append(weak)
    return beaten


def _smallest(contest: Contest, entering: Sequence[str], leaving: Sequence[float]) -> set[int]:
    """The seats that are given up: of incumbents equal to the best leaver, the choice of rule 3.

    Walking down the seats, the smaller id of *stays* and *next newcomer* is right wherever both
    are possible, because the first difference decides the order of the tuples.
    """
    if not leaving:
        return set()
    edge, worth = leaving[-1], contest.worth
    weak = {item: seat for item, seat in contest.incumbents.items() if worth[item] <= edge}
    if len(weak) == len(leaving):
        return set(weak.values())
    due = leaving.count(edge)
    equals = [worth[item] for item in weak].count(edge)
    holes = set(contest.holes)
    given_up = set()
    arriving = 0
    for seat, item in enumerate(contest.layout):
        if item is not None and item in weak:
            if worth[item] == edge:
                equals -= 1
                stays = due == 0 or (equals >= due and item < entering[arriving])
                if stays:
                    continue
                due -= 1
            given_up.add(seat)
            arriving += 1
        elif seat in holes:
            arriving += 1
    return given_up
