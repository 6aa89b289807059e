"""Models before and after a retrain, in several forms of it.

Every form is made as an ensemble; its members are the same form with one seed each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.linalg import orthogonal_procrustes

from recsvc.recommenders.kinds.als import Als, AlsParameters
from recsvc.recommenders.kinds.ensemble import Ensemble, EnsembleParameters
from recsvc.recommenders.matrix import Floats, Matrix, matrix_of
from recsvc.recommenders.models import Model
from recsvc.recommenders.training.warm import following, starts
from recsvc.recommenders.vocabulary import Vocabulary

DAY, SEEDS, LONG = 86_400, 3, 28
PLAIN, COLD = "cold, ids indexed anew", "cold, indices kept"
ONE, ALL = "", f"{SEEDS} averaged: "


@dataclass(frozen=True, eq=False)
class Made:
    """A model and the matrix that it learnt from."""

    model: Model
    matrix: Matrix


@dataclass(frozen=True, eq=False)
class Several:
    """The models of all seeds, as their ensemble."""

    model: Ensemble
    matrix: Matrix

    def together(self) -> list[Made]:
        """The ensemble."""
        return [Made(self.model, self.matrix)]

    def alone(self) -> list[Made]:
        """Each model by itself."""
        return [Made(member, self.matrix) for member in self.model.members]


@dataclass(frozen=True, eq=False)
class Window:
    """Events up to a cut, those of some days more, and those of a month after that."""

    before: pd.DataFrame
    added: pd.DataFrame
    after: pd.DataFrame

    @property
    def now(self) -> pd.DataFrame:
        """All that a retrain learns from."""
        return pd.concat((self.before, self.added))


@dataclass(frozen=True, eq=False)
class Past:
    """Models of the first part, made when first asked for."""

    window: Window
    made: dict[str, Several] = field(default_factory=dict)

    def of(self, name: str) -> Several:
        """The cold ones, those with ids indexed anew, or those that were warm every night."""
        if name not in self.made:
            before = self.window.before
            self.made[name] = long(before) if name == "long" else cold(before, anew=name == "anew")
        return self.made[name]


def cold(events: pd.DataFrame, *, anew: bool = False) -> Several:
    """Learnt from nothing; `anew`: ids in the order of their names, as a plain service has them."""
    matrix = matrix_of(events)
    if anew:
        users, items = (
            Vocabulary(tuple(sorted(part.ids))) for part in (matrix.users, matrix.items)
        )
        matrix = following(matrix, replace(matrix, users=users, items=items))
    return Several(Ensemble.fit(matrix, EnsembleParameters(SEEDS), seed=0, threads=1), matrix)


def warm(events: pd.DataFrame, before: Several, iterations: int) -> Several:
    """Going on from `before`."""
    matrix = following(matrix_of(events), before.matrix)
    chosen = EnsembleParameters(SEEDS, AlsParameters(warm_iterations=iterations))
    start = starts(before.model, before.matrix, matrix, chosen)
    return Several(Ensemble.fit(matrix, chosen, seed=0, threads=1, start=start), matrix)


def smoothed(events: pd.DataFrame, before: Several, weight: float) -> Several:
    """Warm, then items' factors averaged with the earlier ones, which are turned to fit first.

    P. H. Schönemann, "A generalized solution of the orthogonal Procrustes problem",
    Psychometrika 31(1), 1966.
    """
    after = warm(events, before, 1)
    rows, members = after.matrix.rows, []
    for old, new in zip(before.model.members, after.model.members, strict=True):
        factors = _between(old.item_factors, new.item_factors, weight)
        arrays = {"item_factors": factors, "user_factors": new.user_factors}
        people = Als.of(arrays, new.parameters, shape=rows.shape).people(rows)
        members.append(Als.of({**arrays, "user_factors": people}, new.parameters, shape=rows.shape))
    return Several(Ensemble.joined(members, after.model.parameters), after.matrix)


def _between(old: Floats, new: Floats, weight: float) -> Floats:
    known = new[: len(old)]
    turned = old @ orthogonal_procrustes(old, known)[0].astype(np.float32)
    between = new.copy()
    between[: len(old)] = weight * turned + (1 - weight) * known
    return between


def nightly(window: Window, before: Several, iterations: int) -> Several:
    """One retrain after each of the added days."""
    first, last = window.before["timestamp"].max(), window.added["timestamp"].max()
    for night in range(1, int(np.ceil((last - first) / DAY)) + 1):
        part = window.added[window.added["timestamp"] <= first + night * DAY]
        before = warm(pd.concat((window.before, part)), before, iterations)
    return before


def long(events: pd.DataFrame) -> Several:
    """Cold LONG days earlier, and warm every night since."""
    times = events["timestamp"]
    early = times <= times.max() - LONG * DAY
    window = Window(events[early], events[~early], events[:0])
    return nightly(window, cold(window.before), 1)


Form = Callable[[Window, Past], tuple[Several, Several]]
"""The models before the added days, and those after them."""


def forms(days: int) -> dict[str, Form]:
    """By name."""

    def warmed(iterations: int) -> Form:
        return lambda w, past: (past.of("cold"), warm(w.now, past.of("cold"), iterations))

    def every_night(iterations: int) -> Form:
        return lambda w, past: (past.of("cold"), nightly(w, past.of("cold"), iterations))

    made: dict[str, Form] = {
        PLAIN: lambda w, past: (past.of("anew"), cold(w.now, anew=True)),
        COLD: lambda w, past: (past.of("cold"), cold(w.now)),
        **{f"warm, iterations: {n}": warmed(n) for n in (1, 2, 3)},
    }
    if days > 1:
        made |= {f"warm every night, iterations: {n}": every_night(n) for n in (1, 2)}
    else:
        made[f"warm for {LONG} nights, then once more"] = lambda w, past: (
            past.of("long"),
            warm(w.now, past.of("long"), 1),
        )
    made["warm, iterations: 1, smoothed by half"] = lambda w, past: (
        past.of("cold"),
        smoothed(w.now, past.of("cold"), 0.5),
    )
    return made
