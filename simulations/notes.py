"""What a reader must know of a study before using its figures, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from simulations.figures import Sums
from simulations.forms import Replay
from simulations.scenario import Scenario
from simulations.study import Study

FEW_VISITORS = 50


def utc(seconds: float) -> str:
    """A time as it is written: 2010-10-26T13:15:00Z."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def warnings_of(table: Sums, anew: Sequence[str]) -> list[str]:
    """What makes the figures of this very run less sure than they look."""
    told = []
    if len(table.values) < FEW_VISITORS:
        told.append(
            f"Only {len(table.values)} visitors were judged: one of them may carry a figure, and "
            "intervals over so few are rough. Use more before deciding."
        )
    if anew:
        told.append(
            "Slates began anew within visits (session_ttl_s) under: "
            + ", ".join(anew)
            + ". What such a slate drops is not churn, so these policies are kept off the frontier."
        )
    return told


def notes_of(study: Study, scenario: Scenario) -> list[str]:
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
            f"A model learnt from everything until {utc(scenario.retrain)[:10]} takes over at "
            "that moment, also in the middle of visits."
        )
    return notes


def covered(study: Study) -> str:
    """What the intervals stand for, and what they leave out."""
    told = "Intervals say what other visitors would change, with the models as they were"
    if len(study.seeds) < 2:
        return (
            f"{told}. This study has one seed, so nothing is known of what another model would "
            "change: name several seeds to see it."
        )
    if isinstance(study.source, Replay):
        return (
            f"{told}. The wider ones, over visitors and seeds, add what another model (and other "
            f"draws of what the log leaves open) would change, as far as {len(study.seeds)} seeds "
            "can tell: every model met the same visitors, so the two variances add up."
        )
    return (
        f"{told}, in the worlds as they were. The wider ones are over worlds: each of the "
        f"{len(study.seeds)} seeds makes up its own visitors and model, so the seeds are what is "
        "counted, and few of them leave much open."
    )
