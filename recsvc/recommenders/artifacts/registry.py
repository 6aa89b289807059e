"""The models of a home: folders `models/<model_id>`, and the text file `models/live`.

Its first line is `MODEL_ID NUMBER`: of two promotions the later one has the higher number, epoch
seconds, also where it brings an older model back. Services go by it; a line without counts as 0.
What became live when, and why, is in the journal beside it.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from recsvc.errors import UnknownModel
from recsvc.recommenders.artifacts import journal
from recsvc.recommenders.artifacts.manifest import NAME, read_manifest

_MODEL_ID = re.compile(r"[a-z0-9]+-\d{8}T\d{6}Z-[0-9a-f]{8}")
_HOW = "Run `recsvc train --interactions FILE` to make one."


class Promotion(NamedTuple):
    """Which model is live, and the number of its promotion."""

    model_id: str
    number: int


def models_folder(home: Path) -> Path:
    """Where the artifacts of a home lie."""
    return home / "models"


def model_ids(home: Path) -> tuple[str, ...]:
    """The complete artifacts, oldest first."""
    found = models_folder(home).glob(f"*/{NAME}")
    # Names tell seconds; of those that were made within one, files tell the order.
    ages = {path.parent.name: path.stat().st_mtime_ns for path in found}
    named = [name for name in ages if _MODEL_ID.fullmatch(name)]
    return tuple(sorted(named, key=lambda name: (name.split("-")[1], ages[name], name)))


def folder_of(home: Path, model_id: str) -> Path:
    """The artifact's folder. Raises UnknownModel where there is none of that name."""
    folder = models_folder(home) / model_id
    if not _MODEL_ID.fullmatch(model_id) or not folder.is_dir():
        there = ", ".join(model_ids(home)) or "none"
        raise UnknownModel(f"There is no model {model_id!r} in {home} (there: {there}). {_HOW}")
    return folder


def live_file(home: Path) -> Path:
    """The file that says which model is live; it is replaced as a whole, never written over."""
    return models_folder(home) / "live"


def live(home: Path) -> str:
    """The id of the model that answers. Raises UnknownModel when there is none, or it is gone."""
    return folder_of(home, promotion(home).model_id).name


def promotion(home: Path) -> Promotion:
    """The latest promotion. Raises UnknownModel when there was none, or the file is damaged."""
    try:
        line, *_ = live_file(home).read_text(encoding="utf-8").splitlines() or [""]
    except (FileNotFoundError, UnicodeDecodeError):
        raise UnknownModel(f"No model is live in {home}. {_HOW}") from None
    model_id, _, number = line.strip().partition(" ")
    if not _MODEL_ID.fullmatch(model_id) or not (number or "0").isdecimal():
        raise UnknownModel(f"{live_file(home)} names no model. Promote one.")
    return Promotion(model_id, int(number or "0"))


def promote(
    home: Path,
    model_id: str,
    *,
    now: float | None = None,
    act: journal.Act = "promote",
    verdict: str | None = None,
    failed: Sequence[str] = (),
    reason: str | None = None,
) -> None:
    """Make a model the live one, for every process that asks from now on; `now` is epoch seconds.

    The journal keeps that it was done, with the gate's `verdict`, the limits it `failed` and the
    `reason` given. Raises UnknownModel, and BadData where its manifest cannot be read.
    """
    read_manifest(folder_of(home, model_id))
    at = time.time() if now is None else now
    with journal.written(models_folder(home)) as log:
        before: Promotion | None = None
        with suppress(UnknownModel):
            before = promotion(home)
        number = max(before.number + 1 if before else 1, int(at))
        entry = journal.Entry(
            time=at,
            number=number,
            act=act,
            before=before.model_id if before else None,
            after=model_id,
            verdict=verdict,
            failed=tuple(failed),
            reason=reason,
        )
        journal.add(log, entry)
        _point(home, f"{model_id} {number}\n")


def _point(home: Path, line: str) -> None:
    pointer = live_file(home)
    beside = pointer.with_name(f".live.{os.getpid()}")
    with beside.open("w", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(pointer)
    sync_folder(pointer.parent)


def before_live(home: Path) -> tuple[str, ...]:
    """The models to which a rollback leads, the nearest first; also where the live one is gone."""
    now: str | None = None
    with suppress(UnknownModel):
        now = promotion(home).model_id
    path = journal.line(journal.entries(models_folder(home)), now)
    earlier = path if now is None else path[:-1]
    return tuple(dict.fromkeys(one for one in reversed(earlier) if one != now))


def sync_folder(folder: Path) -> None:
    """Make names just written to a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
