"""The models of a home: folders `models/<model_id>`, and the text file `models/live`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from recsvc.errors import UnknownModel
from recsvc.recommenders.manifest import NAME, read_manifest

_MODEL_ID = re.compile(r"[a-z0-9]+-\d{8}T\d{6}Z-[0-9a-f]{8}")
_HOW = "Run `recsvc train --interactions FILE` to make one."


def models_folder(home: Path) -> Path:
    """Where the artifacts of a home lie."""
    return home / "models"


def model_ids(home: Path) -> tuple[str, ...]:
    """The complete artifacts, oldest first."""
    found = models_folder(home).glob(f"*/{NAME}")
    names = [path.parent.name for path in found if _MODEL_ID.fullmatch(path.parent.name)]
    return tuple(sorted(names, key=lambda name: name.split("-", 1)[1]))


def folder_of(home: Path, model_id: str) -> Path:
    """The artifact's folder. Raises UnknownModel where there is none of that name."""
    folder = models_folder(home) / model_id
    if not _MODEL_ID.fullmatch(model_id) or not folder.is_dir():
        there = ", ".join(model_ids(home)) or "none"
        raise UnknownModel(f"There is no model {model_id!r} in {home} (there: {there}). {_HOW}")
    return folder


def live(home: Path) -> str:
    """The id of the model that answers. Raises UnknownModel when there is none, or it is gone."""
    try:
        model_id = (models_folder(home) / "live").read_text(encoding="utf-8").strip()
    except (FileNotFoundError, UnicodeDecodeError):
        raise UnknownModel(f"No model is live in {home}. {_HOW}") from None
    return folder_of(home, model_id).name


def promote(home: Path, model_id: str) -> None:
    """Make a model the live one, for every process that asks from now on.

    Raises UnknownModel, and BadData where its manifest cannot be read.
    """
    read_manifest(folder_of(home, model_id))
    pointer = models_folder(home) / "live"
    beside = pointer.with_name(f".live.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(f"{model_id}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(pointer)
    sync_folder(pointer.parent)


def sync_folder(folder: Path) -> None:
    """Make names just written to a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
