"""Who pays for consistency: churn and accuracy by slice, and which losses are more than chance.

Among many slices some lose by chance. So the p values of all slices of one policy are corrected:
S. Holm, "A Simple Sequentially Rejective Multiple Test Procedure", Scand. J. Statistics 6(2), 1979.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.stats import t

from simulations.figures import AXES, Sampled, figures_of
from simulations.free import Tried, free_consistency
from simulations.intervals import LEVEL, Floats, draws, rounded
from simulations.slices import Cut, Slice

_ACCURACY = 1


def by_slice(
    cuts: Iterable[Cut], shown: Mapping[int, str], tried: Tried, samples: int, seed: int
) -> list[dict[str, Any]]:
    """Every cut with its slices: for each policy that is `shown` its figures and their changes
    against the baseline, and the slice's own free consistency, chosen among all that were tried.

    The cuts are of visitors: of some of their events it cannot be told what a loss of accuracy was
    the price of. Slices of too few visitors are named under `left_out`. `chance` is the corrected p
    value of a policy's change of accuracy, over all slices of all cuts; `sure`: below 5 %.
    """
    told: list[dict[str, Any]] = []
    chances = []
    for cut in cuts:
        rows = []
        for one in cut.slices:
            if one.told:
                found = _sampled(one, samples, seed)
                rows.append(_row(one, found, shown, tried.baseline))
                rows[-1]["free"] = free_consistency(found, tried, rows[-1]["visitors"])
                chances.append([_chance(found, n, tried.baseline) for n in shown])
        told.append(_cut(cut, rows))
    if chances:
        corrected = np.stack([holm(column) for column in np.array(chances).T], axis=1)
        every = [row for one in told for row in one["slices"]]
        for row, levels in zip(every, corrected, strict=True):
            for policy, level in zip(row["policies"], levels.tolist(), strict=True):
                policy["chance"] = None if np.isnan(level) else rounded(level)
                policy["sure"] = bool(level < 1 - LEVEL)
    return told


def by_event(
    cut: Cut, shown: Mapping[int, str], baseline: int, samples: int, seed: int
) -> dict[str, Any]:
    """A cut of events: the figures of each policy that is `shown`, and their changes."""
    told = [one for one in cut.slices if one.told]
    return _cut(cut, [_row(one, _sampled(one, samples, seed), shown, baseline) for one in told])


def _cut(cut: Cut, rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": cut.name,
        "label": cut.label,
        "slices": rows,
        "left_out": [
            {"slice": one.name, "visitors": int(one.visitors.sum())}
            for one in cut.slices
            if not one.told and one.visitors.any()
        ],
    }


def _sampled(one: Slice, samples: int, seed: int) -> Sampled:
    return one.tally.sampled(draws(len(one.tally.values), samples, seed))


def _row(one: Slice, found: Sampled, shown: Mapping[int, str], baseline: int) -> dict[str, Any]:
    own, against = figures_of(found, baseline)
    return {
        "slice": one.name,
        "visitors": len(one.tally.values),
        "events": int(one.tally.judged.sum()),
        "policies": [
            {
                "policy": name,
                **_axes(own[n]),
                "against": None if n == baseline else _axes(against[n]),
            }
            for n, name in shown.items()
        ],
    }


def _axes(figures: Mapping[str, Any]) -> dict[str, Any]:
    return dict(zip(("churn", "accuracy"), (figures[name] for name in AXES), strict=True))


def _chance(found: Sampled, policy: int, baseline: int) -> float:
    """How likely a change of accuracy this large is where there is none; nan where unknown."""
    means, every = found.change(policy, baseline)
    change, samples = means[_ACCURACY], every[:, _ACCURACY]
    if policy == baseline or not np.isfinite([change, *samples]).all():
        return np.nan
    spread = float(samples.std(ddof=1))
    if not spread:
        return 1.0 if change == 0 else 0.0
    return 2 * float(t.sf(abs(change) / spread, found.visitors - 1))


def holm(chances: Sequence[float] | Floats) -> Floats:
    """Corrected p values, in the order given; nan stays nan and is not counted."""
    given = np.asarray(chances, dtype=np.float64)
    corrected = np.full(len(given), np.nan)
    known = np.flatnonzero(~np.isnan(given))
    order = known[np.argsort(given[known], kind="stable")]
    steps = np.arange(len(order), 0, -1)
    corrected[order] = np.minimum(np.maximum.accumulate(given[order] * steps), 1.0)
    return corrected
