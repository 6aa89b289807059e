"""The shop's worlds that several tests look at."""

from __future__ import annotations

import pytest

from simulations.shop import World, make_world


@pytest.fixture(scope="session")
def world() -> World:
    """The default world."""
    return make_world(1)


@pytest.fixture(scope="session")
def open_world() -> World:
    """A smaller world with nothing held back: all its visits have moments and a truth."""
    return make_world(3, users=500, items=300, days=60, test_days=60)
