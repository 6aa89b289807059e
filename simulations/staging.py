"""What a study plays at one seed: its log replayed, or a world made up."""

from __future__ import annotations

from dataclasses import replace

from recsvc.data import Tables
from recsvc.errors import BadData
from simulations.forms import Replay
from simulations.replay import replay
from simulations.scenario import Scenario
from simulations.shop import make_world
from simulations.study import Study


def scenario_of(study: Study, tables: Tables | None, seed: int) -> Scenario:
    """The visits of that seed and what the models may know. Raises BadData where a replay has no
    `tables`, or where nothing could be learnt of what is played."""
    if isinstance(study.source, Replay):
        if tables is None:
            raise BadData("This study replays a log: name it with --interactions FILE.")
        scenario = replay(tables, study.source, seed, retrain=study.retrain)
    else:
        of = study.source
        scenario = make_world(
            seed, users=of.users, items=of.items, days=of.days, test_days=of.test_days
        ).scenario()
        if not study.retrain:
            scenario = replace(scenario, retrain=None)
    events = scenario.tables.interactions
    known = events.loc[events["timestamp"] <= scenario.cut, "item_id"].nunique()
    if known < study.k:
        raise BadData(
            f"The slate has {study.k} seats, but only {known} items are known when the play "
            "begins. Lower k in [knobs], or use data with more items."
        )
    if len({visit.user_id for visit in scenario.visits}) < 2:
        raise BadData("Fewer than two visitors are there to be played: no interval is possible.")
    return scenario
