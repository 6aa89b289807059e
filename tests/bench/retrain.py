"""What a retrain changes for people who did nothing, and what it costs or gives everybody else.

python -m tests.bench.retrain FOLDER [QUANTILES]

Models learn from the events up to some quantiles of time, then from those of one or seven days
more, in several forms. The month after that is the truth. Users are drawn anew with all that
happened to them in all windows; every form meets the same draws.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recsvc.data import read_tables
from recsvc.recommenders.evaluation.metrics import DEPTH, measures
from recsvc.recommenders.matrix import Matrix, binary, matrix_of
from recsvc.recommenders.vocabulary import Vocabulary
from simulations.intervals import draws, effective, figure, ratios
from tests.bench.retrained import ALL, COLD, DAY, ONE, Made, Past, Window, forms

TEST_DAYS, DEEP, KNOWN, SAMPLES = 30, 100, 5, 2000
QUANTILES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
Floats = NDArray[np.float64]
Lists = NDArray[np.int64]


class Names:
    """Numbers of users and items that are the same in all models."""

    def __init__(self, events: pd.DataFrame) -> None:
        self.users = Vocabulary(tuple(sorted(set(events["user_id"]))))
        self.items = Vocabulary(tuple(sorted(set(events["item_id"]))))

    def lists(self, made: Made, met: Matrix) -> Lists:
        """The DEEP best items of every user without what is `met`, (users, DEEP); -1 for none."""
        found = np.full((len(self.users), DEEP), -1)
        items = self.items.indices(made.matrix.items.ids)
        users = self.users.indices(made.matrix.users.ids)
        owners = met.users.indices(made.matrix.users.ids)
        column = made.matrix.items.indices(met.items.ids)
        for first in range(0, len(users), 512):
            block = slice(first, first + 512)
            scores = made.model.score_rows(made.matrix.rows[block])
            for line, owner in enumerate(owners[block]):
                seen = column[met.row(owner)]
                scores[line, seen[seen >= 0]] = -np.inf
            top = np.argpartition(-scores, DEEP, axis=1)[:, :DEEP]
            order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
            found[users[block]] = items[np.take_along_axis(top, order, axis=1)]
        return found


@dataclass(eq=False)
class Sums:
    """Sums of a figure by user, and how many went into them, over all windows."""

    value: Floats
    count: Floats

    @classmethod
    def by_figure(cls, names: Names) -> dict[str, Sums]:
        """Nothing yet."""
        size = len(names.users)
        figures = ("idle", "active", "ndcg", "gain")
        return {name: cls(np.zeros(size), np.zeros(size)) for name in figures}

    def add(self, users: Lists, values: Floats) -> None:
        """One window's values of some users."""
        np.add.at(self.value, users, values)
        np.add.at(self.count, users, 1.0)


def cut_at(events: pd.DataFrame, quantile: float, days: int) -> Window:
    """The window that begins at this quantile of time."""
    times = events["timestamp"]
    cut = times.quantile(quantile, interpolation="lower")
    ends = cut + days * DAY
    later = (times > ends) & (times <= ends + TEST_DAYS * DAY)
    return Window(events[times <= cut], events[(times > cut) & (times <= ends)], events[later])


def churn(old: Lists, new: Lists, users: Lists) -> Floats:
    """Share of the ten that are others, by user."""
    one, two = old[users, :DEPTH], new[users, :DEPTH]
    same = (one[:, :, None] == two[:, None, :]).any(axis=2).sum(axis=1)
    return 1 - same / DEPTH


@dataclass(frozen=True, eq=False)
class Trial:
    """Who is looked at after the added days, as numbers of `names`, and what they turned to."""

    names: Names
    met: Matrix
    idle: Lists
    active: Lists
    tested: Lists
    truth: NDArray[np.bool_]
    new: Lists
    then: dict[object, Lists] = field(default_factory=dict)

    @classmethod
    def of(cls, window: Window, names: Names) -> Trial:
        """People with KNOWN events are idle if they did nothing in the added days."""
        met = matrix_of(window.now)
        every = replace(met, users=names.users, items=names.items)
        seen = binary(window.now, every.users, every.items).toarray() > 0
        known = np.isin(np.arange(len(names.items)), names.items.indices(met.items.ids))
        truth = (binary(window.after, every.users, every.items).toarray() > 0) & ~seen & known
        tested = np.flatnonzero(truth.any(axis=1) & seen.any(axis=1))
        active = names.users.indices(set(window.added["user_id"])).astype(np.int64)
        counts = window.before["user_id"].value_counts()
        enough = names.users.indices(counts.index[counts >= KNOWN]).astype(np.int64)
        fresh = set(window.added["item_id"]) - set(window.before["item_id"])
        new = names.items.indices(fresh).astype(np.int64)
        return cls(names, met, np.setdiff1d(enough, active), active, tested, truth, new)

    def ndcg(self, lists: Lists) -> Floats:
        """Of the tested users."""
        truth = self.truth[self.tested]
        hits = np.take_along_axis(truth, lists[self.tested, :DEPTH], axis=1)
        return measures(hits, truth.sum(axis=1).astype(np.int64))[:, 0]

    def tally(self, tally: dict[str, Sums], pairs: list[tuple[Made, Made]]) -> NDArray[np.int64]:
        """Add the means over the pairs; returns new items: all, in a top 10, in a top 100."""
        found: dict[str, list[Floats]] = defaultdict(list)
        coverage = np.zeros(3, dtype=np.int64)
        back = np.intersect1d(self.active, self.tested)
        rows = np.searchsorted(self.tested, back)
        for one, two in pairs:
            if one.model not in self.then:
                self.then[one.model] = self.names.lists(one, self.met)
            old, now = self.then[one.model], self.names.lists(two, self.met)
            known = self.active[(old[self.active, 0] >= 0)]
            found["idle"].append(churn(old, now, self.idle))
            found["active"].append(churn(old, now, known))
            found["ndcg"].append(self.ndcg(now))
            found["then"].append(self.ndcg(old)[rows])
            coverage += [
                len(self.new),
                *(len(np.intersect1d(now[:, :n], self.new)) for n in (DEPTH, DEEP)),
            ]
        mean = {name: np.mean(values, axis=0) for name, values in found.items()}
        tally["idle"].add(self.idle, mean["idle"])
        tally["active"].add(known, mean["active"])
        tally["ndcg"].add(self.tested, mean["ndcg"])
        tally["gain"].add(back, mean["ndcg"][rows] - mean["then"])
        return coverage


