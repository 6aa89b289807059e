"""From a path to tables: which form lies there, which file plays which part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pyarrow as pa

from recsvc.data import movielens, online_retail
from recsvc.data.canonical import interactions_of
from recsvc.data.catalogue import KEYS, TEXTS, Role, catalogue_of
from recsvc.data.files import EXCEL, PARQUET, TEXT, has_suffix, read_file
from recsvc.data.tables import OPTIONAL, REQUIRED, Raw, Tables
from recsvc.errors import BadData, Fault

Parts = dict[str, Raw]  # "interactions", and "items" and "users" where there are any

_SUFFIXES = (".parquet", ".csv", ".csv.gz")


def read_tables(
    path: Path | str,
    *,
    items: Path | str | None = None,
    users: Path | str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Tables:
    """Read, check and sort the tables at `path`: a file of interactions or a folder.

    A folder holds canonical tables, MovieLens (100K, 1M, 25M) or Online Retail (II) as
    published. `items` and `users` name further files, and come before what the folder holds.
    `columns` maps canonical names to those of the files: {"user_id": "customer"}.
    Raises BadData, in plain words, where nothing usable is there.
    """
    mapping = _checked_mapping(columns or {})
    path = Path(path)
    plain = any(name in REQUIRED for name in mapping)
    parts = _folder(path) if path.is_dir() else _file(path, "interactions", plain)
    more: tuple[tuple[Role, Path | str | None], ...] = (("items", items), ("users", users))
    for role, extra in more:
        if extra is not None:
            parts[role] = _file(Path(extra), role, plain)[role]
    return _assemble(parts, mapping)


def tables_from_frames(
    interactions: pd.DataFrame,
    items: pd.DataFrame | None = None,
    users: pd.DataFrame | None = None,
    *,
    columns: Mapping[str, str] | None = None,
) -> Tables:
    """The same checks for tables that are in memory already. Raises BadData."""
    frames = {"interactions": interactions, "items": items, "users": users}
    parts: Parts = {}
    for name, frame in frames.items():
        if frame is None:
            continue
        try:
            table = pa.Table.from_pandas(frame, preserve_index=False)
        except (pa.ArrowException, TypeError, ValueError) as error:
            raise BadData(f"the table of {name} mixes types in a column: {error}") from error
        parts[name] = Raw(f"the table of {name}", table, typed=True)
    return _assemble(parts, _checked_mapping(columns or {}))


def _assemble(parts: Parts, columns: Mapping[str, str]) -> Tables:
    for_rows = {name: source for name, source in columns.items() if name in REQUIRED + OPTIONAL}
    interactions, report = interactions_of(parts["interactions"], for_rows)
    notes = list(report.notes)
    frames: dict[str, pd.DataFrame] = {}
    for role, key in KEYS.items():
        if role not in parts:
            continue
        named = (key, *TEXTS) if role == "items" else (key,)
        others = {name: source for name, source in columns.items() if name in named}
        frames[role], remarks = catalogue_of(parts[role], role, others)
        notes += [remark for remark in remarks if remark not in notes]
        used = interactions[key].drop_duplicates()
        unknown = int((~used.isin(frames[role][key])).sum())
        if unknown:
            notes.append(f"{unknown:,} {role} of the interactions are not in the table of {role}")
    return Tables(
        interactions, frames.get("items"), frames.get("users"), replace(report, notes=tuple(notes))
    )


def _checked_mapping(columns: Mapping[str, str]) -> Mapping[str, str]:
    known = (*REQUIRED, *OPTIONAL, *TEXTS)
    unknown = [name for name in columns if name not in known]
    if unknown:
        raise BadData(
            f"the mapping names {', '.join(unknown)}, but the columns that can be mapped are "
            f"{', '.join(known)}. Write the canonical name first, then the file's own.",
            [Fault(name, "not a canonical column") for name in unknown],
        )
    return columns


def _file(path: Path, role: str, plain: bool) -> Parts:
    """What one file brings: a table for `role`, or all three where its form holds them.

    `plain` says that the caller names the columns, so that none is taken for a published form's.
    """
    if not path.is_file():
        raise BadData(f"{path}: there is no such file or folder. Check the path.")
    for pattern, reader in movielens.READERS:
        if pattern.fullmatch(path.name):
            return {role: reader(path)}
    raw = read_file(path)
    if online_retail.is_online_retail(raw) and not plain:
        lines = online_retail.split(raw)
        found = {"interactions": lines.interactions, "items": lines.items, "users": lines.users}
        parts = {name: part for name, part in found.items() if part is not None}
        if role not in parts:
            raise BadData(f"{path}: this file holds no column for {role}.")
        return parts
    return {role: raw if plain else movielens.from_csv(raw)}


def _folder(path: Path) -> Parts:
    found = {name: _named(path, name) for name in ("interactions", "items", "users")}
    if found["interactions"]:
        return {name: read_file(file) for name, file in found.items() if file}
    for names in movielens.FOLDERS:
        if (path / str(names[0])).is_file():
            roles = zip(("interactions", "items", "users"), names, strict=True)
            present = [(role, path / name) for role, name in roles if name]
            return {r: _file(p, r, False)[r] for r, p in present if p.is_file()}
    single = sorted(file for file in path.iterdir() if has_suffix(file, PARQUET + TEXT + EXCEL))
    if len(single) == 1:
        parts = _file(single[0], "interactions", False)
        if len(parts) > 1:
            return parts
    listed = ", ".join(sorted(file.name for file in path.iterdir())[:12]) or "nothing"
    raise BadData(
        f"{path}: no table of interactions in this folder (found: {listed}). It should hold "
        f"interactions{' or interactions'.join(_SUFFIXES)}, a published form "
        "(u.data, ratings.dat, ratings.csv, Online Retail), or name the file itself."
    )


def _named(folder: Path, name: str) -> Path | None:
    """The table of that name; Parquet comes before CSV."""
    files = (folder / f"{name}{suffix}" for suffix in _SUFFIXES)
    return next((file for file in files if file.is_file()), None)
