"""What a study found, as the one object that is written, drawn and read by programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from simulations.cells import Cell
from simulations.figures import LEVEL, MEASURES, Sums, by_profile, draws, figures_of, sums
from simulations.forms import Replay
from simulations.frontier import KNEE_RULE, Point, frontier, knee
from simulations.gallery import choose, gallery
from simulations.play import Player
from simulations.scenario import Scenario
from simulations.study import Study

FORMAT = 1
ACCURACY = "ndcg_rest"
FEW_VISITORS = 50


def results_of(
    study: Study, scenarios: Mapping[int, Scenario], cells: Sequence[Cell]
) -> dict[str, Any]:
    """The content of results.json: nothing in it depends on when or how fast the study ran."""
    pooled = isinstance(study.source, Replay)
    parts = [cell.part for cell in cells]
    table = sums(parts, len(study.policies), pooled=pooled)
    drawn = draws(len(table.values), study.bootstrap, study.seeds[0])
    own, against = figures_of(table, drawn, study.number(study.baseline))
    # A slate that begins anew drops what was on it without displacing anything.
    anew = {study.policies[n].name for n in np.flatnonzero(table.counts["restarts"])}
    points = {name: at for name, at in _points(study, own).items() if name not in anew}
    line = frontier(list(points.values()))
    # A replay draws the seconds between events, so it cannot recommend knobs that count them.
    timed = {policy.name for policy in study.policies if policy.timed and pooled}
    bend = knee(frontier([point for name, point in points.items() if name not in timed]))
    first = scenarios[study.seeds[0]]
    counts = table.counts.rename(columns={"largest": "largest_step"}).to_dict("records")
    measures = [m for n, m in enumerate(MEASURES) if np.isfinite(table.values[..., n]).any()]
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
                **{name: int(count) for name, count in counts[n].items()},
            }
            for n, policy in enumerate(study.policies)
        ],
        "frontier": [point.name for point in line],
        "knee": None if bend is None else {"policy": bend.name, "rule": _rule(pooled)},
        "profiles": by_profile(
            parts, _profiled(study, bend), study.bootstrap, study.seeds[0], pooled=pooled
        ),
        "gallery": _gallery(study, first, cells, bend),
        "notes": [*_notes(study, first), *_warnings(table, sorted(anew))],
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
        "first": _utc(float(events["timestamp"].min())),
        "last": _utc(float(events["timestamp"].max())),
        "cut": _utc(scenario.cut),
        "retrain": None if scenario.retrain is None else _utc(scenario.retrain),
    }


def _utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _profiled(study: Study, bend: Point | None) -> dict[int, str]:
    """The policies whose churn is told by profile: the baseline, the presets and the knee."""
    shown = {study.baseline, bend.name if bend else ""}
    return {
        n: policy.name
        for n, policy in enumerate(study.policies)
        if policy.name in shown or policy.kind == "preset"
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


def _warnings(table: Sums, anew: Sequence[str]) -> list[str]:
    """What makes the figures of this very run less sure than they look."""
    told = []
    if len(table.values) < FEW_VISITORS:
        told.append(
            f"Only {len(table.values)} visitors were judged: intervals over so few are narrower "
            "than they should be, and one visitor may carry a figure. Use more before deciding."
        )
    if anew:
        told.append(
            "Slates began anew within visits (session_ttl_s) under: "
            + ", ".join(anew)
            + ". What such a slate drops is not churn, so these policies are kept off the frontier."
        )
    return told


def _notes(study: Study, scenario: Scenario) -> list[str]:
    """What a reader must know of this study before using its figures."""
    notes = [
        "The visitors' events are what they are, whatever was shown: nobody is drawn away from a "
        "choice by the slate, or led to it. The study tells how well slates foresee, not what they "
        "cause.",
        "Judged are events on items that could have been shown: known to the model of that time "
        "and not ruled out. A repeated purchase tells nothing new and is left out.",
    ]
    if isinstance(study.source, Replay):
        notes += [
            "Where a log gives several events of a visit one time (the lines of an invoice), their "
            "order and the seconds between them are drawn from the seed. Judge knobs that count "
            "seconds (hold_s, half_life_s) in a world instead.",
            "Reloads are drawn: "
            f"{study.source.reloads:g} on average between two events; a log does not tell them.",
            "The profile holds the training data and what was done in this visit"
            + (
                ", and in the visitor's earlier visits of the played period."
                if study.source.remembers == "visitor"
                else "; earlier visits of the played period are left out."
            ),
        ]
    else:
        notes.append(
            "The shop is made up. Its figures show how policies compare where the truth is known; "
            "how large an effect is elsewhere depends on the data there."
        )
    if scenario.retrain is not None:
        notes.append(
            f"A model learnt from everything until {_utc(scenario.retrain)[:10]} takes over at "
            "that moment, also in the middle of visits."
        )
    return notes
