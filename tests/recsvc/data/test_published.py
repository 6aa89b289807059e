"""Published data sets are read in the form in which their makers give them out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from recsvc.data import Tables, read_tables

INVOICES = """{head}
489434,85048,"15CM CHRISTMAS GLASS BALL, 20 LIGHTS",12,{t1},6.95,13085{dot},United Kingdom
489434,79323P,PINK CHERRY LIGHTS,6,{t1},6.75,13085{dot},United Kingdom
489435,85048,15CM CHRISTMAS GLASS BALL,2,{t2},6.75,12346{dot},France
489435,85048,15CM CHRISTMAS GLASS BALL,2,{t2},6.85,12346{dot},France
C489449,22087,PAPER BUNTING,-12,{t2},2.95,16321{dot},Australia
489440,22087,PAPER BUNTING,-3,{t2},2.95,16321{dot},Australia
489441,22087,PAPER BUNTING,3,{t2},2.95,,Australia
489442,POST,POSTAGE,1,{t2},18,13085{dot},United Kingdom
489443,22087,PAPER BUNTING,5,{t2},0,13085{dot},United Kingdom
"""
HEAD_ONE = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
HEAD_TWO = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"


def assert_invoices(tables: Tables) -> None:
    rows = tables.interactions
    assert rows["user_id"].tolist() == ["13085", "13085", "12346", "12346"]
    assert rows["item_id"].tolist() == ["85048", "79323P", "85048", "85048"]
    assert rows["weight"].tolist() == [12.0, 6.0, 2.0, 2.0]
    assert rows["session_id"].tolist() == ["489434", "489434", "489435", "489435"]
    assert set(rows["event"]) == {"purchase"}
    assert rows["timestamp"].tolist() == [1259653500, 1259653500, 1259653560, 1259653560]
    assert tables.report.dropped == {
        "cancelled invoice": 1,
        "quantity not above zero": 1,
        "missing customer": 1,
        "not a product (postage, fee, voucher)": 1,
        "price not above zero": 1,
    }
    assert tables.report.rows_read == 9
    assert tables.items is not None
    assert tables.users is not None
    assert tables.items.to_numpy().tolist() == [
        ["79323P", "PINK CHERRY LIGHTS", 6.75],
        ["85048", "15CM CHRISTMAS GLASS BALL", 6.85],
    ]
    assert tables.users.to_numpy().tolist() == [["12346", "France"], ["13085", "United Kingdom"]]


@pytest.mark.parametrize(
    ("head", "dot", "t1", "t2"),
    [
        (HEAD_TWO, ".0", "2009-12-01 07:45:00", "2009-12-01 07:46:00"),
        (HEAD_ONE, "", "12/1/2009 7:45", "12/1/2009 7:46"),
    ],
)
def test_online_retail_is_read_from_its_csv_exports(
    tmp_path: Path, head: str, dot: str, t1: str, t2: str
) -> None:
    path = tmp_path / "online_retail_II.csv"
    path.write_text(INVOICES.format(head=head, dot=dot, t1=t1, t2=t2), encoding="utf-8")
    assert_invoices(read_tables(path))
    assert_invoices(read_tables(tmp_path))


def test_online_retail_is_read_from_parquet_with_typed_columns(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    times = {"t1": "2009-12-01 07:45:00", "t2": "2009-12-01 07:46:00"}
    path.write_text(INVOICES.format(head=HEAD_TWO, dot=".0", **times), encoding="utf-8")
    frame = pd.read_csv(path, parse_dates=["InvoiceDate"], dtype={"StockCode": str, "Invoice": str})
    path.unlink()
    frame.to_parquet(tmp_path / "retail.parquet")
    assert_invoices(read_tables(tmp_path / "retail.parquet"))


def test_invoices_with_latin1_signs_are_read(tmp_path: Path) -> None:
    path = tmp_path / "retail.csv"
    row = "1,85048,£1 PAINT CAFÉ,2,2009-12-01 07:45:00,1,13085,UK\n"
    path.write_bytes(f"{HEAD_TWO}\n{row}".encode("latin-1"))
    items = read_tables(path).items
    assert items is not None
    assert items["title"].tolist() == ["£1 PAINT CAFÉ"]


def test_movielens_100k_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "u.data").write_text("196\t242\t3\t881250949\n186\t302\t4\t881250940\n")
    flags = "|".join("1" if at in (5, 8) else "0" for at in range(19))
    (tmp_path / "u.item").write_bytes(
        f"242|Misérables, Les (1995)|01-Jan-1995||http://x/?q=a|{flags}\n".encode("latin-1")
    )
    (tmp_path / "u.user").write_text("196|49|M|writer|02139\n186|39|F|other|T8H1N\n")
    tables = read_tables(tmp_path)
    assert tables.interactions["user_id"].tolist() == ["186", "196"]
    assert tables.interactions["item_id"].tolist() == ["302", "242"]
    assert tables.interactions["weight"].tolist() == [1.0, 1.0]
    assert tables.items is not None
    assert tables.users is not None
    assert tables.items.iloc[0].tolist() == [
        "242",
        "Misérables, Les (1995)",
        "01-Jan-1995",
        "Comedy|Drama",
    ]
    assert tables.users["zip_code"].tolist() == ["T8H1N", "02139"]
    assert tables.users["age"].tolist() == [39, 49]


def test_movielens_1m_is_read_from_its_folder(tmp_path: Path) -> None:
    (tmp_path / "ratings.dat").write_text("1::1193::5::978300760\n2::661::3::978302109\nbad::row\n")
    (tmp_path / "movies.dat").write_bytes(
        "1193::Alien: L'été (1979)::Action|Sci-Fi\n661::Other (1996)::Drama\n".encode("latin-1")
    )
    (tmp_path / "users.dat").write_text("1::F::1::10::02139\n2::M::56::16::70072\n")
    tables = read_tables(tmp_path)
    assert tables.report.dropped == {"wrong number of columns": 1}
    assert tables.interactions[["user_id", "item_id"]].to_numpy().tolist() == [
        ["1", "1193"],
        ["2", "661"],
    ]
    assert tables.items is not None
    assert tables.users is not None
    assert tables.items["title"].tolist() == ["Alien: L'été (1979)", "Other (1996)"]
    assert tables.users["zip_code"].tolist() == ["02139", "70072"]


def movielens_25m(folder: Path) -> None:
    (folder / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,296,5.0,1147880044\n2,1,3.5,1141415820\n"
    )
    (folder / "movies.csv").write_text(
        'movieId,title,genres\n1,"American President, The (1995)",Comedy|Drama\n'
        "296,2012 (2009),(no genres listed)\n"
    )


def test_movielens_25m_is_read_from_its_folder(tmp_path: Path) -> None:
    movielens_25m(tmp_path)
    tables = read_tables(tmp_path)
    assert tables.interactions["user_id"].tolist() == ["2", "1"]
    assert set(tables.interactions["event"]) == {"rating"}
    assert tables.items is not None
    assert tables.items["title"].tolist() == ["American President, The (1995)", "2012 (2009)"]
    assert tables.items["genres"].isna().tolist() == [False, True]
    assert any("a rating is not a weight" in note for note in tables.report.notes)


def test_a_rating_becomes_the_weight_where_it_is_mapped_to_it(tmp_path: Path) -> None:
    movielens_25m(tmp_path)
    tables = read_tables(tmp_path, columns={"weight": "rating"})
    assert tables.interactions["weight"].tolist() == [3.5, 5.0]


def test_the_files_of_a_published_form_can_be_named_one_by_one(tmp_path: Path) -> None:
    movielens_25m(tmp_path)
    tables = read_tables(tmp_path / "ratings.csv", items=tmp_path / "movies.csv")
    assert tables.items is not None
    assert len(tables.items) == 2


def test_named_columns_come_before_the_published_form(tmp_path: Path) -> None:
    movielens_25m(tmp_path)
    mapping = {"user_id": "movieId", "item_id": "userId"}
    tables = read_tables(tmp_path / "ratings.csv", columns=mapping)
    assert tables.interactions["user_id"].tolist() == ["1", "296"]
