"""What if the limit had been another? The service's own ledger, decided again under other knobs.

A ledger holds what each decision was made of, so its moments can be decided once more, each slate
carrying on from the alternative's own answer. That tells some decisions and not others, and what
it does not tell is counted by its cause and never guessed:

- *score*: the alternative slate holds an item of which the next entry says nothing
- *act*: the visitor did something with an item that the alternative would not have shown
- *gap*: an entry in between is not in the ledger
- *after*: something of the above came before, so that the slate is not known from there on

A slate that begins anew is known again. Held answers are not in the ledger: a step that the
alternative might have made at one of them, before the entry's own moment, is counted as `sooner`.
Visitors do here what they did. The rule is that of L. Li, W. Chu, J. Langford, X. Wang, "Unbiased
offline evaluation of contextual-bandit-based news article recommendation algorithms", 2011: what
log and alternative do not both know does not count.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from policies import Knobs, SlateState
from recsvc.config.knobs import read_knobs, with_nulls
from recsvc.errors import BadInput, Fault
from recsvc.preparation.ledger import Entry
from simulations.whatif_history import Again, Cause, again, items_of

ANSWERABLE: Final = (
    "churn_limit",
    "hold_s",
    "session_budget",
    "budget_window_s",
    "max_shift",
    "seat_weights",
    "margin",
    "margin_by_profile",
    "seat_margin",
    "half_life_s",
    "refresh_every_s",
)
"""Knobs that a ledger can be asked about. The others decide what goes into an entry."""

CAUSES: Final[tuple[Cause, ...]] = ("score", "act", "gap", "after")


@dataclass
class Seen:
    """What visitors saw in some decisions: sums over them.

    `filled` seats before, of which `displaced` were given to newcomers by choice and `replaced`
    show another item afterwards, for whatever cause; of the `best` that the recommender had for
    the seats, `shown` were on the slate.
    """

    filled: int = 0
    displaced: int = 0
    replaced: int = 0
    shown: int = 0
    best: int = 0

    def add(
        self, entry: Entry, before: SlateState, epoch: int, items: Sequence[str], displaced: int
    ) -> None:
        """One more decision, which led from `before` to `items`, declared in `epoch`."""
        was = items_of(before)[: entry.facts.k or before.k]
        self.filled += len(was)
        # Without a change the state repeats what an earlier answer declared.
        self.displaced += displaced if epoch != before.epoch else 0
        self.replaced += sum(items[n : n + 1] != (item,) for n, item in enumerate(was))
        top = _best(entry, entry.facts.k or before.k)
        self.best += len(top)
        self.shown += len(top.intersection(items))

    def told(self) -> dict[str, Any]:
        """Shares, or None where there is nothing to divide by."""
        return {
            "churn": _share(self.displaced, self.filled),
            "position_churn": _share(self.replaced, self.filled),
            "of_the_best": _share(self.shown, self.best),
            "displaced": self.displaced,
            "filled": self.filled,
        }


@dataclass
class Answer:
    """One alternative. `then` and `would` are of the same decisions, those that were `answered`.

    Of `decisions` on slates that were there already, `same` gave the slate of the ledger. `starts`
    of slates stand apart: no limit applies to them.
    """

    name: str
    knobs: Mapping[str, Any]
    decisions: int = 0
    answered: int = 0
    same: int = 0
    sooner: int = 0
    starts: int = 0
    unanswered: Counter[str] = field(default_factory=Counter)
    then: Seen = field(default_factory=Seen)
    would: Seen = field(default_factory=Seen)

    def add(self, one: Again) -> None:
        """One more entry."""
        logged, before, would = one.entry.before, one.before, one.would
        if logged is None:
            self.starts += 1
            return
        self.decisions += 1
        if before is None or would is None:
            self.unanswered[one.cause or "after"] += 1
            return
        entry, after = one.entry, would.state
        self.answered += 1
        self.sooner += one.sooner
        self.same += items_of(after) == entry.items
        self.then.add(entry, logged, entry.epoch, entry.items, entry.displaced)
        self.would.add(entry, before, after.epoch, items_of(after), after.displaced)

    def told(self) -> dict[str, Any]:
        """As JSON tells it."""
        return {
            "name": self.name,
            "knobs": dict(self.knobs),
            "decisions": self.decisions,
            "answered": self.answered,
            "share_answered": _share(self.answered, self.decisions),
            "unanswered": {cause: self.unanswered[cause] for cause in CAUSES},
            "same": self.same,
            "sooner": self.sooner,
            "starts": self.starts,
            "then": self.then.told(),
            "would": self.would.told(),
        }


def what_if(
    entries: Iterable[Entry], then: Knobs, alternatives: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """What the ledger of one surface says of other knobs than those of `then`.

    `entries` come in the ledger's order; an alternative is a name and the knobs that differ, each
    as it is written in `surfaces.toml`. Returns what `recsvc what-if --json` prints. Raises
    `BadInput` for knobs that are wrong, or that no ledger can be asked about.
    """
    known = list(entries)
    knobs = {name: other(then, changed, name) for name, changed in alternatives.items()}
    return {
        "format": 1,
        "entries": len(known),
        "slates": len({(entry.session_id, entry.slate_id) for entry in known}),
        "sessions": len({entry.session_id for entry in known}),
        "first": known[0].at if known else None,
        "last": known[-1].at if known else None,
        # Of another version of the knobs, or of a surface that was named otherwise.
        "not_of_these_knobs": sum(not _reproduced(entry, then) for entry in known),
        "answers": [
            answer(known, then, knobs[name], name, changed).told()
            for name, changed in alternatives.items()
        ],
    }


def other(then: Knobs, changed: Mapping[str, Any], where: str = "knobs") -> Knobs:
    """The knobs of `then` with some changed. Raises `BadInput` as `what_if` does."""
    why = f"cannot be told from a ledger; it answers for: {', '.join(ANSWERABLE)}"
    faults = [Fault(f"{where}.{name}", why) for name in changed if name not in ANSWERABLE]
    if faults:
        told = "".join(f"\n  {fault.field}: {fault.message}" for fault in faults)
        raise BadInput(f"The ledger cannot be asked this:{told}", faults)
    start = {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(then).items()}
    return read_knobs(with_nulls({**start, **changed}), where)


def answer(
    entries: Iterable[Entry],
    then: Knobs,
    knobs: Knobs,
    name: str = "",
    changed: Mapping[str, Any] | None = None,
) -> Answer:
    """One alternative over all histories of the ledger."""
    found = Answer(name, changed or {})
    for one in again(entries, then, knobs):
        found.add(one)
    return found


def _best(entry: Entry, k: int) -> set[str]:
    """The recommender's k best of what may be shown; none where nobody was asked."""
    offer = entry.shortlist
    if offer is None:
        return set()
    pairs = zip(offer.item_ids, offer.scores, strict=True)
    fit = [(-score, item) for item, score in pairs if item not in entry.facts.gone]
    return {item for _, item in sorted(fit)[:k]}


def _reproduced(entry: Entry, then: Knobs) -> bool:
    again = entry.again(then).state
    return items_of(again) == entry.items


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 6) if whole else None
