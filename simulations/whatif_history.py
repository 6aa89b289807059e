"""One slate's history from the ledger, decided again step by step under other knobs.

The alternative carries on from its own slate, not from the one that was shown; the moment, the
facts and the shortlist stay those of the ledger. Where they do not tell what would have followed,
the slate is unknown until it begins anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from policies import Decision, Knobs, SlateState, decide
from recsvc.preparation.ledger import Entry

Cause = Literal["score", "act", "gap", "after"]


@dataclass(frozen=True)
class Again:
    """One entry once more: from `before` the alternative decides `would`, both None where the
    ledger does not tell, for `cause`.

    `sooner`: the alternative may have been free to make this step at an answer before, which the
    service held and did not enter.
    """

    entry: Entry
    before: SlateState | None
    would: Decision | None
    cause: Cause | None = None
    sooner: bool = False


def again(entries: Iterable[Entry], then: Knobs, knobs: Knobs) -> Iterator[Again]:
    """Every entry under `knobs`, in the order given, which is the ledger's; it was `then`."""
    # The id of a slate belongs to a session; another session may bear the same.
    histories: dict[tuple[str, str], _History] = {}
    for entry in entries:
        key = (entry.session_id, entry.slate_id)
        yield histories.setdefault(key, _History(then, knobs)).go_on(entry)


@dataclass
class _History:
    """One slate: the entry before, and what the alternative would have shown after it."""

    then: Knobs
    knobs: Knobs
    last: Entry | None = None
    would: Decision | None = None

    def go_on(self, entry: Entry) -> Again:
        last, self.last = self.last, entry
        if entry.before is None:
            self.would = entry.again(self.knobs)
            return Again(entry, None, self.would)
        before = self._before(entry.before, last)
        if not isinstance(before, SlateState):
            self.would = None
            return Again(entry, None, None, before)
        cause = None if last is None else _unknown(entry, entry.before, before)
        if cause is not None:
            self.would = None
            return Again(entry, None, None, cause)
        offer = entry.shortlist
        candidates = None if offer is None else offer.candidates()
        would = decide(self.knobs, before, candidates, entry.facts, entry.at)
        sooner = (
            last is not None
            and would.trigger == "step"
            and self._sooner(last, entry.at, entry.before, before)
        )
        self.would = would
        return Again(entry, before, would, sooner=sooner)

    def _before(self, logged: SlateState, last: Entry | None) -> SlateState | Cause:
        """The alternative slate before an answer to `logged`, or why nobody knows it."""
        if last is None:
            # The ledger begins in the middle of this slate: so does the alternative.
            return logged
        if (logged.epoch, items_of(logged)) != (last.epoch, last.items):
            return "gap"
        if self.would is None:
            return "after"
        # Answers that were held in between moved nothing on but these two.
        return self.would.state._replace(
            answered_at=logged.answered_at,
            policy_version=max(self.would.state.policy_version, logged.policy_version),
        )

    def _sooner(self, last: Entry, now: float, logged: SlateState, before: SlateState) -> bool:
        """Whether between the two entries there was a time when the alternative was free to step
        and the service was not."""
        free = max(before.chosen_at + self.knobs.hold_s, last.at)
        if free < min(now, logged.chosen_at + self.then.hold_s):
            return True
        if before.seen[:3] != logged.seen[:3]:
            # The service had taken in all that was new and rested; the alternative had not.
            return free < now
        every = self.knobs.refresh_every_s
        if every is None:
            return False
        theirs = self.then.refresh_every_s
        due = max(free, before.seen.at + every)
        return due < now and (theirs is None or due < logged.seen.at + theirs)


def _unknown(entry: Entry, logged: SlateState, before: SlateState) -> Cause | None:
    """Why the entry does not tell what would follow from `before`; None where it does.

    An entry speaks of what was on the slate or behind it, and of its shortlist; what is gone is
    told of these only.
    """
    there, shown = set(items_of(before)), set(items_of(logged))
    asked = {ask.item_id for ask in entry.facts.asks if ask.item_id is not None}
    taken = {i for i, why in entry.facts.gone.items() if why in ("consumed", "dismissed")}
    if (asked | taken) & shown - there:
        return "act"
    needed = there.union(seat.item_id for seat in before.tail if seat)
    if any(ask.kind == "undo" for ask in entry.facts.asks):
        needed.update(_behind(before))
    told = shown.union(seat.item_id for seat in logged.tail if seat)
    told.update(_behind(logged))
    if entry.shortlist is not None:
        told.update(entry.shortlist.item_ids)
    return "score" if needed - told else None


def _behind(state: SlateState) -> set[str]:
    """What an undo may bring back."""
    return {seat.item_id for past in state.past for seat in past.row if seat}


def items_of(state: SlateState) -> tuple[str, ...]:
    """The items on the screen, by seat."""
    return tuple(seat.item_id for seat in state.seats)
