"""MovieLens in its published forms: 100K (u.data), 1M (ratings.dat), 25M and kin (ratings.csv).

A rating says how much a film was liked, not how often it was chosen: it stays beside the weight.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from recsvc.data.files import read_delimited
from recsvc.data.tables import Raw
from recsvc.errors import BadData

# The flags of u.item, in the order of the columns.
GENRES = ["unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"]
GENRES += ["Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"]
GENRES += ["Romance", "Sci-Fi", "Thriller", "War", "Western"]

FOLDERS = (
    ("u.data", "u.item", "u.user"),
    ("ratings.dat", "movies.dat", "users.dat"),
    ("ratings.csv", "movies.csv", None),
)


def read_tabbed(path: Path) -> Raw:
    """u.data of 100K: user, item, rating, time between tabs."""
    names = ["user_id", "item_id", "rating", "timestamp"]
    return _rated(read_delimited(path, delimiter="\t", names=names, quoted=False))


def read_rating_dat(path: Path) -> Raw:
    """ratings.dat of 1M; "::" is read as a colon, an empty column and a colon."""
    names = ["user_id", "_1", "item_id", "_2", "rating", "_3", "timestamp"]
    raw = read_delimited(path, delimiter=":", names=names, quoted=False)
    return _rated(_with(raw, raw.table.drop_columns(["_1", "_2", "_3"])))


def read_item_pipes(path: Path) -> Raw:
    """u.item of 100K, Latin-1: id, title, release date, two addresses, a flag for each genre."""
    first = ["item_id", "title", "release_date", "_video", "_imdb"]
    raw = read_delimited(
        path, delimiter="|", names=first + GENRES, quoted=False, encoding="latin-1"
    )
    flags = zip(*(raw.column(genre).to_pylist() for genre in GENRES), strict=True)
    genres = [
        "|".join(genre for genre, flag in zip(GENRES, row, strict=True) if flag == "1") or None
        for row in flags
    ]
    table = raw.table.select(first[:3]).append_column("genres", pa.array(genres, pa.large_string()))
    return _with(raw, table)


def read_user_pipes(path: Path) -> Raw:
    """u.user of 100K: id, age in years, gender, occupation, zip code."""
    names = ["user_id", "age", "gender", "occupation", "zip_code"]
    return _aged(read_delimited(path, delimiter="|", names=names, quoted=False), "age")


def read_movies_dat(path: Path) -> Raw:
    """movies.dat of 1M: id, title, genres; titles hold colons, so lines are split by "::"."""
    return _double_colons(path, ["item_id", "title", "genres"])


def read_users_dat(path: Path) -> Raw:
    """users.dat of 1M: id, gender, lower end of the age group, code of occupation, zip code."""
    names = ["user_id", "gender", "age_from", "occupation_code", "zip_code"]
    return _aged(_double_colons(path, names), "age_from")


READERS: Sequence[tuple[re.Pattern[str], Callable[[Path], Raw]]] = (
    (re.compile(r"u[a-z0-9]*\.(data|base|test)"), read_tabbed),
    (re.compile(r"u\.item"), read_item_pipes),
    (re.compile(r"u\.user"), read_user_pipes),
    (re.compile(r"ratings\.dat"), read_rating_dat),
    (re.compile(r"movies\.dat"), read_movies_dat),
    (re.compile(r"users\.dat"), read_users_dat),
)


def from_csv(raw: Raw) -> Raw:
    """A CSV of 25M, told by its columns, under canonical names; any other file as it is."""
    names = set(raw.names)
    if {"userId", "movieId", "rating", "timestamp"} <= names:
        renames = {"userId": "user_id", "movieId": "item_id"}
        return _rated(_with(raw, raw.table.rename_columns([renames.get(n, n) for n in raw.names])))
    if {"movieId", "title", "genres"} <= names:
        table = raw.table.rename_columns([n if n != "movieId" else "item_id" for n in raw.names])
        column = table.column("genres")
        none = pa.scalar(None, column.type)
        genres = pc.if_else(pc.equal(column, "(no genres listed)"), none, column)
        at = table.column_names.index("genres")
        return _with(raw, table.set_column(at, "genres", genres), typed=True)
    return raw


def _rated(raw: Raw) -> Raw:
    event = pa.repeat(pa.scalar("rating", pa.large_string()), raw.table.num_rows)
    return _with(raw, raw.table.append_column("event", event))


def _aged(raw: Raw, name: str) -> Raw:
    """Ages as numbers; the other columns stay text, also where they look like numbers."""
    try:
        ages = raw.column(name).cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise BadData(f"{raw.source}: column {name} holds something that is no age.") from error
    return _with(raw, raw.table.set_column(raw.names.index(name), name, ages))


def _with(raw: Raw, table: Any, typed: bool = True) -> Raw:
    return Raw(raw.source, table, typed, raw.malformed, raw.drops, raw.notes)


def _double_colons(path: Path, names: list[str]) -> Raw:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BadData(f"{path}: cannot be read ({error.strerror}). Check the path.") from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # as 1M was published
    lines = [line.split("::") for line in text.split("\n") if line.strip()]
    rows = [[field.strip() or None for field in line] for line in lines if len(line) == len(names)]
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    arrays = [pa.chunked_array([pa.array(column, pa.large_string())]) for column in columns]
    return Raw(str(path), pa.table(arrays, names=names), True, malformed=len(lines) - len(rows))
