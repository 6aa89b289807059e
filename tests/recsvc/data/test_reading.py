"""What is read from canonical files, whatever their form."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsvc.data import Tables, data_hash, read_tables, tables_from_frames, write_tables
from recsvc.errors import BadData

ROWS = "user_id,item_id,timestamp\n007,01,30\n8,01,10\n007,2,20\n"


def written(folder: Path, text: str, name: str = "interactions.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def shop() -> Tables:
    return tables_from_frames(
        pd.DataFrame(
            {
                "user_id": ["007", "7", "007"],
                "item_id": ["a", "b", "c"],
                "timestamp": [3, 1, 2],
                "weight": [0.1, 2.0, 1.0],
                "session_id": ["s1", None, "s1"],
                "event": ["view", "view", "purchase"],
            }
        ),
        pd.DataFrame(
            {
                "item_id": ["c", "b", "a"],
                "title": ["1984", "Été, à la mer", 'Say "hi"'],
                "price": [1.0, 2.5, np.nan],
                "code": ["007", "12", "4.50"],
                "pool": [True, False, True],
                "width": np.array([0.1, 0.2, 0.3], dtype=np.float32),
            }
        ),
        pd.DataFrame({"user_id": ["7", "007"], "age": [31, 42]}),
    )


def test_ids_stay_text_from_csv(tmp_path: Path) -> None:
    frame = read_tables(written(tmp_path, ROWS)).interactions
    assert frame["user_id"].tolist() == ["8", "007", "007"]
    assert frame["item_id"].tolist() == ["01", "2", "01"]


def test_ids_stay_text_from_parquet(tmp_path: Path) -> None:
    path = tmp_path / "interactions.parquet"
    rows = {"user_id": ["007", "7"], "item_id": ["x", "x"], "timestamp": [1, 2]}
    pd.DataFrame(rows).to_parquet(path)
    assert read_tables(path).interactions["user_id"].tolist() == ["007", "7"]


@pytest.mark.parametrize("ids", [[13085, 7, 8], [13085.0, 7.0, np.nan]])
def test_numeric_ids_of_parquet_become_text_without_a_decimal_point(
    tmp_path: Path, ids: list[float]
) -> None:
    path = tmp_path / "interactions.parquet"
    pd.DataFrame({"user_id": ids, "item_id": [1, 2, 3], "timestamp": [1, 2, 3]}).to_parquet(path)
    frame = read_tables(path).interactions
    assert frame["user_id"].tolist()[:2] == ["13085", "7"]
    assert frame["item_id"].tolist()[:2] == ["1", "2"]


def test_an_id_spelled_na_is_an_id_and_an_empty_one_is_missing(tmp_path: Path) -> None:
    path = written(tmp_path, 'user_id,item_id,timestamp\nNA,null,1\n"",x,2\n  ,x,3\n')
    tables = read_tables(path)
    assert tables.interactions[["user_id", "item_id"]].to_numpy().tolist() == [["NA", "null"]]
    assert tables.report.dropped == {"missing user": 2}


def test_rows_are_sorted_by_time_and_equal_times_keep_their_order(tmp_path: Path) -> None:
    rows = [(f"{at}", at * 7 % 3) for at in range(1000)]
    text = "user_id,item_id,timestamp\n" + "".join(f"u,{item},{time}\n" for item, time in rows)
    frame = read_tables(written(tmp_path, text)).interactions
    assert frame["item_id"].tolist() == [
        item for item, _time in sorted(rows, key=lambda row: row[1])
    ]
    assert frame.index.tolist() == list(range(1000))


def test_a_weight_that_is_not_given_is_one(tmp_path: Path) -> None:
    frame = read_tables(written(tmp_path, ROWS)).interactions
    assert frame["weight"].dtype == np.float32
    assert frame["weight"].tolist() == [1.0, 1.0, 1.0]
    assert list(frame.columns) == ["user_id", "item_id", "timestamp", "weight"]


def test_empty_weights_count_as_one_and_the_report_says_so(tmp_path: Path) -> None:
    path = written(tmp_path, "user_id,item_id,timestamp,weight\nu,i,1,\nu,i,2,3\n")
    tables = read_tables(path)
    assert tables.interactions["weight"].tolist() == [1.0, 3.0]
    assert "1 rows without a weight count as 1" in tables.report.notes


def test_a_folder_brings_its_items_and_users(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    written(tmp_path, "item_id,title,price\n2,Two,1.5\n01,One,2\n", "items.csv")
    written(tmp_path, "user_id,country\n007,UK\n8,PT\n", "users.csv")
    tables = read_tables(tmp_path)
    assert tables.items is not None
    assert tables.users is not None
    assert tables.items["item_id"].tolist() == ["01", "2"]
    assert tables.items["price"].tolist() == [2.0, 1.5]
    assert tables.users["country"].tolist() == ["UK", "PT"]


def test_a_named_items_file_comes_before_that_of_the_folder(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    written(tmp_path, "item_id,title\n2,Two\n", "items.csv")
    other = written(tmp_path, "item_id,title\n2,Deux\n", "other.csv")
    items = read_tables(tmp_path, items=other).items
    assert items is not None
    assert items["title"].tolist() == ["Deux"]


def test_gzipped_csv_reads_as_the_plain_one(tmp_path: Path) -> None:
    plain = read_tables(written(tmp_path, ROWS))
    pd.read_csv(tmp_path / "interactions.csv", dtype=str).to_csv(
        tmp_path / "other.csv.gz", index=False
    )
    assert data_hash(read_tables(tmp_path / "other.csv.gz")) == data_hash(plain)


def test_any_csv_is_read_with_a_mapping_of_its_columns(tmp_path: Path) -> None:
    text = "when;customer;sku;stars\n2026-01-01T00:00:00Z;007;a;4\n2026-01-02;8;b;5\n"
    path = written(tmp_path, text, "orders.csv")
    mapping = {"user_id": "customer", "item_id": "sku", "timestamp": "when", "weight": "stars"}
    tables = read_tables(path, columns=mapping)
    assert tables.interactions["user_id"].tolist() == ["007", "8"]
    assert tables.interactions["weight"].tolist() == [4.0, 5.0]
    assert tables.interactions["timestamp"].tolist() == [1767225600, 1767312000]
    assert any("';'" in note for note in tables.report.notes)


def test_a_mapping_may_swap_two_columns(tmp_path: Path) -> None:
    path = written(tmp_path, "user_id,item_id,timestamp\ni,u,1\n")
    swapped = read_tables(path, columns={"user_id": "item_id", "item_id": "user_id"})
    assert swapped.interactions.loc[0, ["user_id", "item_id"]].tolist() == ["u", "i"]


def test_a_mapping_also_serves_the_items(tmp_path: Path) -> None:
    path = written(tmp_path, "customer,sku,when\nu,007,1\n", "orders.csv")
    items = written(tmp_path, "sku,name\n007,Tea\n", "articles.csv")
    mapping = {"user_id": "customer", "item_id": "sku", "timestamp": "when", "title": "name"}
    read = read_tables(path, items=items, columns=mapping).items
    assert read is not None
    assert read.to_numpy().tolist() == [["007", "Tea"]]


def test_text_that_is_not_utf8_is_read_as_latin1_and_noted(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_bytes("user_id,item_id,timestamp\nJosé,x,1\n".encode("latin-1"))
    tables = read_tables(path)
    assert tables.interactions["user_id"].tolist() == ["José"]
    assert any("Latin-1" in note for note in tables.report.notes)


def test_a_malformed_row_that_is_not_utf8_is_counted_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "interactions.csv"
    path.write_bytes("user_id,item_id,timestamp\nu,i,1\nJosé,x,1,more\n".encode("latin-1"))
    assert read_tables(path).report.dropped == {"wrong number of columns": 1}


def test_a_byte_order_mark_is_not_part_of_the_first_column(tmp_path: Path) -> None:
    path = written(tmp_path, "\ufeff" + ROWS)
    assert read_tables(path).interactions["user_id"].tolist() == ["8", "007", "007"]


def test_attributes_of_csv_become_numbers_only_where_nothing_is_lost(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    text = "item_id,title,price,code,pool,stars\n01,1984,1.50,007,true,3\n2,2001,2,12,false,4\n"
    written(tmp_path, text, "items.csv")
    items = read_tables(tmp_path).items
    assert items is not None
    assert items["price"].tolist() == [1.5, 2.0]
    assert items["code"].tolist() == ["007", "12"]
    assert items["title"].tolist() == ["1984", "2001"]
    assert items["pool"].tolist() == [True, False]
    assert items["stars"].dtype == np.int64


def test_items_left_out_or_filled_in_are_noted(tmp_path: Path) -> None:
    written(tmp_path, ROWS)
    written(tmp_path, "item_id,title\n2,Two\n2,Again\n,None\n3,\n", "items.csv")
    tables = read_tables(tmp_path)
    assert tables.items is not None
    assert tables.items.to_numpy().tolist() == [["2", "Two"], ["3", "3"]]
    notes = " / ".join(tables.report.notes)
    assert "items: 1 rows left out: without an id" in notes
    assert "items: 1 rows left out: of an id seen before" in notes
    assert "items: 1 without a title show their id" in notes
    assert "1 items of the interactions are not in the table of items" in notes


def test_writing_twice_gives_equal_bytes_and_reading_gives_the_same_tables(tmp_path: Path) -> None:
    tables = shop()
    write_tables(tables, tmp_path / "a")
    write_tables(tables, tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert names == ["interactions.parquet", "items.parquet", "users.parquet"]
    for name in names:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    again = read_tables(tmp_path / "a")
    pd.testing.assert_frame_equal(again.interactions, tables.interactions)
    assert again.items is not None
    assert tables.items is not None
    pd.testing.assert_frame_equal(again.items, tables.items)


def test_writing_removes_tables_that_are_not_there_any_more(tmp_path: Path) -> None:
    write_tables(shop(), tmp_path)
    write_tables(tables_from_frames(shop().interactions), tmp_path)
    assert read_tables(tmp_path).items is None


def test_the_hash_is_that_of_the_content_not_of_the_form(tmp_path: Path) -> None:
    tables = shop()
    write_tables(tables, tmp_path / "parquet")
    (tmp_path / "csv").mkdir()
    for name in ("interactions", "items", "users"):
        getattr(tables, name).to_csv(tmp_path / "csv" / f"{name}.csv", index=False)
    hashes = {data_hash(read_tables(tmp_path / form)) for form in ("parquet", "csv")}
    assert hashes == {data_hash(tables)}


@pytest.mark.parametrize(
    ("column", "value"),
    [("user_id", "07"), ("item_id", "A"), ("timestamp", 9), ("weight", 9.0), ("event", "click")],
)
def test_the_hash_changes_with_every_value(column: str, value: object) -> None:
    tables = shop()
    changed = tables.interactions.copy()
    changed.loc[len(changed) - 1, column] = value
    other = tables_from_frames(changed, tables.items, tables.users)
    assert data_hash(other) != data_hash(tables)


def test_the_hash_tells_a_text_with_leading_zeros_from_a_number() -> None:
    rows = pd.DataFrame({"user_id": ["u"], "item_id": ["i"], "timestamp": [1]})
    items = [pd.DataFrame({"item_id": ["i"], "title": ["t"], "c": [c]}) for c in ("007", "7")]
    first, second = (data_hash(tables_from_frames(rows, table)) for table in items)
    assert first != second


@pytest.mark.parametrize(
    ("name", "rows", "users", "items"),
    [
        ("online-retail-ii-2009", 393_637, 4_285, 4_006),
        ("movietweetings-140k", 139_947, 20_960, 12_538),
    ],
)
def test_real_data_is_read_whole(
    real_data: Path, name: str, rows: int, users: int, items: int
) -> None:
    tables = read_tables(real_data / name)
    assert tables.report.rows_read == tables.report.rows_kept == len(tables.interactions) == rows
    assert tables.interactions["user_id"].nunique() == users
    assert tables.interactions["item_id"].nunique() == items
    assert tables.interactions["timestamp"].is_monotonic_increasing
    assert tables.items is not None
    assert len(tables.items) == items


def test_real_data_has_one_hash_in_both_forms(real_data: Path, tmp_path: Path) -> None:
    tables = read_tables(real_data / "online-retail-ii-2009")
    for name in ("interactions", "items", "users"):
        getattr(tables, name).to_csv(tmp_path / f"{name}.csv", index=False)
    assert data_hash(read_tables(tmp_path)) == data_hash(tables)


def test_two_forms_of_one_name_prefer_parquet(tmp_path: Path) -> None:
    write_tables(shop(), tmp_path)
    written(tmp_path, ROWS)
    assert len(read_tables(tmp_path).interactions) == 3
    assert read_tables(tmp_path).interactions["item_id"].tolist() == ["b", "c", "a"]


def test_a_frame_that_mixes_types_in_a_column_is_bad_data() -> None:
    frame = pd.DataFrame({"user_id": ["a", 1], "item_id": ["x", "y"], "timestamp": [1, 2]})
    with pytest.raises(BadData, match="mixes types"):
        tables_from_frames(frame)
