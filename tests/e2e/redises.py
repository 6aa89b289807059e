"""Real Redis servers of the tests' own, alone or three as a cluster, on loopback and in a folder.

Nothing is kept on disk. Only what was started here is ever stopped.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import RedisError
from workers import free_port


def binary() -> str:
    """The server's program. Without one the test is skipped, or fails where it is required."""
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        message = "NO REDIS: neither redis-server nor valkey-server is installed (see `make test`)"
        if os.environ.get("RECSVC_REQUIRE_REDIS") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found


class RedisServer:
    """One server, on a port and on a unix socket."""

    def __init__(self, folder: Path, *options: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.port = free_port()
        self.socket = folder / "redis.sock"
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def unix_url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> RedisServer:
        """Start, and wait until it answers."""
        command = [binary(), "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--unixsocket", str(self.socket), "--dir", str(self.folder), "--save", ""]
        command += ["--appendonly", "no", *self._options]
        with (self.folder / "redis.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        log_text = (self.folder / "redis.log").read_text
        wait_for(lambda: bool(self.raw().ping()), lambda: f"no Redis:\n{log_text()}")
        return self

    def raw(self) -> Any:
        """A client to look inside with."""
        return Redis(port=self.port, socket_timeout=5)

    def freeze(self) -> None:
        """Connections are still taken, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Go on after `freeze`."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL; the port is closed at once."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(10)

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)


class RedisCluster:
    """Three primaries that share the slots."""

    def __init__(self, folder: Path) -> None:
        self.nodes = [
            RedisServer(
                folder / f"node{n}",
                *("--cluster-enabled", "yes", "--cluster-port", str(free_port())),
                *("--cluster-node-timeout", "2000"),
            )
            for n in range(3)
        ]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> RedisCluster:
        """Start three, share out the slots, and wait until all agree."""
        for number, node in enumerate(self.nodes):
            client = node.start().raw()
            first, last = number * 16384 // 3, (number + 1) * 16384 // 3 - 1
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            client.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in self.nodes:
            for other in self.nodes:
                bus = other._options[3]
                node.raw().execute_command("CLUSTER", "MEET", "127.0.0.1", other.port, bus)
        for node in self.nodes:
            wait_for(lambda node=node: agrees(node), lambda: "the cluster does not come together")  # type: ignore[misc]
        return self

    def flush(self) -> None:
        """Forget all keys."""
        for node in self.nodes:
            node.raw().flushall()

    def kill(self) -> None:
        """SIGKILL for all."""
        for node in self.nodes:
            node.kill()


def agrees(node: RedisServer) -> bool:
    """Whether a node knows all three, and that every slot is covered."""
    state = str(node.raw().execute_command("CLUSTER", "INFO"))
    return "cluster_state:ok" in state and len(node.raw().execute_command("CLUSTER", "SLOTS")) == 3


def wait_for(true: Callable[[], bool], otherwise: Callable[[], str], seconds: float = 20) -> None:
    """Wait until it is so; a Redis that does not answer yet is not so."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if true():
                return
        except RedisError:
            pass
        time.sleep(0.02)
    raise AssertionError(otherwise())
