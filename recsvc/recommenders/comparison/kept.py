"""Comparisons kept beside the artifacts: `models/diffs/A..B.json`, the latest of each two."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

import msgspec

from recsvc.recommenders.artifacts.manifest import NAME
from recsvc.recommenders.artifacts.registry import folder_of, models_folder
from recsvc.recommenders.comparison.figures import Comparison

FORMAT = 1


def fingerprint(home: Path, model_id: str) -> str:
    """The SHA-256 of an artifact's manifest, which names those of its files; "" without one."""
    try:
        return hashlib.sha256((folder_of(home, model_id) / NAME).read_bytes()).hexdigest()
    except OSError:
        return ""


def keep(home: Path, found: Comparison) -> Path:
    """Write it, complete or not at all; windows of its backtest are not needed any more."""
    path = _file(home, found.a, found.b)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    with beside.open("wb") as out:
        out.write(msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n")
        out.flush()
        os.fsync(out.fileno())
    beside.replace(path)
    shutil.rmtree(windows_folder(home, found.a, found.b), ignore_errors=True)
    return path


def kept(home: Path, a: str, b: str) -> Comparison | None:
    """The last comparison of these two; None where there is none of them as they are now."""
    try:
        found = msgspec.json.decode(_file(home, a, b).read_bytes(), type=Comparison)
    except (OSError, msgspec.DecodeError):
        return None
    same = (found.a, found.b) == (a, b) and found.format == FORMAT
    unchanged = (found.of_a, found.of_b) == (fingerprint(home, a), fingerprint(home, b))
    return found if same and unchanged else None


def windows_folder(home: Path, a: str, b: str) -> Path:
    """Where a backtest keeps windows until it is through."""
    return models_folder(home) / "diffs" / f"{a}..{b}.windows"


def _file(home: Path, a: str, b: str) -> Path:
    return models_folder(home) / "diffs" / f"{a}..{b}.json"
