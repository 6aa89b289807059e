"""No row vanishes: each is kept or counted out by cause, and what cannot be used says why."""

from __future__ import annotations

import builtins
import gzip
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recsvc.data import Report, files, read_tables, tables_from_frames
from recsvc.errors import BadData

HEADER = "user_id,item_id,timestamp,weight\n"


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "rows.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("row", "cause"),
    [
        (",i,5,1", "missing user"),
        ("u,,5,1", "missing item"),
        ("u,i,,1", "missing time"),
        ("u,i,yesterday,1", "time not understood"),
        ("u,i,nan,1", "time not understood"),
        ("u,i,inf,1", "time not understood"),
        ("u,i,2026-13-45,1", "time not understood"),
        ("u,i,now,1", "time not understood"),
        ("u,i,-1,1", "time before 1970"),
        ("u,i,1969-12-31T23:59:59Z,1", "time before 1970"),
        ("u,i,4102444800,1", "time after 2100"),
        ("u,i,2100-01-01,1", "time after 2100"),
        ("u,i,5,much", "weight not a finite number"),
        ("u,i,5,nan", "weight not a finite number"),
        ("u,i,5,inf", "weight not a finite number"),
        ("u,i,5,1e39", "weight not a finite number"),
        ("u,i,5,0", "weight not above zero"),
        ("u,i,5,-2", "weight not above zero"),
        ("u,i,5,1e-60", "weight not above zero"),
        ("u,i,5,1,extra", "wrong number of columns"),
        ("u,i", "wrong number of columns"),
        (",,,", "missing user"),
    ],
)
def test_a_bad_row_is_counted_under_its_cause(
    csv: Callable[[str], Path], row: str, cause: str
) -> None:
    tables = read_tables(csv(f"{HEADER}{row}\nu,i,6,1\n"))
    assert tables.report.dropped == {cause: 1}
    assert (tables.report.rows_read, tables.report.rows_kept) == (2, 1)
    assert len(tables.interactions) == 1


FIELD = st.sampled_from(["", "u", "007", " ", "nan", "-1", "5", "1e12", "2026-01-01", "0", "x y"])


@given(st.lists(st.lists(FIELD, min_size=3, max_size=5), min_size=1, max_size=12))
def test_no_row_vanishes(tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]) -> None:
    rows = [["u", "i", "5", "1"], *rows]
    path = tmp_path_factory.mktemp("rows") / "rows.csv"
    path.write_text(HEADER + "".join(",".join(row) + "\n" for row in rows), encoding="utf-8")
    tables = read_tables(path)
    report = tables.report
    assert report.rows_read == len(rows)
    assert report.rows_kept + sum(report.dropped.values()) == report.rows_read
    assert report.rows_kept == len(tables.interactions)
    frame = tables.interactions
    assert frame[["user_id", "item_id"]].notna().to_numpy().all()
    assert frame["timestamp"].between(0, 4_102_444_800, inclusive="left").all()
    assert (np.isfinite(frame["weight"]) & (frame["weight"] > 0)).all()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["u", "", None]),
            st.sampled_from(["i", None]),
            st.one_of(st.floats(), st.integers(0, 2_000_000_000).map(float)),
            st.floats(width=32),
        ),
        min_size=1,
        max_size=12,
    )
)
def test_no_row_of_a_frame_vanishes(
    rows: list[tuple[str | None, str | None, float, float]],
) -> None:
    rows = [("u", "i", 5.0, 1.0), *rows]
    frame = pd.DataFrame(rows, columns=["user_id", "item_id", "timestamp", "weight"])
    report = tables_from_frames(frame).report
    assert report.rows_read == len(rows)
    assert report.rows_kept + sum(report.dropped.values()) == report.rows_read


def test_whole_seconds_are_integers_and_others_are_not(csv: Callable[[str], Path]) -> None:
    whole = read_tables(csv("user_id,item_id,timestamp\nu,i,5.0\nu,i,7\n"))
    assert whole.interactions["timestamp"].dtype == np.int64
    split = read_tables(csv("user_id,item_id,timestamp\nu,i,5.25\nu,i,7\n"))
    assert split.interactions["timestamp"].tolist() == [5.25, 7.0]


def test_milliseconds_are_recognised_and_the_report_says_so(csv: Callable[[str], Path]) -> None:
    tables = read_tables(csv("user_id,item_id,timestamp\nu,i,1767225600000\nu,i,1767225601500\n"))
    assert tables.interactions["timestamp"].tolist() == [1767225600.0, 1767225601.5]
    assert any("milliseconds" in note for note in tables.report.notes)


def test_seconds_are_not_taken_for_milliseconds(csv: Callable[[str], Path]) -> None:
    tables = read_tables(csv("user_id,item_id,timestamp\nu,i,1767225600\nu,i,4000000000\n"))
    assert tables.interactions["timestamp"].tolist() == [1767225600, 4000000000]
    assert not any("milliseconds" in note for note in tables.report.notes)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2026-01-01", 1767225600),
        ("2026-01-01 00:00:00", 1767225600),
        ("2026-01-01T01:00:00+01:00", 1767225600),
        ("2026-01-01T00:00:00.500Z", 1767225600.5),
    ],
)
def test_iso_times_are_utc_unless_they_name_an_offset(
    csv: Callable[[str], Path], text: str, seconds: float
) -> None:
    tables = read_tables(csv(f"user_id,item_id,timestamp\nu,i,{text}\n"))
    assert tables.interactions["timestamp"].tolist() == [seconds]


