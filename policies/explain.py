"""Why is this here? A sentence and the facts behind it, for each seat and each change.

Made when somebody asks, from the state alone: an epoch can be explained as long as it is shown,
long after the candidates are gone. What is said stands in the tables of `policies.reasons`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from policies.reasons import EXITS, FITS, REASONS, SEAT_REASONS, STANDINGS, UNKNOWN, Sentences
from policies.slate import Change, Seat, SlateState

Fact = str | float | tuple[str, ...]
Known = dict[str, Fact]
Title = Callable[[str], str]
"""What an item is called, by its id."""


class Explanation(NamedTuple):
    """Of a seat or a change: the code of its reason, what is behind it, and a sentence.

    Facts of both: `gap` (standard deviations of the scores), `instead_of` or `replaced_by` (the
    item that left for this one, or came for it) and `rule`; of a seat also `standing`, `change`
    (the reason of the change that brought it) and `because` (the visitor's items behind it).
    """

    code: str
    facts: Mapping[str, Fact]
    sentence: str


def explain_seats(state: SlateState, title: Title = str) -> tuple[Explanation, ...]:
    """Why each item is here, and what happened to it in this epoch."""
    changes = {change.item_id: change for change in state.changes}
    others = counterparts(state.changes)
    found = []
    for seat in state.seats:
        change = changes.get(seat.item_id)
        facts = _facts_of_seat(seat, change, others, state.rule)
        known = facts | (_places(change) if change else {})
        why = SEAT_REASONS.get(seat.reason, UNKNOWN)
        told = f"{_say(why, known, title)} {_say(STANDINGS[seat.standing], known, title)}"
        found.append(Explanation(seat.reason, facts, told))
    return tuple(found)


def explain_changes(state: SlateState, title: Title = str) -> tuple[Explanation, ...]:
    """Why each change was made that began this epoch."""
    others = counterparts(state.changes)
    found = []
    for change in state.changes:
        facts = _facts_of_change(change, others, state.rule)
        told = _say(REASONS[change.reason].sentences, facts | _places(change), title)
        found.append(Explanation(change.reason, facts, told))
    return tuple(found)


def mentioned(state: SlateState) -> tuple[str, ...]:
    """The items that the explanations of this epoch may name, each once."""
    because = [item for seat in state.seats for item in seat.because]
    return tuple(dict.fromkeys([*because, *counterparts(state.changes)]))


def counterparts(changes: Sequence[Change]) -> dict[str, str]:
    """Who left for whom, either way: those who share a seat, then those who share a gap."""
    into = {c.after: c for c in changes if c.before is None}
    out_of = {c.before: c for c in changes if c.after is None}
    pairs = [(into[seat], out_of[seat]) for seat in into if seat in out_of]
    pairs = [pair for pair in pairs if (pair[0].reason, pair[1].reason) in _PAIRED]
    settled = {change.item_id for pair in pairs for change in pair}
    rest = [c for c in changes if c.gap is not None and c.item_id not in settled]
    came, left = ([c for c in rest if c.reason == why] for why in ("better_match", "displaced"))
    # Stable, so that equal gaps pair up by seat.
    pairs += zip(*(sorted(side, key=_gap) for side in (came, left)), strict=False)
    found = {newcomer.item_id: leaver.item_id for newcomer, leaver in pairs}
    return found | {leaver: newcomer for newcomer, leaver in found.items()}


def _gap(change: Change) -> float:
    return change.gap or 0.0


_PAIRED: Final = {("better_match", "displaced"), *(("refill", why) for why in EXITS)}


def _facts_of_seat(
    seat: Seat, change: Change | None, others: Mapping[str, str], rule: str | None
) -> Known:
    facts: Known = {"standing": seat.standing}
    if seat.because:
        facts["because"] = seat.because
    if change is not None:
        facts |= {"change": change.reason, **_facts_of_change(change, others, rule)}
    return facts


def _facts_of_change(change: Change, others: Mapping[str, str], rule: str | None) -> Known:
    facts: Known = {}
    if change.gap is not None:
        facts["gap"] = change.gap
    if change.item_id in others:
        facts["replaced_by" if change.after is None else "instead_of"] = others[change.item_id]
    if change.reason == "rule_refresh" and rule is not None:
        facts["rule"] = rule
    return facts


def _places(change: Change) -> Known:
    """Where it was and is, for sentences alone: whoever shows the change shows its places."""
    if change.before == change.after:
        return {"unpinned": ""} if change.reason == "asked" else {}
    places = {"from": change.before, "to": change.after}
    return {name: place for name, place in places.items() if place is not None}


def _say(sentences: Sentences, known: Known, title: Title) -> str:
    """The first sentence whose facts are known."""
    sentence = next(told for needs, told in sentences if all(n in known for n in needs.split()))
    return sentence.format_map(
        {name: _in_words(name, fact, title) for name, fact in known.items()} | _fits(known)
    )


def _fits(known: Known) -> dict[str, str]:
    gap = known.get("gap")
    if not isinstance(gap, float):
        return {}
    return {"fits": next(words for least, words in FITS if gap >= least)}


def _in_words(name: str, fact: Fact, title: Title) -> str:
    if isinstance(fact, tuple):
        *most, last = [f"“{title(item)}”" for item in fact]
        return f"{', '.join(most)} and {last}" if most else last
    return f"“{title(str(fact))}”" if name in ("instead_of", "replaced_by") else str(fact)
