"""What a study found, as the one object that is written, drawn and read by programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simulations.cells import Cell
from simulations.figures import ACCURACY, MEASURES, Sums, figures_of, sums
from simulations.findings import free_of, fronts, profiles, recommended, shown, tried_of, wider
from simulations.forms import Replay
from simulations.frontier import KNEE_RULE, Point, frontier, knee
from simulations.gallery import choose, gallery
from simulations.intervals import LEVEL, draws
from simulations.notes import covered, notes_of, utc, warnings_of
from simulations.payers import by_event, by_slice
from simulations.play import Player
from simulations.price import price
from simulations.production import IN_FORCE
from simulations.scenario import Scenario
from simulations.slices import slices
from simulations.study import Study

FORMAT = 2


def results_of(
    study: Study, scenarios: Mapping[int, Scenario], cells: Sequence[Cell]
) -> dict[str, Any]:
    """The content of results.json: nothing in it depends on when or how fast the study ran."""
    pooled = isinstance(study.source, Replay)
    parts = [cell.part for cell in cells]
    table = sums(parts, len(study.policies), pooled=pooled)
    drawn = draws(len(table.values), study.bootstrap, study.seeds[0])
    baseline = study.number(study.baseline)
    found = table.sampled(drawn)
    own, against = figures_of(found, baseline)
    # A slate that begins anew drops what was on it without displacing anything.
    anew = {study.policies[n].name for n in np.flatnonzero(table.counts["restarts"])}
    points = {name: at for name, at in _points(study, own).items() if name not in anew}
    line = frontier(list(points.values()))
    # A replay draws the seconds between events, so it cannot recommend knobs that count them.
    timed = {policy.name for policy in study.policies if policy.timed and pooled}
    bend = knee(frontier([point for name, point in points.items() if name not in timed]))
    tried = tried_of(study, [name for name in points if name not in timed])
    free = free_of(table, found, tried, study)
    cuts = slices(parts, scenarios, table.visitors, len(study.policies), pooled=pooled)
    told = shown(study, [bend.name if bend else None, free["policy"]])
    samples, seed = study.bootstrap, study.seeds[0]
    known, course = (
        by_event(cut, told, baseline, samples, seed) for cut in (cuts.known, cuts.course)
    )
    first = scenarios[study.seeds[0]]
    counts = table.counts.rename(columns={"largest": "largest_step"}).to_dict("records")
    measures = [m for n, m in enumerate(MEASURES) if np.isfinite(table.values[..., n]).any()]
    chances = fronts(found, [study.number(name) for name in points])
    return {
        "format": FORMAT,
        "study": {
            "name": study.name,
            "title": study.title,
            "about": study.about,
            "kind": "replay" if pooled else "world",
            "seeds": list(study.seeds),
            "k": study.k,
            "model": study.model.kind,
            "level": LEVEL,
            "bootstrap": study.bootstrap,
            "baseline": study.baseline,
        },
        "data": _data(scenarios, table, study),
        "measures": [
            {"name": m.name, "label": m.label, "better": m.better, "means": m.means}
            for m in measures
        ],
        "policies": [
            {
                "name": policy.name,
                "kind": policy.kind,
                "personal": policy.personal,
                "knobs": policy.told(),
                "figures": {m.name: own[n][m.name] for m in measures},
                "against": {m.name: against[n][m.name] for m in measures},
                "over_seeds": wider(found, table.by_seed, n, baseline, pooled=pooled),
                "on_front": chances.get(n),
                "price": None if n == baseline else price(found, n, baseline, study.k),
                **{name: int(count) for name, count in counts[n].items()},
            }
            for n, policy in enumerate(study.policies)
        ],
        "frontier": [point.name for point in line],
        "knee": None if bend is None else {"policy": bend.name, "rule": _rule(pooled)},
        "free": free,
        "production": IN_FORCE if IN_FORCE in tried.names else None,
        "recommended": recommended(study, free["policy"], bend.name if bend else None),
        "profiles": profiles(known),
        "slices": by_slice(cuts.visitors, told, tried, samples, seed),
        "course": course,
        "gallery": _gallery(study, first, cells, bend),
        "notes": [*notes_of(study, first), covered(study), *warnings_of(table, sorted(anew))],
    }


def _points(study: Study, own: Sequence[Mapping[str, Any]]) -> dict[str, Point]:
    return {
        policy.name: Point(policy.name, figures["churn"]["mean"], figures[ACCURACY]["mean"])
        for policy, figures in zip(study.policies, own, strict=True)
        if policy.personal and figures["churn"] and figures[ACCURACY]
    }


def _rule(replayed: bool) -> str:
    if not replayed:
        return KNEE_RULE
    return f"{KNEE_RULE} Policies that count seconds are left out here: a replay draws the seconds."


def _data(scenarios: Mapping[int, Scenario], table: Sums, study: Study) -> dict[str, Any]:
    """What was played: visits and judged events of all seeds; visitors that two seeds share once.

    Events, users, items and times are those of the first seed.
    """
    scenario = scenarios[study.seeds[0]]
    events = scenario.tables.interactions
    judged = table.over[:, study.number(study.baseline), 0].sum()
    return {
        "events": len(events),
        "users": int(events["user_id"].nunique()),
        "items": int(events["item_id"].nunique()),
        "visits": sum(len(one.visits) for one in scenarios.values()),
        "visitors": len(table.values),
        "judged": int(judged),
        "first": utc(float(events["timestamp"].min())),
        "last": utc(float(events["timestamp"].max())),
        "cut": utc(scenario.cut),
        "retrain": None if scenario.retrain is None else utc(scenario.retrain),
    }


def _gallery(
    study: Study, scenario: Scenario, cells: Sequence[Cell], bend: Point | None
) -> list[dict[str, Any]]:
    """The baseline beside a calm policy, on visits of the first seed."""
    plain = study.number(study.baseline)
    calm = _calm(study, bend)
    if calm is None:
        return []
    mine = [cell for cell in cells if cell.seed == study.seeds[0]]
    chosen = (study.policies[plain], study.policies[calm])
    wanted = choose([cell.part for cell in mine], plain, study.seeds[0])
    player = Player(
        chosen, [one.era() for one in mine[0].models], scenario.shelf, mine[0].remembers
    )
    names = (chosen[0].name, chosen[1].name)
    return gallery(player, scenario.visits, wanted, names, scenario.tables)


def _calm(study: Study, bend: Point | None) -> int | None:
    """The first preset, else the knee, else the first that is neither baseline nor anchor."""
    numbers = range(len(study.policies))
    presets = [n for n in numbers if study.policies[n].kind == "preset"]
    others = [n for n in numbers if study.policies[n].kind == "grid"]
    knees = [study.number(bend.name)] if bend else []
    fit = [n for n in (*presets, *knees, *others) if study.policies[n].name != study.baseline]
    return fit[0] if fit else None
