"""One consented session of twenty purchases and forty reloads over HTTP, printed line by line.

The model knows the past only: it is trained on the first nine tenths of time, and the session is
what one real customer bought later. `python tests/e2e/transcript.py [FOLDER OF TABLES]`
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from visiting import Client, History
from workers import Workers

from recsvc.contract import Judge
from recsvc.data import Tables, read_tables
from recsvc.recommenders.artifacts.registry import promote
from recsvc.recommenders.training.train import train

PURCHASES = 20
HOLD_S = 0.5
SURFACES = f"[surfaces.home]\nk = 10\nhold_s = {HOLD_S}\n"
KNOBS = {"k": 10, "hold_s": HOLD_S}


@dataclass(frozen=True)
class Step:
    """One line of the transcript: what was done, and the slate that came back."""

    did: str
    slate: dict[str, Any]
    before: dict[str, Any]

    @property
    def changed(self) -> bool:
        """Whether this answer began a new epoch."""
        return bool(self.slate["epoch"] != self.before["epoch"])

    def line(self, titles: dict[str, str]) -> str:
        """For a reader."""
        told = self.slate["consistency"]
        if not self.changed:
            return f"{self.did:<34} {told['trigger']:<6} nothing changed"
        changes = ", ".join(
            f"{'-' if change['to'] is None else '+'}{titles.get(change['item_id'], '')[:24]}"
            f" ({change['reason']})"
            for change in self.slate["changes"]
        )
        limit = f"{told['displaced']} of {told['allowed']} allowed"
        return f"{self.did:<34} {told['trigger']:<6} {limit}: {changes}"


def prepare(data: Path, home: Path) -> tuple[str, list[str], dict[str, str]]:
    """Train on the past; a customer, what was bought later, and titles."""
    tables = read_tables(data)
    events = tables.interactions
    cut = events["timestamp"].quantile(0.9)
    past, later = events[events["timestamp"] <= cut], events[events["timestamp"] > cut]
    known = Tables(past, tables.items, tables.users, tables.report)
    folder = train(known, model="als", home=home, seed=1, progress=lambda _: None, measure=False)
    promote(home, folder.name)
    (home / "surfaces.toml").write_text(SURFACES)
    new = later[later["item_id"].isin(set(past["item_id"]))]
    new = new[~_pairs(new).isin(set(_pairs(past)))].drop_duplicates(["user_id", "item_id"])
    customers = new[new["user_id"].isin(set(past["user_id"]))]["user_id"].value_counts()
    enough = sorted(customers[customers >= PURCHASES].index)
    customer = enough[len(enough) // 2]
    bought = new[new["user_id"] == customer]["item_id"].tolist()[:PURCHASES]
    titles = (
        {}
        if tables.items is None
        else dict(zip(tables.items["item_id"], tables.items["title"], strict=True))
    )
    return customer, bought, titles


def _pairs(events: pd.DataFrame) -> pd.Series[str]:
    return events["user_id"] + "\t" + events["item_id"]


def visit(client: Client, customer: str, bought: list[str]) -> Iterator[Step]:
    """The session: after each purchase one look and two reloads, at uneven times."""
    pause = random.Random(7)
    client.consent("users", customer)
    slate = client.slate("home", "visit", user_id=customer)
    for number, item in enumerate(bought, 1):
        client.events(
            {
                "event_id": f"bought-{number}",
                "type": "purchase",
                "session_id": "visit",
                "surface": "home",
                "item_id": item,
            }
        )
        for did in (f"{number:>2} bought {item}, look", "   reload", "   reload"):
            before, slate = slate, client.slate("home", "visit")
            yield Step(did, slate, before)
            time.sleep(pause.uniform(0.05, 0.45))


def unexplained(steps: list[Step]) -> list[Step]:
    """Changes without a new event: all but the first answer after an event was held back."""
    found: list[Step] = []
    waiting = False
    for step in steps:
        if "bought" in step.did:
            waiting = True
        if step.changed and not waiting:
            found.append(step)
        if step.slate["consistency"]["trigger"] == "step":
            waiting = False
    return found


def run(data: Path) -> tuple[list[Step], list[str], History]:
    """Play the session against real workers; steps, printable lines, and the history."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        customer, bought, titles = prepare(data, home)
        history = History()
        history.published("home", 1, KNOBS)
        with Workers(home) as service:
            steps = list(visit(Client(service.url, history), customer, bought))
        return steps, [step.line(titles) for step in steps], history


def main() -> None:
    """Print the transcript and what was counted."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data" / "online-retail-ii-2009"
    data = Path(sys.argv[1]) if len(sys.argv) > 1 else default
    if not data.exists():
        sys.exit(f"No tables at {data}; name a folder: make transcript DATA=folder")
    steps, lines, history = run(data)
    print("\n".join(lines))
    judge = Judge()
    violations = [one for record in history.in_order() for one in judge.feed(record)]
    violations += judge.finish()
    reloads = [step for step in steps if "reload" in step.did]
    print(
        f"\n{len(steps) - len(reloads)} purchases, {len(reloads)} reloads: "
        f"{sum(step.changed for step in steps)} answers changed something, "
        f"{len(unexplained(steps))} of them without a cause; "
        f"{sum(step.changed for step in reloads)} reloads showed an event that was held back; "
        f"the judge found {len(violations)} violations."
    )


if __name__ == "__main__":
    main()
