"""How far a personal model is trusted beside what is popular now, learnt from people's own choices.

A conditional logit: D. McFadden, "Conditional logit analysis of qualitative choice behavior",
in Frontiers in Econometrics, 1974. Scores are log-odds of a choice, whatever the data.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from recsvc.recommenders.kinds.popularity import decayed, distinct_users
from recsvc.recommenders.matrix import Floats, Matrix, Rows, items_of
from recsvc.recommenders.models import Model
from recsvc.recommenders.ranking import best
from recsvc.recommenders.threads import one_blas_thread
from recsvc.recommenders.vocabulary import Indices

Values = npt.NDArray[np.float64]

HALF_LIVES: Final = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Days; the one that tells choices best is kept."""
SOFTENINGS: Final = (0.01, 0.03, 0.1)
USUAL: Final = (1.0, 0.0, 1.0, 0.0)
"""Assumed of now, ever, level and slope until people's choices say otherwise."""
PEOPLE: Final = 1000
"""So many people of a period are asked; four numbers need no more."""
CELLS: Final = 4_000_000
"""So many scores are held at once."""
TYPICAL: Final = 2.0
"""The length, as log(1 + events), at which trust is `level`."""
OFFERED: Final = 50
"""So many of the best by each opinion are what people are taken to have chosen from."""


@dataclass(frozen=True)
class Trust:
    """What was learnt; all that a blend needs beside its personal model.

    An item's score is the sum of now * log(1 + recent), ever * log(1 + users) and
    trust * log(1 + s / softening): `recent` are users by half-life, s is the personal score, or 0.
    The trust is level + slope * (log(1 + events known) - TYPICAL), never below 0, and that of
    `shortest` and `longest` (as logarithms) for people with fewer and more events.
    """

    half_life_days: float
    now: float
    ever: float
    level: float
    slope: float
    softening: float
    shortest: float
    longest: float

    @classmethod
    def of(cls, values: npt.NDArray[Any]) -> Self:
        """From `array`. Raises ValueError where it cannot be right."""
        if values.shape != (len(fields(cls)),) or not np.isfinite(values).all():
            raise ValueError(f"the trust is {values.shape}, or not finite")
        found = cls(*values.tolist())
        if found.softening <= 0 or found.half_life_days <= 0 or found.shortest > found.longest:
            raise ValueError("the trust has a softening, half-life or lengths that cannot be")
        return found

    def array(self) -> Values:
        """All fields in their order."""
        return np.array(astuple(self), dtype=np.float64)

    def popular(self, matrix: Matrix) -> Floats:
        """The part of the scores that is everybody's, shape (items,)."""
        recent, ever = np.log1p(decayed(matrix, self.half_life_days)), _ever(matrix)
        return (self.now * recent + self.ever * ever).astype(np.float32)

    def personal(self, scores: npt.NDArray[Any]) -> Floats:
        """log(1 + s / softening), and 0 for scores below 0; of any shape."""
        soft = np.maximum(scores, 0, dtype=np.float32)
        soft *= np.float32(1 / self.softening)
        soft += 1  # log in single precision is vectorised, log1p is not
        logs: Floats = np.log(soft, out=soft)
        return logs

    def of_events(self, events: npt.NDArray[Any]) -> Values:
        """The trust in the personal scores of people with so many events; of any shape."""
        length = np.clip(np.log1p(events), self.shortest, self.longest) - TYPICAL
        trust: Values = np.maximum(self.level + self.slope * length, 0)
        return trust


class Choices(NamedTuple):
    """What some people turned to, out of what they may have been offered, one person's lines after
    the other's: `starts` (people,).

    Of each line: the `personal` score, log(1 + recent) by every half-life (half-lives, lines),
    log(1 + users), `length` of the person, as a logarithm, and the share `chosen` of the person's
    choices.
    """

    personal: Floats
    recent: Floats
    ever: Floats
    length: Floats
    chosen: Floats
    starts: npt.NDArray[np.intp]


