"""Editors' picks in `surfaces.toml`: read by seat, and refused together with all other faults."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies import Pick
from recsvc.config.surfaces import read_surfaces
from recsvc.errors import Misconfigured


def faults(folder: Path, text: str) -> dict[str, str]:
    (folder / "surfaces.toml").write_text(text)
    with pytest.raises(Misconfigured) as error:
        read_surfaces(folder, folder)
    return {fault.field: fault.message for fault in error.value.faults}


def test_picks_are_read_by_rising_seat(tmp_path: Path) -> None:
    (tmp_path / "surfaces.toml").write_text(
        '[surfaces.home]\n[surfaces.side]\n[picks.home]\n10 = "z"\n2 = "85123A"\n'
    )
    surfaces = read_surfaces(tmp_path, tmp_path)
    assert surfaces["home"].picks == (Pick("85123A", 2), Pick("z", 10))
    assert surfaces["side"].picks == ()


def test_all_faults_of_picks_are_told_at_once_with_those_of_the_knobs(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        "[surfaces.home]\nk = 4\n[surfaces.side]\nk = 0\n"
        '[picks.home]\n1 = "a"\n01 = "b"\n2 = "a"\n3 = 7\n4 = ""\n5 = "c"\n0 = "d"\nx = "e"\n'
        '[picks.side]\n9 = "a"\n[picks.there]\n1 = "a"\n',
    )
    assert found == {
        "surfaces.side.k": found["surfaces.side.k"],
        "picks.home.01": "is the same seat as picks.home.1",
        "picks.home.2": "has the same item as picks.home.1",
        "picks.home.3": "must be the id of an item, as text",
        "picks.home.4": "must be the id of an item, as text",
        "picks.home.5": "must be a seat from 1 to 4",
        "picks.home.0": "must be a seat from 1 to 4",
        "picks.home.x": "must be a seat from 1 to 4",
        "picks.there": "is not a surface; there are: home, side",
    }


@pytest.mark.parametrize("text", ["picks = 3", "picks = ['a']", "picks = 'home'"])
def test_picks_that_are_no_table_are_refused(tmp_path: Path, text: str) -> None:
    assert set(faults(tmp_path, f"{text}\n[surfaces.home]\n")) == {"picks"}


@pytest.mark.parametrize("text", ["home = 3", "home = 'a'", "home = ['a']"])
def test_picks_of_a_surface_that_are_no_table_are_refused(tmp_path: Path, text: str) -> None:
    written = f"[surfaces.home]\n[picks]\n{text}\n"
    assert set(faults(tmp_path, written)) == {"picks.home"}
