"""A log becomes visits: every event once, in its order, with looks around it."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest

from recsvc.data import Tables, tables_from_frames
from recsvc.errors import BadData
from simulations.forms import Replay
from simulations.replay import replay
from simulations.scenario import Visit

T0 = 1_700_000_000


def log(rows: list[tuple[str, str, int, str]], **more: Any) -> Tables:
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp", "session_id"])
    return tables_from_frames(frame.assign(**more))


def shop(baskets: int = 9, size: int = 8, people: int = 3) -> Tables:
    """People order in turn; all lines of an order carry one time and come sorted by item."""
    rows = [
        (f"u{basket % people}", f"i{line:02}", T0 + basket * 10_000, f"order-{basket}")
        for basket in range(baskets)
        for line in range(size)
    ]
    return log(rows)


def done(visit: Visit) -> list[str]:
    return [str(m.item_id) for m in visit.moments if not m.look]


def test_what_lies_after_the_cut_is_played_once_and_nothing_else() -> None:
    tables = shop()
    scenario = replay(tables, Replay(start=0.5), 1, retrain=False)
    played = sorted((v.visit_id, item) for v in scenario.visits for item in done(v))
    later = tables.interactions[tables.interactions["timestamp"] > scenario.cut]
    assert played == sorted(zip(later["session_id"], later["item_id"], strict=True))
    assert all(visit.start > scenario.cut - 60 for visit in scenario.visits)
    assert scenario.retrain is None


def test_the_order_within_a_basket_is_drawn_from_the_seed() -> None:
    source = Replay(start=0.4)
    one, same, other = (replay(shop(), source, n, retrain=False).visits for n in (1, 1, 2))
    assert one == same
    assert one != other
    assert done(one[0]) != sorted(done(one[0]))
    assert sorted(done(one[0])) == sorted(done(other[0]))


def test_a_visitor_is_played_alike_whoever_else_is() -> None:
    tables = shop(60, people=9)
    everybody = replay(tables, Replay(start=0.4), 1, retrain=False).visits
    some = replay(tables, Replay(start=0.4, visitors=4), 1, retrain=False).visits
    users = {visit.user_id for visit in some}
    assert len(users) == 4
    assert some == tuple(visit for visit in everybody if visit.user_id in users)


def test_every_event_stands_between_looks_and_time_only_rises() -> None:
    for visit in replay(shop(), Replay(start=0.4, reloads=2.0), 1, retrain=False).visits:
        kinds = [moment.type for moment in visit.moments]
        assert kinds[0] == kinds[-1] == ""
        assert all("" in pair for pair in pairwise(kinds))
        times = [moment.at for moment in visit.moments]
        assert times == sorted(times)


def test_reloads_are_as_many_as_asked_for() -> None:
    def looks(reloads: float) -> float:
        visits = replay(shop(40), Replay(start=0.2, reloads=reloads), 1, retrain=False).visits
        events = sum(len(done(visit)) for visit in visits)
        return (sum(len(v.moments) for v in visits) - events - len(visits)) / events - 1

    assert looks(0.0) == 0.0
    assert looks(1.5) == pytest.approx(1.5, abs=0.25)


def test_without_sessions_half_an_hour_without_anything_ends_a_visit() -> None:
    times = [0, 60, 1_800, 3_700, 3_760]
    rows = [("u", f"i{n}", T0 + 50_000 + at, "x") for n, at in enumerate(times)]
    rows += [(f"v{n}", "i0", T0 + n, "y") for n in range(20)] + [("w", "i1", T0 + 60_000, "z")]
    frame = log(rows).interactions.drop(columns="session_id")
    visits = replay(tables_from_frames(frame), Replay(start=0.7), 1, retrain=False).visits
    assert [done(visit) for visit in visits if visit.user_id == "u"] == [
        ["i0", "i1", "i2"],
        ["i3", "i4"],
    ]


@pytest.mark.parametrize(("told", "kind"), [({}, "view"), ({"event": "cart"}, "cart")])
def test_the_type_of_an_event_is_that_of_the_log_or_the_one_named(
    told: dict[str, str], kind: str
) -> None:
    tables = tables_from_frames(shop().interactions.assign(**told))
    visits = replay(tables, Replay(start=0.4, event="view"), 1, retrain=False).visits
    assert {m.type for v in visits for m in v.moments} == {"", kind}


def test_a_second_model_learns_nothing_that_is_played_after_it_takes_over() -> None:
    # All orders of a day carry one time, as many logs have it: their lines are spread from there.
    rows = [
        (f"u{n % 6}", f"i{n % 11:02}", T0 + day * 86_400, f"o{day}-{n % 6}")
        for day in range(8)
        for n in range(40)
    ]
    scenario = replay(log(rows), Replay(start=0.5), 1, retrain=True)
    assert scenario.retrain is not None
    learnt = scenario.tables.interactions
    learnt = learnt[learnt["timestamp"] <= scenario.retrain]
    later = [(v.user_id, m) for v in scenario.visits for m in v.moments if not m.look]
    later = [(user, moment) for user, moment in later if moment.at > scenario.retrain]
    assert later
    known = Counter(zip(learnt["user_id"], learnt["timestamp"], strict=True))
    assert all((user, moment.at) not in known for user, moment in later)
    assert len(learnt) + len(later) == len(rows)


def test_one_visit_of_a_person_ends_before_the_next_begins() -> None:
    rows = [("u", f"i{n:02}", T0 + 50_000, "a") for n in range(40)]
    rows += [("u", f"j{n:02}", T0 + 50_030 + n, "b") for n in range(5)]
    rows += [(f"v{n}", "i00", T0 + n, "y") for n in range(60)] + [("w", "i1", T0 + 60_000, "z")]
    visits = replay(log(rows), Replay(start=0.5), 1, retrain=False).visits
    one, two = (visit for visit in visits if visit.user_id == "u")
    assert one.moments[-1].at < two.moments[0].at


def test_times_that_the_log_tells_apart_are_played_as_they_are() -> None:
    rows = [("u", f"i{n:02}", T0 + 50_000 + 2 * n, "a") for n in range(9)]
    rows += [(f"v{n}", "i00", T0 + n, "y") for n in range(20)] + [("w", "i1", T0 + 60_000, "z")]
    (visit,) = (
        v for v in replay(log(rows), Replay(start=0.6), 1, retrain=False).visits if v.user_id == "u"
    )
    assert [m.at for m in visit.moments if not m.look] == [T0 + 50_000 + 2 * n for n in range(9)]


def test_impressions_are_not_played_and_unknown_types_are_played_as_named() -> None:
    frame = shop().interactions
    kinds = ["impression", "rating", "purchase", None] * len(frame)
    tables = tables_from_frames(frame.assign(event=kinds[: len(frame)]))
    scenario = replay(tables, Replay(start=0.4, event="view"), 1, retrain=False)
    played = Counter(m.type for v in scenario.visits for m in v.moments if not m.look)
    assert set(played) == {"view", "purchase"}
    # What trains a model and what is played go by the same names.
    assert set(scenario.tables.interactions["event"]) == {"impression", "view", "purchase"}


def test_people_who_share_a_session_have_visits_of_their_own() -> None:
    frame = shop().interactions.assign(session_id="1")
    visits = replay(tables_from_frames(frame), Replay(start=0.4), 1, retrain=False).visits
    assert [visit.visit_id for visit in visits] == ["u0/1", "u1/1", "u2/1"]


def test_a_retrain_comes_in_the_middle_of_the_played_events() -> None:
    scenario = replay(shop(20), Replay(start=0.5), 1, retrain=True)
    later = [m.at for v in scenario.visits for m in v.moments if not m.look]
    assert scenario.retrain is not None
    assert 0.3 < sum(at > scenario.retrain for at in later) / len(later) < 0.7


def test_an_empty_period_is_told_with_what_to_do() -> None:
    rows = [(f"u{n}", "i", T0, "s") for n in range(5)]
    with pytest.raises(BadData, match="nothing to play"):
        replay(log(rows), Replay(), 1, retrain=False)


def test_one_visitor_is_too_few() -> None:
    rows = [("u", f"i{n}", T0 + n, "s") for n in range(50)]
    with pytest.raises(BadData, match="at least two"):
        replay(log(rows), Replay(), 1, retrain=False)
