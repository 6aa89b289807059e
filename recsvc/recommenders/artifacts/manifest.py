"""The manifest of an artifact: what it was learnt from, with what, and which files belong to it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import msgspec

from recsvc.errors import BadData
from recsvc.recommenders.scanning.card import Index

FORMAT = 1
NAME = "manifest.json"


class FileEntry(msgspec.Struct, frozen=True):
    """One file: its size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Times are epoch seconds; `first` and `last` bound the events that were learnt from.

    `types` are the types of those events, where the data told them. `started_from` is the model
    whose indices, and where it could its factors, this one went on from.
    """

    format: int
    model_id: str
    kind: str
    created: float
    data_hash: str
    rows: int
    users: int
    items: int
    pairs: int
    types: tuple[str, ...]
    first: float
    last: float
    parameters: dict[str, Any]
    seed: int
    versions: dict[str, str]
    training_seconds: float
    metrics: dict[str, float] = msgspec.field(default_factory=dict)
    index: Index | None = None
    started_from: str = ""
    files: dict[str, FileEntry]


def entry_of(path: Path) -> FileEntry:
    """Size and digest of a file as it lies there."""
    with path.open("rb") as file:
        return FileEntry(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def encoded(manifest: Manifest) -> bytes:
    """As indented JSON."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"


def read_manifest(folder: Path) -> Manifest:
    """The manifest in `folder`. Raises BadData when it is missing, broken or of another format."""
    try:
        content = (folder / NAME).read_bytes()
        if msgspec.json.decode(content, type=dict[str, Any]).get("format") != FORMAT:
            raise broken(folder, f"it is not of format {FORMAT}, the one that this version reads")
        manifest = msgspec.json.decode(content, type=Manifest)
    except (OSError, msgspec.DecodeError) as error:
        raise broken(folder, f"{NAME}: {error}") from error
    if manifest.model_id != folder.name:
        raise broken(folder, f"its manifest is of {manifest.model_id}")
    return manifest


def check_files(folder: Path, manifest: Manifest, *, digests: bool) -> None:
    """Every file is there in its full size and, with `digests`, byte for byte. Raises BadData."""
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise broken(folder, f"{name} is missing")
        if path.stat().st_size != entry.size:
            raise broken(folder, f"{name} has {path.stat().st_size} bytes, not {entry.size}")
        if digests and entry_of(path) != entry:
            raise broken(folder, f"{name} is not the file that was written")


def broken(folder: Path, what: str) -> BadData:
    """The error for an artifact that cannot be used."""
    return BadData(
        f"The model {folder.name} cannot be used: {what}. "
        "Train again with `recsvc train`, or promote another model."
    )
