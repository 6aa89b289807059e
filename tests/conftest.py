"""Fixtures that every room of the tests may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data sets; absent ones skip the test unless they are required."""
    folder = Path(os.environ.get("RECSVC_TEST_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        message = f"real data not found at {folder}; set RECSVC_TEST_DATA to its folder"
        if os.environ.get("RECSVC_REQUIRE_DATA") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return folder