def test_iso_times_and_seconds_may_stand_in_one_column(csv: Callable[[str], Path]) -> None:
    tables = read_tables(csv("user_id,item_id,timestamp\nu,i,2026-01-01\nu,i,1767225601\n"))
    assert tables.interactions["timestamp"].tolist() == [1767225600, 1767225601]


def test_real_times_of_a_frame_are_utc() -> None:
    stamps = pd.to_datetime(["2026-01-01T00:00:00Z", "2026-01-01T00:00:01Z"])
    frame = pd.DataFrame({"user_id": ["u", "u"], "item_id": ["i", "j"], "timestamp": stamps})
    assert tables_from_frames(frame).interactions["timestamp"].tolist() == [1767225600, 1767225601]


def test_a_report_is_told_in_plain_words() -> None:
    report = Report(1200, 1190, {"missing user": 4, "time before 1970": 6}, ("remark",))
    assert report.lines() == [
        "1,200 rows read, 1,190 kept, 10 left out",
        "  4 left out: missing user",
        "  6 left out: time before 1970",
        "  note: remark",
    ]


def test_ids_that_look_like_decimals_are_noted(csv: Callable[[str], Path]) -> None:
    tables = read_tables(csv("user_id,item_id,timestamp\n13085.0,i,1\n7.0,j,2\n"))
    assert tables.interactions["user_id"].tolist() == ["13085.0", "7.0"]
    assert any('every user_id ends in ".0"' in note for note in tables.report.notes)


def test_all_missing_columns_are_named_at_once(csv: Callable[[str], Path]) -> None:
    with pytest.raises(BadData) as caught:
        read_tables(csv("customer,item_id,when\nu,i,1\n"))
    assert {fault.field for fault in caught.value.faults} == {"user_id", "timestamp"}
    assert "Found: customer, item_id, when" in caught.value.detail


def test_a_mapped_column_that_is_not_there_is_named(csv: Callable[[str], Path]) -> None:
    with pytest.raises(BadData, match=r"missing column\(s\): stars\."):
        read_tables(csv("user_id,item_id,timestamp\nu,i,1\n"), columns={"weight": "stars"})


def test_a_mapping_to_an_unknown_name_is_refused(csv: Callable[[str], Path]) -> None:
    with pytest.raises(BadData, match="wieght"):
        read_tables(csv("user_id,item_id,timestamp\nu,i,1\n"), columns={"wieght": "stars"})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("user_id,item_id,timestamp\n", "no usable row"),
        ("user_id,item_id,timestamp\nu,i,soon\nu,i,later\n", "no time in column timestamp"),
        ("user_id,item_id,timestamp\n,i,1\nu,,2\n", "missing user: 1, missing item: 1"),
        ("user_id,item_id,timestamp,timestamp\nu,i,1,1\n", "several columns are named timestamp"),
        ("user_id,item_id,timestamp\nu,i,1767225600000000000\n", "time after 2100: 1"),
    ],
)
def test_a_file_without_anything_usable_is_one_clear_error(
    csv: Callable[[str], Path], text: str, words: str
) -> None:
    with pytest.raises(BadData, match=words):
        read_tables(csv(text))


@pytest.mark.parametrize("name", ["broken.parquet", "broken.csv.gz"])
def test_an_unreadable_file_is_bad_data(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"this is neither of them")
    with pytest.raises(BadData, match="cannot be read"):
        read_tables(tmp_path / name)


def test_a_truncated_gzip_is_bad_data(tmp_path: Path) -> None:
    whole = gzip.compress(("user_id,item_id,timestamp\n" + "u,i,1\n" * 5000).encode())
    (tmp_path / "x.csv.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadData, match="cannot be read"):
        read_tables(tmp_path / "x.csv.gz")


def test_a_binary_file_named_csv_is_bad_data(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(bytes(range(256)) * 40)
    with pytest.raises(BadData):
        read_tables(tmp_path / "x.csv")


def test_a_missing_file_is_bad_data(tmp_path: Path) -> None:
    with pytest.raises(BadData, match="no such file"):
        read_tables(tmp_path / "none.csv")
    path = tmp_path / "rows.csv"
    path.write_text("user_id,item_id,timestamp\nu,i,1\n", encoding="utf-8")
    with pytest.raises(BadData, match="no such file"):
        read_tables(path, items=tmp_path / "none.csv")


@pytest.mark.parametrize("name", ["ml-1m.zip", "rows.json"])
def test_a_file_of_another_kind_is_refused_with_the_kinds_that_are_read(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(BadData, match=r"Accepted: \.parquet"):
        read_tables(tmp_path / name)


def test_a_folder_without_interactions_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x", encoding="utf-8")
    with pytest.raises(BadData, match=r"found: notes\.md"):
        read_tables(tmp_path)


def test_items_without_a_title_column_are_bad_data(csv: Callable[[str], Path]) -> None:
    rows = csv("user_id,item_id,timestamp\nu,i,1\n")
    items = rows.with_name("items.csv")
    items.write_text("item_id,price\ni,3\n", encoding="utf-8")
    with pytest.raises(BadData, match="missing column"):
        read_tables(rows, items=items)


def test_a_workbook_without_openpyxl_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> ModuleType:
        raise ImportError(name)

    monkeypatch.setattr(files, "import_module", absent)
    (tmp_path / "online_retail_II.xlsx").write_bytes(b"PK")
    with pytest.raises(BadData, match="pip install openpyxl"):
        read_tables(tmp_path / "online_retail_II.xlsx")


def test_a_broken_workbook_is_bad_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "import_module", lambda _name: builtins)
    (tmp_path / "x.xlsx").write_bytes(b"PK and nothing more")
    with pytest.raises(BadData, match="cannot be read as Excel"):
        read_tables(tmp_path / "x.xlsx")
