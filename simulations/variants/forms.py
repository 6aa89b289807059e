"""The tables `[recommenders.NAME]` of a study: how a recommender behaves.

Each wraps another one, `of`, that stands before it in the file: the study's own model if not said
otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from recsvc.errors import Fault

OWN: Final = "model"
"""How policies call the recommender that the study's own model is."""


class Table(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, populate_by_name=True)


Count = Annotated[int, Field(ge=2, le=9)]
Probability = Annotated[float, Field(ge=0, le=1)]


class Unstable(Table):
    """One of several `seeds` of the study's model answers each look, at random."""

    kind: Literal["unstable"]
    seeds: Count = 3


class Average(Table):
    """The mean score of several `seeds` of the study's model."""

    kind: Literal["average"]
    seeds: Count = 3


class Smooth(Table):
    """Scores smoothed over the looks of a visit; the newest counts with `weight`."""

    kind: Literal["smooth"]
    of: str = OWN
    weight: float = Field(default=0.5, gt=0, le=1)


class Retrain(Table):
    """The second model learns from the first one's factors (`warm`) or from nothing (`cold`)."""

    kind: Literal["retrain"]
    start: Literal["cold", "warm"] = "warm"


class Late(Table):
    """With a `probability` the answer is late: popularity answers, or the opinion before it."""

    kind: Literal["late"]
    of: str = OWN
    probability: Probability = 0.1
    answers: Literal["popularity", "previous"] = "popularity"


class Missing(Table):
    """With a `probability` no rung answers."""

    kind: Literal["missing"]
    of: str = OWN
    probability: Probability = 0.1


class Random(Table):
    """Scores at random, anew `per` look or visit."""

    kind: Literal["random"]
    per: Literal["look", "visit"] = "look"


class Oracle(Table):
    """Scores by what the visitor will turn to."""

    kind: Literal["oracle"]


Recommender = Annotated[
    Unstable | Average | Smooth | Retrain | Late | Missing | Random | Oracle,
    Field(discriminator="kind"),
]


def faults_of_recommenders(tables: Mapping[str, Recommender], kind: str) -> list[Fault]:
    """What is wrong between tables that are right by themselves; `kind` is the model's."""
    found: list[Fault] = []
    before = [OWN]
    for name, table in tables.items():
        where = f"recommenders.{name}"
        if name == OWN:
            found.append(Fault(where, f"{OWN!r} is the study's own model; choose another name"))
        if isinstance(table, Smooth | Late | Missing) and table.of not in before:
            why = f"is one of the recommenders before it: {', '.join(before)}"
            found.append(Fault(f"{where}.of", why))
        if isinstance(table, Retrain) and table.start == "warm" and kind != "als":
            found.append(Fault(f"{where}.start", "only als can start from another model's factors"))
        before.append(name)
    return found
