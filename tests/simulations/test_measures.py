"""What is measured of a visit, on one short enough to be worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from simple import decision

from simulations.measures import Measuring, Row, gain, ideal
from simulations.play import Done, Look
from simulations.scenario import Moment, Visit

G = [gain(seat) for seat in range(5)]


@dataclass
class Story:
    """A visit told as slates of letters and events; two policies, of which `other` may differ."""

    moments: list[Moment] = field(default_factory=list)
    told: list[tuple[str, ...] | str] = field(default_factory=list)

    def looks(self, *slates: str) -> Story:
        self.moments.append(Moment(float(len(self.moments))))
        self.told.append(slates)
        return self

    def takes(self, item: str) -> Story:
        self.moments.append(Moment(float(len(self.moments)), "purchase", item))
        self.told.append(item)
        return self

    def rows(self, gone: Mapping[int, str] | None = None, **more: Any) -> list[Row]:
        """The rows; `gone` says by moment what may no longer be shown."""
        visit = Visit("v", "u", tuple(self.moments))
        era: Any = SimpleNamespace(ladder=SimpleNamespace(knows=lambda item: item != "?"))
        played: list[Look | Done] = []
        before: Sequence[str] = ()
        left = ""
        for number, told in enumerate(self.told):
            left += (gone or {}).get(number, "")
            if isinstance(told, str):
                played.append(Done(visit, number, self.moments[number]))
                continue
            if number in more.get("anew", ()):
                before = ()
            pairs = zip(before or ("",) * len(told), told, strict=True)
            turns = tuple(decision(was, now, gone=left) for was, now in pairs)
            played.append(Look(visit, number, era, 7, turns))
            before = told
        return list(Measuring(5, 0, more.get("truth")).rows(played))


def test_accuracy_compares_the_slate_before_an_event_with_what_comes() -> None:
    story = Story().looks("abcde").takes("b").looks("abcde").takes("x").looks("abcde").takes("d")
    one, two, three = story.rows()
    assert (one.hit_next, one.ndcg_next, one.mrr_next) == (1.0, G[1], 1 / 2)
    assert one.ndcg_rest == pytest.approx((G[1] + G[3]) / (G[0] + G[1] + G[2]))
    assert (two.hit_next, two.ndcg_next, two.mrr_next) == (0.0, 0.0, 0.0)
    assert two.ndcg_rest == pytest.approx(G[3] / (G[0] + G[1]))
    assert (three.hit_rest, three.ndcg_rest, three.mrr_rest) == (1.0, G[3], 1 / 4)
    assert [row.known for row in (one, two, three)] == [7, 7, 7]
    assert math.isnan(one.truth)


def test_more_to_come_than_seats_can_still_be_foreseen_fully() -> None:
    story = Story()
    for item in "abcdefg":
        story.looks("abcde").takes(item)
    assert story.rows()[0].ndcg_rest == pytest.approx(1.0)


def test_an_event_on_what_could_not_be_shown_is_not_judged() -> None:
    story = Story().looks("abcde").takes("a").looks("bcdef").takes("?").looks("bcdef").takes("a")
    rows = story.looks("bcdef").takes("f").rows(gone={2: "a"})
    assert [row.number for row in rows] == [1, 7]


def test_a_change_belongs_to_the_judged_event_before_it() -> None:
    story = Story().looks("abcde").takes("x").looks("abcdy").looks("abczy").takes("a")
    one, two = story.looks("abczy").takes("w").looks("vwczy").rows()[:2]
    assert (one.displaced, one.largest, one.answers) == (2, 1, 2)
    assert one.position_churn == pytest.approx(2 / 5)
    assert 0 < one.rbo < 1
    assert (two.displaced, two.position_churn, two.rbo) == (0, 0.0, 1.0)


def test_the_last_look_counts_for_the_last_event() -> None:
    (row,) = Story().looks("abcde").takes("x").looks("abcxy").rows()
    assert (row.displaced, row.largest, row.position_churn) == (2, 2, 0.4)


def test_where_nobody_looks_again_nothing_is_said_of_consistency() -> None:
    (row,) = Story().looks("abcde").takes("a").rows()
    assert row.answers == row.sought == 0
    assert math.isnan(row.position_churn)
    assert math.isnan(row.rbo)


def test_a_slate_that_begins_anew_is_counted() -> None:
    story = Story().looks("abcde").takes("x").looks("vwxyz")
    (row,) = story.rows(anew={2})
    assert (row.restarts, row.displaced) == (1, 0)


def test_what_had_to_go_is_no_churn() -> None:
    (row,) = Story().looks("abcde").takes("a").looks("xbcde").rows(gone={2: "a"})
    assert (row.displaced, row.forced) == (0, 1)
    assert row.position_churn == 0.2


def test_refinding_follows_what_the_visitor_turns_to() -> None:
    story = Story().looks("abcde").takes("x").looks("bacdz").takes("c").looks("bacdz").takes("a")
    one, two, _ = story.rows()
    assert (one.sought, one.refound) == (2, 1), "c is still there, a has moved"
    assert (two.sought, two.refound) == (2, 2)


def test_what_had_to_go_is_not_looked_for() -> None:
    (row,) = Story().looks("abcde").takes("a").looks("xbcde").rows(gone={2: "a"})
    assert (row.sought, row.refound) == (0, 0)


def test_every_policy_has_a_row_of_its_own() -> None:
    rows = Story().looks("abcde", "vwxyz").takes("w").looks("abcdw", "vwxyz").rows()
    assert [(row.policy, row.hit_next, row.displaced) for row in rows] == [(0, 0.0, 1), (1, 1.0, 0)]


def test_truth_is_the_share_of_the_best_slate() -> None:
    class Key:
        def worth(self, visit: Visit, number: int) -> Mapping[str, float]:
            assert visit.moments[number].look
            return {"a": 0.2, "b": 0.5, "z": 0.1, "?": 9.0}

        def decided(self, visit: Visit, number: int) -> Mapping[str, float]:
            return {"c": 0.03, "z": 0.05, "?": 0.5}

    (row,) = Story().looks("abcde").takes("b").looks("abcde").rows(truth=Key())
    best = 0.5 * G[0] + 0.2 * G[1] + 0.1 * G[2]
    assert row.truth == pytest.approx((0.2 * G[0] + 0.5 * G[1]) / best)
    assert (row.in_reach, row.weighed) == (0.03, 0.08)


def test_gains_are_those_of_ndcg() -> None:
    assert gain(0) == 1.0
    assert gain(2) == pytest.approx(0.5)
    assert gain(150) == pytest.approx(1 / math.log2(152))
    assert ideal(3) == pytest.approx(1 + 1 / math.log2(3) + 0.5)
