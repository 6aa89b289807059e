"""Several periods to test in, one after the other, at the end of the events."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import pandas as pd

from recsvc.errors import BadData
from recsvc.recommenders.evaluation.splits import Trial, asked

SHARE: Final = 0.05
"""Part of all events in one window of a backtest; at most half of them are tested on."""
MOST_TESTED: Final = 0.5


class Period(NamedTuple):
    """What came later than `after`, up to `until`; epoch seconds."""

    after: float
    until: float


def at_the_end(times: pd.Series, count: int) -> tuple[Period, ...]:
    """So many periods of equally many events at the end of the times."""
    share = min(SHARE, MOST_TESTED / count)
    return _between(times, np.linspace(1 - count * share, 1, count + 1))


def all_of(times: pd.Series, after: float, count: int) -> tuple[Period, ...]:
    """So many periods of equally many events that hold all times; the first begins at `after`."""
    periods = _between(times, np.linspace(0, 1, count + 1))
    return () if not periods else (Period(after, periods[0].until), *periods[1:])


def _between(times: pd.Series, quantiles: np.ndarray) -> tuple[Period, ...]:
    """Periods without events, where many have the same time, are left out."""
    edges = np.unique(np.quantile(times.to_numpy(dtype=np.float64), quantiles, method="lower"))
    if len(edges) == 1:
        return (Period(-np.inf, float(edges[0])),)
    return tuple(Period(float(a), float(b)) for a, b in pairwise(edges))


def trial_of(interactions: pd.DataFrame, period: Period) -> Trial | None:
    """Learn from what was before the period, be asked about what came in it.

    None where fewer than two users are left.
    """
    times = interactions["timestamp"]
    before = interactions[times <= period.after]
    after = interactions[(times > period.after) & (times <= period.until)]
    try:
        task = asked(before, after)
    except BadData:
        return None
    return task if len(task.users) > 1 else None