def choices(early: Matrix, late: Rows, model: Model) -> Choices | None:
    """Choices in `late` of people known from `early`, which `model` was learnt from.

    None where nobody chose anything that is on offer. People are taken evenly, not at random.
    """
    known = np.diff(early.rows.indptr)
    people = np.flatnonzero((known > 0) & (np.diff(late.indptr) > 0))
    if len(people) > PEOPLE:
        people = people[np.linspace(0, len(people) - 1, PEOPLE).astype(np.intp)]
    recent = np.log1p([decayed(early, days) for days in HALF_LIVES]).astype(np.float32)
    ever = _ever(early)
    shelf = np.unique(np.concatenate([best(line, OFFERED) for line in (*recent, ever)]))
    found: list[tuple[Floats, Indices, Floats, Floats]] = []
    block = max(1, CELLS // early.rows.shape[1])
    for start in range(0, len(people), block):
        some = people[start : start + block]
        for person, scores in zip(some.tolist(), model.score_rows(early.rows[some]), strict=True):
            offered = np.union1d(shelf, best(scores, OFFERED))
            offered = offered[~np.isin(offered, early.row(person))]
            chosen = np.isin(offered, items_of(late, person)).astype(np.float32)
            if chosen.any():
                length = np.full(len(offered), np.log1p(known[person]), dtype=np.float32)
                own = scores[offered].astype(np.float32)
                found.append((own, offered, length, chosen / chosen.sum()))
    if not found:
        return None
    personal, offers, lengths, shares = (np.concatenate(part) for part in zip(*found, strict=True))
    sizes = [len(part[0]) for part in found]
    starts = np.concatenate(([0], np.cumsum(sizes[:-1]))).astype(np.intp)
    return Choices(personal, recent[:, offers], ever[offers], lengths, shares, starts)


def learnt(seen: Sequence[Choices]) -> Trust:
    """The trust under which these choices were the likeliest.

    First the half-life, then the softening is chosen. `USUAL` weighs as much as one person's
    choices: a handful of people change little, and none nothing.
    """
    if not seen:
        return Trust(8.0, *USUAL, SOFTENINGS[1], 0.0, TYPICAL)
    told = _joined(seen)
    usual = SOFTENINGS[1]
    half_life = min(range(len(HALF_LIVES)), key=lambda number: _likeliest(told, number, usual).loss)
    softening = min(SOFTENINGS, key=lambda softness: _likeliest(told, half_life, softness).loss)
    now, ever, level, slope = _likeliest(told, half_life, softening).weights.tolist()
    shortest, longest = np.quantile(told.length[told.starts], (0.01, 0.99)).tolist()
    return Trust(HALF_LIVES[half_life], now, ever, level, slope, softening, shortest, longest)


class _Fit(NamedTuple):
    loss: float
    weights: Values


def _likeliest(told: Choices, half_life: int, softening: float) -> _Fit:
    from scipy.optimize import minimize  # an eighth of a second, which no service needs

    personal = np.log1p(np.maximum(told.personal, 0) / softening)
    columns = (told.recent[half_life], told.ever, personal, personal * (told.length - TYPICAL))
    design = np.stack(columns, axis=1).astype(np.float64)
    starts, usual = told.starts, np.array(USUAL)
    sizes = np.diff(np.append(starts, len(design)))
    met = told.chosen @ design

    def loss(weights: Values) -> tuple[float, Values]:
        scores = design @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), sizes)
        odds = np.exp(scores)
        sums = np.add.reduceat(odds, starts)
        apart = weights - usual
        value = np.log(sums).sum() - told.chosen @ scores + apart @ apart / 2
        slope = (odds / np.repeat(sums, sizes)) @ design - met + apart
        return float(value) / len(starts), slope / len(starts)

    with one_blas_thread():
        found = minimize(loss, usual, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return _Fit(float(found.fun), np.asarray(found.x, dtype=np.float64))


def _joined(seen: Sequence[Choices]) -> Choices:
    lines = np.cumsum([0, *(len(part.ever) for part in seen[:-1])])
    return Choices(
        np.concatenate([part.personal for part in seen]),
        np.concatenate([part.recent for part in seen], axis=1),
        np.concatenate([part.ever for part in seen]),
        np.concatenate([part.length for part in seen]),
        np.concatenate([part.chosen for part in seen]),
        np.concatenate([part.starts + line for part, line in zip(seen, lines, strict=True)]),
    )


def _ever(matrix: Matrix) -> Floats:
    return np.log1p(distinct_users(matrix.rows)).astype(np.float32)
