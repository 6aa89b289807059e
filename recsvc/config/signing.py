"""The keys that sign tokens: those of the settings, else one made once and kept in the home."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Final

from recsvc.config.settings import Settings
from recsvc.errors import Misconfigured

FILE: Final = "signing.key"
_LENGTH: Final = 32


def signing_keys(settings: Settings) -> tuple[bytes, ...]:
    """The first one signs, all of them are taken. Raises `Misconfigured`."""
    said = tuple(key.get_secret_value().encode() for key in settings.signing_keys)
    return said or (_of_home(settings.home),)


def _of_home(home: Path) -> bytes:
    """The home's own key, for its owner alone; of workers that start at once one makes it."""
    path = home / FILE
    try:
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except OSError as error:
        raise Misconfigured(
            f"The key that signs tokens can be neither read nor made at {path} "
            f"({error.strerror}). Make the folder writable, or set RECSVC_SIGNING_KEYS."
        ) from error
    if len(key) < _LENGTH:
        raise Misconfigured(f"{path} is no signing key; delete it, and a new one is made.")
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{FILE}.", dir=path.parent)  # mode 0600
    try:
        with open(handle, "wb") as file:
            file.write(secrets.token_bytes(_LENGTH))
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)  # whole, or not at all
    finally:
        os.unlink(beside)
