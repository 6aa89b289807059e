"""The records of all judged events, measured in columns: the values of `simulations.measures`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from policies.batch.columns import NOBODY
from policies.consistency import position_churn
from policies.overlap import rbo
from simulations.log import Column, Judged, Log
from simulations.measures import COLUMNS, gain, ideal
from simulations.walks import Walk

PATIENCE = 0.9
"""The default of `policies.overlap.rbo`."""


def records(log: Log, walks: Sequence[Walk]) -> dict[str, Column]:
    """A row for each judged event and policy, as columns by the names of COLUMNS.

    Rows come in the order of the visits and events; those of one event follow each other.
    """
    pairs = [(walk, one) for walk in walks for one in log.judged.get(walk.first, ())]
    policies = log.slates.shape[1]
    found: dict[str, Column] = {
        "policy": np.tile(np.arange(policies), len(pairs)),
        "user": _each([walk.visit.user_id for walk, _ in pairs], policies, object),
        "visit": _each([walk.visit.visit_id for walk, _ in pairs], policies, object),
        "number": _each([one.number for _, one in pairs], policies, np.int64),
        "at": _each([one.at for _, one in pairs], policies, float),
        "known": _each([one.known for _, one in pairs], policies, np.int64),
    }
    judged = [one for _, one in pairs]
    looks = np.array([one.look for one in judged], np.int64)
    closes = _closes(pairs)
    before, after = log.slates[looks], log.slates[closes]
    several: dict[str, Column] = {"filled": (before != NOBODY).sum(2)}
    several |= _accuracy(judged, before, len(log.number))
    several |= _truth(judged, before, len(log.number))
    several |= _changes(log, looks, closes)
    several |= _consistency(before, after, closes > looks)
    several |= _refinding(log, looks, closes, before, after)
    found |= {name: column.reshape(-1) for name, column in several.items()}
    return {name: found[name] for name in COLUMNS}


def _each(values: Sequence[Any], times: int, of: type) -> Column:
    return np.repeat(np.array(values, of), times)


def _closes(pairs: Sequence[tuple[Walk, Judged]]) -> Column:
    """The last look before the next judged event of the visit, or the visit's last."""
    last = [walk.first + len(walk.stops) - 1 for walk, _ in pairs]
    for n in range(len(pairs) - 1):
        if pairs[n + 1][0] is pairs[n][0]:
            last[n] = pairs[n + 1][1].look
    return np.array(last, np.int64)


def _accuracy(judged: Sequence[Judged], before: Column, items: int) -> dict[str, Column]:
    """What the slate foresaw. A last place of what is marked is nobody's."""
    k = before.shape[2]
    hits = np.zeros(before.shape, bool)
    item = np.array([one.item for one in judged], np.int64)
    most = np.array([ideal(min(k, len(one.rest))) for one in judged])
    mark = np.zeros(items + 1, bool)
    for n, one in enumerate(judged):
        rest = list(one.rest)
        mark[rest] = True
        hits[n] = mark[before[n]]
        mark[rest] = False
    next_ = before == item[:, None, None]
    seat = np.where(next_.any(2), next_.argmax(2), k)
    first = np.where(hits.any(2), hits.argmax(2), k)
    gains = np.array([*(gain(n) for n in range(k)), 0.0])
    parts = np.array([*(1 / (n + 1) for n in range(k)), 0.0])
    return {
        "hit_next": (seat < k).astype(float),
        "ndcg_next": gains[seat],
        "mrr_next": parts[seat],
        "hit_rest": (first < k).astype(float),
        "ndcg_rest": _summed(np.where(hits, gains[:k], 0.0)) / most[:, None],
        "mrr_rest": parts[first],
    }


def _summed(parts: Column) -> Column:
    """The sum by seat, first seat first: floats add up as they do one by one."""
    total = np.zeros(parts.shape[:2])
    for seat in range(parts.shape[2]):
        total = total + parts[:, :, seat]
    return total


