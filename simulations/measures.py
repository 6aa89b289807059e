"""What is measured of every answer: how well it foresaw what came, and how much of it stayed.

*Judged* are the events on items that could have been on the slate: known to the model and not
gone. A repeated purchase tells nothing new and may not be suggested, so nothing can be said of it.

- accuracy: the slate before a judged event against that event's item ("next"), and against all
  items that the visitor turns to from then on in the visit ("rest")
- consistency: what changed on the screen from that slate to the one before the next judged
  event, or to the end of the visit
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

from policies.consistency import position_churn
from policies.overlap import rbo
from policies.reasons import EXITS
from simulations.play import Done, Look
from simulations.scenario import Truth, Visit


@dataclass(slots=True)
class Row:
    """One judged event under one policy. Counts are of items; accuracy lies in 0..1.

    `known` items were known of the visitor. Until the next judged event `displaced` and `forced`
    left, of `filled` seats, in so many `answers`, of which `steps` were free to change something
    and `restarts` began the slate anew; `largest` is the most displaced in one of them. `sought` of
    the items the visitor turns to in this visit and could still see, and `refound` of these are
    still in their seat. Where the truth is known: `truth` is the slate's, and of the chance that a
    thing looked at before is decided for now, `weighed` is all and `in_reach` what is on the slate;
    nan elsewhere. Where nobody looked again, `position_churn` and `rbo` are nan.
    """

    policy: int
    user: str
    visit: str
    number: int
    at: float
    known: int
    filled: int
    hit_next: float
    ndcg_next: float
    mrr_next: float
    hit_rest: float
    ndcg_rest: float
    mrr_rest: float
    truth: float
    weighed: float
    in_reach: float
    displaced: int = 0
    forced: int = 0
    largest: int = 0
    answers: int = 0
    steps: int = 0
    restarts: int = 0
    position_churn: float = 0.0
    rbo: float = 1.0
    sought: int = 0
    refound: int = 0


COLUMNS = tuple(field.name for field in fields(Row))


def gain(seat: int) -> float:
    """What the seat of that number (from 0) is worth: 1 / log2(seat + 2)."""
    return _GAINS[seat] if seat < len(_GAINS) else 1 / math.log2(seat + 2)


_GAINS = tuple(1 / math.log2(seat + 2) for seat in range(100))


@cache
def ideal(count: int) -> float:
    """The gain of a slate whose first `count` seats are right."""
    return sum(gain(seat) for seat in range(count))


@dataclass(slots=True)
class _Open:
    """A judged event whose consequences are still being watched, under one policy."""

    row: Row
    slate: tuple[str, ...]


@dataclass(frozen=True)
class _AnswerKey:
    """The truth at one look: `worth` of each item, the most that a slate can be worth, and what
    would be decided for."""

    worth: Mapping[str, float]
    most: float
    decided: Mapping[str, float]

    def share(self, slate: Sequence[str]) -> float:
        """The expected gain of a slate, as a share of the best one's."""
        got = sum(gain(n) * self.worth.get(item, 0.0) for n, item in enumerate(slate))
        return got / self.most if self.most else 0.0

    def in_reach(self, slate: Sequence[str]) -> float:
        """The chance that what would be decided for is on the slate."""
        return sum(self.decided.get(item, 0.0) for item in slate)


