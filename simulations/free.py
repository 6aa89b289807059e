"""Free consistency: the largest cut in churn whose loss of accuracy is surely too small to matter.

A policy is *free* when the lower end of its paired interval of the relative change of accuracy is
at least -1 %: non-inferior, not merely not significantly worse. G. Piaggio et al., "Reporting of
Noninferiority and Equivalence Randomized Trials", JAMA 308(24), 2012.

The calmest of many free policies is chosen on the visitors that it is then told of, which flatters.
So knobs are also chosen on one half of the visitors and judged on the other, both ways, several
times over: M. Stone, "Cross-validatory Choice and Assessment of Statistical Predictions", 1974.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulations.draws import stream
from simulations.figures import Sampled, Tally
from simulations.intervals import Floats, draws, figure, rounded, tails

MARGIN = 0.01
"""The greatest relative loss of accuracy that is still called none."""
HALVES = 10
_TELLING = 0.05
_WITHIN_REACH = 20
_CHURN, _ACCURACY = 0, 1


@dataclass(frozen=True)
class Tried:
    """What may be chosen: `names` of all policies, the places of those that are `eligible` as a
    proposal, and of the `baseline`."""

    names: tuple[str, ...]
    eligible: tuple[int, ...]
    baseline: int


@dataclass(frozen=True)
class _Judged:
    """Each policy's relative changes: means and lower ends, nan where undefined, (policies,)."""

    cut: Floats
    loss: Floats
    low: Floats

    def free(self, tried: Tried) -> list[int]:
        """The eligible policies whose loss is surely within the margin."""
        return [n for n in tried.eligible if self.low[n] >= -MARGIN]

    def chosen(self, tried: Tried) -> int:
        """The calmest free policy; the baseline where none is calmer than it."""
        best = min(self.free(tried), key=lambda n: (self.cut[n], n), default=tried.baseline)
        return best if self.cut[best] < 0 else tried.baseline


def _judged(found: Sampled, baseline: int) -> _Judged:
    every = [found.change(n, baseline) for n in range(len(found.means))]
    change = np.stack([mean for mean, _ in every])
    lost = np.stack([samples[:, _ACCURACY] for _, samples in every])
    low = np.full(len(every), np.nan)
    known = np.isfinite(lost).all(axis=1)
    if known.any():
        low[known] = np.quantile(lost[known], tails(found.visitors)[0], axis=1)
    return _Judged(change[:, _CHURN], change[:, _ACCURACY], low)


def free_consistency(found: Sampled, tried: Tried, visitors: int) -> dict[str, Any]:
    """The calmest free policy, chosen and told of on the same visitors, and what the data can tell.

    `found` holds the two axes of so many `visitors`. `policy` is None where none is calmer than the
    baseline for free.
    `detectable` is the loss that these visitors can just tell from the margin: the median distance
    from the change of accuracy to its lower end, over the policies that cut churn by a twentieth or
    more; above the margin, even a policy that loses nothing would not be called free (`enough`).
    `undecided` is the calmest policy whose mean loss is within the margin and whose interval is
    not, with the number of visitors that would decide it, were their spread this one and their mean
    no gain; None where that takes more than twenty times as many.
    """
    judged = _judged(found, tried.baseline)
    best = judged.chosen(tried)
    width = judged.loss - judged.low
    telling = [n for n in tried.eligible if judged.cut[n] <= -_TELLING and np.isfinite(width[n])]
    detectable = float(np.median(width[telling])) if telling else None
    told = {
        "margin": MARGIN,
        "visitors": visitors,
        "detectable": None if detectable is None else rounded(detectable),
        "enough": detectable is not None and detectable <= MARGIN,
        "undecided": _undecided(judged, tried, best, visitors),
    }
    if best == tried.baseline:
        return {"policy": None, "churn": None, "accuracy": None, **told}
    return {"policy": tried.names[best], **_told(found, best, tried.baseline), **told}


def _told(found: Sampled, policy: int, baseline: int) -> dict[str, Any]:
    """Relative changes of churn and accuracy with their intervals."""
    change, samples = found.change(policy, baseline)
    return {
        name: figure(change[n], samples[:, n], found.visitors)
        for name, n in (("churn", _CHURN), ("accuracy", _ACCURACY))
    }


def _undecided(judged: _Judged, tried: Tried, best: int, visitors: int) -> dict[str, Any] | None:
    found = {
        n: _needed(judged, n, visitors)
        for n in tried.eligible
        if judged.cut[n] < judged.cut[best] and judged.low[n] < -MARGIN < judged.loss[n]
    }
    within = [n for n, needed in found.items() if needed <= _WITHIN_REACH * visitors]
    if not within:
        return None
    calmest = min(within, key=lambda n: (judged.cut[n], n))
    return {
        "policy": tried.names[calmest],
        "churn": rounded(judged.cut[calmest]),
        "accuracy": rounded(judged.loss[calmest]),
        "visitors": found[calmest],
    }


def _needed(judged: _Judged, policy: int, visitors: int) -> int:
    """How many visitors would bring the lower end within the margin."""
    width = judged.loss[policy] - judged.low[policy]
    room = min(judged.loss[policy], 0.0) + MARGIN
    return int(np.ceil(visitors * (width / room) ** 2))


def cross_fitted(
    tally: Tally, tried: Tried, samples: int, seed: int, halves: int = HALVES
) -> dict[str, Any]:
    """What the rule gives to visitors whom it was not chosen on.

    For each of `halves` random halvings the calmest free policy of one half serves the other, both
    ways, so every visitor is served once under knobs chosen without that visitor; the sums of all
    halvings are averaged, visitor by visitor, and the interval is that of these averages. It says
    what other visitors would change with the knobs as they were chosen. `chosen` counts the knobs.
    """
    visitors = len(tally.values)
    served = np.zeros((2, *tally.values.shape))
    counts: Counter[str] = Counter()
    for number in range(halves):
        for mine in _halves(visitors, seed, number):
            others = ~mine
            drawn = draws(int(others.sum()), samples, seed)
            best = _judged(tally.of(others).sampled(drawn), tried.baseline).chosen(tried)
            counts[tried.names[best]] += 1
            for n, table in enumerate((tally.values, tally.over)):
                served[n, mine, 0] += table[mine, best] / halves
    pair = [tally.values[:, [tried.baseline]], tally.over[:, [tried.baseline]]]
    values, over = (np.concatenate([served[n][:, :1], pair[n]], axis=1) for n in (0, 1))
    mixed = Tally(tally.measures, values, over, tally.judged)
    return {
        **_told(mixed.sampled(draws(visitors, samples, seed)), 0, 1),
        "halves": halves,
        "chosen": [
            {"policy": name, "times": times}
            for name, times in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
        ],
    }


def _halves(visitors: int, seed: int, number: int) -> Sequence[NDArray[np.bool_]]:
    """Everybody in one of two halves, drawn anew for each number."""
    first = np.zeros(visitors, dtype=np.bool_)
    shuffled = stream(seed, "halves", number=number).permutation(visitors)
    first[shuffled[: visitors // 2]] = True
    return first, ~first