def told(values: Floats, over: Floats, drawn: Floats, *, percent: bool = False) -> str:
    """A ratio of sums with its interval."""
    samples = ratios(values, over, drawn)
    one = figure(values.sum() / over.sum(), samples, effective(over))
    if one is None:
        return "-"
    if percent:
        return "{:+.1f} % [{:+.1f}, {:+.1f}]".format(*(100 * value for value in one.values()))
    return "{mean:.4f} [{low:.4f}, {high:.4f}]".format(**one)


def main(folder: str, windows: str = ",".join(map(str, QUANTILES))) -> None:
    """Measure every form and print it as Markdown."""
    events = read_tables(Path(folder)).interactions
    names = Names(events)
    quantiles = [float(one) for one in windows.split(",")]
    for days in (1, 7):
        tallies: dict[str, dict[str, Sums]] = {}
        new: dict[str, NDArray[np.int64]] = {}
        spent: dict[str, float] = defaultdict(float)
        looked = np.zeros(3, dtype=np.int64)
        for quantile in quantiles:
            window = cut_at(events, quantile, days)
            trial, past = Trial.of(window, names), Past(window)
            past.of("cold")
            looked += [len(trial.idle), len(trial.active), len(trial.tested)]
            for name, form in forms(days).items():
                begun = time.process_time()
                before, after = form(window, past)
                spent[name] += time.process_time() - begun
                for prefix, pairs in (
                    (ONE, zip(before.alone(), after.alone(), strict=True)),
                    (ALL, zip(before.together(), after.together(), strict=True)),
                ):
                    sums = tallies.setdefault(prefix + name, Sums.by_figure(names))
                    found = trial.tally(sums, list(pairs))
                    new[prefix + name] = new.get(prefix + name, 0) + found
            print(f"{days} days from {quantile}: {len(trial.new)} new items", file=sys.stderr)
        _print(days, quantiles, looked, tallies, new, spent)


def _print(
    days: int,
    quantiles: Sequence[float],
    looked: NDArray[np.int64],
    tallies: dict[str, dict[str, Sums]],
    new: dict[str, NDArray[np.int64]],
    spent: dict[str, float],
) -> None:
    base = tallies[COLD]
    drawn = draws(len(base["idle"].value), SAMPLES, 1)
    idle, active, tested = looked.tolist()
    print(
        f"\nAfter {days} more day{'s' if days > 1 else ''}: {len(quantiles)} windows, "
        f"{idle:,} idle customers, {active:,} active ones, {tested:,} with a later purchase\n"
    )
    print(
        "| form | churn of the idle | of the active | nDCG@10 | against cold "
        "| active people gain | more than with cold | new items in a top 10 / 100 | CPU s |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name in sorted(tallies, key=lambda name: name.startswith(ALL)):
        sums = tallies[name]
        ndcg, gain = sums["ndcg"], sums["gain"]
        there, ten, hundred = new[name].tolist()
        cells = (
            name,
            told(sums["idle"].value, sums["idle"].count, drawn),
            told(sums["active"].value, sums["active"].count, drawn),
            f"{ndcg.value.sum() / ndcg.count.sum():.4f}",
            told(ndcg.value - base["ndcg"].value, base["ndcg"].value, drawn, percent=True),
            told(gain.value, gain.count, drawn),
            told(gain.value - base["gain"].value, gain.count, drawn),
            f"{ten / there:.0%} / {hundred / there:.0%}" if there else "none are new",
            f"{spent[name.removeprefix(ALL)] / len(quantiles):.1f}",
        )
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
