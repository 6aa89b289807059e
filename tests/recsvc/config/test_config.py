"""Knobs, surfaces and settings: wrong ones are refused together, each at its field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from policies import Knobs
from recsvc.config.knobs import read_knobs, warnings_of, with_nulls
from recsvc.config.settings import Settings, read_settings, refuse_open_doors
from recsvc.config.surfaces import read_surfaces
from recsvc.errors import BadInput, Misconfigured, UnknownSurface


def faults(written: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(BadInput) as error:
        read_knobs(written)
    return {fault.field: fault.message for fault in error.value.faults}


def test_knobs_that_are_left_out_have_their_defaults() -> None:
    assert read_knobs({}) == Knobs()
    written = {"k": 3, "churn_limit": 1, "session_budget": None, "slate_key": ["destination"]}
    assert read_knobs(written) == Knobs(
        k=3, churn_limit=1.0, session_budget=None, slate_key=("destination",)
    )


def test_all_faults_of_knobs_are_told_at_once() -> None:
    found = faults(
        {"k": 0, "churn_limit": 1.5, "hold_s": "x", "holds": 1, "session_budget": 2.5, "margin": -1}
    )
    assert set(found) == {"k", "churn_limit", "hold_s", "holds", "session_budget", "margin"}
    assert found["holds"].startswith("there is no such name here")
    assert "whole number" in found["session_budget"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("k", 101),
        ("k", True),
        ("k", "10"),
        ("churn_limit", False),
        ("churn_limit", float("nan")),
        ("hold_s", float("inf")),
        ("margin_by_profile", 1),
        ("seat_weights", "steep"),
        ("slate_key", "destination"),
        ("slate_key", [1]),
        ("budget_window_s", 0),
        ("deadline_ms", 4),
        ("deadline_ms", 5001),
        ("max_shift", -1),
    ],
)
def test_a_value_of_the_wrong_kind_or_range_is_refused(name: str, value: Any) -> None:
    assert [field.split(".")[0] for field in faults({name: value})] == [name]


def test_rules_are_refused_together_with_all_other_faults_each_at_its_knob(tmp_path: Path) -> None:
    (tmp_path / "surfaces.toml").write_text(
        "[surfaces.home]\nk = 0\nhold_when = 'context.x + 1'\nrefresh_when = 'context.x = true'\n"
    )
    with pytest.raises(Misconfigured) as error:
        read_surfaces(tmp_path, tmp_path)
    told = {fault.field: fault.message for fault in error.value.faults}
    assert set(told) == {f"surfaces.home.{name}" for name in ("k", "hold_when", "refresh_when")}
    assert told["surfaces.home.hold_when"] == (
        "line 1, column 1: a rule is true or false, and this is a number"
    )
    assert told["surfaces.home.refresh_when"] == "line 1, column 11: write == to compare"


@pytest.mark.parametrize(
    "written",
    [
        'hold_when = "context.filters_applied == true"',
        'hold_when = [{ fact = "context.filters_applied", is = true }]',
        '[surfaces.home.hold_when]\nall = [{ fact = "context.filters_applied", is = true }]',
    ],
)
def test_a_rule_is_written_as_text_or_as_conditions_and_kept_as_text(
    tmp_path: Path, written: str
) -> None:
    (tmp_path / "surfaces.toml").write_text(f"[surfaces.home]\n{written}\n")
    knobs = read_surfaces(tmp_path, tmp_path)["home"].knobs
    assert knobs == Knobs(hold_when="context.filters_applied == true")


@pytest.mark.parametrize("written", [None, "null", "none"])
def test_no_rule_is_null(written: Any) -> None:
    assert read_knobs(with_nulls({"hold_when": written, "refresh_when": written})) == Knobs()


def test_a_rule_of_another_kind_is_refused() -> None:
    told = faults({"hold_when": True, "refresh_when": 3})
    assert set(told) == {"hold_when", "refresh_when"}


def test_a_frozen_surface_is_taken_with_a_warning() -> None:
    assert warnings_of(read_knobs({"k": 8, "churn_limit": 0.1})) == ("this surface is frozen",)
    assert warnings_of(read_knobs({"session_budget": 0})) == ("this surface is frozen",)
    assert warnings_of(read_knobs({"k": 10, "churn_limit": 0.1})) == ()


def test_a_rule_that_asks_nothing_is_taken_with_a_warning() -> None:
    (told,) = warnings_of(read_knobs({"hold_when": "1 < 2", "refresh_when": "user.known"}))
    assert told.startswith("hold_when asks no fact")


def test_surfaces_of_the_home_come_before_those_beside(tmp_path: Path) -> None:
    home, beside = tmp_path / "home", tmp_path / "beside"
    home.mkdir()
    beside.mkdir()
    assert set(read_surfaces(home, beside).by_name) == {"home"}
    (beside / "surfaces.toml").write_text("[surfaces.here]\nsession_budget = 'null'\n")
    assert read_surfaces(home, beside)["here"].knobs.session_budget is None
    (home / "surfaces.toml").write_text("[surfaces.there]\nk = 3\n")
    assert set(read_surfaces(home, beside).by_name) == {"there"}
    with pytest.raises(UnknownSurface, match="there are: there"):
        read_surfaces(home, beside)["here"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("k = 3", "names no surface"),
        ("[surfaces]\nhome = 3", "surfaces.home: must be a table"),
        ("[surfaces.a]\nk = 0\n[surfaces.b]\nk = 'x'\n", "surfaces.a.k.*surfaces.b.k"),
        ("[surfaces.a]\n[settings]\nport = 1", "settings: is not known here"),
        ("[surfaces.a", "cannot be read as TOML"),
    ],
)
def test_a_wrong_file_of_surfaces_is_told_with_all_its_faults(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "surfaces.toml").write_text(text)
    with pytest.raises(Misconfigured, match=f"(?s){words}"):
        read_surfaces(tmp_path, tmp_path)


def test_flags_come_before_environment_before_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "recsvc.toml"
    file.write_text("port = 1111\nworkers = 3\nhost = '127.0.0.2'\n")
    monkeypatch.setenv("RECSVC_CONFIG", str(file))
    monkeypatch.setenv("RECSVC_WORKERS", "4")
    settings = read_settings(host="127.0.0.3", port=None)
    assert (settings.host, settings.workers, settings.port) == ("127.0.0.3", 4, 1111)


@pytest.mark.parametrize("name", ["Nowhere/City", "", "../etc/passwd", "local"])
def test_a_time_zone_that_nobody_knows_is_refused(name: str) -> None:
    with pytest.raises(Misconfigured, match=r"time_zone: .*must be a time zone"):
        read_settings(time_zone=name)
    assert read_settings(time_zone="Asia/Seoul").zone.key == "Asia/Seoul"


def test_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSVC_PORT", "http")
    monkeypatch.setenv("RECSVC_WORKERS", "0")
    with pytest.raises(Misconfigured, match=r"(?s)port.*workers"):
        read_settings()
    monkeypatch.setenv("RECSVC_CONFIG", "nowhere.toml")
    with pytest.raises(Misconfigured, match=r"nowhere\.toml"):
        read_settings()


OTHERS = ["0.0.0.0", "192.0.2.1", "example.org", "::"]
HERE = ["127.0.0.1", "127.0.0.9", "::1", "localhost"]


@pytest.mark.parametrize("host", OTHERS)
def test_the_service_is_open_on_this_machine_only(host: str) -> None:
    for settings in (Settings(host=host), Settings(host=host, auth="open")):
        with pytest.raises(Misconfigured, match="this machine only"):
            refuse_open_doors(settings)
    with pytest.raises(Misconfigured, match="this machine only"):
        refuse_open_doors(Settings(host=host, auth="open"), live_keys=3)
    assert Settings(host=host).guarded


@pytest.mark.parametrize("host", HERE)
def test_this_machine_may_ask(host: str) -> None:
    refuse_open_doors(Settings(host=host))
    assert not Settings(host=host).guarded


@pytest.mark.parametrize("host", [*HERE, *OTHERS])
def test_keys_open_to_any_address_and_none_are_a_mistake(host: str) -> None:
    refuse_open_doors(Settings(host=host, auth="keys"), live_keys=1)
    assert Settings(host=host, auth="keys").guarded
    with pytest.raises(Misconfigured, match="recsvc keys create"):
        refuse_open_doors(Settings(host=host, auth="keys"))


@pytest.mark.parametrize(
    "written",
    [
        {"main": ["short secret"]},
        {"main": "secret " * 6},
        {"main": ["x" * 40, 5]},
        ["secret " * 6],
        "secret " * 6,
    ],
)
def test_a_faulty_secret_is_told_without_repeating_it(written: Any) -> None:
    with pytest.raises(Misconfigured, match="user_token_keys") as error:
        read_settings(user_token_keys=written, redis_url=5)
    told = f"{error.value} {error.value.faults}"
    assert "secret" not in told
    assert "got 5" not in told


def test_secrets_are_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECSVC_USER_TOKEN_KEYS", '{"main": ["' + "secret " * 6 + '"]}')
    settings = read_settings()
    assert settings.user_token_keys["main"][0].get_secret_value() == "secret " * 6
    assert "secret " * 6 not in f"{settings!r} {settings}"
    monkeypatch.setenv("RECSVC_USER_TOKEN_KEYS", '{"main": ["' + "secret " * 6)
    with pytest.raises(Misconfigured) as error:
        read_settings()
    assert "secret " * 6 not in str(error.value)
