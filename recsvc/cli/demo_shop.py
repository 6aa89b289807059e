"""What the demo shows: a travel shop up to a day, who comes to it after that, and one visit to
follow by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pandas as pd

from recsvc.data import Tables, tables_from_frames, write_tables
from simulations.scenario import Visit
from simulations.shop import make_world

SEED = 7
TEST_DAYS = 14
NEXT = 2
"""Places that the visitor of the story looks at."""
MOVES = 2
"""Suggestions that are new after it, at least: as many as one step may take."""

Suggestions = Callable[[str, Sequence[str]], Sequence[str]]
"""What is best for a user_id who has also looked at these items."""
Met = Callable[[str], bool]
"""Whether this user_id came before."""


class Season(msgspec.Struct, frozen=True):
    """What the model is not told: the visits after the cut, in order of time, and the places that
    are closed then. `cut` is in epoch seconds."""

    cut: float
    closed: tuple[str, ...]
    visits: tuple[Visit, ...]


@dataclass(frozen=True)
class Story:
    """A visitor, what the page tells of the visit, and (item_id, title) of what is looked at."""

    user_id: str
    context: tuple[tuple[str, str], ...]
    places: tuple[tuple[str, str], ...]

    @property
    def where(self) -> str:
        """The end of the sentence that introduces the visitor."""
        told = dict(self.context)
        return f" and looks for a place in {told['destination']}" if told else ""


def kept(folder: Path) -> Season | None:
    """The season that was made before, or None where anything of it is missing."""
    if not (folder / "data" / "interactions.parquet").is_file():
        return None
    try:
        return msgspec.json.decode((folder / "visits.json").read_bytes(), type=Season)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def make(folder: Path, seed: int = SEED) -> Season:
    """Write the tables up to the cut to `folder/data`, and what comes after it to visits.json."""
    world = make_world(seed, test_days=TEST_DAYS)
    events = world.tables.interactions
    past = events[events["timestamp"] <= world.cut]
    write_tables(tables_from_frames(past, world.tables.items, world.tables.users), folder / "data")
    season = Season(
        world.cut,
        tuple(sorted(world.shelf.withdrawn(world.cut))),
        tuple(sorted(world.visits, key=lambda visit: (visit.start, visit.visit_id))),
    )
    # Last, and at once: where it lies, all of the shop is there.
    beside = folder / ".visits.json"
    beside.write_bytes(msgspec.json.encode(season))
    beside.replace(folder / "visits.json")
    return season


def unmet(season: Season, met: Met) -> Season:
    """The season without those who came in an earlier demo: what they looked at is known, and
    would not move their slates again. All of it, once everybody has been there."""
    knows = {user_id: met(user_id) for user_id in {visit.user_id for visit in season.visits}}
    rest = tuple(visit for visit in season.visits if not knows[visit.user_id])
    return msgspec.structs.replace(season, visits=rest or season.visits)


def story_of(season: Season, tables: Tables, suggestions: Suggestions) -> Story:
    """The first guest that the model knows who looks at open places not looked at before, and
    whose suggestions move by it; whoever is busy, if nobody's do."""
    events = tables.interactions
    known = set(events["item_id"]) - set(season.closed)
    looked = events.groupby("user_id")["item_id"].agg(set).to_dict()
    for visit in season.visits:
        seen = looked.get(visit.user_id, set())
        turned = dict.fromkeys(str(m.item_id) for m in visit.moments if not m.look)
        new = [item_id for item_id in turned if item_id in known - seen][:NEXT]
        if not seen or len(new) < NEXT:
            continue
        before, after = suggestions(visit.user_id, ()), suggestions(visit.user_id, new)
        if len(set(after) - set(before)) >= MOVES:
            where = (("destination", visit.context["destination"]),)
            return Story(visit.user_id, where, _titled(new, tables.items))
    return story_of_log(tables, lambda _: False)


def story_of_log(tables: Tables, met: Met) -> Story:
    """Somebody busy, not met yet, and the popular items that this visitor does not know."""
    events = tables.interactions
    busiest = events["user_id"].value_counts().index.tolist()
    some = busiest[len(busiest) // 4 :]
    user_id = str(next((user_id for user_id in some if not met(user_id)), some[0]))
    popular = events["item_id"].value_counts().index.tolist()
    seen = set(events.loc[events["user_id"] == user_id, "item_id"])
    new = [item_id for item_id in popular if item_id not in seen] or popular
    return Story(user_id, (), _titled(new[:NEXT], tables.items))


def _titled(item_ids: list[str], items: pd.DataFrame | None) -> tuple[tuple[str, str], ...]:
    titles = {} if items is None else dict(zip(items["item_id"], items["title"], strict=True))
    return tuple((item_id, str(titles.get(item_id, item_id))) for item_id in item_ids)
