"""Raw items and users into canonical tables: one row an id, attributes with plain types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from recsvc.data.canonical import renamed
from recsvc.data.parsing import is_text, missing, texts, without_empty
from recsvc.data.tables import Mask, Raw
from recsvc.errors import BadData

Role = Literal["items", "users"]

KEYS: Mapping[Role, str] = {"items": "item_id", "users": "user_id"}
NEEDED: Mapping[Role, tuple[str, ...]] = {"items": ("item_id", "title"), "users": ("user_id",)}
TEXTS = ("title", "url", "image")

_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]+)?")
_TRUTH = {"true": True, "True": True, "false": False, "False": False}


def catalogue_of(
    raw: Raw, role: Role, columns: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The table of items or users, sorted by id, and notes on what was left out or filled in.

    Raises BadData where a needed column or every id is missing.
    """
    key = KEYS[role]
    mine = {name: source for name, source in columns.items() if source in raw.names}
    raw = renamed(raw, mine, NEEDED[role])
    ids = texts(raw.column(key))
    notes = list(raw.notes)
    if raw.malformed:
        notes.append(f"{role}: {raw.malformed:,} rows left out: wrong number of columns")
    keep = _one_row_an_id(ids, role, notes)
    if not keep.any():
        raise BadData(f"{raw.source}: no row has {'an' if key[0] in 'aeiou' else 'a'} {key}.")
    mask = pa.array(keep)
    frame: dict[str, Any] = {key: pd.Series(ids.filter(mask).to_pandas()).astype("str")}
    names = [name for name in TEXTS if name in raw.names and role == "items"]
    names += [name for name in raw.names if name not in names and name != key]
    for name in names:
        column = raw.column(name).filter(mask)
        if name in TEXTS and role == "items":
            frame[name] = pd.Series(texts(column).to_pandas()).astype("str")
        else:
            frame[name] = _attribute(column, raw.typed)
    table = pd.DataFrame(frame)
    if role == "items":
        untitled = table["title"].isna()
        if untitled.any():
            notes.append(f"items: {int(untitled.sum()):,} without a title show their id")
            table["title"] = table["title"].where(~untitled, table[key])
    empty = [name for name in names if table[name].isna().all()]
    table = table.drop(columns=empty).sort_values(key, kind="stable", ignore_index=True)
    return table, tuple(notes)


def _one_row_an_id(ids: Any, role: Role, notes: list[str]) -> Mask:
    none = missing(ids)
    again = np.asarray(pd.Series(ids.to_pandas()).duplicated(), dtype=np.bool_) & ~none
    for count, cause in ((none.sum(), "without an id"), (again.sum(), "of an id seen before")):
        if count:
            notes.append(f"{role}: {int(count):,} rows left out: {cause}")
    return ~none & ~again


def _attribute(column: Any, typed: bool) -> pd.Series[Any]:
    """An attribute with its own type; text of an untyped file becomes what it spells throughout.

    Lists, dates and times become text, as CSV would hold them.
    """
    kind = column.type
    if pa.types.is_nested(kind) or pa.types.is_temporal(kind):
        return pd.Series(texts(column).to_pandas()).astype("str")
    if is_text(column):
        column = without_empty(column)
    elif pa.types.is_floating(kind) and kind.bit_width < 64:
        column = column.cast(pa.string()).cast(pa.float64())  # .85 stays .85, not .8500000238
    series: pd.Series[Any] = pd.Series(column.to_pandas())
    if typed:
        return series
    spelled = set(series.dropna().unique().tolist())
    if not spelled:
        return series
    holes = bool(series.isna().any())
    if spelled <= _TRUTH.keys():
        truth = series.map(_TRUTH)
        return truth.astype("boolean") if holes else truth.astype("bool")
    if all(_INTEGER.fullmatch(value) for value in spelled) and not holes:
        return series.astype("int64")
    if all(_DECIMAL.fullmatch(value) for value in spelled):
        return series.astype("float64")
    return series
