"""What the demo makes of its shop, of its study and of its story."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from recsvc.cli import demo_shop, demo_study
from recsvc.cli.demo_shop import Season
from recsvc.data import read_tables, tables_from_frames
from simulations.scenario import Moment, Visit
from simulations.shop import generate
from simulations.study import Replay


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Season]:
    folder = tmp_path_factory.mktemp("demo")
    return folder, demo_shop.make(folder)


def test_the_model_is_told_nothing_after_the_cut(made: tuple[Path, Season]) -> None:
    folder, season = made
    whole = generate(demo_shop.SEED)
    tables = read_tables(folder / "data")
    past = whole.interactions[whole.interactions["timestamp"] <= season.cut]
    assert tables.interactions["timestamp"].max() <= season.cut
    assert len(tables.interactions) == len(past) < len(whole.interactions)
    assert tables.items is not None
    assert tables.users is not None
    assert (len(tables.items), len(tables.users)) == (1200, 2000)
    assert min(visit.start for visit in season.visits) > season.cut
    told = sum(not moment.look for visit in season.visits for moment in visit.moments)
    assert told + len(past) == len(whole.interactions)


def test_a_second_start_finds_what_the_first_one_made(made: tuple[Path, Season]) -> None:
    folder, season = made
    assert demo_shop.kept(folder) == season


@pytest.mark.parametrize("missing", ["visits.json", "data/interactions.parquet"])
def test_a_shop_of_which_a_part_is_missing_is_made_anew(tmp_path: Path, missing: str) -> None:
    (tmp_path / "data").mkdir()
    for name in {"visits.json", "data/interactions.parquet"} - {missing}:
        (tmp_path / name).write_text("{}")
    assert demo_shop.kept(tmp_path) is None


def test_visits_that_cannot_be_read_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "interactions.parquet").touch()
    (tmp_path / "visits.json").write_text('{"cut": 1.0, "clos')
    assert demo_shop.kept(tmp_path) is None


def visit(user_id: str, *items: str) -> Visit:
    looks = [Moment(10.0)]
    return Visit(
        f"visit-of-{user_id}",
        user_id,
        (*looks, *(Moment(11.0 + n, "view", item) for n, item in enumerate(items))),
        {"destination": "Porto", "filters_applied": "false"},
    )


def test_the_story_is_of_a_known_guest_who_sees_the_slate_move() -> None:
    events = [("ann", "a"), ("ben", "b"), ("cid", "c"), ("dot", "d"), ("dot", "e"), ("cid", "shut")]
    tables = tables_from_frames(
        pd.DataFrame(
            {
                "user_id": [user for user, _ in events],
                "item_id": [item for _, item in events],
                "timestamp": range(1, len(events) + 1),
            }
        ),
        pd.DataFrame({"item_id": ["d"], "title": ["Casa do Mar, Porto"]}),
    )

    def suggestions(user_id: str, looked: Sequence[str]) -> list[str]:
        unmoved = user_id == "ben" or not looked
        return ["a", "b", "c"] if unmoved else ["a", "d", "e"]

    visits = (
        visit("new", "a", "b"),  # nobody the model knows
        visit("ann", "a", "b"),  # looked at one of them before
        visit("dot", "shut", "b"),  # one is closed
        visit("dot", "unheard-of", "b"),
        visit("ben", "a", "d"),  # nothing would change
        visit("cid", "shut", "d", "d", "e", "a"),
    )
    story = demo_shop.story_of(Season(0.0, ("shut",), visits), tables, suggestions)
    assert story.user_id == "cid"
    assert story.context == (("destination", "Porto"),)
    assert story.places == (("d", "Casa do Mar, Porto"), ("e", "e"))
    assert story.where == " and looks for a place in Porto"


def test_who_came_before_is_not_met_again_until_everybody_was_there() -> None:
    season = Season(0.0, (), (visit("ann", "a"), visit("ben", "b"), visit("ann", "c")))
    assert demo_shop.unmet(season, lambda _: False) == season
    rest = demo_shop.unmet(season, lambda user_id: user_id == "ann")
    assert [visit.user_id for visit in rest.visits] == ["ben"]
    assert demo_shop.unmet(season, lambda _: True) == season


def test_a_study_of_a_log_plays_about_as_many_events_whatever_the_log() -> None:
    def visitors(events_of_each: int) -> int:
        users = [f"u{n}" for n in range(1000)] * events_of_each
        frame = pd.DataFrame({"user_id": users, "item_id": "i", "timestamp": range(len(users))})
        source = demo_study.study_of_log(1, tables_from_frames(frame)).source
        assert isinstance(source, Replay)
        return source.visitors

    assert visitors(5) == 200
    assert 70 <= visitors(200) <= 80  # 40 events of each lie in the last fifth of time
    assert visitors(1000) == 20


def test_a_story_is_found_in_any_log() -> None:
    tables = tables_from_frames(
        pd.DataFrame({"user_id": ["u", "u"], "item_id": ["i", "i"], "timestamp": [1, 2]})
    )
    story = demo_shop.story_of_log(tables, lambda _: False)
    assert (story.user_id, story.context, story.where) == ("u", (), "")
    assert story.places == (("i", "i"),)


def test_a_log_that_cannot_be_played_is_told_and_skipped(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = pd.DataFrame({"user_id": ["u", "v"], "item_id": ["i", "j"], "timestamp": [1, 1]})
    tables = tables_from_frames(frame)
    study = demo_study.study_of_log(1, tables)
    assert demo_study.play(study, tables, tmp_path / "study") is None
    assert "not on this data: " in capsys.readouterr().err


def test_a_study_is_played_once_and_anew_on_other_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tables, others = (generate(seed, users=60, items=40, days=10) for seed in (1, 2))
    study, out = demo_study.study_of_log(1, tables), tmp_path / "study"
    report = demo_study.play(study, tables, out)
    assert report is not None
    first = report.read_text()
    assert demo_study.play(study, tables, out) == report
    assert "complete already" in capsys.readouterr().err
    assert report.read_text() == first
    assert demo_study.play(demo_study.study_of_log(1, others), others, out) == report
    assert report.read_text() != first


def test_a_folder_that_is_somebody_elses_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    tables = generate(1, users=60, items=40, days=10)
    assert demo_study.play(demo_study.study_of_log(1, tables), tables, tmp_path) is None
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert "is there and not empty" in capsys.readouterr().err
