"""A service that asks for keys."""

from __future__ import annotations

from typing import Any

import pytest
from gated import Gated, make


@pytest.fixture
def gated(worlds: Any) -> Gated:
    """A service with keys of every kind, whose limits nobody reaches."""
    return make(worlds)
