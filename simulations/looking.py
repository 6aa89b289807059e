"""Visits looked into one by one: what hindsight could have gained, and what policies do to people.

Each costs much more than to be played, so a study says how many; see `simulations.hindsight` and
`simulations.visitors`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from time import process_time
from typing import Any

from simulations.eras import Trained
from simulations.hindsight.headroom import headroom_of
from simulations.scenario import Scenario
from simulations.study import Study
from simulations.visitors.results import visitors_of

TRIED = 10
"""Visits from which the cost of all is told."""


def looked_into(
    study: Study, scenario: Scenario, models: Sequence[Trained]
) -> dict[str, list[dict[str, Any]] | dict[str, Any]]:
    """What some of the first seed's visits are looked into for, where the study asks for it.

    `scenario` and `models` are those of the first seed.
    """
    found: dict[str, list[dict[str, Any]] | dict[str, Any]] = {}
    if study.hindsight:
        found["hindsight"] = headroom_of(study, scenario, models, visits=study.hindsight)
    if study.visitors:
        found["visitors"] = visitors_of(study, scenario, models, study.visitors)
    return found


def cost_of_looking(study: Study, scenario: Scenario, models: Sequence[Trained]) -> float:
    """CPU seconds of `looked_into`, from a few of the visits that it will look into."""
    found = 0.0
    few = min(TRIED, study.hindsight), min(TRIED, study.visitors)
    for wanted, only in (
        (study.hindsight, replace(study, hindsight=few[0], visitors=0)),
        (study.visitors, replace(study, hindsight=0, visitors=few[1])),
    ):
        if wanted:
            begun = process_time()
            looked_into(only, scenario, models)
            found += (process_time() - begun) * wanted / min(TRIED, wanted)
    return found