def _truth(judged: Sequence[Judged], before: Column, items: int) -> dict[str, Column]:
    shape = before.shape[:2]
    names = ("truth", "weighed", "in_reach")
    if not judged or judged[0].key is None:
        return {name: np.full(shape, math.nan) for name in names}
    k = before.shape[2]
    gains = np.array([gain(n) for n in range(k)])
    worth, decided = np.zeros(before.shape), np.zeros(before.shape)
    most, weighed = np.zeros(len(judged)), np.zeros(len(judged))
    mark = np.zeros(items + 1)
    for n, one in enumerate(judged):
        assert one.key is not None
        worth[n] = _looked_up(one.key.worth, before[n], mark)
        decided[n] = _looked_up(one.key.decided, before[n], mark)
        most[n], weighed[n] = one.key.most, one.key.weighed
    got = _summed(gains * worth)
    share = np.where(most[:, None] != 0.0, got / np.where(most, most, 1.0)[:, None], 0.0)
    return {
        "truth": share,
        "weighed": np.repeat(weighed[:, None], shape[1], 1),
        "in_reach": _summed(decided),
    }


def _looked_up(chances: Mapping[int, float], slates: Column, mark: Column) -> Column:
    """The chances of what is on slates; `mark` is zero before and after."""
    some = list(chances)
    mark[some] = list(chances.values())
    found: Column = mark[slates]
    mark[some] = 0.0
    return found


def _changes(log: Log, looks: Column, closes: Column) -> dict[str, Column]:
    """What the answers after each event changed, until the next one is judged."""
    shape = (len(looks), log.slates.shape[1])
    found = {
        name: np.zeros(shape, np.int64)
        for name in ("displaced", "forced", "largest", "steps", "restarts")
    }
    spans = closes - looks
    owner = np.repeat(np.arange(len(looks)), spans)
    begins = np.cumsum(spans) - spans
    at = looks[owner] + 1 + np.arange(len(owner)) - begins[owner]
    for name, column in (
        ("displaced", log.displaced),
        ("forced", log.forced),
        ("steps", log.step),
        ("restarts", log.anew),
    ):
        np.add.at(found[name], owner, column[at])
    np.maximum.at(found["largest"], owner, log.displaced[at])
    found["answers"] = np.repeat(spans[:, None], shape[1], 1)
    return found


def _consistency(before: Column, after: Column, seen: Column) -> dict[str, Column]:
    """Where nobody looked again there was nothing to be consistent with."""
    churn, overlap = np.zeros(before.shape[:2]), np.ones(before.shape[:2])
    churn[~seen] = overlap[~seen] = math.nan
    event, policy = ((before != after).any(2) & seen[:, None]).nonzero()
    one, two = before[event, policy], after[event, policy]
    whole = (one != NOBODY).all(1) & (two != NOBODY).all(1)
    full = np.flatnonzero(whole)
    k = before.shape[2]
    churn[event[full], policy[full]] = (one[full] != two[full]).sum(1) / k
    overlap[event[full], policy[full]] = _overlaps(one[full], two[full])
    for n in np.flatnonzero(~whole).tolist():
        mine = [str(item) for item in one[n].tolist() if item != NOBODY]
        other = [str(item) for item in two[n].tolist() if item != NOBODY]
        churn[event[n], policy[n]] = position_churn(mine, other)
        overlap[event[n], policy[n]] = rbo(mine, other)
    return {"position_churn": churn, "rbo": overlap}


def _overlaps(before: Column, after: Column) -> Column:
    """`policies.overlap.rbo` of full slates (n, k), in the same order of sums."""
    count, k = before.shape
    p, total = PATIENCE, np.zeros(count)
    common = np.zeros(count, np.int64)
    for seat in range(k):
        common += (before[:, seat, None] == after[:, : seat + 1]).sum(1)
        common += (after[:, seat, None] == before[:, :seat]).sum(1)
        total = total + common / (seat + 1) * p ** (seat + 1)
    found: Column = (1 - p) / p * total + common / k * p**k
    return found


def _refinding(
    log: Log, looks: Column, closes: Column, before: Column, after: Column
) -> dict[str, Column]:
    """What the visitor turns to in the visit and could still see, and whether it kept its seat."""
    wanted = np.zeros(before.shape, bool)
    members = [np.flatnonzero(log.audience == n) for n in range(int(log.audience.max()) + 1)]
    mark = np.zeros(len(log.number) + 1, bool)
    for n in np.flatnonzero(closes > looks).tolist():
        for audience, mine in enumerate(members):
            items = list(log.sought[int(closes[n]), audience])
            mark[items] = True
            wanted[n, mine] = mark[before[n, mine]]
            mark[items] = False
    return {"sought": wanted.sum(2), "refound": (wanted & (before == after)).sum(2)}
