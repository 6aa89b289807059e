"""The best legal slate under falling weights where items move within a window, or at a price.

1. The incumbents and the best m + h newcomers are assigned to the open seats. There are m more of
   them than seats, so at most m incumbents can go without: the count enforces the limit.
2. The whole order among slates is one whole number for each item in each seat: what it loses, then
   whether it is new, whether it moved, and the rank of its id as a digit whose place is the seat.
   Weights and worths are whole numbers, so no part can grow into the one before it, and the
   cheapest assignment is the optimum, ties included. Newcomers need no rule of their own: two of
   them in rising order could be exchanged to gain.
3. The cheapest assignment is found seat by seat along shortest augmenting paths (the Hungarian
   method: Kuhn 1955; with potentials: Tomizawa 1971), in exact numbers as long as they need to be.
"""

from __future__ import annotations

from collections.abc import Sequence

from policies.contest import Contest, Layout

Costs = list[dict[int, int]]
"""By seat: the cost of each item that may sit there, by its number."""


def assign(contest: Contest, weights: Sequence[int]) -> Layout:
    """The optimum for any shift and any seat margin."""
    items = sorted([*contest.incumbents, *contest.newcomers])
    layout = list(contest.layout)
    chosen = cheapest(_costs(contest, weights, items), len(items))
    for seat, number in zip(contest.open(), chosen, strict=True):
        layout[seat] = items[number]
    return layout


def _costs(contest: Contest, weights: Sequence[int], items: Sequence[str]) -> Costs:
    """Rule 2, for items in order of their ids."""
    seats, shift = contest.open(), contest.shift
    more = len(seats) + 1
    place = [len(items) ** n for n in range(more)][::-1]
    costs: Costs = []
    for n, seat in enumerate(seats):
        here = {}
        for rank, item in enumerate(items):
            own = contest.incumbents.get(item)
            value = int(contest.worth[item])
            if own is not None:
                if shift is not None and abs(own - seat) > shift:
                    continue
                value += int(contest.margin) + (int(contest.seat_margin) if own == seat else 0)
            lost = (-value * weights[seat] * more + (own is None)) * more
            moved = own is not None and own != seat
            here[rank] = (lost + moved) * place[0] + rank * place[n + 1]
        costs.append(here)
    return costs


def cheapest(costs: Costs, count: int) -> list[int]:
    """The column of each row in the cheapest assignment to `count` columns; there must be one.

    Rows come in one by one. A row that finds its column taken makes its owner look for another,
    along the shortest path by what a cell costs more than the prices of its row and column say.
    """
    row_price = [0] * len(costs)
    column_price = [0] * count
    owner: list[int | None] = [None] * count
    for start in range(len(costs)):
        row, walked, last = start, 0, -1
        waiting: dict[int, int] = {}
        came_from: dict[int, int] = {}
        reached: dict[int, int] = {}
        while True:
            ahead = walked - row_price[row]
            for column, cost in costs[row].items():
                if column not in reached:
                    length = ahead + cost - column_price[column]
                    if column not in waiting or length < waiting[column]:
                        waiting[column], came_from[column] = length, last
            last = min(waiting, key=waiting.__getitem__)
            walked = reached[last] = waiting.pop(last)
            taken_by = owner[last]
            if taken_by is None:
                break
            row = taken_by
        row_price[start] += walked
        for column, length in reached.items():
            taken_by = owner[column]
            if taken_by is not None:
                row_price[taken_by] += walked - length
                column_price[column] -= walked - length
        while last >= 0:
            before = came_from[last]
            owner[last] = owner[before] if before >= 0 else start
            last = before
    column_of = {row: column for column, row in enumerate(owner)}
    return [column_of[row] for row in range(len(costs))]
