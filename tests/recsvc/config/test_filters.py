"""Filters in `surfaces.toml`: which word of a page is which attribute of an item."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from recsvc.config.filters import Filter
from recsvc.config.surfaces import parse_surfaces, read_surfaces
from recsvc.errors import Misconfigured


def test_filters_are_read_by_name_and_belong_to_their_surface(tmp_path: Path) -> None:
    (tmp_path / "surfaces.toml").write_text(
        '[surfaces.home]\n[surfaces.side]\n[filters.home]\nto = "city"\nlong = "hours"\n'
    )
    surfaces = read_surfaces(tmp_path, tmp_path)
    assert surfaces["home"].filters == (Filter("long", "hours"), Filter("to", "city"))
    assert surfaces["side"].filters == ()


def test_all_faults_of_filters_are_told_at_once_with_those_of_the_knobs(tmp_path: Path) -> None:
    (tmp_path / "surfaces.toml").write_text(
        "[surfaces.home]\nk = 0\n[surfaces.side]\n"
        '[filters.home]\na = ""\nb = 3\nc = "city"\nd = ["city"]\n[filters.there]\na = "city"\n'
    )
    with pytest.raises(Misconfigured) as error:
        read_surfaces(tmp_path, tmp_path)
    found = {fault.field: fault.message for fault in error.value.faults}
    name = "must be the name of an attribute of items, as text"
    assert found == {
        "surfaces.home.k": found["surfaces.home.k"],
        **dict.fromkeys(("filters.home.a", "filters.home.b", "filters.home.d"), name),
        "filters.there": "is not a surface; there are: home, side",
    }


def test_the_example_in_the_docs_is_read() -> None:
    text = (Path(__file__).parents[3] / "docs" / "filters.md").read_text(encoding="utf-8")
    block = text.split("```toml\n")[1].split("```")[0]
    surface = parse_surfaces(tomllib.loads(block), "docs/filters.md")["trips"]
    assert surface.filters == (Filter("destination", "city"), Filter("stars", "stars"))


@pytest.mark.parametrize("table", ["filters = 3", "[filters]\nhome = 3"])
def test_filters_that_are_no_tables_are_refused(tmp_path: Path, table: str) -> None:
    text = f"{table}\n" if table.startswith("filters") else ""
    text += "[surfaces.home]\n" + ("" if text else table)
    (tmp_path / "surfaces.toml").write_text(text)
    with pytest.raises(Misconfigured, match=r"must be (a table|tables) like"):
        read_surfaces(tmp_path, tmp_path)
