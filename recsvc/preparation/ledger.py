"""The ledger: each decision with what it was made of, so that it can be made again.

Held answers decide nothing and are not entered; of the candidates the shortlist is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, cast

import msgspec
import numpy as np

from policies import Candidates, Change, Decision, Facts, Knobs, SlateState, decide
from recsvc.preparation.eligibility import Gone
from recsvc.preparation.turn import Turn


@dataclass(frozen=True)
class Shortlist:
    """The candidates of one decision; `because` is kept for those that came on the slate."""

    item_ids: tuple[str, ...]
    scores: tuple[float, ...]
    rung: str
    model: str
    reason: str
    known_events: int
    because: Mapping[str, tuple[str, ...]]

    def candidates(self) -> Candidates:
        """As they were offered."""
        return Candidates(
            self.item_ids,
            np.array(self.scores),
            self.rung,
            self.model,
            self.reason,
            self.known_events,
            self.because,
        )


@dataclass(frozen=True)
class Entry:
    """One decision: where and when (epoch seconds), what went in, what came out.

    `facts.gone` is kept for what the slate has to do with; `items` are the slate by seat.
    """

    at: float
    session_id: str
    surface: str
    slate_id: str
    facts: Facts
    before: SlateState | None
    shortlist: Shortlist | None
    trigger: str
    cause: str | None
    rule: str | None
    epoch: int
    items: tuple[str, ...]
    changes: tuple[Change, ...]
    allowed: int
    displaced: int

    def again(self, knobs: Knobs) -> Decision:
        """The decision, made anew under these knobs."""
        offer = self.shortlist
        candidates = offer.candidates() if offer is not None else None
        return decide(knobs, self.before, candidates, self.facts, self.at)


def entry_of(turn: Turn, *, session_id: str, surface: str, slate_id: str) -> Entry | None:
    """What is entered of a turn; None where nothing was decided."""
    decision, state = turn.decision, turn.decision.state
    if turn.offer is None or not decision.moved_on:
        return None
    candidates = turn.offer.candidates
    there = _there(turn.before, turn.facts)
    touched = there.union(candidates.item_ids if candidates else ())
    touched.update(pick.item_id for pick in turn.facts.picks)
    facts = replace(
        turn.facts,
        gone=cast("Gone", turn.facts.gone).among(touched),  # a turn is made with no other
        firm=tuple(sorted(turn.facts.firm)),
    )
    return Entry(
        at=turn.now,
        session_id=session_id,
        surface=surface,
        slate_id=slate_id,
        facts=facts,
        before=turn.before,
        shortlist=_shortlist(candidates, state, there),
        trigger=decision.trigger,
        cause=decision.cause,
        rule=decision.rule,
        epoch=state.epoch,
        items=tuple(seat.item_id for seat in state.seats),
        changes=state.changes,
        allowed=state.allowed,
        displaced=state.displaced,
    )


def _there(before: SlateState | None, facts: Facts) -> set[str]:
    """Items on the slate, behind it, and in what an undo would bring back."""
    if before is None:
        return {seat.item_id for seat in facts.carried.seats} if facts.carried else set()
    rows = (before.seats, before.tail, *(snapshot.row for snapshot in before.past))
    return {seat.item_id for row in rows for seat in row if seat}


def _shortlist(
    candidates: Candidates | None, state: SlateState, there: set[str]
) -> Shortlist | None:
    if candidates is None:
        return None
    new = [seat for seat in state.seats if seat.item_id not in there]
    return Shortlist(
        candidates.item_ids,
        tuple(candidates.scores.tolist()),
        candidates.rung,
        candidates.model,
        candidates.reason,
        candidates.known_events,
        {seat.item_id: seat.because for seat in new if seat.because},
    )


_DECODER: Final = msgspec.msgpack.Decoder(Entry)
_EITHER: Final = msgspec.msgpack.Decoder(Entry | tuple[Entry, ...])
_ENCODER: Final = msgspec.msgpack.Encoder()


def encode(entry: Entry) -> bytes:
    """The entry as stored."""
    return _ENCODER.encode(entry)


def decode(data: bytes) -> Entry:
    """The entry from the store. Raises `msgspec.DecodeError` for anything else."""
    return _DECODER.decode(data)


def encode_all(entries: Sequence[Entry]) -> bytes | None:
    """What was decided in one answer as stored; None where nothing was."""
    if not entries:
        return None
    return _ENCODER.encode(entries if len(entries) > 1 else entries[0])


def decode_all(data: bytes) -> tuple[Entry, ...]:
    """The entries of one answer from the store. Raises `msgspec.DecodeError` as `decode` does."""
    found = _EITHER.decode(data)
    return (found,) if isinstance(found, Entry) else found
