"""Whether a model may take the place of the live one, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from recsvc.config.launch_gate import LaunchGate
from recsvc.errors import RecsvcError, UnknownModel
from recsvc.recommenders.artifacts import registry
from recsvc.recommenders.artifacts.artifact import load
from recsvc.recommenders.comparison.compare import Asked, compare
from recsvc.recommenders.comparison.kept import keep, kept
from recsvc.recommenders.comparison.verdict import Verdict, judge

State = Literal["first", "live already", "not compared", "judged"]

FIRST = "nothing to compare with"
NOT_COMPARED = "not compared"


@dataclass(frozen=True)
class Launch:
    """How a model stands before the gate. `first`: no live model can answer, `why` says which way.

    `live` is the model whose place it would take.
    """

    state: State
    live: str | None
    verdict: Verdict | None = None
    why: str = ""

    @property
    def open(self) -> bool:
        """Whether it may go live without a reason."""
        if self.verdict is not None:
            return self.verdict.outcome == "passed"
        return self.state in ("first", "live already")

    @property
    def outcome(self) -> str:
        """As the journal has it."""
        if self.verdict is not None:
            return self.verdict.outcome
        return FIRST if self.state == "first" else NOT_COMPARED


def standing(home: Path, model_id: str, gate: LaunchGate) -> Launch:
    """Judge what was found when it was compared with the live model, by the gate in force.

    Raises UnknownModel and BadData where the model itself cannot answer: no reason helps there.
    """
    load(home, model_id, digests=True)
    try:
        live = registry.promotion(home).model_id
    except UnknownModel as error:
        return Launch("first", None, why=error.detail)
    if live == model_id:
        return Launch("live already", live)
    try:
        load(home, live, digests=True)
    except RecsvcError as error:
        return Launch("first", live, why=error.detail)
    found = kept(home, live, model_id)
    if found is None:
        return Launch("not compared", live)
    return Launch("judged", live, judge(found, gate))


def go_live(home: Path, model_id: str, launch: Launch, reason: str | None = None) -> None:
    """Make it the live one, with what the gate said in the journal."""
    verdict = launch.verdict
    registry.promote(
        home,
        model_id,
        verdict=launch.outcome,
        failed=() if verdict is None else verdict.missed,
        reason=reason,
    )


def launch_if_it_passes(
    home: Path,
    model_id: str,
    interactions: pd.DataFrame,
    gate: LaunchGate,
    tell: Callable[[str], None],
) -> Launch:
    """Compare with the live model on the data at hand, and go live where the gate allows it."""
    launch = standing(home, model_id, gate)
    if launch.state == "not compared" and launch.live is not None:
        tell(f"comparing with the live model, {launch.live}")
        keep(
            home,
            compare(home, launch.live, model_id, interactions, tell=tell, asked=Asked(way="quick")),
        )
        launch = standing(home, model_id, gate)
    if launch.open and launch.state != "live already":
        go_live(home, model_id, launch)
    return launch


def roll_back(home: Path, reason: str | None = None) -> tuple[str, tuple[str, ...]]:
    """Bring back the model before the live one; returns it, and why nearer ones were passed over.

    The live one need not be intact. Raises UnknownModel where there is nothing to go back to.
    """
    passed_over = []
    for model_id in registry.before_live(home):
        try:
            load(home, model_id, digests=True)
        except RecsvcError as error:
            passed_over.append(error.detail)
            continue
        registry.promote(home, model_id, act="rollback", reason=reason)
        return model_id, tuple(passed_over)
    broken = "".join(f"\n{why}" for why in passed_over)
    raise UnknownModel(
        f"There is no earlier live model to go back to in {home}. `recsvc models list` tells which "
        f"models there are, `recsvc models promote ID` makes one live.{broken}"
    )
