"""What a model may learn from, and what it is tried on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsvc.errors import BadData, BadInput, Fault
from recsvc.recommenders.matrix import Matrix, Rows, binary, matrix_of
from recsvc.recommenders.vocabulary import Indices

Parts = tuple[pd.DataFrame, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Trial:
    """`train` to learn from, `users` (n,) to rank for; `relevant`, shaped as `train`: new items."""

    train: Matrix
    users: Indices
    relevant: Rows
    train_events: int
    test_events: int


def global_time(interactions: pd.DataFrame) -> Parts:
    """Events up to the .9 quantile of time (the lower of two neighbours), and those after it."""
    return _parted(interactions, 0.9)


def validation(interactions: pd.DataFrame) -> Parts:
    """Events up to the .8 quantile of time, and those between it and the .9 quantile.

    What `global_time` tests on is in neither.
    """
    before, _ = _parted(interactions, 0.9)
    end = interactions["timestamp"].quantile(0.8, interpolation="lower")
    early = before["timestamp"] <= end
    return before[early], before[~early]


def _parted(interactions: pd.DataFrame, quantile: float) -> Parts:
    times = interactions["timestamp"]
    early = times <= times.quantile(quantile, interpolation="lower")
    return interactions[early], interactions[~early]


def leave_last_out(interactions: pd.DataFrame) -> Parts:
    """All but the last event of each user with two or more, and those last events.

    Of equal times the last row is the last event.
    """
    ordered = interactions.sort_values("timestamp", kind="stable")
    last = ~ordered["user_id"].duplicated(keep="last") & ordered["user_id"].duplicated(keep="first")
    return ordered[~last], ordered[last]


SPLITS: Mapping[str, Callable[[pd.DataFrame], Parts]] = {
    "global-time": global_time,
    "leave-last-out": leave_last_out,
    "validation": validation,
}


def trial(interactions: pd.DataFrame, split: str) -> Trial:
    """Split and keep what can be asked: known users and items, and items new to the user.

    Raises BadInput for an unknown split and BadData, saying why, when fewer than two users are
    left: nothing can be said of a mean over one.
    """
    if split not in SPLITS:
        message = f"There is no split called {split!r}. Available: {', '.join(SPLITS)}."
        raise BadInput(message, [Fault("split", message)])
    if interactions["user_id"].nunique() < 2:
        raise BadData("An evaluation needs at least two users in the interactions.")
    before, after = SPLITS[split](interactions)
    if after.empty:
        raise BadData(_NOTHING_TO_TEST[split])
    task = asked(before, after)
    if len(task.users) < 2:
        raise BadData(
            f"Only {len(task.users)} of the {after['user_id'].nunique():,} users of the test part "
            "are known from the training part and turned to a known item that was new to them. An "
            "evaluation needs at least two; use more data or the other split."
        )
    return task


def asked(before: pd.DataFrame, after: pd.DataFrame) -> Trial:
    """Learn from the events `before`, be asked about those `after`: known users and items, and
    items new to the user. Raises BadData where there is nothing to learn from."""
    train = matrix_of(before)
    met = binary(after, train.users, train.items)
    relevant = met - met.multiply(train.rows)
    relevant.eliminate_zeros()
    relevant = relevant.tocsr()
    users = np.flatnonzero(np.diff(relevant.indptr)).astype(np.int32)
    return Trial(train, users, relevant, len(before), len(after))


_NOTHING_TO_TEST = {
    "global-time": "No event lies after the .9 quantile of time: the test period is empty. "
    "Are all timestamps equal? Use --split leave-last-out, or data with times.",
    "validation": "No event lies between the .8 and the .9 quantile of time: the validation period "
    "is empty. Train without --search, or on more data.",
    "leave-last-out": "No user has two events or more, so none can be left out. Use more data.",
}
