"""The worked examples of docs/decision.md: one slate under many knobs, and one visit, decided here.

Nothing is made up but scores: each slate is what `policies.decide` answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from policies import PRESETS, Ask, Candidates, Decision, Facts, Knobs, SlateState, decide

KNOBS = replace(Knobs(k=6), session_budget=None)
LAST = ("Abbey", "Beach", "Castle", "Dunes", "Elm", "Forest")
SCORES = {
    "Abbey": 0.62,
    "Beach": 0.40,
    "Castle": 0.71,
    "Dunes": 0.55,
    "Elm": 0.35,
    "Forest": 0.48,
    "Quay": 0.95,
    "River": 0.66,
    "Spa": 0.52,
    "Tower": 0.44,
}
"""What the recommender thinks now of the six that are shown and of four that are not."""


@dataclass(frozen=True)
class Cell:
    """One seat as it is drawn: `was` is the seat before, from 1, None for what is new."""

    item: str
    score: float
    standing: str
    was: int | None


@dataclass(frozen=True)
class Row:
    """A setting, in knobs and in words, and the slate that it gives."""

    setting: str
    words: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Setting:
    """What differs from the defaults: knobs, what is offered, and what is true."""

    setting: str
    words: str
    knobs: Mapping[str, Any] = field(default_factory=dict)
    known: int = 0
    pin: str = ""
    facts: Mapping[str, Any] = field(default_factory=lambda: {"heard": 1})


EVENT = {"heard": 1}
SOLD = {"heard": 0, "gone": {"Castle": "withdrawn"}}
HALF = {"churn_limit": 0.5}
LITTLE, MUCH = {**HALF, "margin": 1.0}, {**HALF, "margin": 2.0}
DCG = {"seat_weights": "dcg"}
FREE = {**DCG, "max_shift": None}
TABLES: dict[str, list[Setting]] = {
    "How much may change": [
        Setting("churn_limit = 0.2", "the default: one of six"),
        Setting("churn_limit = 0.34", "two of six", {"churn_limit": 0.34}),
        Setting("churn_limit = 0.5", "three of six", HALF),
        Setting("half_life_s = 60", "as the default, after a minute away", {"half_life_s": 60.0}),
    ],
    "How much better it must be": [
        Setting("margin = 1, nothing known", "three may, two are enough better", LITTLE),
        Setting("margin = 2, nothing known", "three may, one is enough better", MUCH),
        Setting("margin = 2, 100 events known", "who is well known: three again", MUCH, 100),
    ],
    "Which seat, and which order": [
        Setting('seat_weights = "dcg"', "one of six, where it counts most", DCG),
        Setting("… max_shift = 1", "and what stays moves one seat", {**DCG, "max_shift": 1}),
        Setting('… max_shift = "null"', "and what stays is put in order", FREE),
        Setting("… seat_margin = 0.5", "in order where it matters", {**FREE, "seat_margin": 0.5}),
    ],
    "What the visitor and the shop do": [
        Setting("Elm is pinned", "the next least gives way", pin="Elm"),
        Setting("Castle is sold out", "a reload: its seat is refilled, that is all", facts=SOLD),
        Setting("the model is down", "nothing changes by choice", facts={**EVENT, "down": True}),
        Setting("preset fresh", "plain recommending, for comparison", vars(PRESETS["fresh"])),
    ],
}


def rows() -> dict[str, list[Row]]:
    """The slate under every setting, by heading."""
    return {
        heading: [Row(one.setting, one.words, _cells(*_decided(one))) for one in settings]
        for heading, settings in TABLES.items()
    }


def before() -> Row:
    """The slate that is shown, with the scores of now."""
    cells = tuple(Cell(item, SCORES[item], "kept", n) for n, item in enumerate(LAST, 1))
    return Row("the slate now", "with what the model thinks of it now", cells)


def _decided(setting: Setting) -> tuple[SlateState, Decision]:
    start = Candidates.of(LAST, range(len(LAST), 0, -1), rung="primary", model="m")
    known = Facts(heard=0, model="m", policy_version=1)
    state = decide(KNOBS, None, start, known, 0.0).state
    if setting.pin:
        state = decide(
            KNOBS, state, start, replace(known, asks=(Ask("pin", setting.pin),)), 1.0
        ).state
    said = dict(setting.facts)
    offered = Candidates.of(
        tuple(SCORES), tuple(SCORES.values()), rung="primary", model="m", known_events=setting.known
    )
    down = said.pop("down", False)
    knobs = replace(KNOBS, **{**setting.knobs, "k": 6})
    facts = Facts(model="m", policy_version=1, **said)
    return state, decide(knobs, state, None if down else offered, facts, 61.0)


def _cells(before: SlateState | None, answer: Decision) -> tuple[Cell, ...]:
    """What is seen from one answer to the next: standings of an answer that repeats an epoch are
    those of that epoch, so they are not asked."""
    was = {seat.item_id: n for n, seat in enumerate(before.seats, 1)} if before else {}
    cells = []
    for n, seat in enumerate(answer.state.seats, 1):
        place = was.get(seat.item_id)
        standing = "new" if place is None else "kept" if place == n else "moved"
        shown = "pinned" if seat.pinned else standing
        cells.append(Cell(seat.item_id, SCORES[seat.item_id], shown, place))
    return tuple(cells)


@dataclass(frozen=True)
class Moment:
    """One request of a visit: at which second, after what, and the answer to it."""

    at: int
    happened: str
    trigger: str
    cells: tuple[Cell, ...]


def visit() -> list[Moment]:
    """One visit with the default knobs: who does what, and what is on the screen after it."""
    knobs = Knobs(k=6)
    liked = {**SCORES, "Beach": 0.75, "Elm": 0.68, "Forest": 0.58, "Quay": 0.5, "River": 0.45}
    later = {**liked, "Quay": 0.95, "Spa": 0.3, "Tower": 0.2}
    latest = {**later, "River": 0.9, "Elm": 0.2}
    script: list[tuple[int, str, Mapping[str, float] | None, dict[str, Any], str]] = [
        (0, "arrives", liked, {}, ""),
        (5, "reloads", later, {}, ""),
        (12, "looks at\na stay", later, {"heard": 1}, ""),
        (33, "reloads", later, {"heard": 1}, ""),
        (40, "reloads", latest, {"heard": 1}, ""),
        (52, "reloads,\nAbbey is\nsold out", latest, {"heard": 1}, ""),
        (70, "looks at\na stay", latest, {"heard": 2}, ""),
        (75, "dismisses\nCastle", latest, {"heard": 2}, "dismiss Castle"),
        (80, "takes it\nback", latest, {"heard": 2}, "undo"),
        (120, "looks on,\nthe model\nis down", None, {"heard": 3}, ""),
    ]
    state: SlateState | None = None
    gone: dict[str, str] = {}
    moments = []
    for at, happened, scores, said, ask in script:
        if "sold out" in happened:
            gone["Abbey"] = "withdrawn"
        if ask.startswith("dismiss"):
            gone["Castle"] = "dismissed"
        asks = (Ask(*ask.split()),) if ask else ()  # type: ignore[arg-type]
        facts = Facts(
            **{"heard": 0, **said}, model="m", policy_version=1, gone=dict(gone), asks=asks
        )
        offered = scores and Candidates.of(
            tuple(scores), tuple(scores.values()), rung="primary", model="m"
        )
        answer = decide(knobs, state, offered or None, facts, float(at))
        for item in answer.lifted:
            gone.pop(item, None)
        moments.append(Moment(at, happened, answer.trigger, _cells(state, answer)))
        state = answer.state
    return moments
