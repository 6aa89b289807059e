"""Reads the golden cases of tests/cases: what goes into one decision, and what must come out.

The format is described in tests/cases/README.md. A key that it does not know is an error.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies import (
    Ask,
    Candidates,
    Carried,
    Change,
    Decision,
    Facts,
    Knobs,
    Pick,
    Seat,
    SlateState,
    decide,
)
from policies.slate import Seen, Snapshot

FOLDER = Path(__file__).resolve().parents[1] / "cases"
NOW = 1_000.0
EPOCH = 7

GIVEN = {
    *("name", "why", "knobs", "last", "seats", "behind", "past", "spent", "declared", "offer"),
    *("since_chosen", "since_step", "since_answer", "policy_version", "refresh_pending"),
    "model_version",
    *("offered_by", "gone", "asks", "picks", "carried", "carried_by", "facts", "expect"),
}
EXPECTED = {
    *("slate", "standings", "reasons", "model", "trigger", "cause", "rule", "changes"),
    *(
        "allowed",
        "displaced",
        "refilled",
        "epoch",
        "degraded",
        "budget_left",
        "hold_for",
        "answered",
        "lifted",
        "behind",
    ),
    *("refresh_pending", "past", "policy_version", "cause_left"),
}


@dataclass(frozen=True)
class Golden:
    """One case: the arguments of a decision, and what is said of its outcome."""

    name: str
    why: str
    written: Mapping[str, Any]
    knobs: Knobs
    state: SlateState | None
    offered: Candidates | None
    facts: Facts
    expect: Mapping[str, Any]

    def decide(self) -> Decision:
        return decide(self.knobs, self.state, self.offered, self.facts, NOW)


def read() -> list[Golden]:
    """All cases, file by file."""
    return [
        golden(written)
        for path in sorted(FOLDER.glob("*.toml"))
        for written in tomllib.loads(path.read_text())["case"]
    ]


def golden(written: Mapping[str, Any]) -> Golden:
    """One case as it is written."""
    name, expect = str(written["name"]), written["expect"]
    unknown = (written.keys() - GIVEN) | (expect.keys() - EXPECTED)
    if unknown:
        raise ValueError(f"{name}: nobody reads {', '.join(sorted(unknown))}")
    knobs = Knobs(**{knob: _null(value) for knob, value in written.get("knobs", {}).items()})
    said: dict[str, Any] = {"heard": 0, "model": "m1", "policy_version": 1}
    said |= written.get("facts", {})
    facts = Facts(
        **said,
        gone=written.get("gone", {}),
        asks=tuple(_ask(one) for one in written.get("asks", ())),
        picks=tuple(Pick(item, seat) for item, seat in written.get("picks", {}).items()),
        carried=_carried(written),
    )
    state = _state(written, knobs) if "last" in written else None
    return Golden(name, written["why"], written, knobs, state, _offer(written), facts, expect)


def outcome(case: Golden, answer: Decision) -> dict[str, Any]:
    """What the answer says, in the words of the format; only what the case speaks of."""
    state, before = answer.state, case.state
    seen, facts = state.seen, case.facts
    found = {
        "slate": row(state.seats),
        "standings": " ".join(seat.standing for seat in state.seats),
        "reasons": " ".join(seat.reason for seat in state.seats),
        "model": answer.model,
        "trigger": answer.trigger,
        "cause": answer.cause,
        "rule": answer.rule,
        "changes": sorted(_told(change) for change in state.changes),
        "allowed": state.allowed,
        "displaced": state.displaced,
        "refilled": state.refilled,
        "epoch": _epoch(before, state),
        "degraded": answer.degraded,
        "budget_left": answer.budget_left,
        "hold_for": round(answer.hold_until - NOW, 6),
        "answered": [_said(ask) for ask in answer.answered_asks],
        "lifted": list(answer.lifted),
        "behind": row(state.tail),
        "refresh_pending": state.refresh_pending,
        "past": [row(act.row) for act in state.past],
        "policy_version": state.policy_version,
        "cause_left": (
            facts.heard > seen.heard
            or facts.model != seen.model
            or facts.policy_version > seen.policy_version
        ),
    }
    return {key: found[key] for key in expected(case)}


def expected(case: Golden) -> dict[str, Any]:
    """What the case says must come out; what is left unsaid has a meaning for some keys."""
    unsaid = {"cause": None, "rule": None, "allowed": 0, "displaced": 0, "refilled": 0}
    unsaid |= {"answered": [], "lifted": []}
    said = {**unsaid, **case.expect}
    return {**said, "changes": sorted(said["changes"])}


def row(seats: Sequence[Seat | None]) -> str:
    """Items by seat; a pinned one has a star, an empty place is a dash."""
    return " ".join("-" if s is None else f"{s.item_id}{'*' * s.pinned}" for s in seats)


def _epoch(before: SlateState | None, after: SlateState) -> str:
    if before is None:
        return "first" if after.epoch == int(NOW * 1000) else "another"
    return {0: "same", 1: "next"}.get(after.epoch - before.epoch, "another")


def _seats(written: str) -> list[Seat | None]:
    return [None if word == "-" else _seat(word) for word in written.split()]


def _seat(word: str) -> Seat:
    item, pinned = word.removesuffix("*"), word.endswith("*")
    return Seat(
        item_id=item,
        score=0.0,
        standing="pinned" if pinned else "kept",
        reason="for_you",
        because=(),
        pinned=pinned,
    )


def _state(written: Mapping[str, Any], knobs: Knobs) -> SlateState:
    """The last slate as it was served, with what was declared of it."""
    ago = {key: NOW - written.get(key, usual) for key, usual in _AGES.items()}
    version = written.get("policy_version", 1)
    declared = written.get("declared", {})
    return SlateState(
        epoch=EPOCH,
        seats=tuple(seat for seat in _seats(written["last"]) if seat),
        k=written.get("seats", knobs.k),
        rung="primary",
        model="m1",
        normal="primary",
        policy_version=version,
        seen=Seen(0, "m1", version, ago["since_step"], written.get("model_version", 0)),
        chosen_at=ago["since_chosen"],
        answered_at=ago["since_answer"],
        tail=tuple(_seats(written.get("behind", ""))),
        spent=tuple((NOW - one["ago"], one["displaced"]) for one in written.get("spent", ())),
        past=tuple(_act(one) for one in written.get("past", ())),
        refresh_pending=written.get("refresh_pending", False),
        changes_from=EPOCH - 1,
        changes=tuple(_change(one) for one in declared.get("changes", ())),
        allowed=declared.get("allowed", 0),
        displaced=declared.get("displaced", 0),
    )


_AGES = {"since_chosen": 500, "since_step": 100, "since_answer": 100}


def _act(written: Mapping[str, Any]) -> Snapshot:
    return Snapshot(row=tuple(_seats(written["slate"])), lifts=written.get("dismissed"))


def _carried(written: Mapping[str, Any]) -> Carried | None:
    """The last slate of an earlier visit, a day ago unless told otherwise."""
    if "carried" not in written:
        return None
    usual = {"rung": "primary", "model": "m1", "policy_version": 1, "due": False, "ago": 86_400}
    by = {**usual, **written.get("carried_by", {})}
    seats = tuple(Seat(item, None, "kept", "carried_reason") for item in written["carried"].split())
    return Carried(seats, by["rung"], by["model"], by["policy_version"], NOW - by["ago"], by["due"])


def _offer(written: Mapping[str, Any]) -> Candidates | None:
    if "offer" not in written:
        return None
    scores = written["offer"]
    by = {"rung": "primary", "model": "m1", **written.get("offered_by", {})}
    return Candidates.of(list(scores), list(scores.values()), **by)


def _ask(written: str) -> Ask:
    return Ask(*written.split())  # type: ignore[arg-type]


def _said(ask: Ask) -> str:
    return ask.kind if ask.item_id is None else f"{ask.kind} {ask.item_id}"


def _change(written: str) -> Change:
    found = re.fullmatch(r"(\S+) (\d+|-)>(\d+|-) (\w+)", written)
    if found is None:
        raise ValueError(f"no change: {written!r}")
    item, left, came, reason = found.groups()
    return Change(
        item_id=item,
        before=_place(left),
        after=_place(came),
        reason=reason,
    )


def _place(written: str) -> int | None:
    return None if written == "-" else int(written)


def _told(change: Change) -> str:
    left, came = ("-" if place is None else place for place in (change.before, change.after))
    return f"{change.item_id} {left}>{came} {change.reason}"


def _null(value: Any) -> Any:
    return None if value == "null" else value
