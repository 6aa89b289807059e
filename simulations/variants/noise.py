"""Truth against belief: why a limit can make slates better when scores are noisy.

Each of n items has a true utility, drawn once, standard normal. At every step all scores are drawn
anew: utility plus normal noise. The decision sees the scores only; what counts is the true utility
of its slate. Somebody who follows the scores is fooled anew at every step by whatever was lucky. An
incumbent under a limit has withstood several draws: one that was only lucky loses its seat soon,
one that is good keeps it, so a slate that changes slowly adds up evidence that no single draw
holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from policies import Candidates, Facts, Knobs, decide
from simulations.draws import stream

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Noisy:
    """The setting: `noise` is the standard deviation of an error, in those of the utilities."""

    items: int = 200
    steps: int = 30
    noise: float = 0.5
    repetitions: int = 100

    def worth(self, knobs: Mapping[str, Knobs], seed: int) -> dict[str, Floats]:
        """The true utility of the slates, (repetitions, steps), under each of the knobs.

        All meet the same utilities and the same noise.
        """
        found = {name: np.zeros((self.repetitions, self.steps)) for name in knobs}
        names = tuple(f"{n:05d}" for n in range(self.items))
        for repetition in range(self.repetitions):
            draw = stream(seed, "noisy scores", number=repetition + 1)
            true = draw.normal(size=self.items)
            scores = true + self.noise * draw.normal(size=(self.steps, self.items))
            for name, own in knobs.items():
                found[name][repetition] = self._played(own, names, true, scores)
        return found

    def _played(self, knobs: Knobs, names: tuple[str, ...], true: Floats, scores: Floats) -> Floats:
        state, worth = None, np.zeros(self.steps)
        for step in range(self.steps):
            candidates = Candidates(names, scores[step], "primary", "noisy")
            facts = Facts(heard=step, model="noisy", policy_version=1)
            state = decide(knobs, state, candidates, facts, 1_000.0 + step).state
            worth[step] = sum(true[int(seat.item_id)] for seat in state.seats)
        return worth
