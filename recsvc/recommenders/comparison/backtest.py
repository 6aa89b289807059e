"""Two recipes trained again at earlier times, on the same events, and tried on what came next.

The answer is about recipes, not about the artifacts made by them: a damaged artifact of a good
recipe passes here, and fails by its churn or on later events.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from recsvc.recommenders.comparison.figures import Accuracy, Difference, Gain, Window
from recsvc.recommenders.comparison.paired import Pairs, Values, difference
from recsvc.recommenders.comparison.recipes import Learnt, Recipe
from recsvc.recommenders.comparison.windows import Period, at_the_end, trial_of
from recsvc.recommenders.evaluation.evaluate import per_user
from recsvc.recommenders.evaluation.splits import Trial
from recsvc.recommenders.matrix import Matrix, Rows, matrix_of
from recsvc.recommenders.models import Model

NDCG: Final = 0
LEAST_LEFT: Final = 0.5
"""Where the gap between the models would leave less than this part of the time before a window, it
is shortened."""


class Tried(NamedTuple):
    """One window: nDCG@10 of recipe A, recipe B and the older A, for the people `who`, (n,).

    `active` had new events since the older A, which is `nan` for people whom it does not know.
    """

    who: npt.NDArray[np.str_]
    a: Values
    b: Values
    older: Values
    active: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Backtest:
    """What is tried: `gap_s` is how much older A's data are than B's."""

    a: Recipe
    b: Recipe
    gap_s: float
    windows: int
    threads: int = 0

    def run(
        self, interactions: pd.DataFrame, kept: Path, tell: Callable[[str], None]
    ) -> tuple[Accuracy, Gain | None] | None:
        """All windows; None where in none of them two people could be asked.

        Each window's outcome is kept in the folder `kept` until all are there, so that a stopped
        comparison goes on where it was.
        """
        periods = at_the_end(interactions["timestamp"], self.windows)
        data = _print_of(interactions)
        found: list[tuple[Period, Tried]] = []
        for n, period in enumerate(periods, 1):
            file = kept / f"{self._key(data, period)}.npz"
            tried = _read(file)
            if tried is None:
                tell(f"backtest: window {n} of {len(periods)}")
                tried = self._try(interactions, period)
                _write(file, tried)
            else:
                tell(f"backtest: window {n} of {len(periods)} is there already")
            if len(tried.who) > 1:
                found.append((period, tried))
        return self._pooled(found) if found else None

    def _try(self, interactions: pd.DataFrame, period: Period) -> Tried:
        task = trial_of(interactions, period)
        if task is None:
            return Tried(np.zeros(0, dtype=np.str_), *(np.zeros(0),) * 3, np.zeros(0, np.bool_))
        older = self._older(interactions, period)
        a = self.a.made(task.train, older, threads=self.threads)
        ours = per_user(a.model, task)[:, NDCG]
        theirs = ours
        if self.a != self.b:
            b = self.b.made(task.train, older or a, threads=self.threads)
            theirs = per_user(b.model, task)[:, NDCG]
        who = np.array([task.train.users.ids[user] for user in task.users.tolist()])
        return Tried(who, ours, theirs, *_older_on(older, task))

    def _older(self, interactions: pd.DataFrame, period: Period) -> Learnt | None:
        if self.gap_s <= 0:
            return None
        times = interactions["timestamp"]
        first = float(times.min())
        cut = max(period.after - self.gap_s, first + LEAST_LEFT * (period.after - first))
        return self.a.cold().made(matrix_of(interactions[times <= cut]), None, threads=self.threads)

    def _pooled(self, found: list[tuple[Period, Tried]]) -> tuple[Accuracy, Gain | None]:
        parts = [Pairs(tried.who, tried.a, tried.b) for _, tried in found]
        accuracy = Accuracy(
            how="backtest",
            same_recipe=self.a == self.b,
            pooled=difference(Pairs.pooled(parts)),
            windows=tuple(
                Window(period.after, period.until, difference(part))
                for (period, _), part in zip(found, parts, strict=True)
            ),
        )
        if self.gap_s <= 0:
            return accuracy, None
        new_a = _gained([(tried, tried.a) for _, tried in found])
        new_b = _gained([(tried, tried.b) for _, tried in found])
        return accuracy, Gain(how="backtest", gap_s=self.gap_s, active=new_b, of_a=new_a)

    def _key(self, data: str, period: Period) -> str:
        """What a window's outcome hangs on."""
        made_of = [vars(self.a), vars(self.b), self.gap_s, data, period]
        return hashlib.sha256(msgspec.json.encode(made_of)).hexdigest()[:24]


def _gained(found: list[tuple[Tried, Values]]) -> Difference:
    """New values against those of the older model, for people with news."""
    return difference(
        Pairs.pooled(
            [
                Pairs(tried.who[tried.active], tried.older[tried.active], new[tried.active])
                for tried, new in found
            ]
        )
    )


def _print_of(interactions: pd.DataFrame) -> str:
    columns = interactions[["user_id", "item_id", "timestamp"]]
    rows = pd.util.hash_pandas_object(columns, index=False).to_numpy()
    return hashlib.sha256(rows.tobytes()).hexdigest()


class _Padded:
    """An older model before newer rows: items that it does not know are never its best."""

    def __init__(self, model: Model, items: int) -> None:
        self._model = model
        self._items = items

    def score_rows(self, rows: Rows) -> npt.NDArray[Any]:
        known = sp.csr_matrix(rows[:, : self._items])
        scores = np.asarray(self._model.score_rows(known), dtype=np.float64)
        return np.pad(scores, ((0, 0), (0, rows.shape[1] - self._items)), constant_values=-np.inf)


def _older_on(older: Learnt | None, task: Trial) -> tuple[Values, npt.NDArray[np.bool_]]:
    """What the older model gets, told of all events since; and who had any."""
    if older is None:
        return np.full(len(task.users), np.nan), np.zeros(len(task.users), dtype=np.bool_)
    model = cast("Model", _Padded(older.model, len(older.matrix.items)))
    values = per_user(model, task)[:, NDCG]
    return values, _had_news(older.matrix, task)


def _had_news(older: Matrix, task: Trial) -> npt.NDArray[np.bool_]:
    """Whom of those asked the older model knew with fewer items than are known now.

    Indices never move, so the older users and items are the first of the newer ones.
    """
    then = np.diff(older.rows.indptr)
    now = np.diff(task.train.rows.indptr)
    users = task.users[task.users < len(then)]
    news = np.zeros(len(task.users), dtype=np.bool_)
    news[task.users < len(then)] = now[users] > then[users]
    return news


def _read(file: Path) -> Tried | None:
    try:
        with np.load(file, allow_pickle=False) as arrays:
            return Tried(*(arrays[name] for name in Tried._fields))
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _write(file: Path, tried: Tried) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(f".{os.getpid()}.{file.name}")
    with beside.open("wb") as out:
        np.savez(out, **tried._asdict())
    beside.replace(file)
