"""A few real visits, slate by slate under two policies, for everybody's own eyes.

They are drawn, not picked: among the visits of a length that fits a page and in which the plain
service replaced at least as much as it does in half of them, each of another visitor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from policies import SlateState
from policies.reasons import EXITS
from recsvc.data import Tables
from simulations.draws import stream
from simulations.play import Done, Look, Player
from simulations.scenario import Moment, Visit

SHOWN = 5
ROWS = 8
_SHORTEST, _LONGEST = 4, 12


Names = tuple[str, str]
"""The two policies that are compared, plain first."""


def choose(parts: Sequence[Path], plain: int, seed: int) -> list[str]:
    """The ids of the visits to show."""
    names = ["policy", "user", "visit", "displaced"]
    only = [("policy", "==", plain)]
    rows = pd.concat([pd.read_parquet(part, columns=names, filters=only) for part in parts])
    visits = rows.groupby(["user", "visit"], sort=True)["displaced"].agg(["sum", "size"])
    fits = visits[visits["size"].between(_SHORTEST, _LONGEST) & (visits["sum"] > 0)]
    fits = fits[fits["sum"] >= fits["sum"].median()]
    order = stream(seed, "gallery").permutation(len(fits))
    drawn = fits.iloc[order].reset_index().drop_duplicates("user")
    return [str(visit) for visit in drawn["visit"].head(SHOWN)]


def gallery(
    player: Player, visits: Sequence[Visit], wanted: Sequence[str], names: Names, tables: Tables
) -> list[dict[str, Any]]:
    """The wanted visits, played by the two policies of `player` after all earlier ones."""
    titles = _titles(tables)
    found = {}
    users = {visit.user_id for visit in visits if visit.visit_id in set(wanted)}
    for user in sorted(users):
        mine = [visit for visit in visits if visit.user_id == user]
        seen: dict[str, list[Look | Done]] = {}
        for one in player.play(mine):
            seen.setdefault(one.visit.visit_id, []).append(one)
        for visit in mine:
            if visit.visit_id in wanted:
                found[visit.visit_id] = _shown(visit, seen[visit.visit_id], names, titles)
    return [found[name] for name in wanted if name in found]


def _titles(tables: Tables) -> Mapping[str, str]:
    items = tables.items
    if items is None or "title" not in items.columns:
        return {}
    named = items[items["title"].notna()]
    return dict(zip(named["item_id"], named["title"], strict=True))


def _shown(
    visit: Visit, played: Sequence[Look | Done], names: Names, titles: Mapping[str, str]
) -> dict[str, Any]:
    looks = [one for one in played if isinstance(one, Look)]
    events = sum(isinstance(one, Done) for one in played)
    day = datetime.fromtimestamp(visit.start, UTC)
    task = "".join(f", {name.replace('_', ' ')}: {value}" for name, value in visit.context.items())
    return {
        "visit": visit.visit_id,
        "user": visit.user_id,
        "about": f"{day.day} {day:%B %Y}, {events} things done, "
        f"{looks[0].known} items known from before{task}",
        "policies": list(names),
        "rows": list(_rows(played, names, titles))[:ROWS],
    }


def _rows(
    played: Sequence[Look | Done], names: Names, titles: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """A row for the slate at the beginning and for the one after each event, as last seen."""
    event: Moment | None = None
    before: list[SlateState | None] = [None, None]
    last: Look | None = None
    counts = [dict.fromkeys(("displaced", "moved", "forced"), 0) for _ in names]
    for one in (*played, None):
        if isinstance(one, Look):
            for n, turn in enumerate(one.turns):
                if turn.before is not None and turn.before.epoch != turn.decision.state.epoch:
                    _count(counts[n], turn.decision.state)
            last = one
            continue
        if last is not None:
            states = [turn.decision.state for turn in last.turns]
            yield {
                "event": event and _told(event, titles),
                "slates": {
                    name: _slate(state, then, titles)
                    for name, state, then in zip(names, states, before, strict=True)
                },
                "changed": dict(zip(names, counts, strict=True)),
            }
            before = list(states)
            counts = [dict.fromkeys(count, 0) for count in counts]
        event = one.moment if one is not None else None


def _count(counts: dict[str, int], state: SlateState) -> None:
    counts["displaced"] += state.displaced
    counts["moved"] += sum(c.reason == "moved" for c in state.changes)
    counts["forced"] += sum(c.after is None and c.reason in EXITS for c in state.changes)


def _told(event: Moment, titles: Mapping[str, str]) -> dict[str, Any]:
    item = str(event.item_id)
    return {"type": event.type, "item_id": item, "title": titles.get(item, item)}


def _slate(
    state: SlateState, before: SlateState | None, titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Seats with their standing against the row above, which may lie several answers back."""
    was = {seat.item_id: n for n, seat in enumerate(before.seats)} if before else None
    shown = []
    for n, seat in enumerate(state.seats):
        standing = "kept"
        if was is not None and was.get(seat.item_id) != n:
            standing = "moved" if seat.item_id in was else "new"
        item = seat.item_id
        shown.append({"item_id": item, "title": titles.get(item, item), "standing": standing})
    return shown
