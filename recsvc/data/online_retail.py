"""Online Retail and Online Retail II in their published form: one row for each line of an invoice.

Source: D. Chen, S. L. Sain, K. Guo, 2012, doi:10.1057/dbm.2012.17.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from recsvc.data.parsing import is_text, missing, numbers, texts
from recsvc.data.tables import Mask, Raw

NAMES = {
    "Invoice": "invoice",
    "InvoiceNo": "invoice",
    "StockCode": "code",
    "Description": "title",
    "Quantity": "quantity",
    "InvoiceDate": "time",
    "Price": "price",
    "UnitPrice": "price",
    "Customer ID": "customer",
    "CustomerID": "customer",
    "Customer_ID": "customer",
    "Country": "country",
}
NEEDED = {"invoice", "code", "quantity", "time", "customer"}

_SLASHED = r"^[0-9]{1,2}/[0-9]{1,2}/[0-9]{4} "


@dataclass(frozen=True, eq=False)
class Lines:
    """The three canonical tables that lie in the one published table."""

    interactions: Raw
    items: Raw | None
    users: Raw | None


def is_online_retail(raw: Raw) -> bool:
    """Whether the columns are those of the published table."""
    return {NAMES[name] for name in raw.names if name in NAMES} >= NEEDED


def split(raw: Raw) -> Lines:
    """Interactions, items and users of the invoices.

    Weight is units, the session is the invoice. Left out by cause: cancelled invoices, returns,
    rows without a customer, codes that are no product (postage, fees, vouchers), free articles.
    """
    column = {NAMES[name]: raw.column(name) for name in raw.names if name in NAMES}
    invoice, code = texts(column["invoice"]), texts(column["code"])
    customer = pc.replace_substring_regex(texts(column["customer"]), r"\.0$", "")
    quantity = numbers(column["quantity"])
    drops = [
        ("cancelled invoice", _matches(invoice, r"^[Cc]")),
        ("quantity not above zero", ~(quantity > 0)),
        ("missing customer", missing(customer)),
        ("not a product (postage, fee, voucher)", ~_matches(code, r"^[0-9]{5}") & ~missing(code)),
    ]
    if "price" in column:
        drops.append(("price not above zero", ~(numbers(column["price"]) > 0)))
    time, note = _times(column["time"])
    table = pa.table(
        {
            "user_id": customer,
            "item_id": code,
            "timestamp": time,
            "weight": pa.array(quantity),
            "session_id": invoice,
            "event": pa.repeat(pa.scalar("purchase", pa.large_string()), len(code)),
        }
    )
    notes = (*raw.notes, "times of invoices carry no zone and were taken as UTC", *note)
    out = np.logical_or.reduce([mask for _cause, mask in drops])
    return Lines(
        Raw(raw.source, table, True, raw.malformed, tuple(drops), notes),
        _items(raw, column, code, ~out),
        _users(raw, column, customer, ~out),
    )


def _matches(column: Any, pattern: str) -> Mask:
    found = pc.fill_null(pc.match_substring_regex(column, pattern), False)
    return np.asarray(found.to_numpy(), dtype=np.bool_)


def _times(column: Any) -> tuple[Any, tuple[str, ...]]:
    """Times as published: real ones, ISO text, or month/day/year of the first CSV exports."""
    if not is_text(column) or not _matches(column, _SLASHED).any():
        return column, ()
    stamps = pd.Series(column.to_pandas())
    slashed = stamps.str.match(_SLASHED).fillna(False).astype(bool)
    parsed = pd.to_datetime(stamps[slashed], format="%m/%d/%Y %H:%M", errors="coerce")
    stamps[slashed] = parsed.dt.strftime("%Y-%m-%dT%H:%M:%S")
    return (
        pa.chunked_array([pa.array(stamps, pa.large_string())]),
        ("dates with slashes were read as month/day/year",),
    )


def _items(raw: Raw, column: dict[str, Any], code: Any, keep: Mask) -> Raw | None:
    """Each code with its most frequent description and its median price."""
    if "title" not in column:
        return None
    mask = pa.array(keep)
    frame = pd.DataFrame({"item_id": pd.Series(code.filter(mask).to_pandas()).astype("str")})
    frame["title"] = pd.Series(texts(column["title"]).filter(mask).to_pandas()).astype("str")
    titles = _most_frequent(frame, "item_id", "title")
    items = frame[["item_id"]].drop_duplicates().merge(titles, on="item_id", how="left")
    if "price" in column:
        prices = pd.Series(numbers(column["price"])[keep]).groupby(frame["item_id"]).median()
        items["price"] = items["item_id"].map(prices)
    return Raw(raw.source, pa.Table.from_pandas(items, preserve_index=False), typed=True)


def _users(raw: Raw, column: dict[str, Any], customer: Any, keep: Mask) -> Raw | None:
    """Each customer with the country of most of their lines."""
    if "country" not in column:
        return None
    mask = pa.array(keep)
    frame = pd.DataFrame({"user_id": pd.Series(customer.filter(mask).to_pandas()).astype("str")})
    frame["country"] = pd.Series(texts(column["country"]).filter(mask).to_pandas()).astype("str")
    users = _most_frequent(frame, "user_id", "country")
    return Raw(raw.source, pa.Table.from_pandas(users, preserve_index=False), typed=True)


def _most_frequent(frame: pd.DataFrame, key: str, value: str) -> pd.DataFrame:
    """One row a key with its most frequent value; among equals the first by code point."""
    counts = frame.groupby([key, value]).size().reset_index(name="count")
    ranked = counts.sort_values([key, "count", value], ascending=[True, False, True])
    return ranked.drop_duplicates(key)[[key, value]]
