"""Fixtures that every room of the tests may use."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from redises import RedisCluster, RedisServer

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


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis, shared by the tests that neither stop it nor mind what others wrote."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture(scope="session")
def redis_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisCluster]:
    """A real cluster of three, shared likewise."""
    cluster = RedisCluster(tmp_path_factory.mktemp("cluster"))
    try:
        yield cluster.start()
    finally:
        cluster.kill()
