"""A small study of what consistency costs and gives, in the seconds that a demo may take."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from recsvc.cli import options
from recsvc.data import Tables
from recsvc.errors import Conflict, RecsvcError
from simulations.forms import Replay
from simulations.run import Run
from simulations.study import Study, parse_study

EVENTS = 3000
"""About ten seconds for eight policies."""

_POLICIES: dict[str, Any] = {
    "fresh": {"preset": "fresh"},
    "frozen": {"preset": "frozen"},
    "popularity": {"preset": "fresh", "personal": False},
    "sticky": {"preset": "sticky"},
    "gentle": {"preset": "gentle"},
    "limit": {"preset": "fresh", "grid": {"churn_limit": [0.1, 0.2, 0.3]}},
}
# One model, half the usual samples of the bootstrap: a page to look at, not one to decide by.
_SMALL: dict[str, Any] = {"retrain": False, "bootstrap": 500, "policies": _POLICIES}


def study_of_shop(seed: int) -> Study:
    """A small world of its own: its truth is known, and it need not wait for other data."""
    world = {"users": 600, "items": 400, "days": 60, "test_days": 14}
    return _study(seed, {"title": "A small travel shop whose truth is known", "world": world})


def study_of_log(seed: int, tables: Tables) -> Study:
    """Visitors of the log at hand: as many as make `EVENTS`, 20 to 200."""
    events = tables.interactions
    began = events["timestamp"].quantile(Replay().start)
    later = events.loc[events["timestamp"] > began, "user_id"]
    visitors = EVENTS * later.nunique() // max(1, len(later))
    replay = {"visitors": int(min(max(visitors, 20), 200))}
    return _study(seed, {"title": "Your data, played again", "replay": replay})


def _study(seed: int, told: dict[str, Any]) -> Study:
    about = "Made by the demo: small, so that it takes seconds. docs/simulation.md tells more."
    return parse_study({"name": "demo", "about": about, "seeds": [seed], **told, **_SMALL})


def play(study: Study, tables: Tables | None, out: Path) -> Path | None:
    """The report in `out`, made unless it is there; None, after saying why, where it cannot be.

    In this process: other ones would gain little, and Ctrl-C leaves nothing behind.
    """
    run = Run(study, tables, out, 1, _say, lambda _done, _all: None)
    try:
        try:
            run.go(resume=True)
        except Conflict:
            if not (out / "study.sha256").is_file():
                raise
            shutil.rmtree(out)  # an earlier demo's, on other data
            run.go(resume=True)
    except RecsvcError as error:
        _say(f"not on this data: {error.detail}")
        return None
    return out / "report.html"


def _say(line: str) -> None:
    options.say(f"      {line}")
