"""Real worker processes on a free loopback port, for tests that need the whole service."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class Workers:
    """The service of a home, as `recsvc serve` runs it; stops only what it started."""

    def __init__(self, home: Path, workers: int = 2, **settings: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = home / "serve.log"
        self._workers = workers
        self._settings = {f"RECSVC_{name.upper()}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Workers:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and wait until the service is ready."""
        command = [sys.executable, "-m", "recsvc", "serve", "--home", str(self.home)]
        command += ["--port", str(self.port), "--workers", str(self._workers)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self.home,
                stdout=log,
                stderr=log,
                env=os.environ | {"RECSVC_AUTH": "open"} | self._settings,
            )
        end = time.monotonic() + 60
        while time.monotonic() < end and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=1).close()
            except OSError:
                time.sleep(0.05)
                continue
            # Workers of a supervisor that was killed may answer for a moment: ours must be there,
            # or what is sent next, a signal to stop say, meets a service that is still starting.
            if len(self.processes()) > self._workers:
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"the service did not start:\n{self.log.read_text()}")

    def processes(self) -> list[int]:
        """Process ids of the supervisor and its workers."""
        assert self._process is not None
        return [self._process.pid, *_children(self._process.pid)]

    def kill(self) -> None:
        """SIGKILL for supervisor and workers at once: nothing is flushed."""
        assert self._process is not None
        for pid in reversed(self.processes()):
            os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def kill_supervisor(self) -> None:
        """SIGKILL for the supervisor alone."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> int:
        """Stop gently; the exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
        return self._process.returncode


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]