class Measuring:
    """Turns the looks and events of one user into rows, a row for each judged event and policy.

    Slates have `k` seats; `judge` is the policy whose answers tell what could have been shown.
    """

    def __init__(self, k: int, judge: int, truth: Truth | None) -> None:
        self._k = k
        self._judge = judge
        self._truth = truth
        self._open: list[_Open] = []
        self._begin(None)

    def rows(self, played: Iterable[Look | Done]) -> Iterator[Row]:
        """The rows, in the order of the events; those of one event follow each other."""
        for one in played:
            if one.visit is not self._visit:
                yield from self._close()
                self._begin(one.visit)
            if isinstance(one, Look):
                self._see(one)
            elif self._judged(one):
                yield from self._close()
                self._open = self._opened(one)
        yield from self._close()

    def _begin(self, visit: Visit | None) -> None:
        self._visit = visit
        self._open = []
        self._look: Look | None = None
        self._turned_to = {m.item_id for m in visit.moments if not m.look} if visit else set()

    def _see(self, look: Look) -> None:
        """Another answer: what it changed belongs to the judged event before it."""
        self._look = look
        begins = look.number == 0
        for opened, turn in zip(self._open, look.turns, strict=False):
            state, row = turn.decision.state, opened.row
            row.answers += 1
            row.steps += turn.decision.trigger == "step"
            row.restarts += turn.before is None and not begins
            if turn.before is not None and state.epoch == turn.before.epoch:
                continue
            row.displaced += state.displaced
            row.largest = max(row.largest, state.displaced)
            row.forced += sum(c.after is None and c.reason in EXITS for c in state.changes)

    def _judged(self, done: Done) -> bool:
        assert self._look is not None  # a visit begins with a look
        return self._could_show(str(done.moment.item_id))

    def _could_show(self, item: str) -> bool:
        assert self._look is not None
        turn = self._look.turns[self._judge]
        return self._look.era.ladder.knows(item) and item not in turn.facts.gone

    def _opened(self, done: Done) -> list[_Open]:
        """A row for each policy; what they have in common is worked out once."""
        look, moments = self._look, done.visit.moments
        assert look is not None
        item = str(done.moment.item_id)
        later = [str(m.item_id) for m in moments[done.number :] if not m.look]
        rest = {other for other in later if self._could_show(other)}
        most = ideal(min(self._k, len(rest)))
        key = self._answer_key(look)
        opened = []
        for policy in range(len(look.turns)):
            slate = slate_of(look, policy)
            seat = slate.index(item) if item in slate else None
            hits = [n for n, shown in enumerate(slate) if shown in rest]
            row = Row(
                policy,
                done.visit.user_id,
                done.visit.visit_id,
                done.number,
                done.moment.at,
                look.known,
                len(slate),
                hit_next=float(seat is not None),
                ndcg_next=0.0 if seat is None else gain(seat),
                mrr_next=0.0 if seat is None else 1 / (seat + 1),
                hit_rest=float(bool(hits)),
                ndcg_rest=sum(map(gain, hits)) / most,
                mrr_rest=1 / (hits[0] + 1) if hits else 0.0,
                truth=math.nan if key is None else key.share(slate),
                weighed=math.nan if key is None else sum(key.decided.values()),
                in_reach=math.nan if key is None else key.in_reach(slate),
            )
            opened.append(_Open(row, slate))
        return opened

    def _answer_key(self, look: Look) -> _AnswerKey | None:
        """The truth at one look, of what could be shown."""
        if self._truth is None:
            return None
        gone = look.turns[self._judge].facts.gone
        knows = look.era.ladder.knows

        def shown(chances: Mapping[str, float]) -> dict[str, float]:
            return {i: chance for i, chance in chances.items() if i not in gone and knows(i)}

        worth = shown(self._truth.worth(look.visit, look.number))
        best = sorted(worth.values(), reverse=True)[: self._k]
        most = sum(gain(n) * chance for n, chance in enumerate(best))
        return _AnswerKey(worth, most, shown(self._truth.decided(look.visit, look.number)))

    def _close(self) -> Iterator[Row]:
        """The watch over an event ends with what is on the screen now."""
        look = self._look
        for opened in self._open:
            assert look is not None
            row, before = opened.row, opened.slate
            if not row.answers:
                # Nobody looked again: there was nothing to be consistent with.
                row.position_churn = row.rbo = math.nan
                yield row
                continue
            after = slate_of(look, row.policy)
            gone = look.turns[row.policy].facts.gone
            wanted = [n for n, item in enumerate(before) if item in self._turned_to]
            wanted = [n for n in wanted if before[n] not in gone]
            row.sought = len(wanted)
            row.refound = sum(after[n : n + 1] == before[n : n + 1] for n in wanted)
            if after != before:
                row.position_churn = position_churn(before, after)
                row.rbo = rbo(before, after)
            yield row
        self._open = []


def slate_of(look: Look, policy: int) -> tuple[str, ...]:
    """The items on the screen, by seat."""
    return tuple([seat.item_id for seat in look.turns[policy].decision.state.seats])
