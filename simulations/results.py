"""What a study found, as the one object that is written, drawn and read by programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from simulations.cells import Cell
from simulations.figures import LEVEL, MEASURES, Sums, by_profile, draws, figures_of, sums
from simulations.frontier import KNEE_RULE, Point, frontier, knee
from simulations.gallery import Pair, choose, gallery
from simulations.play import Player
from simulations.scenario import Scenario
from simulations.study import Replay, Study

FORMAT = 1
ACCURACY = "ndcg_rest"


def results_of(
    study: Study, scenarios: Mapping[int, Scenario], cells: Sequence[Cell]
) -> dict[str, Any]:
    """The content of results.json: nothing in it depends on when or how fast the study ran."""
    pooled = isinstance(study.source, Replay)
    parts = [cell.part for cell in cells]
    table = sums(parts, len(study.policies), pooled=pooled)
    drawn = draws(len(table.values), study.bootstrap, study.seeds[0])
    own, against = figures_of(table, drawn, study.number(study.baseline))
    points = _points(study, own)
    line = frontier(list(points.values()))
    # A replay draws the seconds between events, so it cannot recommend knobs that count them.
    timed = {policy.name for policy in study.policies if policy.timed and pooled}
    bend = knee(frontier([point for name, point in points.items() if name not in timed]))
    first = scenarios[study.seeds[0]]
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
        "data": _data(first, table, study),
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
                "largest_step": int(table.largest[n]),
                "answers": int(table.answers[n]),
                "steps": int(table.steps[n]),
            }
            for n, policy in enumerate(study.policies)
        ],
        "frontier": [point.name for point in line],
        "knee": None if bend is None else {"policy": bend.name, "rule": KNEE_RULE},
        "profiles": by_profile(
            parts, _profiled(study), study.bootstrap, study.seeds[0], pooled=pooled
        ),
        "gallery": _gallery(study, first, cells),
        "notes": _notes(study, first),
    }


def _points(study: Study, own: Sequence[Mapping[str, Any]]) -> dict[str, Point]:
    return {
        policy.name: Point(policy.name, figures["churn"]["mean"], figures[ACCURACY]["mean"])
        for policy, figures in zip(study.policies, own, strict=True)
        if policy.personal and figures["churn"] and figures[ACCURACY]
    }


def _data(scenario: Scenario, table: Sums, study: Study) -> dict[str, Any]:
    events = scenario.tables.interactions
    judged = table.over[:, study.number(study.baseline), 0].sum()
    return {
        "events": len(events),
        "users": int(events["user_id"].nunique()),
        "items": int(events["item_id"].nunique()),
        "visits": len(scenario.visits),
        "visitors": len({visit.user_id for visit in scenario.visits}),
        "judged": int(judged),
        "first": _utc(float(events["timestamp"].min())),
        "last": _utc(float(events["timestamp"].max())),
        "cut": _utc(scenario.cut),
        "retrain": None if scenario.retrain is None else _utc(scenario.retrain),
    }


def _utc(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _profiled(study: Study) -> dict[int, str]:
    """The policies whose churn is told by profile: the baseline and the presets."""
    return {
        n: policy.name
        for n, policy in enumerate(study.policies)
        if policy.name == study.baseline or policy.kind == "preset"
    }


def _gallery(study: Study, scenario: Scenario, cells: Sequence[Cell]) -> list[dict[str, Any]]:
    """The baseline beside the first preset, on visits of the first seed."""
    plain = study.number(study.baseline)
    others = [n for n, p in enumerate(study.policies) if p.kind == "preset" and n != plain]
    if not others:
        return []
    mine = [cell for cell in cells if cell.seed == study.seeds[0]]
    numbers = (plain, others[0])
    chosen = tuple(study.policies[n] for n in numbers)
    wanted = choose([cell.part for cell in mine], plain, study.seeds[0])
    player = Player(
        chosen, [one.era() for one in mine[0].models], scenario.shelf, mine[0].remembers
    )
    pair = Pair((chosen[0].name, chosen[1].name), numbers)
    return gallery(player, scenario.visits, wanted, pair, scenario.tables)


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
