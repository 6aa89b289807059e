"""A home with a small trained shop, made once and copied for each test that needs one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from surfaces import SURFACES
from workers import Workers

from recsvc.recommenders.artifacts.registry import promote
from recsvc.recommenders.training.train import train
from simulations.shop import generate


@pytest.fixture(scope="session")
def shop_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a model of the generated shop and three surfaces; not to be written to."""
    home = tmp_path_factory.mktemp("shop")
    tables = generate(1, users=400, items=300, days=30)
    promote(home, train(tables, model="als", home=home, seed=1, progress=lambda _: None).name)
    (home / "surfaces.toml").write_text(SURFACES)
    return home


@pytest.fixture
def home(shop_home: Path, tmp_path: Path) -> Path:
    """A home of the test's own."""
    shutil.copytree(shop_home, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture
def service(home: Path) -> Iterator[Workers]:
    """Two real workers over the home."""
    with Workers(home) as running:
        yield running
