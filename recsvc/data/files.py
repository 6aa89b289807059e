"""Bytes into columns: Parquet as typed by the file, CSV and other delimited text wholly as text.

Nothing is interpreted here: "007" stays "007", an empty field is a missing value.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import zlib
from importlib import import_module
from io import BufferedReader
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from recsvc.data.tables import Raw
from recsvc.errors import BadData

PARQUET = (".parquet", ".pq")
TEXT = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt")
EXCEL = (".xlsx",)
DELIMITERS = (",", ";", "\t", "|")


def has_suffix(path: Path, suffixes: tuple[str, ...]) -> bool:
    """Whether the file's name ends so, whatever its case."""
    return path.name.lower().endswith(suffixes)


def read_file(path: Path) -> Raw:
    """Read one table of a general form, told by the file's suffix. Raises BadData."""
    if not path.is_file():
        raise BadData(f"{path}: there is no such file. Check the path.")
    if has_suffix(path, PARQUET):
        return read_parquet(path)
    if has_suffix(path, TEXT):
        return read_delimited(path)
    if has_suffix(path, EXCEL):
        return read_excel(path)
    accepted = ", ".join(PARQUET + TEXT + EXCEL)
    unpack = " Unpack it first." if has_suffix(path, (".zip", ".tar", ".tgz", ".tar.gz")) else ""
    raise BadData(f"{path}: this kind of file is not read.{unpack} Accepted: {accepted}.")


def read_parquet(path: Path) -> Raw:
    """Read a Parquet file. Raises BadData where it cannot be read."""
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, "Parquet", error) from error
    return Raw(str(path), _named(path, table), typed=True)


def read_delimited(
    path: Path,
    *,
    delimiter: str | None = None,
    names: list[str] | None = None,
    quoted: bool = True,
    encoding: str | None = None,
) -> Raw:
    """Read delimited text, plain or gzipped, every column as text.

    Without `names` the first line is the header; without `delimiter` the header tells it; without
    `encoding` the text is UTF-8 or, where any of it is not, Latin-1 with a note. Raises BadData.
    """
    code = encoding or _encoding(path)
    header = _first_line(path, code)
    mark = delimiter or max(DELIMITERS, key=header.count)
    columns = names or next(csv.reader([header], delimiter=mark))
    notes: list[str] = []
    if delimiter is None and mark != ",":
        notes.append(f"{path.name}: columns are separated by {mark!r}")
    if encoding is None and code != "utf8":
        notes.append(f"{path.name}: not UTF-8, read as Latin-1; check letters with accents")
    malformed = 0

    def skip(_row: Any) -> str:
        nonlocal malformed
        malformed += 1
        return "skip"

    try:
        with pa.input_stream(str(path), compression="detect") as stream:
            table = pacsv.read_csv(
                stream,
                pacsv.ReadOptions(column_names=names, encoding=code),
                pacsv.ParseOptions(
                    delimiter=mark,
                    quote_char='"' if quoted else False,
                    newlines_in_values=quoted,
                    invalid_row_handler=skip,
                ),
                pacsv.ConvertOptions(
                    column_types={name: pa.large_string() for name in columns},
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
    except (OSError, pa.ArrowException) as error:
        raise _unreadable(path, "delimited text", error) from error
    return Raw(str(path), _named(path, table), False, malformed=malformed, notes=tuple(notes))


def read_excel(path: Path) -> Raw:
    """Read all sheets of a workbook one below the other, as text. Raises BadData."""
    try:
        import_module("openpyxl")
    except ImportError as error:
        raise BadData(
            f"{path}: reading .xlsx needs the package openpyxl, which is not installed. "
            "Install it (pip install openpyxl), or export the sheets as CSV and name that file."
        ) from error
    try:
        sheets = pd.read_excel(path, sheet_name=None, dtype=str, keep_default_na=False)
        frame = pd.concat(list(sheets.values()), ignore_index=True)
        table = pa.Table.from_pandas(frame.replace("", None), preserve_index=False)
    except Exception as error:  # openpyxl and zipfile raise many kinds for one broken file
        raise _unreadable(path, "Excel", error) from error
    return Raw(str(path), _named(path, table), typed=False)


def _encoding(path: Path) -> str:
    """Whether the text is UTF-8, decided on all of it; Latin-1 takes any bytes."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with _opened(path) as file:
            while block := file.read(1 << 20):
                decoder.decode(block)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return "latin-1"
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, "delimited text", error) from error
    return "utf8"


def _opened(path: Path) -> gzip.GzipFile | BufferedReader:
    return gzip.open(path, "rb") if has_suffix(path, (".gz",)) else path.open("rb")


def _first_line(path: Path, encoding: str) -> str:
    """The first line that is not blank, without its end."""
    try:
        with _opened(path) as file:
            line = next((line for line in file if line.strip()), b"")
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, "delimited text", error) from error
    if not line:
        raise BadData(f"{path}: the file is empty. A header line and rows are needed.")
    return line.decode("utf-8-sig" if encoding == "utf8" else encoding).rstrip("\r\n")


def _named(path: Path, table: Any) -> Any:
    """The table with trimmed column names; two columns of one name cannot be told apart."""
    names = [str(name).strip() for name in table.column_names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadData(f"{path}: several columns are named {', '.join(twice)}. Rename all but one.")
    return table.rename_columns(names)


def _unreadable(path: Path, form: str, error: Exception) -> BadData:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return BadData(f"{path}: cannot be read as {form} ({reason}). Check or export the file again.")
