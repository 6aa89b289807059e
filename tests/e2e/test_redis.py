"""Real workers over a real Redis: the same promise; and what a visitor gets while it is lost."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redises import RedisServer, wait_for
from test_promise import judged
from visiting import Client
from workers import Workers


@pytest.fixture
def url_of(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The address of an empty Redis of a kind."""

    def find(kind: str) -> str:
        if kind == "redis":
            server = request.getfixturevalue("redis_server")
            server.raw().flushall()
            return str(server.unix_url)
        cluster = request.getfixturevalue("redis_cluster")
        cluster.flush()
        return str(cluster.url)

    return find


@pytest.mark.parametrize("kind", ["redis", "cluster"])
def test_sessions_over_redis_with_events_reloads_and_races_break_no_clause(
    home: Path, url_of: Callable[[str], str], kind: str
) -> None:
    with Workers(home, redis_url=url_of(kind), redis_timeout_s="5") as service:
        answers = judged(service, 60, at_once=30)
    assert len(answers) >= 900
    assert sum(answer["consistency"]["displaced"] for answer in answers) > 30
    assert not (home / "sessions.db").exists()


def test_two_services_over_one_redis_show_one_session(
    home: Path, url_of: Callable[[str], str]
) -> None:
    url = url_of("redis")
    with Workers(home, 1, redis_url=url) as one, Workers(home, 1, redis_url=url) as other:
        first = Client(one.url).slate("home", "s")
        again = Client(other.url).slate("home", "s")
    assert again["epoch"] == first["epoch"]
    assert again["items"] == first["items"]


def test_while_redis_is_lost_requests_are_answered_degraded_and_at_once(
    home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    redis = RedisServer(tmp_path_factory.mktemp("redis")).start()
    try:
        with Workers(home, redis_url=redis.url) as service:
            client = Client(service.url)
            client.slate("home", "s")
            redis.kill()
            took = []
            for _ in range(200):
                began = time.monotonic()
                status, _, body = client.send("GET", "/v1/slates/home?session_id=s")
                took.append(time.monotonic() - began)
                assert status == 200
                assert body["served_by"]["degraded"] is True
                assert body["consistency"]["trigger"] == "session_start"
            assert sorted(took)[100] < 0.02
            status, _, body = client.send("GET", "/readyz")
            assert (status, body["parts"]["records"]) == (503, "ok")
            assert "Redis" in body["parts"]["sessions"]
            redis.start()
            wait_for(lambda: serves(client), lambda: "it is not found again", 5)
            assert client.send("GET", "/readyz")[0] == 200
    finally:
        redis.kill()


def serves(client: Any) -> bool:
    """Whether a slate is as good as ever."""
    status, _, body = client.send("GET", "/v1/slates/home?session_id=s")
    return status == 200 and not body["served_by"]["degraded"]


def test_a_redis_that_is_not_there_is_told_at_the_start(home: Path) -> None:
    with pytest.raises(RuntimeError, match=r"session store \(Redis\) cannot be used"):
        Workers(home, redis_url="redis://127.0.0.1:1").start()
