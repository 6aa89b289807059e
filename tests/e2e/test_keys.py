"""Keys against real workers: who listens to others asks for keys, and an end holds everywhere."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from workers import Workers

ANYWHERE = "0.0.0.0"


def keys(home: Path, *words: str) -> Any:
    command = [sys.executable, "-m", "recsvc", "keys", *words, "--home", str(home), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=home)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ask(port: int, key: str | None, path: str = "/v1/slates/home", **more: str) -> tuple[int, Any]:
    """One request on a connection of its own, so that any worker may answer it."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    headers = more | ({} if key is None else {"Authorization": f"Bearer {key}"})
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    return answer.status, json.loads(text) if text else None


@pytest.fixture
def guarded(home: Path) -> Iterator[tuple[Workers, dict[str, Any]]]:
    """Two workers that listen to whoever reaches this machine, and a secret key."""
    made = keys(home, "create", "--kind", "secret")
    with Workers(home, auth="keys", host=ANYWHERE) as running:
        yield running, made


def test_a_new_key_counts_and_a_revoked_one_ends_in_every_worker_within_two_seconds(
    guarded: tuple[Workers, dict[str, Any]], home: Path
) -> None:
    service, first = guarded
    assert {ask(service.port, first["key"])[0] for _ in range(30)} == {200}
    assert {ask(service.port, None)[0] for _ in range(10)} == {401}
    second = keys(home, "create", "--kind", "secret")
    time.sleep(1.1)
    assert {ask(service.port, second["key"])[0] for _ in range(30)} == {200}
    keys(home, "revoke", first["key_id"])
    end = time.monotonic() + 2.0
    while time.monotonic() < end - 1.0:
        ask(service.port, first["key"])  # kept warm: an idle worker would look anyway
    told = [ask(service.port, first["key"]) for _ in range(60)]
    assert {status for status, _ in told} == {401}
    assert {body["code"] for _, body in told} == {"unauthorized"}
    assert {ask(service.port, second["key"])[0] for _ in range(30)} == {200}


def test_an_issued_session_is_known_to_every_worker_and_after_a_restart(
    guarded: tuple[Workers, dict[str, Any]], home: Path
) -> None:
    service, _ = guarded
    page = keys(home, "create", "--kind", "publishable", "--origin", "https://shop.example")["key"]
    time.sleep(1.1)
    _, slate = ask(service.port, page)
    session = slate["session_id"]

    def say() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=10)
        headers = {"Authorization": f"Bearer {page}", "Origin": "https://shop.example"}
        body = json.dumps({"personalisation": True})
        connection.request("PUT", f"/v1/sessions/{session}/consent", body, headers)
        status = connection.getresponse().status
        connection.close()
        return status

    assert {say() for _ in range(20)} == {200}
    service.stop()
    service.start()
    assert {say() for _ in range(20)} == {200}
    _, again = ask(service.port, page, f"/v1/slates/home?session_id={session}")
    assert again["slate_id"] == slate["slate_id"]


def test_what_is_too_long_for_the_server_is_no_error_of_the_service(
    guarded: tuple[Workers, dict[str, Any]],
) -> None:
    service, made = guarded
    assert ask(service.port, made["key"], "/v1/slates/home?k=" + "1" * 65_600)[0] == 414
    status, body = ask(service.port, made["key"], **{"X-Long": "x" * 40_000})
    assert (status, body["code"]) == (431, "headers_too_large")
    assert ask(service.port, made["key"])[0] == 200


@pytest.mark.parametrize(
    ("host", "auth", "words"),
    [
        (ANYWHERE, None, "recsvc keys create"),
        (ANYWHERE, "open", "this machine only"),
        ("127.0.0.1", "keys", "recsvc keys create"),
    ],
)
def test_a_service_that_anybody_or_nobody_could_ask_does_not_start(
    home: Path, host: str, auth: str | None, words: str
) -> None:
    env = {name: value for name, value in os.environ.items() if name != "RECSVC_AUTH"}
    done = subprocess.run(
        [sys.executable, "-m", "recsvc", "serve", "--home", str(home), "--host", host],
        capture_output=True, text=True, cwd=home, timeout=60,
        env=env | ({} if auth is None else {"RECSVC_AUTH": auth}),
    )  # fmt: skip
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr
