"""The visitors of a study: what each policy does to them, and how sure that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from simulations.eras import Trained
from simulations.forms import Replay
from simulations.intervals import Floats, draws, effective, figure, ratios
from simulations.play import Player
from simulations.scenario import Scenario
from simulations.study import Study
from simulations.visitors.behaviour import STANDARD
from simulations.visitors.looks import drawn, looks_of
from simulations.visitors.model import MEASURES, Outcome, outcome
from simulations.visitors.sensitivity import best_of, sensitivity

VISITS = 500


def visitors_of(
    study: Study, scenario: Scenario, models: Sequence[Trained], visits: int = VISITS
) -> dict[str, Any]:
    """What results.json holds under `visitors`: the first seed's `scenario` and `models`, a sample
    of about so many of its visits.

    Figures of each policy with intervals over visitors, `against` the baseline as paired
    differences; the policy that brings most visitors back, whether its lead over the baseline is
    sure, and at which values of the model another one would, or the baseline would catch up.
    """
    sample = drawn(scenario.visits, visits, study.seeds[0])
    remembers = not isinstance(study.source, Replay) or study.source.remembers == "visitor"
    player = Player(study.policies, [one.era() for one in models], scenario.shelf, remembers)
    looks = looks_of((player.play(mine) for mine in sample), len(study.policies), study.k)
    found = outcome(looks, STANDARD)
    samples = draws(len(found.values), study.bootstrap, study.seeds[0])
    base = study.number(study.baseline)
    rows = [
        {"policy": policy.name, **_figures(found, samples, number, base)}
        for number, policy in enumerate(study.policies)
    ]
    names = [policy.name for policy in study.policies]
    # Who did not agree to personal suggestions cannot be given another policy.
    among = [number for number, policy in enumerate(study.policies) if policy.personal]
    best = best_of(looks, names, among)
    chosen = best(STANDARD)
    hangs = sensitivity(best)
    for row, other in zip(
        hangs, sensitivity(best_of(looks, names, [base, names.index(chosen)])), strict=True
    ):
        row["baseline_flips"] = other["flips"]
    lead = rows[names.index(chosen)]["against"]["returns"]
    return {
        "visits": len(looks.user),
        "visitors": len(sample),
        "looks": len(looks.visit),
        "sought": int(looks.sought.sum()),
        "baseline": study.baseline,
        "policies": rows,
        "best": chosen,
        "sure": bool(lead and lead["low"] > 0),
        "sensitivity": hangs,
    }


def _figures(found: Outcome, samples: Floats, number: int, base: int) -> dict[str, Any]:
    own: dict[str, Any] = {}
    against: dict[str, Any] = {}
    every = np.ones((1, len(found.values)))
    for n, name in enumerate(MEASURES):
        values, over = found.values[:, [number, base], n], found.over[:, [number, base], n]
        (mean,), drawn_means = ratios(values, over, every), ratios(values, over, samples)
        visitors = effective(over[:, 0])
        own[name] = figure(mean[0], drawn_means[:, 0], visitors)
        against[name] = figure(mean[0] - mean[1], drawn_means[:, 0] - drawn_means[:, 1], visitors)
    return {"figures": own, "against": against}
