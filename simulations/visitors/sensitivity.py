"""How far the conclusion depends on each number of the model: which policy is best, and where that
flips."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from simulations.visitors.behaviour import PARAMETERS, STANDARD, Behaviour, Parameter
from simulations.visitors.looks import Looks
from simulations.visitors.model import MEASURES, outcome

GRID = 9
"""Values of a parameter at which the best policy is looked for; flips are narrowed down between."""

HALVINGS = 12
DECIMALS = 4

Best = Callable[[Behaviour], str]


def best_of(looks: Looks, names: Sequence[str], among: Sequence[int]) -> Best:
    """Which of the policies `among` brings most visitors back, by a behaviour; of equals the
    first."""

    def best(behaviour: Behaviour) -> str:
        found = outcome(looks, behaviour)
        measure = MEASURES.index("returns")
        means = found.values[..., measure].sum(axis=0) / found.over[..., measure].sum(axis=0)
        return names[max(among, key=lambda number: (round(float(means[number]), 9), -number))]

    return best


def sensitivity(best: Best) -> list[dict[str, Any]]:
    """Of each parameter: the best policy at its low and high value, and the values at which
    another one becomes best, all others being standard."""
    return [_of(parameter, best) for parameter in PARAMETERS]


def _of(parameter: Parameter, best: Best) -> dict[str, Any]:
    def at(value: float) -> str:
        return best(replace(STANDARD, **{parameter.name: value}))

    values = np.linspace(parameter.low, parameter.high, GRID).tolist()
    found = [at(value) for value in values]
    return {
        "parameter": parameter.name,
        "means": parameter.means,
        "source": parameter.source,
        "low": parameter.low,
        "standard": getattr(STANDARD, parameter.name),
        "high": parameter.high,
        "best_low": found[0],
        "best_high": found[-1],
        "flips": list(_flips(values, found, at)),
    }


def _flips(
    values: Sequence[float], found: Sequence[str], at: Callable[[float], str]
) -> Iterator[dict[str, Any]]:
    for (low, one), (high, other) in pairwise(zip(values, found, strict=True)):
        if one == other:
            continue
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            if at(middle) == one:
                low = middle
            else:
                high = middle
        # Where more than two are best in turn, this is the end of the first one's stretch.
        yield {"at": round(high, DECIMALS), "from": one, "to": at(high)}
